/** The scores of a run at one frame: tiles, and a table of all measures. */

import { find, setText } from "../_shared/dom.js";
import { fill } from "../_shared/format.js";

/** @import { Frame } from "./client.js" */

/**
 * A measure with its name. Its text has the values of `valuesOf` in braces.
 * @typedef {object} Measure
 * @property {string} name
 * @property {string} text
 * @property {string} help
 *
 * @typedef {object} MeasureWords  in the language that Python has sent
 * @property {Measure[]} tiles
 * @property {string} all       title of the table
 * @property {Measure[]} table
 * @property {string} sentence  the frame in one sentence
 */

export class Measures {
  #root;
  /** @type {[Element, string][]} elements with the texts that they get */
  #places = [];
  #written = "";

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
  }

  /**
   * Write the names.
   * @param {MeasureWords} words
   */
  write(words) {
    const text = JSON.stringify(words);
    if (text === this.#written) return;
    this.#written = text;
    const tiles = words.tiles.map((measure) => {
      const tile = document.createElement("div");
      const name = Object.assign(document.createElement("dt"), { textContent: measure.name, title: measure.help });
      tile.append(name, Object.assign(document.createElement("dd"), { textContent: "–" }));
      tile.dataset.measure = measure.name;
      return tile;
    });
    find(this.#root, ".tiles").replaceChildren(...tiles);
    setText(find(this.#root, ".measures summary"), words.all);
    const rows = words.table.map((measure) => {
      const row = document.createElement("tr");
      row.append(Object.assign(document.createElement("td"), { textContent: measure.name }), document.createElement("td"));
      return row;
    });
    find(this.#root, ".measures tbody").replaceChildren(...rows);
    this.#places = [...tiles, ...rows].map((each, index) => {
      const { text: shown } = [...words.tiles, ...words.table][index];
      return [/** @type {Element} */ (each.lastElementChild), shown];
    });
  }

  /** Show no scores. */
  clear() {
    for (const [element] of this.#places) setText(element, "–");
  }

  /**
   * @param {Frame} frame
   * @param {2 | 3} axes  that are drawn
   */
  show(frame, axes) {
    const values = valuesOf(frame, axes);
    for (const [element, text] of this.#places) setText(element, fill(text, values));
  }
}

/**
 * Return the text alternative of a frame.
 * @param {Frame} frame
 * @param {string} sentence  of the words
 */
export function sentenceOf(frame, sentence) {
  return fill(sentence, valuesOf(frame, 2));
}

/**
 * Return the measures of a frame as texts: shares in percent, by the names that they have in Python.
 * @param {Frame} frame
 * @param {2 | 3} axes
 */
function valuesOf({ step, metrics, views }, axes) {
  const shares = (views[axes] ?? views[2])?.shares ?? [];
  const variance = shares.reduce((total, share) => total + share, 0);
  /** @type {Record<string, string>} */
  const values = { step: String(step), variance: percent(variance, 0), variance_1: percent(variance, 1) };
  for (const [name, value] of Object.entries(metrics)) {
    values[name] = percent(value, 1);
    values[`${name}_2`] = percent(value, 2);
    values[`${name}_number`] = value.toFixed(4);
    values[`${name}_short`] = value.toFixed(2);
  }
  return values;
}

/**
 * @param {number} share
 * @param {number} digits
 */
function percent(share, digits) {
  return `${(100 * share).toFixed(digits)}%`;
}
