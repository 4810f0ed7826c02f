/**
 * An anchor, its positives and its negatives in order of distance, and what a miner picks of them.
 *
 * `order.js` has the distances, `view.js` what follows for one anchor and positive, `tiles.js` the images, `text.js` and
 * `ruler.js` write and draw, `keys.js` moves the focus. The root element says what is shown in its data attributes.
 */

import { pngBlob } from "../_shared/canvas.js";
import { debounce } from "../_shared/debounce.js";
import { find, setData, setText } from "../_shared/dom.js";
import { fill } from "../_shared/format.js";
import { LiveProgram } from "../_shared/live.js";
import { mount, Picture } from "../_shared/picture.js";
import { consume, hasModifier, listener } from "../_shared/events.js";
import { saveComponent } from "../_shared/save.js";
import { NO_CLASSES } from "../_shared/theme.js";
import { nextTile } from "./keys.js";
import { KINDS, Order } from "./order.js";
import { Text } from "./text.js";
import { Tiles } from "./tiles.js";
import { countsOf, viewFrom } from "./view.js";

/**
 * @import { Kind, OrderBuffers, OrderHeader } from "./order.js"
 * @import { View } from "./view.js"
 * @import { Live } from "../_shared/live.js"
 * @import { Numbers } from "../_shared/program_file.js"
 * @import { StreamlitComponent, Words } from "../_shared/picture.js"
 * @import { Theme } from "../_shared/theme.js"
 */

/**
 * @typedef {object} HeaderFields
 * @property {string} stream  with a new name the picture begins again
 * @property {string[]} class_names
 * @property {number} grid  steps of a distance of 1
 * @property {string} symbol  of the distance
 * @property {number} anchor
 * @property {number | null} positive  known to be chosen
 * @property {number} columns  of the sprite sheet
 * @property {Record<Kind, string>} colours
 * @property {Words} words
 * @property {Live | null} live   that computes the loss of a triplet
 * @property {Live | null} kinds  that computes what `Order.follow` takes
 *
 * @typedef {OrderHeader & HeaderFields} Header  of a message
 * @typedef {OrderBuffers & {sprite: Uint8Array, program?: Uint8Array, kinds_program: Uint8Array}} Buffers  `sprite`: a PNG, or empty
 */

const DELAY = 400; // ms after a choice until it is sent to Python, since another may follow

/** Data of the newest message. */
class Batch {
  /**
   * @param {HTMLElement} root
   * @param {Header} header
   * @param {Buffers} buffers
   * @param {LiveProgram} live
   */
  constructor(root, header, buffers, live) {
    const { grid } = header;
    /**
     * @param {number} near
     * @param {number} far
     */
    const lossOf = (near, far) => {
      const numbers = live.run({ d_ap: near / grid, d_an: far / grid });
      return numbers && numbers.loss[0] * grid;
    };
    this.order = new Order(header, buffers);
    this.text = new Text(root, header, this.order, lossOf);
  }
}

/** @extends {Picture<Header, Buffers>} */
class RankingPicture extends Picture {
  #tiles = new Tiles();
  /** @type {Batch | null} */
  #batch = null;
  /** @type {View | null} */
  #view = null;
  #anchor = 0;
  /** @type {number | null} the positive that the viewer has chosen */
  #wanted = null;
  /** @type {number | null} the tile that was clicked, or reached by keys */
  #pinned = null;
  /** @type {number | null} the tile under the pointer */
  #hovered = null;
  #sheet = ""; // address of the sprite sheet
  #spoken = "";
  #sendSoon = debounce(() => {
    const stream = this.header?.stream;
    this.setState("chosen", { stream, anchor: this.#anchor, positive: this.#wanted });
  }, DELAY, this.signal);

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.live = new LiveProgram(() => {}, this.signal); // before the other one, which shows the losses with the kinds
    this.kinds = new LiveProgram((numbers) => this.#follow(numbers), this.signal);
    this.#listen();
    this.followReducedMotion(this.#tiles);
  }

  /** The picture needs the theme, but no colours of classes. */
  get palette() {
    return NO_CLASSES;
  }

  close() {
    super.close();
    URL.revokeObjectURL(this.#sheet);
  }

  /** @param {Theme} theme */
  restyle({ dark }) {
    setData(this.root, { dark });
  }

  // ---- messages

  /**
   * @param {Header} header
   * @param {Buffers} buffers
   * @param {Header | null} previous
   */
  receive(header, buffers, previous) {
    const batch = new Batch(this.root, header, buffers, this.live);
    this.#batch = batch;
    batch.text.write();
    if (previous?.stream !== header.stream) this.#begin(header, buffers.sprite, batch);
    this.#view = null;
    this.live.receive(header.live, buffers, () => this.#writeTiles());
    this.kinds.receive(header.kinds, { program: buffers.kinds_program }, () => this.#prepare());
    this.#show();
  }

  /**
   * @param {Header} header
   * @param {Uint8Array} sprite
   * @param {Batch} batch
   */
  #begin(header, sprite, { text }) {
    this.#sendSoon.cancel();
    URL.revokeObjectURL(this.#sheet);
    this.#sheet = URL.createObjectURL(pngBlob(sprite));
    this.root.style.setProperty("--sheet", sprite.length ? `url("${this.#sheet}")` : "none");
    this.#tiles.build(header.n, header.columns, (i) => (sprite.length ? "" : text.name(i)));
    this.#anchor = header.anchor;
    this.#wanted = header.positive;
    this.#pinned = this.#hovered = null;
  }

  /** Let the program know the anchor, so that the next move of the slider counts for it. */
  #prepare() {
    if (this.#batch) this.kinds.run(this.#batch.order.inputsOf(this.#anchor));
    setData(this.root, { live: this.kinds.ready });
  }

  /**
   * Show what a slider that moves makes of the kinds and picks, at once.
   * @param {Record<string, Numbers>} numbers
   */
  #follow(numbers) {
    this.#batch?.order.follow(this.#anchor, numbers);
    this.#show();
  }

  // ---- choices of the viewer

  /** @param {number} positive */
  #choose(positive) {
    this.#wanted = positive;
    this.#show();
    this.#say();
    this.#sendSoon();
  }

  /** @param {number} i */
  #makeAnchor(i) {
    const inside = this.root.matches(":focus-within");
    this.#anchor = i;
    this.#wanted = null;
    this.#pinned = this.#hovered = null;
    this.#prepare();
    const view = this.#show();
    this.#say();
    this.#sendSoon();
    const next = view && (view.positive ?? view.negatives[0]);
    if (inside && typeof next === "number") this.#tiles.buttons[next].focus({ preventScroll: true });
  }

  /** @param {number} i */
  #isPositive(i) {
    return this.#view?.positives.includes(i) ?? false;
  }

  // ---- what is shown

  #show() {
    if (!this.#batch) return null;
    const { order, text } = this.#batch;
    const view = viewFrom(order, this.#anchor, this.#wanted);
    this.#view = view;
    this.#tiles.animate(() => this.#place(view));
    this.#tiles.showImage(find(this.root, ".anchor .face"), this.#anchor);
    this.#spoken = text.describe(view);
    this.#writeTiles();
    this.#report(view);
    return view;
  }

  #writeTiles() {
    const [batch, view] = [this.#batch, this.#view];
    if (!batch || !view) return;
    for (const i of [...view.positives, ...view.negatives]) this.#writeTile(i, view, batch);
    this.#showPointed();
  }

  /** @param {View} view */
  #place(view) {
    this.#tiles.fill(find(this.root, ".positives .tiles"), view.positives);
    for (const kind of KINDS) {
      this.#tiles.fill(find(this.root, `.zone[data-kind="${kind}"] .tiles`), view.zones[kind]);
    }
  }

  /**
   * Write what a tile shows, and what it is to assistive technology.
   * @param {number} i
   * @param {View} view
   * @param {Batch} batch
   */
  #writeTile(i, view, { text, order }) {
    const tile = this.#tiles.buttons[i];
    const positive = this.#isPositive(i);
    const chosen = i === view.positive;
    setText(find(tile, ".value"), text.short(order.between(this.#anchor, i)));
    setData(tile, { pick: positive ? pickOfPositive(i, view) : pickOfNegative(i, view) });
    const { name, facts } = text.factsOf(i, view);
    tile.title = [name, ...facts].join(" · ");
    tile.setAttribute("aria-label", tile.title);
    if (positive) {
      tile.setAttribute("role", "radio");
      tile.setAttribute("aria-checked", String(chosen));
    } else {
      tile.removeAttribute("role");
      tile.removeAttribute("aria-checked");
    }
    const stop = positive ? chosen : i === this.#firstStop(view);
    tile.tabIndex = stop ? 0 : -1;
  }

  /**
   * Return the negative that the tab key reaches.
   * @param {View} view
   */
  #firstStop({ negatives }) {
    return this.#pinned !== null && negatives.includes(this.#pinned) ? this.#pinned : negatives[0];
  }

  #showPointed() {
    const shown = this.#hovered ?? this.#pinned;
    const [text, view] = [this.#batch?.text, this.#view];
    if (!text || !view) return;
    text.point(shown === null ? null : text.factsOf(shown, view), shown === this.#pinned);
    for (const [i, tile] of this.#tiles.buttons.entries()) tile.classList.toggle("pinned", i === this.#pinned);
    setData(this.root, { kept: this.#pinned ?? "", pointed: this.#hovered ?? "" });
  }

  #say() {
    setText(find(this.root, ".spoken"), this.#spoken);
  }

  /** @param {View} view */
  #report(view) {
    setData(this.root, {
      stream: this.header?.stream,
      anchor: view.anchor,
      positive: view.positive ?? "",
      ...countsOf(view),
      picked: [...view.picked].join(" "),
      elsewhere: [...view.elsewhere].join(" "),
    });
  }

  // ---- pointer, keys and buttons

  #listen() {
    const on = listener(this.root, this.signal);
    on("click", (event) => this.#click(indexOf(event)));
    on("dblclick", (event) => {
      const i = indexOf(event);
      if (i !== null) this.#makeAnchor(i);
    });
    on("keydown", (event) => this.#key(event));
    on("focusin", (event) => {
      const i = indexOf(event);
      if (i === null || !(event.target instanceof Element && event.target.matches(":focus-visible"))) return;
      this.#pinned = i;
      this.#showPointed();
    });
    on("pointerover", (event) => {
      if (event.pointerType === "touch") return;
      this.#hovered = indexOf(event);
      this.#showPointed();
    });
    on("pointerleave", () => {
      this.#hovered = null;
      this.#showPointed();
    });
  }

  /** @param {string} name */
  press(name) {
    super.press(name);
    if (name === "make" && this.#pinned !== null) this.#makeAnchor(this.#pinned);
  }

  save() {
    if (!this.header || !this.#batch) return;
    const { order, text } = this.#batch;
    const values = { name: text.name(this.#anchor), row: order.rows[this.#anchor] };
    saveComponent(this.root, fill(text.words.saved, values));
  }

  /** @param {number | null} i */
  #click(i) {
    if (i === null) return;
    this.#pinned = i;
    if (this.#isPositive(i)) this.#choose(i);
    else this.#show();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const i = indexOf(event);
    const view = this.#view;
    if (i === null || !view || hasModifier(event)) return;
    if (event.key === "Enter") {
      consume(event);
      this.#makeAnchor(i);
      return;
    }
    const positive = this.#isPositive(i);
    const { buttons } = this.#tiles;
    const strip = (positive ? view.positives : view.negatives).map((k) => buttons[k]);
    const next = nextTile(event.key, buttons[i], strip);
    if (!next) return;
    consume(event);
    next.focus();
    if (positive) this.#choose(Number(next.dataset.index));
  }
}

/**
 * Return with what the miner picks a positive: with negatives of its own if it is the chosen one.
 * @param {number} i
 * @param {View} view
 */
function pickOfPositive(i, view) {
  if (!view.picking.has(i)) return undefined;
  return i === view.positive ? "here" : "elsewhere";
}

/**
 * Return with what the miner picks a negative: with the chosen positive, or with another one.
 * @param {number} i
 * @param {View} view
 */
function pickOfNegative(i, view) {
  if (view.picked.has(i)) return "here";
  return view.elsewhere.has(i) ? "elsewhere" : undefined;
}

/**
 * Return the image whose tile an event is on; null for none.
 * @param {Event} event
 */
function indexOf(event) {
  const tile = event.target instanceof Element && event.target.closest(".tile");
  return tile instanceof HTMLElement ? Number(tile.dataset.index) : null;
}

/** @param {StreamlitComponent} component */
export default function ranking(component) {
  return mount(RankingPicture, ".ranking", component);
}
