/** The texts of the picture. */

import { find, labelButtons, setText } from "../_shared/dom.js";
import { fill } from "../_shared/format.js";
import { KINDS } from "./order.js";
import { drawRuler } from "./ruler.js";
import { countsOf } from "./view.js";

/**
 * @import { Kind, Order } from "./order.js"
 * @import { Header } from "./ranking.js"
 * @import { View } from "./view.js"
 */

/**
 * @typedef {object} Facts  about one tile
 * @property {string} name
 * @property {string[]} facts
 * @property {string} row
 */

/**
 * Write a distance with as many digits as tell neighbours apart.
 * @param {number} value
 */
export function shortDistance(value) {
  return value.toFixed(value < 0.1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0);
}

export class Text {
  /**
   * @param {HTMLElement} root
   * @param {Header} header
   * @param {Order} order
   * @param {(near: number, far: number) => number | null} lossOf  loss of a triplet by the distances of its positive and
   *   its negative, in steps of the grid; null where it is not known
   */
  constructor(root, header, order, lossOf) {
    this.root = root;
    this.header = header;
    this.words = header.words;
    this.order = order;
    this.lossOf = lossOf;
  }

  /** Write what stays as it is for a batch. */
  write() {
    const { words } = this;
    const texts = {
      ".positives .title": words.positives,
      ".positives > .none": words.noPositives,
      ".negatives .title": words.negatives,
      ".negatives > .none": words.noNegatives,
    };
    for (const [selector, text] of Object.entries(texts)) setText(this.#find(selector), text);
    for (const kind of KINDS) {
      this.root.style.setProperty(`--${kind}`, this.header.colours[kind]);
      setText(find(this.#zone(kind), "strong"), words[kind]);
    }
    labelButtons(this.root, words);
    this.#find(".positives .tiles").setAttribute("aria-label", words.positives);
    this.root.setAttribute("aria-description", words.keys);
  }

  /**
   * Write a distance exactly enough to be looked up.
   * @param {number} steps  of the grid
   */
  exact(steps) {
    return (steps / this.header.grid).toFixed(4);
  }

  /** @param {number} steps  of the grid */
  short(steps) {
    return shortDistance(steps / this.header.grid);
  }

  /** @param {number} i */
  name(i) {
    return this.header.class_names[this.order.labels[i]];
  }

  /**
   * Write all texts about an anchor and its chosen positive.
   * @param {View} view
   * @returns {string} the same in one sentence, for the live region
   */
  describe(view) {
    const { words, header, order } = this;
    const { anchor, positive, positives, negatives } = view;
    const name = fill(words.anchorAloud, { name: this.name(anchor) });
    setText(this.#find(".anchor-name"), `${words.anchor}: ${this.name(anchor)}`);
    this.#find(".anchor").setAttribute("aria-label", `${name}, ${fill(words.image, { row: order.rows[anchor] })}`);
    this.#find(".positives > .none").hidden = positives.length > 0;
    this.#find(".negatives > .none").hidden = negatives.length > 0;
    const both = positive !== null && negatives.length > 0;
    this.#find(".negatives").hidden = positive === null;
    this.#find(".verdict").hidden = this.#find(".ruler").hidden = !both;
    setText(this.#find(".positives .hint"), positives.length > 1 ? words.positivesHint : "");
    if (positive === null) return "";
    const near = order.between(anchor, positive);
    const value = `${header.symbol} = ${this.exact(near)}`;
    setText(this.#find(".negatives .hint"), fill(words.negativesHint, { value }));
    const edges = [near, order.edge(anchor, positive)].map((steps) => ({ value: this.exact(steps) }));
    for (const kind of KINDS) this.#describeZone(kind, view, edges);
    const labels = [words.near, words.far].map((word, k) => fill(word, edges[k]));
    drawRuler(this.#find(".ruler"), view, positive, order, labels);
    return fill(words.spoken, { value, ...countsOf(view), picks: this.#describePicks(view) });
  }

  /**
   * @param {Kind} kind
   * @param {View} view
   * @param {{value: string}[]} edges  distance of the positive, and from which a negative is easy
   */
  #describeZone(kind, { anchor, negatives, zones }, edges) {
    const { words, header, order } = this;
    const zone = this.#zone(kind);
    const found = zones[kind];
    zone.hidden = !negatives.length;
    const rule = fill(words[`${kind}Rule`], { low: edges[0].value, high: edges[1].value });
    const count = fill(words.count, { count: found.length, all: negatives.length });
    const never = kind === "semihard" && edges[0].value === edges[1].value;
    setText(find(zone, ".count"), count);
    setText(find(zone, ".rule"), rule);
    setText(find(zone, ".none"), found.length ? "" : never ? words.semihardNever : words[`${kind}Empty`]);
    const [low, high] = [found[0], found.at(-1)].map((n) => (n === undefined ? "" : this.exact(order.between(anchor, n))));
    const range = found.length && fill(low === high ? words.single : words.range, { symbol: header.symbol, low, high });
    zone.setAttribute("aria-label", [words[kind], count, range].filter(Boolean).join(", "));
  }

  /**
   * Write what the miner picks.
   * @param {View} view
   * @returns {string} the same in one sentence
   */
  #describePicks({ picked, others }) {
    const { words } = this;
    const parts = picked.size || others ? [fill(words.picksHere, { count: picked.size })] : [words.picksNothing];
    if (others) parts.push(fill(words.picksRest, { count: others }));
    setText(this.#find(".picks-here b"), parts[0]);
    setText(this.#find(".picks-elsewhere b"), parts[1] ?? "");
    this.#find(".picks-here .sample").hidden = !picked.size;
    this.#find(".picks-elsewhere").hidden = !others;
    return parts.join(", ");
  }

  /**
   * Return everything about one tile.
   * @param {number} i
   * @param {View} view
   * @returns {Facts}
   */
  factsOf(i, view) {
    const { words, header, order } = this;
    const { anchor, positive } = view;
    const steps = order.between(anchor, i);
    const name = fill(words.tile, { name: this.name(i), symbol: header.symbol, value: this.exact(steps) });
    const facts = [];
    if (order.labels[i] === order.labels[anchor]) {
      facts.push(words.isPositive);
      if (view.picking.has(i)) facts.push(words.picking);
    } else if (positive !== null) {
      facts.push(words[order.kind(anchor, positive, i)]);
      const loss = this.lossOf(order.between(anchor, positive), steps);
      if (loss !== null) facts.push(fill(words.loss, { value: this.exact(loss) }));
      if (view.picked.has(i)) facts.push(words.picked);
      if (view.elsewhere.has(i)) facts.push(words.pickedElsewhere);
    }
    return { name, facts, row: fill(words.image, { row: order.rows[i] }) };
  }

  /**
   * Write the strip about the tile that is looked at; null for none.
   * @param {Facts | null} tile
   * @param {boolean} pinned  whether it stays, so that it can be made the anchor
   */
  point(tile, pinned) {
    const { words } = this;
    setText(this.#find(".names"), tile ? tile.name : words.ask);
    setText(this.#find(".facts"), tile ? [...tile.facts, tile.row].join(" · ") : words.keys);
    this.#find(".make").hidden = !(tile && pinned);
  }

  /** @param {string} selector */
  #find(selector) {
    return find(this.root, selector);
  }

  /** @param {Kind} kind */
  #zone(kind) {
    return this.#find(`.zone[data-kind="${kind}"]`);
  }
}
