/**
 * The pairs that a loss compares in a batch, and its derivative by the similarity of each.
 *
 * A node is a number: an image 0 to n - 1, or n + c for the weight of class c. Rows of the matrix are images; its columns
 * are the images again, or the class weights.
 */

/**
 * @typedef {object} BondsHeader
 * @property {number} n  images
 * @property {string[]} class_names
 * @property {boolean} prototypes  whether the columns are class weights
 * @property {number | null} largest  |weight| that has the full colour; null: the largest of this batch
 *
 * @typedef {object} BondsBuffers
 * @property {Float32Array} weights  (n, columns)
 * @property {Float32Array} similarity  (n, columns)
 * @property {Uint8Array} labels  (n)
 * @property {Uint32Array} rows  (n) number of each test image
 *
 * @typedef {object} Pair
 * @property {number} s  similarity
 * @property {number} w  weight with the first as the anchor
 * @property {number | undefined} back  weight with the second as the anchor, if there is one
 * @property {number} total  of both
 */

export class Bonds {
  /**
   * @param {BondsHeader} header
   * @param {BondsBuffers} buffers
   */
  constructor(header, buffers) {
    this.n = header.n;
    this.classes = header.class_names.length;
    this.prototypes = header.prototypes;
    this.columns = this.prototypes ? this.classes : this.n;
    this.nodes = this.prototypes ? this.n + this.classes : this.n;
    this.weights = buffers.weights;
    this.similarity = buffers.similarity;
    this.labels = buffers.labels;
    this.images = buffers.rows;
    this.rowOrder = byClass(this.labels); // matrix row -> image
    this.columnOrder = this.prototypes ? Array.from({ length: this.classes }, (_, c) => this.n + c) : this.rowOrder;
    this.rowOf = inverse(this.rowOrder);
    this.columnOf = inverse(this.columnOrder);
    /** Every node in the order in which the keys go through them. */
    this.tabOrder = this.prototypes ? [...this.rowOrder, ...this.columnOrder] : this.rowOrder;
    this.largest = header.largest ?? largestOf(this.weights);
    this.strongestTotal = header.largest ? header.largest * (this.prototypes ? 1 : 2) : this.#largestTotal();
  }

  /** @param {number} node */
  isPrototype(node) {
    return node >= this.n;
  }

  /** @param {number} node */
  labelOf(node) {
    return this.isPrototype(node) ? node - this.n : this.labels[node];
  }

  /**
   * Return what a node is in any batch: the number of its test image, below 0 for a class weight.
   * @param {number} node
   */
  idOf(node) {
    return this.isPrototype(node) ? this.n - 1 - node : this.images[node];
  }

  /**
   * Return the index in `weights` of a pair with `row` as the anchor, or -1 if the loss never compares it.
   * @param {number} row
   * @param {number} column
   */
  cell(row, column) {
    if (this.isPrototype(row) || row === column || this.isPrototype(column) !== this.prototypes) return -1;
    return row * this.columns + (this.prototypes ? column - this.n : column);
  }

  /**
   * Return whether any term of the loss compares two nodes.
   * @param {number} a
   * @param {number} b
   */
  joined(a, b) {
    return this.cell(a, b) >= 0 || this.cell(b, a) >= 0;
  }

  /**
   * Return the sum of dL/ds with either node as the anchor.
   * @param {number} a
   * @param {number} b
   * @param {ArrayLike<number>} [weights]  which may be on their way to new ones
   */
  total(a, b, weights = this.weights) {
    return finite(weights[this.cell(a, b)]) + finite(weights[this.cell(b, a)]);
  }

  /**
   * Return the numbers of a pair.
   * @param {number} a
   * @param {number} b
   * @returns {Pair}
   */
  pair(a, b) {
    const [there, back] = [this.cell(a, b), this.cell(b, a)];
    const cell = there >= 0 ? there : back; // a class weight has no row
    return {
      s: this.similarity[cell],
      w: this.weights[cell],
      back: there >= 0 && back >= 0 ? this.weights[back] : undefined,
      total: this.total(a, b),
    };
  }

  /**
   * Return the node with the strongest bond to a node, or -1 where none has any.
   * @param {number} node
   */
  strongest(node) {
    let best = -1;
    let most = 0;
    for (const other of this.tabOrder) {
      if (!this.joined(node, other)) continue;
      const strength = Math.abs(this.total(node, other));
      if (strength > most) [best, most] = [other, strength];
    }
    return best;
  }

  #largestTotal() {
    let most = 0;
    for (let i = 0; i < this.n; i++) {
      for (const other of this.columnOrder) most = Math.max(most, Math.abs(this.total(i, other)));
    }
    return most || 1;
  }
}

/**
 * Return a number, or 0 for what is not finite.
 * @param {number | undefined} value
 */
function finite(value) {
  return value !== undefined && Number.isFinite(value) ? value : 0;
}

/** @param {Float32Array} values */
function largestOf(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(finite(value))), 0);
}

/** @param {Uint8Array} labels */
function byClass(labels) {
  return Array.from(labels, (_, i) => i).sort((a, b) => labels[a] - labels[b] || a - b);
}

/** @param {number[]} order */
function inverse(order) {
  return new Map(order.map((node, place) => [node, place]));
}
