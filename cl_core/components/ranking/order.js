/** The distances of a batch in whole steps of a grid, and the kind of each triplet. */

/**
 * @typedef {"hard" | "semihard" | "easy"} Kind
 *
 * @typedef {object} OrderHeader
 * @property {number} n  images
 * @property {number} margin  in steps of the grid
 *
 * @typedef {object} OrderBuffers
 * @property {Uint32Array} high  (n, n) upper 32 bits of the distances, in steps of the grid
 * @property {Uint32Array} low  (n, n) lower 32 bits
 * @property {Uint8Array} labels  (n)
 * @property {Uint32Array} rows  (n) number of each test image
 * @property {Uint8Array} picked  a row of bits for each anchor and positive, in order: the negatives that the miner picks
 */

/** @type {Kind[]} the kinds of negatives, nearest first */
export const KINDS = ["hard", "semihard", "easy"];

export class Order {
  /** @type {Map<number, number>} row of bits of each anchor and positive, by anchor * n + positive */
  #bitRows = new Map();

  /**
   * @param {OrderHeader} header
   * @param {OrderBuffers} buffers
   */
  constructor(header, buffers) {
    this.n = header.n;
    this.margin = header.margin;
    this.labels = buffers.labels;
    this.rows = buffers.rows;
    this.steps = Float64Array.from(buffers.low, (low, i) => buffers.high[i] * 2 ** 32 + low); // exact below 2^53
    this.bits = buffers.picked;
    this.bytes = Math.ceil(this.n / 8); // of a row of bits
    for (let a = 0; a < this.n; a++) {
      for (const p of this.#others(a, true)) this.#bitRows.set(a * this.n + p, this.#bitRows.size);
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
    const near = this.between(anchor, positive);
    const far = this.between(anchor, negative);
    if (far <= near) return "hard";
    return far < near + this.margin ? "semihard" : "easy";
  }

  /**
   * Return the hinge loss of a triplet, in steps of the grid.
   * @param {number} anchor
   * @param {number} positive
   * @param {number} negative
   */
  loss(anchor, positive, negative) {
    return Math.max(0, this.between(anchor, positive) - this.between(anchor, negative) + this.margin);
  }

  /**
   * Return whether the miner picks a triplet.
   * @param {number} anchor
   * @param {number} positive
   * @param {number} negative
   */
  picks(anchor, positive, negative) {
    const row = this.#bitRows.get(anchor * this.n + positive);
    return row !== undefined && Boolean(this.bits[row * this.bytes + (negative >> 3)] & (128 >> (negative & 7)));
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
