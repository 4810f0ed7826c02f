/** The texts around the picture: its title, its buttons, and the numbers at the cross-hair. */

import { css } from "../_shared/colour.js";
import { find, labelButtons, setText } from "../_shared/dom.js";
import { superscript, withMinus } from "../_shared/format.js";

/**
 * @import { Header } from "./field.js"
 * @import { Reading } from "./grid.js"
 * @import { Words } from "../_shared/picture.js"
 * @import { Theme } from "../_shared/theme.js"
 */

export class Readout {
  /** @type {Words} */
  words = {};
  #names = { x: "", y: "", loss: "", dx: "", dy: "", weightX: "", weightY: "" };
  #unit = "";
  #written = ""; // JSON of the texts written

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
  }

  /** Measure the texts above and below the picture, in CSS pixels, as high as they are by themselves. */
  heights() {
    this.align(null);
    return { head: this.#find(".head").offsetHeight, foot: this.#find(".foot").offsetHeight };
  }

  /**
   * Make the texts as high as those of the other planes.
   * @param {{head: number, foot: number} | null} heights  CSS pixels; null: as high as they are by themselves
   */
  align(heights) {
    this.#find(".head").style.minHeight = heights ? `${heights.head}px` : "";
    this.#find(".foot").style.minHeight = heights ? `${heights.foot}px` : "";
  }

  /**
   * Write the texts of a message.
   * @param {Header} header
   * @param {boolean} hasPairs
   * @param {boolean} hasSides
   * @param {boolean} hasWeights
   */
  write(header, hasPairs, hasSides, hasWeights) {
    for (const cell of ["weightX", "weightY"]) this.#find(`[data-cell="${cell}"]`).hidden = !hasWeights;
    setText(this.#find(".title"), header.title);
    this.#find('[data-do="pairs"]').hidden = !hasPairs;
    this.#find('[data-cell="side"]').style.visibility = hasSides ? "" : "hidden";
    const canvas = this.#find(".sheet");
    canvas.setAttribute("aria-label", header.alt || header.title);
    const { words, names, unit, weight_names } = header;
    const [loss, x, y] = names;
    this.words = words;
    this.#unit = unit;
    const [weightX, weightY] = weight_names;
    this.#names = { x, y, loss, dx: `∂${loss}/∂${x}`, dy: `∂${loss}/∂${y}`, weightX, weightY };
    const texts = JSON.stringify([words, names, weight_names]);
    if (texts === this.#written) return;
    this.#written = texts;
    canvas.setAttribute("aria-description", words.keys);
    labelButtons(this.root, words);
    for (const group of ["tools", "layers"]) this.#find(`.${group}`).setAttribute("aria-label", words[group]);
    setText(this.#find(".hint"), words.hint);
    for (const [cell, name] of Object.entries(this.#names)) setText(this.#find(`[data-cell="${cell}"] dt`), name);
  }

  /** @param {Theme} theme */
  restyle(theme) {
    this.root.style.setProperty("--satisfied", css(theme.classes[0]));
    this.root.style.setProperty("--violated", css(theme.classes[1]));
  }

  /**
   * @param {string} name
   * @param {boolean} on
   */
  setPressed(name, on) {
    this.#find(`[data-do="${name}"]`).setAttribute("aria-pressed", String(on));
  }

  /**
   * @param {string} name
   * @param {boolean} on
   */
  setEnabled(name, on) {
    find(this.root, `[data-do="${name}"]`, HTMLButtonElement).disabled = !on;
  }

  /** @param {Reading | null} reading */
  show(reading) {
    if (!reading) return;
    const texts = { ...this.#numbers(reading), side: this.#side(reading) };
    for (const [cell, text] of Object.entries(texts)) setText(this.#find(`[data-cell="${cell}"] dd`), text);
    this.#find('[data-cell="side"]').dataset.side = reading.side;
  }

  /**
   * Announce a reading through the live region, with a word about what has happened to it.
   * @param {Reading | null} reading
   * @param {string} [word]
   */
  say(reading, word = "") {
    /** @type {Record<string, string>} */
    const names = this.#names;
    const numbers = reading ? Object.entries(this.#numbers(reading)) : [];
    const side = reading ? this.#side(reading) : "";
    const spoken = numbers.map(([cell, text]) => `${names[cell]} ${text}`);
    setText(this.#find(".spoken"), [...spoken, side, word].filter(Boolean).join(", "));
  }

  /** @param {Reading} reading */
  #numbers({ x, y, loss, dx, dy, weightX, weightY }) {
    const weights =
      weightX === undefined || weightY === undefined
        ? {}
        : { weightX: numberText(weightX), weightY: numberText(weightY) };
    return {
      ...weights,
      x: coordinateText(x) + this.#unit,
      y: coordinateText(y) + this.#unit,
      loss: numberText(loss),
      dx: numberText(dx),
      dy: numberText(dy),
    };
  }

  /** @param {Reading} reading */
  #side({ side }) {
    return side ? this.words[side] : "";
  }

  /** @param {string} selector */
  #find(selector) {
    return find(this.root, selector);
  }
}

/**
 * Write a coordinate with at most four decimals.
 * @param {number} number
 */
function coordinateText(number) {
  return withMinus(String(Number(number.toFixed(4))));
}

/**
 * Write a number with four significant digits.
 * @param {number} number
 */
export function numberText(number) {
  if (number === 0) return "0";
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "–" : number > 0 ? "∞" : "−∞";
  const size = Math.abs(number);
  if (size >= 1e-3 && size < 99995) return withMinus(number.toPrecision(4));
  const [digits, power] = number.toExponential(3).split("e");
  return `${withMinus(digits)}·10${superscript(Number(power))}`;
}
