/** The distances of a batch in whole steps of a grid, and the kind of each triplet. */

/**
 * @typedef {"hard" | "semihard" | "easy"} Kind
 *
 * @typedef {object} OrderHeader
 * @property {number} n  images
 *
 * @typedef {object} OrderBuffers
 * @property {Uint32Array} high  (n, n) upper 32 bits of the distances, in steps of the grid
 * @property {Uint32Array} low  (n, n) lower 32 bits
 * @property {Uint8Array} labels  (n)
 * @property {Uint32Array} rows  (n) number of each test image
 * @property {Uint8Array} picked  a row of bits for each anchor and positive, in order: the negatives that the miner picks
 * @property {Uint8Array} hard  likewise: those that make a hard triplet
 * @property {Uint8Array} easy  likewise: those that make an easy one
 * @property {Uint32Array} edge_high  (rows) upper 32 bits of the distance from which a negative is easy
 * @property {Uint32Array} edge_low  (rows) lower 32 bits
 */

/** @import { Numbers } from "../_shared/program_file.js" */

/** @type {Kind[]} the kinds of negatives, nearest first */
export const KINDS = ["hard", "semihard", "easy"];

export class Order {
  /** @type {Map<number, number>} row of each anchor and positive, by anchor * n + positive */
  #pairs = new Map();
  /** @type {{anchor: number, numbers: Record<string, Numbers>} | null} what a program says of one anchor */
  #followed = null;

  /**
   * @param {OrderHeader} header
   * @param {OrderBuffers} buffers
   */
  constructor(header, buffers) {
    this.n = header.n;
    this.labels = buffers.labels;
    this.rows = buffers.rows;
    this.steps = wholeOf(buffers.high, buffers.low);
    this.edges = wholeOf(buffers.edge_high, buffers.edge_low);
    this.bits = { picked: buffers.picked, hard: buffers.hard, easy: buffers.easy };
    this.bytes = Math.ceil(this.n / 8); // of a row of bits
    for (let a = 0; a < this.n; a++) {
      for (const p of this.#others(a, true)) this.#pairs.set(a * this.n + p, this.#pairs.size);
    }
  }

  /**
   * Return the distance of two images in steps of the grid.
   * @param {number} a
   * @param {number} b
   */
  between(a, b) {
    return this.steps[a * this.n + b];
  }

  /**
   * Return an anchor's inputs of the program that says what `follow` takes.
   * @param {number} anchor
   */
  inputsOf(anchor) {
    const among = (/** @type {number[]} */ chosen) => Array.from({ length: this.n }, (_, i) => Number(chosen.includes(i)));
    return {
      distances: this.steps.subarray(anchor * this.n, (anchor + 1) * this.n),
      positives: among(this.#others(anchor, true)),
      negatives: among(this.#others(anchor, false)),
    };
  }

  /**
   * Let a program's outputs count for an anchor, in the place of Python's.
   * @param {number} anchor
   * @param {Record<string, Numbers>} numbers
   */
  follow(anchor, numbers) {
    this.#followed = { anchor, numbers };
  }

  /**
   * Return the positives of an anchor, nearest first.
   * @param {number} anchor
   */
  positives(anchor) {
    return this.#sorted(anchor, this.#others(anchor, true));
  }

  /**
   * Return the negatives of an anchor, nearest first.
   * @param {number} anchor
   */
  negatives(anchor) {
    return this.#sorted(anchor, this.#others(anchor, false));
  }

  /**
   * Return the kind of a triplet. A tie with the positive is hard, one with the positive and the margin is easy.
   * @param {number} anchor
   * @param {number} positive
   * @param {number} negative
   * @returns {Kind}
   */
  kind(anchor, positive, negative) {
    if (this.#bit("hard", anchor, positive, negative)) return "hard";
    return this.#bit("easy", anchor, positive, negative) ? "easy" : "semihard";
  }

  /**
   * Return the distance from which a negative is easy, in steps of the grid.
   * @param {number} anchor
   * @param {number} positive
   */
  edge(anchor, positive) {
    if (this.#followed?.anchor === anchor) return this.#followed.numbers.edge[positive];
    return this.edges[this.#pairs.get(anchor * this.n + positive) ?? -1];
  }

  /**
   * Return whether the miner picks a triplet.
   * @param {number} anchor
   * @param {number} positive
   * @param {number} negative
   */
  picks(anchor, positive, negative) {
    return this.#bit("picked", anchor, positive, negative);
  }

  /**
   * @param {"picked" | "hard" | "easy"} name
   * @param {number} anchor
   * @param {number} positive
   * @param {number} negative
   */
  #bit(name, anchor, positive, negative) {
    if (this.#followed?.anchor === anchor) return Boolean(this.#followed.numbers[name][positive * this.n + negative]);
    const row = this.#pairs.get(anchor * this.n + positive);
    return row !== undefined && Boolean(this.bits[name][row * this.bytes + (negative >> 3)] & (128 >> (negative & 7)));
  }

  /**
   * @param {number} anchor
   * @param {boolean} same  whether of the anchor's class
   */
  #others(anchor, same) {
    const found = [];
    for (let i = 0; i < this.n; i++) {
      if (i !== anchor && (this.labels[i] === this.labels[anchor]) === same) found.push(i);
    }
    return found;
  }

  /**
   * @param {number} anchor
   * @param {number[]} others
   */
  #sorted(anchor, others) {
    return others.toSorted((i, j) => this.between(anchor, i) - this.between(anchor, j) || i - j);
  }
}

/**
 * Return whole numbers of two parts, which are exact below 2^53.
 * @param {Uint32Array} high
 * @param {Uint32Array} low
 */
function wholeOf(high, low) {
  return Float64Array.from(low, (part, i) => high[i] * 2 ** 32 + part);
}
