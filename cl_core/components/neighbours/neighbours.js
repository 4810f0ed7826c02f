/**
 * The picture of nearest neighbours: all test images as a cloud under each network, and the neighbours of one as pictures.
 *
 * Everything that is shown has been sent once, so that pointing at an image is answered in the browser. `network.js` reads
 * the file of a network, `cloud.js` and `tiles.js` draw.
 */

import { CloudView } from "./cloud.js";
import { NetworkFile, nextWrong } from "./network.js";
import { NeighbourTiles } from "./tiles.js";
import { decodePng } from "../_shared/canvas.js";
import { classColour, css } from "../_shared/colour.js";
import { debounce } from "../_shared/debounce.js";
import { find, labelButtons, setData, setText } from "../_shared/dom.js";
import { listener, listenToKeys, pointOf } from "../_shared/events.js";
import { fill, textOfError, withCommas } from "../_shared/format.js";
import { loadBytes } from "../_shared/load_bytes.js";
import { mount, Picture } from "../_shared/picture.js";
import { saveComponent } from "../_shared/save.js";
import { setAttributes } from "../_shared/svg.js";

/**
 * @import { StreamlitComponent, Words } from "../_shared/picture.js"
 * @import { Palette, Theme } from "../_shared/theme.js"
 *
 * @typedef {object} Header
 * @property {{title: string, url: string}[]} networks
 * @property {number} image
 * @property {number} n
 * @property {string[]} class_names
 * @property {string} sheet  URL
 * @property {number} columns
 * @property {[number, number]} size
 * @property {string} alt
 * @property {number} height
 * @property {Palette} palette  colours of the classes, of positives and of negatives
 * @property {Words} words
 *
 * @typedef {object} Pane  one network
 * @property {HTMLElement} root
 * @property {CloudView} cloud
 * @property {NeighbourTiles | null} tiles
 */

const SETTLE = 400; // ms after a key until the image is sent to Python, since another key may follow

/** @extends {Picture<Header>} */
class NeighboursPicture extends Picture {
  /** @type {Pane[]} */
  #panes = [];
  /** @type {ImageBitmap | null} */
  #sheet = null;
  #loaded = ""; // URLs of what is shown
  #image = 0; // chosen
  /** @type {number | null} image that the pointer is at, in a cloud */
  #pointed = null;
  /** @type {number | null} neighbour that is pointed at */
  #marked = null;
  #sent = -1; // image that Python knows of
  #sendSoon = debounce(() => this.#send(), SETTLE, this.signal);

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    for (const pane of root.querySelectorAll(".pane")) {
      if (!(pane instanceof HTMLElement)) continue;
      this.observeSize(find(pane, ".stage"));
      this.#panes.push({ root: pane, cloud: this.#createCloud(find(pane, "canvas", HTMLCanvasElement)), tiles: null });
    }
    this.number = find(root, ".number input", HTMLInputElement);
    const typed = () => this.number.value && this.#choose(this.number.valueAsNumber);
    this.number.addEventListener("input", typed, { signal: this.signal });
  }

  /** @param {HTMLCanvasElement} canvas */
  #createCloud(canvas) {
    const cloud = new CloudView(canvas);
    const on = listener(canvas, this.signal);
    on("pointermove", (event) => this.#point(cloud.imageAt(pointOf(event, canvas))));
    on("pointerleave", () => this.#point(null));
    on("click", (event) => {
      const image = cloud.imageAt(pointOf(event, canvas));
      if (image !== null) this.#choose(image);
    });
    listenToKeys(on, () => ({
      ArrowRight: () => this.#step(1),
      ArrowLeft: () => this.#step(-1),
      ArrowDown: () => this.#stepWrong(1),
      ArrowUp: () => this.#stepWrong(-1),
    }));
    return cloud;
  }

  /** @returns {NetworkFile[]} that have come */
  get #networks() {
    return this.#panes.flatMap(({ cloud }) => (cloud.network ? [cloud.network] : []));
  }

  // ---- messages

  /** @param {Header} header */
  receive(header) {
    if (header.image !== this.#sent) {
      this.#image = this.#sent = header.image;
      this.#pointed = null;
    }
    this.#write(header);
    const urls = JSON.stringify([header.sheet, header.networks]);
    if (urls !== this.#loaded) {
      this.#loaded = urls;
      this.#load(header, urls);
    }
    this.refresh();
  }

  /**
   * @param {Header} header
   * @param {string} urls
   */
  async #load(header, urls) {
    const { networks, words } = header;
    this.root.dataset.state = "loading";
    setText(find(this.root, ".placeholder"), words.loading);
    try {
      const [sheet, ...files] = await Promise.all([header.sheet, ...networks.map(({ url }) => url)].map(loadBytes));
      const decoded = await decodePng(sheet);
      if (urls !== this.#loaded) return;
      this.#sheet = decoded;
      const [w, h] = header.size;
      const layout = { columns: header.columns, w, h };
      const actions = {
        /** @param {number | null} row */
        point: (row) => {
          this.#marked = row;
          this.drawNow();
        },
        /** @param {number} row */
        choose: (row) => this.#choose(row),
      };
      this.#panes.forEach((pane, i) => {
        pane.cloud.network = files[i] ? new NetworkFile(files[i]) : null;
        const count = pane.cloud.network?.k ?? 0;
        pane.tiles = count ? new NeighbourTiles(find(pane.root, ".tiles"), count, layout, actions) : null;
      });
      this.root.dataset.state = "ready";
      this.resize();
    } catch (error) {
      this.#loaded = ""; // the next message tries again
      setText(find(this.root, ".placeholder"), textOfError(error));
    }
  }

  /** @param {Header} header */
  #write({ networks, n, class_names: names, alt, words }) {
    const { root } = this;
    this.#panes.forEach((pane, i) => {
      pane.root.hidden = i >= networks.length;
      if (pane.root.hidden) return;
      const { title } = networks[i];
      setText(find(pane.root, ".title"), title);
      const label = fill(words.cloud, { title, n: withCommas(String(n)) });
      const spoken = i ? label : [label, alt].filter(Boolean).join(". ");
      setAttributes(find(pane.root, "canvas"), { "aria-label": spoken, "aria-describedby": "keys" });
    });
    root.classList.toggle("single", networks.length < 2);
    setText(find(root, ".number span"), words.number);
    setAttributes(this.number, { max: n - 1 });
    setText(find(root, ".hint"), words.hint);
    setText(find(root, "#keys"), words.keys);
    labelButtons(root, words);
    const key = find(root, ".key");
    if (key.childElementCount !== names.length + 3) {
      /**
       * @param {string} kind
       * @param {string} text
       */
      const entry = (kind, text) => {
        const item = document.createElement("li");
        const mark = document.createElement("i");
        mark.className = kind;
        item.append(mark, text);
        return item;
      };
      const classes = names.map((name) => entry("dot", name));
      key.replaceChildren(...classes, entry("right", words.right), entry("miss", words.miss), entry("", words.axes));
    }
  }

  #send() {
    if (this.#image === this.#sent) return;
    this.#sent = this.#image;
    this.setState("image", this.#image);
  }

  // ---- choosing

  /** @param {number | null} image */
  #point(image) {
    if (image === this.#pointed) return;
    this.#pointed = image;
    this.drawNow();
  }

  /** @param {number} image */
  #choose(image) {
    const n = this.header?.n ?? 1;
    if (!Number.isInteger(image) || image < 0 || image >= n) return;
    this.#image = image;
    this.#pointed = null;
    this.#sendSoon();
    this.drawNow();
  }

  /** @param {1 | -1} by */
  #step(by) {
    const n = this.header?.n ?? 1;
    this.#choose((this.#image + by + n) % n);
  }

  /** @param {1 | -1} direction */
  #stepWrong(direction) {
    const networks = this.#networks;
    if (networks.length) this.#choose(nextWrong(networks, this.#image, direction));
  }

  /** @param {string} name */
  press(name) {
    if (name === "next") this.#step(1);
    else if (name === "before") this.#step(-1);
    else if (name === "wrong") this.#stepWrong(1);
    else super.press(name);
  }

  // ---- drawing

  draw() {
    const { header, theme } = this;
    const image = this.#pointed ?? this.#image;
    if (!header || !theme || !this.#networks.length) return false;
    if (this.number.value !== String(image)) this.number.value = String(image);
    const { class_names: names, words } = header;
    const found = this.#panes.map(({ root, cloud, tiles }) => {
      if (!cloud.network || !tiles) return "";
      const neighbours = cloud.network.nearest(image);
      cloud.draw(theme, image, neighbours, this.#marked);
      tiles.write(this.#sheet, image, names[cloud.network.labels[image]], neighbours, names, words);
      const right = neighbours.filter((neighbour) => neighbour.right).length;
      setText(find(root, ".found"), fill(words.found, { k: right, n: neighbours.length }));
      return neighbours.map(({ row }) => row).join(" ");
    });
    setData(this.root, { image, chosen: this.#image, marked: this.#marked ?? "", first: found[0], second: found[1] });
    return false;
  }

  resize() {
    for (const { root, cloud } of this.#panes) {
      const { clientWidth, clientHeight } = find(root, ".stage");
      if (clientWidth && clientHeight) cloud.resize(clientWidth, clientHeight);
    }
    this.drawNow();
  }

  /** @param {Theme} theme */
  restyle(theme) {
    const { root } = this;
    const [right, wrong] = theme.classes.slice(-2);
    root.style.setProperty("--right", css(right));
    root.style.setProperty("--wrong", css(wrong));
    [...root.querySelectorAll(".key .dot")].forEach((mark, label) => {
      if (mark instanceof HTMLElement) mark.style.background = css(classColour(theme.classes, label));
    });
    this.refresh();
  }

  save() {
    if (this.header) saveComponent(this.root, fill(this.header.words.saved, { row: this.#image }));
  }
}

/** @param {StreamlitComponent} component */
export default function neighbours(component) {
  return mount(NeighboursPicture, ".neighbours", component);
}
