/** The numbers as text: a card for each negative, the sums, and why the selected negative is of its kind. */

import { lengthOf } from "./space.js";
import { find, setText } from "../_shared/dom.js";
import { fill, withMinus } from "../_shared/format.js";
import { setAttributes } from "../_shared/svg.js";

/**
 * @import { Kind, Measured } from "./measured.js"
 * @import { Place } from "./space.js"
 * @import { Words } from "../_shared/picture.js"
 */

const DIGITS = 2; // decimals, unless two numbers need more to be told apart
const MOST_DIGITS = 9;

/**
 * @typedef {object} Terms  the distance by which the readout measures
 * @property {string} letter
 * @property {number} most  largest distance on the unit circle
 * @property {boolean} circle
 */

export class Readout {
  /** @type {string[]} */
  #names = [];
  /** @type {Words} */
  #words = {};
  /** @type {Words} */
  #marks = {};
  /** @type {HTMLElement[]} */
  #cards = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.list = find(root, ".cards");
    this.why = find(root, ".why");
    this.hint = find(root, ".hint");
  }

  /**
   * Create a card for each negative.
   * @param {string[]} names
   * @param {Words} words
   * @param {Words} marks  of the kinds
   * @param {(k: number) => void} choose  a card was clicked
   */
  build(names, words, marks, choose) {
    this.#names = names;
    this.#words = words;
    this.#marks = marks;
    this.#cards = names.map((_, k) => {
      const card = document.createElement("li");
      card.append(...["strong", "span", "span"].map((name) => document.createElement(name)));
      card.addEventListener("click", () => choose(k));
      return card;
    });
    this.list.replaceChildren(...this.#cards);
  }

  /**
   * @param {Terms} terms
   * @param {Measured} measured
   * @param {number} selected
   */
  write({ letter, most, circle }, measured, selected) {
    const words = this.#words;
    const { kinds, dAn, losses, dAp, margin, edge, loss, active } = measured;
    this.#cards.forEach((card, k) => {
      const [name, distance, its] = card.children;
      setText(name, `${this.#names[k]} ${this.#marks[kinds[k]]} ${words[kinds[k]]}`);
      setText(distance, `δₐₙ ${distinct(dAn[k], dAp, edge)[0]}`);
      setText(its, `${words.loss} ${decimal(losses[k])}`);
      card.className = `card ${kinds[k]}${k === selected ? " selected" : ""}`;
    });
    this.#writeCell("near", `δₐₚ = ${letter}`, decimal(dAp));
    this.#writeCell("margin", words.margin, decimal(margin));
    this.#writeCell("far", words.easyFrom, decimal(edge));
    this.#writeCell("loss", active ? fill(words.mean, { active }) : words.loss, decimal(loss));
    setText(this.why, this.#reason(measured, selected));
    const never = circle && edge > most;
    const values = { delta: letter, most: decimal(most), edge: decimal(edge) };
    setText(this.hint, never ? fill(words.never, values) : words.arrows);
    this.hint.classList.toggle("never", never);
  }

  /**
   * Set the accessible values of the points' handles, and mark the selected one.
   * @param {Element[]} handles
   * @param {Measured} measured
   * @param {Place[]} points
   * @param {number} selected
   */
  describePoints(handles, measured, points, selected) {
    handles.forEach((handle, i) => {
      const now = i === 0 ? points[0][0] : i === 1 ? measured.dAp : measured.dAn[i - 2];
      if (i > 1) setAttributes(handle, { "data-kind": measured.kinds[i - 2] });
      setAttributes(handle, { "aria-valuenow": now, "aria-valuetext": this.#spoken(measured, points, i) });
      handle.classList.toggle("selected", i === selected + 2);
    });
  }

  /**
   * The same for the handles of the right picture.
   * @param {Element[]} handles
   * @param {Measured} measured
   * @param {Place[]} points
   * @param {number} selected
   * @param {number} range
   */
  describeDots(handles, measured, points, selected, range) {
    handles.forEach((handle, k) => {
      const spoken = this.#spoken(measured, points, k + 2);
      setAttributes(handle, { "aria-valuenow": measured.dAn[k], "aria-valuemax": range, "aria-valuetext": spoken });
      setAttributes(handle, { "data-kind": measured.kinds[k], tabindex: k === selected ? 0 : -1 });
      handle.classList.toggle("selected", k === selected);
    });
  }

  /**
   * @param {Measured} measured
   * @param {Place[]} points
   * @param {number} i
   */
  #spoken(measured, points, i) {
    const words = this.#words;
    const place = fill(words.place, { x: decimal(points[i][0]), y: decimal(points[i][1]) });
    if (i === 0) return place;
    if (i === 1) return `δₐₚ ${decimal(measured.dAp)}; ${place}`;
    const k = i - 2;
    const [distance] = distinct(measured.dAn[k], measured.dAp, measured.edge);
    const values = { kind: words[measured.kinds[k]], an: "δₐₙ", distance, loss: decimal(measured.losses[k]), place };
    return fill(words.point, values);
  }

  /**
   * @param {Measured} measured
   * @param {number} k
   */
  #reason(measured, k) {
    const words = this.#words;
    const { dAp, dAn, edge, kinds, losses, forces } = measured;
    const [an, ap, to] = distinct(dAn[k], dAp, edge);
    const values = { name: this.#names[k], an, ap, edge: to };
    const parts = [fill(this.#sentence(kinds[k], dAn[k], measured), values)];
    if (losses[k] > 0 && lengthOf(forces[k + 2]) < 1e-9) parts.push(words.stuck);
    return parts.join(" ");
  }

  /**
   * @param {Kind} kind
   * @param {number} dAn
   * @param {Measured} measured
   */
  #sentence(kind, dAn, { dAp, edge, margin }) {
    const words = this.#words;
    if (kind === "semihard") return words.saySemihard;
    if (kind === "easy") return dAn === edge ? words.sayEasyTie : words.sayEasy;
    if (dAn !== dAp) return words.sayHard;
    return margin > 0 ? words.sayHardTie : words.sayHardIdle;
  }

  /**
   * @param {string} name
   * @param {string} term
   * @param {string} value
   */
  #writeCell(name, term, value) {
    const cell = find(this.root, `[data-cell="${name}"]`);
    setText(find(cell, "dt"), term);
    setText(find(cell, "dd"), value);
  }
}

/**
 * Write numbers with as many decimals as it takes to tell the first from each of the others that it does not equal.
 * @param {number} first
 * @param {...number} others
 */
export function distinct(first, ...others) {
  const all = [first, ...others];
  for (let digits = DIGITS; digits < MOST_DIGITS; digits += 1) {
    const texts = all.map((x) => decimal(x, digits));
    if (others.every((other, i) => other === first || texts[i + 1] !== texts[0])) return texts;
  }
  return all.map((x) => decimal(x, MOST_DIGITS));
}

/**
 * Write a number with a fixed number of decimals, and without a negative zero.
 * @param {number} x
 * @param {number} [digits]
 */
export function decimal(x, digits = DIGITS) {
  return withMinus((Math.abs(x) < 0.5 * 10 ** -digits ? 0 : x).toFixed(digits));
}
