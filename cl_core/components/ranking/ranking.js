/**
 * An anchor, its positives and its negatives in order of distance, and what a miner picks of them.
 *
 * `order.js` knows the distances, `look.js` what follows for one anchor and positive, `tiles.js` the images, `words.js`
 * the words, `keys.js` the way of the arrow keys. Here these are tied to each other, to the messages from Python and to
 * the hand. The root element says what is shown in its data attributes.
 */

import { openEnvelope, sameBytes } from "../_shared/_old/envelope.js";
import { filled, heedCalm, listenToButtons, setData, setText, shownBy } from "../_shared/_old/page.js";
import { listenerOn } from "../_shared/_old/pointer.js";
import { saveWhole } from "../_shared/_old/save.js";
import { NO_CLASSES, readTheme } from "../_shared/_old/theme.js";
import { tileAfter } from "./keys.js";
import { lookFrom } from "./look.js";
import { KINDS, Order } from "./order.js";
import { Tiles } from "./tiles.js";
import { Words } from "./words.js";

const QUIET = 400; // ms after a choice until Python is told, since another may follow

class Picture {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.tiles = new Tiles();
    this.words = new Words(root);
    this.header = null;
    this.theme = null;
    this.wanted = null; // the positive that the viewer has chosen
    this.kept = null; // the tile that the viewer has pressed, or come to with the keys
    this.pointed = null; // the tile under the pointer
    this.ending = new AbortController();
    this.#listen();
  }

  /** The page's latest data, theme and ways to answer; called for each new message. */
  update({ data, setStateValue }) {
    this.answer = setStateValue;
    this.theme = readTheme(this.root, NO_CLASSES, this.theme);
    this.root.style.colorScheme = this.theme.dark ? "dark" : "light";
    setData(this.root, { dark: this.theme.dark });
    if (data && !sameBytes(data, this.message)) this.#receive(data);
  }

  close() {
    clearTimeout(this.telling);
    this.ending.abort();
    URL.revokeObjectURL(this.sheet);
  }

  // ---- messages

  #receive(message) {
    this.message = message;
    const { header, buffers } = openEnvelope(message);
    const begun = this.header?.stream === header.stream;
    this.header = header;
    this.order = new Order(header, buffers);
    this.words.write(header, this.order);
    if (!begun) this.#begin(buffers.sprite);
    this.#show();
  }

  #begin(sprite) {
    const { header } = this;
    clearTimeout(this.telling);
    URL.revokeObjectURL(this.sheet);
    this.sheet = URL.createObjectURL(new Blob([sprite], { type: "image/png" }));
    this.root.style.setProperty("--sheet", sprite.length ? `url("${this.sheet}")` : "none");
    this.tiles.make(header.n, header.columns, (i) => (sprite.length ? "" : this.words.name(i)));
    this.anchor = header.anchor;
    this.wanted = header.positive;
    this.kept = this.pointed = null;
  }

  #tell() {
    clearTimeout(this.telling);
    const { anchor, wanted, header } = this;
    this.telling = setTimeout(() => {
      this.answer("chosen", { stream: header.stream, anchor, positive: wanted });
    }, QUIET);
  }

  // ---- what the viewer chooses

  #choose(positive) {
    this.wanted = positive;
    this.#show();
    this.#say();
    this.#tell();
  }

  #makeAnchor(i) {
    const inside = this.root.matches(":focus-within");
    this.anchor = i;
    this.wanted = null;
    this.kept = this.pointed = null;
    this.#show();
    this.#say();
    this.#tell();
    const next = this.look.positive ?? this.look.negatives[0];
    if (inside) this.tiles.buttons[next]?.focus({ preventScroll: true });
  }

  #keep(i) {
    this.kept = i;
    this.#point();
  }

  #isPositive(i) {
    return this.look.positives.includes(i);
  }

  // ---- drawing

  #show() {
    this.look = lookFrom(this.order, this.anchor, this.wanted);
    this.tiles.glide(() => this.#place());
    this.tiles.show(this.root.querySelector(".anchor .face"), this.anchor);
    this.said = this.words.say(this.look);
    for (const i of [...this.look.positives, ...this.look.negatives]) this.#dress(i);
    this.#point();
    this.#report();
  }

  #place() {
    const { look, tiles, root } = this;
    tiles.fill(root.querySelector(".positives .tiles"), look.positives);
    for (const kind of KINDS) tiles.fill(root.querySelector(`.zone[data-kind="${kind}"] .tiles`), look.zones[kind]);
  }

  /** What a tile looks like, and what it is to those who listen. */
  #dress(i) {
    const { look, words, order } = this;
    const tile = this.tiles.buttons[i];
    const positive = this.#isPositive(i);
    const chosen = i === look.positive;
    setText(tile.querySelector(".value"), words.short(order.between(this.anchor, i)));
    setData(tile, { pick: positive ? this.#pickOfPositive(i) : this.#pickOfNegative(i) });
    const { name, facts } = words.facts(i, look);
    tile.title = [name, ...facts].join(" · ");
    tile.setAttribute("aria-label", tile.title);
    if (positive) {
      tile.setAttribute("role", "radio");
      tile.setAttribute("aria-checked", String(chosen));
    } else {
      tile.removeAttribute("role");
      tile.removeAttribute("aria-checked");
    }
    const stop = positive ? chosen : i === this.#entrance();
    tile.tabIndex = stop ? 0 : -1;
  }

  /** The negative that the tab key comes to. */
  #entrance() {
    const { negatives } = this.look;
    return negatives.includes(this.kept) ? this.kept : negatives[0];
  }

  #pickOfPositive(i) {
    if (!this.look.picking.has(i)) return undefined;
    return i === this.look.positive ? "here" : "elsewhere";
  }

  #pickOfNegative(i) {
    if (this.look.picked.has(i)) return "here";
    return this.look.elsewhere.has(i) ? "elsewhere" : undefined;
  }

  #point() {
    const shown = this.pointed ?? this.kept;
    this.words.point(shown === null ? null : this.words.facts(shown, this.look), shown === this.kept);
    for (const [i, tile] of this.tiles.buttons.entries()) tile.classList.toggle("kept", i === this.kept);
    setData(this.root, { kept: this.kept ?? "", pointed: this.pointed ?? "" });
  }

  #say() {
    setText(this.root.querySelector(".spoken"), this.said);
  }

  /** Data attributes: what is shown now. */
  #report() {
    const { anchor, positive, zones, picked, elsewhere } = this.look;
    const counts = Object.fromEntries(KINDS.map((kind) => [kind, zones[kind].length]));
    setData(this.root, {
      stream: this.header.stream,
      anchor,
      positive: positive ?? "",
      ...counts,
      picked: [...picked].join(" "),
      elsewhere: [...elsewhere].join(" "),
    });
  }

  // ---- the hand

  #listen() {
    const { signal } = this.ending;
    const on = listenerOn(this.root, signal);
    on("click", (event) => this.#pressed(indexOf(event)));
    on("dblclick", (event) => {
      const i = indexOf(event);
      if (i !== null) this.#makeAnchor(i);
    });
    on("keydown", (event) => this.#key(event));
    on("focusin", (event) => {
      const i = indexOf(event);
      if (i !== null && event.target.matches(":focus-visible")) this.#keep(i);
    });
    on("pointerover", (event) => {
      if (event.pointerType === "touch") return;
      this.pointed = indexOf(event);
      this.#point();
    });
    on("pointerleave", () => {
      this.pointed = null;
      this.#point();
    });
    listenToButtons(this.root, (name) => this.#do(name));
    heedCalm(this.tiles, signal);
  }

  /** What a button does. */
  #do(name) {
    if (name === "make" && this.kept !== null) this.#makeAnchor(this.kept);
    if (name === "save" && this.header) this.#save();
  }

  /** The batch as it is ordered now, as a file. */
  #save() {
    const { words } = this.header;
    const place = { name: this.words.name(this.anchor), row: this.order.rows[this.anchor] };
    saveWhole(this.root, filled(words.saved, place));
  }

  #pressed(i) {
    if (i === null) return;
    this.kept = i;
    if (this.#isPositive(i)) this.#choose(i);
    else this.#show();
  }

  #key(event) {
    const i = indexOf(event);
    if (i === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const tile = this.tiles.buttons[i];
    const { positives, negatives } = this.look;
    const strip = this.#isPositive(i) ? positives : negatives;
    const tiles = strip.map((k) => this.tiles.buttons[k]);
    if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      this.#makeAnchor(i);
      return;
    }
    const next = tileAfter(event.key, tile, tiles);
    if (!next) return;
    event.preventDefault();
    event.stopPropagation();
    next.focus();
    if (strip === positives) this.#choose(Number(next.dataset.index));
  }
}

/** The image whose tile an event is on; null for none. */
function indexOf(event) {
  const tile = event.target instanceof Element && event.target.closest(".tile");
  return tile ? Number(tile.dataset.index) : null;
}

export default function ranking(component) {
  return shownBy(Picture, ".ranking", component);
}
