/** The words on the picture. */

import { filled, nameButtons, setText } from "../_shared/_old/page.js";
import { KINDS } from "./order.js";
import { drawRuler } from "./ruler.js";

/** A distance for the eye: as many digits as tell neighbours apart. */
export function short(value) {
  return value.toFixed(value < 0.1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0);
}

export class Words {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
  }

  /** What stays as it is for a batch. */
  write(header, order) {
    const { words, colours } = header;
    this.header = header;
    this.words = words;
    this.order = order;
    const texts = {
      ".positives .title": words.positives,
      ".positives > .none": words.noPositives,
      ".negatives .title": words.negatives,
      ".negatives > .none": words.noNegatives,
    };
    for (const [selector, text] of Object.entries(texts)) setText(this.find(selector), text);
    for (const kind of KINDS) {
      const zone = this.#zone(kind);
      this.root.style.setProperty(`--${kind}`, colours[kind]);
      setText(zone.querySelector("strong"), words[kind]);
    }
    nameButtons(this.root, words);
    this.find(".positives .tiles").setAttribute("aria-label", words.positives);
    this.root.setAttribute("aria-description", words.keys);
  }

  /** A distance in steps of the grid, exactly enough to be looked up. */
  exact(steps) {
    return (steps / this.header.grid).toFixed(4);
  }

  short(steps) {
    return short(steps / this.header.grid);
  }

  name(i) {
    return this.header.class_names[this.order.labels[i]];
  }

  /** @param {import("./look.js").Look} look */
  say(look) {
    const { words, header, order } = this;
    const { anchor, positive, positives, negatives, zones } = look;
    const who = filled(words.anchorAloud, { name: this.name(anchor) });
    setText(this.find(".who"), `${words.anchor}: ${this.name(anchor)}`);
    this.find(".anchor").setAttribute("aria-label", `${who}, ${filled(words.image, { row: order.rows[anchor] })}`);
    this.find(".positives > .none").hidden = positives.length > 0;
    this.find(".negatives > .none").hidden = negatives.length > 0;
    const both = positive !== null && negatives.length > 0;
    this.find(".negatives").hidden = positive === null;
    this.find(".verdict").hidden = this.find(".ruler").hidden = !both;
    setText(this.find(".positives .hint"), positives.length > 1 ? words.positivesHint : "");
    if (positive === null) return "";
    const near = order.between(anchor, positive);
    const value = `${header.symbol} = ${this.exact(near)}`;
    setText(this.find(".negatives .hint"), filled(words.negativesHint, { value }));
    for (const kind of KINDS) this.#about(kind, look, near);
    const names = [words.near, words.far].map((word, k) => {
      return filled(word, { value: this.exact(near + k * header.margin) });
    });
    drawRuler(this.find(".ruler"), look, order, names);
    const counts = Object.fromEntries(KINDS.map((kind) => [kind, zones[kind].length]));
    return filled(words.spoken, { value, ...counts, picks: this.#verdict(look) });
  }

  #about(kind, { anchor, negatives, zones }, near) {
    const { words, header, order } = this;
    const zone = this.#zone(kind);
    const found = zones[kind];
    zone.hidden = !negatives.length;
    const rule = filled(words[`${kind}Rule`], { low: this.exact(near), high: this.exact(near + header.margin) });
    const count = filled(words.count, { count: found.length, all: negatives.length });
    const never = kind === "semihard" && header.margin === 0;
    setText(zone.querySelector(".count"), count);
    setText(zone.querySelector(".rule"), rule);
    setText(zone.querySelector(".none"), found.length ? "" : never ? words.semihardNever : words[`${kind}Empty`]);
    const [low, high] = [found[0], found.at(-1)].map((n) => n !== undefined && this.exact(order.between(anchor, n)));
    const range = found.length && filled(low === high ? words.single : words.range, { symbol: header.symbol, low, high });
    zone.setAttribute("aria-label", [words[kind], count, range].filter(Boolean).join(", "));
  }

  /** What the miner picks, written; the same in one sentence. */
  #verdict({ picked, others }) {
    const { words } = this;
    const parts = picked.size || others ? [filled(words.picksHere, { count: picked.size })] : [words.picksNothing];
    if (others) parts.push(filled(words.picksRest, { count: others }));
    setText(this.find(".here b"), parts[0]);
    setText(this.find(".rest b"), parts[1] ?? "");
    this.find(".here .sample").hidden = !picked.size;
    this.find(".rest").hidden = !others;
    return parts.join(", ");
  }

  /** Everything about one tile: who it is, and what it is here. */
  facts(i, look) {
    const { words, header, order } = this;
    const { anchor, positive } = look;
    const steps = order.between(anchor, i);
    const name = filled(words.tile, { name: this.name(i), symbol: header.symbol, value: this.exact(steps) });
    const facts = [];
    if (order.labels[i] === order.labels[anchor]) {
      facts.push(words.isPositive);
      if (look.picking.has(i)) facts.push(words.picking);
    } else if (positive !== null) {
      facts.push(words[order.kind(anchor, positive, i)]);
      facts.push(filled(words.loss, { value: this.exact(order.loss(anchor, positive, i)) }));
      if (look.picked.has(i)) facts.push(words.picked);
      if (look.elsewhere.has(i)) facts.push(words.pickedElsewhere);
    }
    return { name, facts, row: filled(words.image, { row: order.rows[i] }) };
  }

  /** The strip about the tile that is pointed at; null for none. `kept`: it stays, and can be made the anchor. */
  point(told, kept) {
    const { words } = this;
    setText(this.find(".names"), told ? told.name : words.ask);
    setText(this.find(".facts"), told ? [...told.facts, told.row].join(" · ") : words.keys);
    this.find(".make").hidden = !(told && kept);
  }

  #zone(kind) {
    return this.find(`.zone[data-kind="${kind}"]`);
  }
}
