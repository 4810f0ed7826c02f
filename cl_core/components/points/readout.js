/** The numbers as text: sums, a row for each point, cosines and distances of all pairs, and what follows. */

import { find, setText } from "../_shared/dom.js";
import { fill, withMinus } from "../_shared/format.js";
import { setAttributes } from "../_shared/svg.js";

/**
 * @import { Facts, Place } from "./facts.js"
 * @import { PointsView } from "./view.js"
 * @import { Words } from "../_shared/picture.js"
 */

export class Readout {
  /** @type {Words} */
  #words = {};
  /** @type {string[]} */
  #names = [];
  /** @type {HTMLTableRowElement[]} */
  #rows = [];
  /** @type {HTMLTableRowElement[]} */
  #pairs = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.why = find(root, ".why");
  }

  /**
   * Create a row for each point in both tables.
   * @param {number[]} labels
   * @param {Words} words
   */
  build(labels, words) {
    this.#words = words;
    this.#names = labels.map((_, i) => fill(words.point, { n: i + 1 }));
    for (const name of ["classified", "retrieved", "met"]) setText(find(this.root, `[data-cell="${name}"] dt`), words[name]);
    const heads = [words.headPoint, words.headClass, words.headClassified, words.headNearest, words.headMet];
    find(this.root, ".rows thead").replaceChildren(rowOf(heads, heads.length));
    this.#rows = labels.map((label, i) => {
      const row = rowOf([this.#names[i], String(label + 1), "", "", ""], 1);
      row.className = `c${label}`;
      return row;
    });
    find(this.root, ".rows tbody").replaceChildren(...this.#rows);
    setText(find(this.root, ".matrix caption"), words.cosines);
    find(this.root, ".matrix thead").replaceChildren(rowOf(["", ...this.#names], labels.length + 1));
    this.#pairs = labels.map((_, i) => rowOf([this.#names[i], ...labels.map(() => "")], 1));
    find(this.root, ".matrix tbody").replaceChildren(...this.#pairs);
  }

  /**
   * @param {Facts} facts
   * @param {number[]} labels
   * @param {boolean} withMargin
   */
  write(facts, labels, withMargin) {
    const words = this.#words;
    for (const name of /** @type {const} */ (["classified", "retrieved", "met"])) {
      const k = facts[name].filter(Boolean).length;
      setText(find(this.root, `[data-cell="${name}"] dd`), fill(words.of, { k, n: labels.length }));
    }
    this.root.classList.toggle("plain", !withMargin);
    this.#rows.forEach((row, i) => {
      const nearest = `${this.#names[facts.nearest[i]]} ${this.#mark(facts.retrieved[i])}`;
      const texts = [this.#mark(facts.classified[i]), nearest, this.#mark(facts.met[i])];
      const states = [facts.classified[i], facts.retrieved[i], facts.met[i]];
      texts.forEach((text, k) => {
        setText(row.cells[k + 2], text);
        row.cells[k + 2].classList.toggle("no", !states[k]);
      });
    });
    this.#pairs.forEach((row, i) => {
      labels.forEach((_, j) => {
        const cell = row.cells[j + 1];
        setText(cell, i === j ? "" : decimal((i < j ? facts.cosine : facts.distance)[i][j]));
        cell.className = i === j ? "self" : labels[i] === labels[j] ? "same" : "";
        cell.classList.toggle("nearest", i !== j && (facts.nearest[i] === j || facts.nearest[j] === i));
      });
    });
    setText(this.why, this.#reason(facts, labels, withMargin));
  }

  /**
   * Set the accessible values of the handles.
   * @param {PointsView} view
   * @param {Facts} facts
   * @param {Place[]} points
   * @param {number[]} weights
   */
  describe(view, facts, points, weights) {
    const words = this.#words;
    view.points.forEach((handle, i) => {
      const [x, y] = points[i].map((value) => decimal(value));
      const nearest = this.#names[facts.nearest[i]];
      const classified = `${words.headClassified} ${this.#spoken(facts.classified[i])}`;
      const text = fill(words.spokenPoint, { x, y, classified, nearest, retrieved: this.#spoken(facts.retrieved[i]) });
      setAttributes(handle, { "aria-valuenow": points[i][0], "aria-valuetext": text });
    });
    view.turns.forEach((handle, k) => {
      const text = fill(words.spokenWeight, { degrees: weights[k] });
      setAttributes(handle, { "aria-valuenow": weights[k], "aria-valuetext": text });
    });
  }

  /** @param {boolean} right */
  #mark(right) {
    return right ? this.#words.yes : this.#words.no;
  }

  /** @param {boolean} right */
  #spoken(right) {
    return right ? this.#words.sayYes : this.#words.sayNo;
  }

  /**
   * @param {Facts} facts
   * @param {number[]} labels
   * @param {boolean} withMargin
   */
  #reason({ classified, retrieved, widest, gap, regions, certain }, labels, withMargin) {
    const words = this.#words;
    /** @param {(i: number) => boolean} chosen */
    const named = (chosen) => this.#names.filter((_, i) => chosen(i)).join(", ");
    /** @param {number} i */
    const alone = (i) => labels.filter((label) => label === labels[i]).length === 1;
    const wrong = named((i) => classified[i] && !retrieved[i] && !alone(i));
    const single = named(alone);
    const parts = [];
    if (wrong) parts.push(fill(words.sayWrong, { names: wrong }));
    if (single) parts.push(fill(words.sayAlone, { names: single }));
    if (retrieved.every(Boolean)) parts.push(words.sayRight);
    if (!classified.every(Boolean)) parts.push(words.sayUnclassified);
    if (withMargin && regions.some((region) => !region)) parts.push(words.sayNever);
    else if (withMargin && widest !== null && gap !== null) {
      const angles = { widest: degreesText(widest), gap: degreesText(gap) };
      parts.push(fill(certain ? words.sayCertain : words.sayUncertain, angles));
    }
    return parts.join(" ");
  }
}

/**
 * @param {string[]} texts
 * @param {number} heads  how many of the first cells are headers
 */
function rowOf(texts, heads) {
  const row = document.createElement("tr");
  texts.forEach((text, k) => {
    const cell = document.createElement(k < heads ? "th" : "td");
    cell.textContent = text;
    if (k < heads) cell.scope = heads > 1 ? "col" : "row";
    row.append(cell);
  });
  return row;
}

/**
 * Write a number with two decimals, or three where two would round it to 1.
 * @param {number} x
 */
export function decimal(x) {
  const digits = Math.abs(x) < 0.995 || Math.abs(x) > 1 ? 2 : 3;
  return withMinus((Math.abs(x) < 0.005 ? 0 : x).toFixed(digits));
}

/** @param {number} degrees */
function degreesText(degrees) {
  return `${Math.round(degrees)}°`;
}
