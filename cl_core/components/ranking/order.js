/** Who is how far from whom in a batch, in whole steps of a grid, and what that makes of each triplet. */

/** The kinds of negatives, nearest first. */
export const KINDS = ["hard", "semihard", "easy"];

export class Order {
  /** @param {any} header  @param {Record<string, any>} buffers  of a message, see `__init__.py` */
  constructor(header, buffers) {
    this.n = header.n;
    this.margin = header.margin;
    this.labels = buffers.labels;
    this.rows = buffers.rows;
    this.steps = Float64Array.from(buffers.low, (low, i) => buffers.high[i] * 2 ** 32 + low); // exact below 2^53
    this.bits = buffers.picked;
    this.bytes = Math.ceil(this.n / 8); // of a row of bits
    /** Which row of bits belongs to each anchor and positive. */
    this.line = new Map();
    for (let a = 0; a < this.n; a++) {
      for (const p of this.#others(a, true)) this.line.set(a * this.n + p, this.line.size);
    }
  }

  /** Distance of two images in steps of the grid. */
  between(a, b) {
    return this.steps[a * this.n + b];
  }

  positives(anchor) {
    return this.#sorted(anchor, this.#others(anchor, true));
  }

  negatives(anchor) {
    return this.#sorted(anchor, this.#others(anchor, false));
  }

  /** A tie with the positive is hard, one with the positive and the margin is easy. */
  kind(anchor, positive, negative) {
    const near = this.between(anchor, positive);
    const far = this.between(anchor, negative);
    if (far <= near) return "hard";
    return far < near + this.margin ? "semihard" : "easy";
  }

  /** The hinge of a triplet, in steps. */
  loss(anchor, positive, negative) {
    return Math.max(0, this.between(anchor, positive) - this.between(anchor, negative) + this.margin);
  }

  /** Whether the miner picks this triplet. */
  picks(anchor, positive, negative) {
    const start = this.line.get(anchor * this.n + positive) * this.bytes;
    return Boolean(this.bits[start + (negative >> 3)] & (128 >> (negative & 7)));
  }

  #others(anchor, same) {
    const found = [];
    for (let i = 0; i < this.n; i++) {
      if (i !== anchor && (this.labels[i] === this.labels[anchor]) === same) found.push(i);
    }
    return found;
  }

  #sorted(anchor, others) {
    return others.toSorted((i, j) => this.between(anchor, i) - this.between(anchor, j) || i - j);
  }
}
