/**
 * Who is compared with whom in a batch, and what the loss makes of it.
 *
 * A node is a number: an image 0 to n - 1, or n + c for the weight of class c. Rows of the matrix are images; its columns
 * are the images again, or the class weights.
 */

export class Bonds {
  constructor(header, buffers) {
    this.n = header.n;
    this.classes = header.class_names.length;
    this.prototypes = header.prototypes;
    this.columns = this.prototypes ? this.classes : this.n;
    this.nodes = this.prototypes ? this.n + this.classes : this.n;
    this.weights = buffers.weights; // (n, columns), as Python sent them
    this.similarity = buffers.similarity;
    this.labels = buffers.labels;
    this.images = buffers.rows;
    this.rowOrder = inClassOrder(this.labels); // matrix row -> image
    this.columnOrder = this.prototypes ? Array.from({ length: this.classes }, (_, c) => this.n + c) : this.rowOrder;
    this.rowOf = inverse(this.rowOrder);
    this.columnOf = inverse(this.columnOrder);
    /** Every node in the order in which the keys go through them. */
    this.walk = this.prototypes ? [...this.rowOrder, ...this.columnOrder] : this.rowOrder;
    this.largest = header.largest ?? largestOf(this.weights);
    this.strongestTotal = header.largest ? header.largest * (this.prototypes ? 1 : 2) : this.#largestTotal();
  }

  isPrototype(node) {
    return node >= this.n;
  }

  labelOf(node) {
    return this.isPrototype(node) ? node - this.n : this.labels[node];
  }

  /** What a node is, wherever it stands: the number of its test image, below 0 for a class weight. */
  idOf(node) {
    return this.isPrototype(node) ? this.n - 1 - node : this.images[node];
  }

  /** Where the pair is in `weights` with `row` as the anchor, or -1 if the loss never makes that comparison. */
  cell(row, column) {
    if (this.isPrototype(row) || row === column || this.isPrototype(column) !== this.prototypes) return -1;
    return row * this.columns + (this.prototypes ? column - this.n : column);
  }

  /** Whether any term of the loss compares the two. */
  joined(a, b) {
    return this.cell(a, b) >= 0 || this.cell(b, a) >= 0;
  }

  /** dL/ds of the pair both ways round, from weights that may be on their way to new ones. */
  total(a, b, weights = this.weights) {
    return finite(weights[this.cell(a, b)]) + finite(weights[this.cell(b, a)]);
  }

  /** The pair as the readout tells it. */
  pair(a, b) {
    const [there, back] = [this.cell(a, b), this.cell(b, a)];
    const cell = there >= 0 ? there : back; // a class weight has no row of its own
    return {
      s: this.similarity[cell],
      w: this.weights[cell],
      back: there >= 0 && back >= 0 ? this.weights[back] : undefined,
      total: this.total(a, b),
    };
  }

  /** The node with the strongest bond to this one, or -1 where none has any. */
  strongest(a) {
    let best = -1;
    let most = 0;
    for (const b of this.walk) {
      if (!this.joined(a, b)) continue;
      const strength = Math.abs(this.total(a, b));
      if (strength > most) [best, most] = [b, strength];
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

/** A number, 0 for what is none. */
function finite(value) {
  return Number.isFinite(value) ? value : 0;
}

function largestOf(values) {
  return values.reduce((most, value) => Math.max(most, Math.abs(finite(value))), 0);
}

function inClassOrder(labels) {
  return Array.from(labels, (_, i) => i).sort((a, b) => labels[a] - labels[b] || a - b);
}

function inverse(order) {
  const places = new Map();
  order.forEach((node, place) => places.set(node, place));
  return places;
}
