/** Which rows of the training set each step gets: the same as `batch_indices` of cl_core/training/batches.py. */

import { permutation, PURPOSES } from "./random.js";

/**
 * @typedef {object} BatchPlan
 * @property {number} images            rows of a step
 * @property {number} images_per_class  0 for batches of the shuffled training set
 */

/** The rows of every step of a run. */
export class BatchRows {
  #seed;
  #images;
  #perClass;
  #count;
  /** @type {number[][]} the rows of each class that has any */
  #classes = [];
  /** @type {Map<string, {number: number, order: Int32Array}>} the newest order of the rows of each class, or of all */
  #orders = new Map();

  /**
   * @param {number} seed          of the run
   * @param {BatchPlan} plan
   * @param {Uint8Array} labels    (n,) of the training set
   */
  constructor(seed, { images, images_per_class: perClass }, labels) {
    this.#seed = seed;
    this.#images = images;
    this.#perClass = perClass;
    this.#count = labels.length;
    if (!perClass) return;
    /** @type {number[][]} */
    const classes = [];
    labels.forEach((label, row) => (classes[label] ??= []).push(row));
    this.#classes = classes.filter(Boolean);
  }

  /**
   * @param {number} step  from 0
   * @returns {ArrayLike<number>} (images,)
   */
  at(step) {
    if (this.#perClass) return this.#byClass(step);
    const batches = Math.floor(this.#count / this.#images);
    const first = (step % batches) * this.#images;
    const order = this.#order("rows", Math.floor(step / batches), this.#count, PURPOSES.ORDER);
    return order.subarray(first, first + this.#images);
  }

  /**
   * Draw the same number of rows of some classes, see cl_core/training/class_batches.py.
   * @param {number} step
   */
  #byClass(step) {
    const count = this.#classes.length;
    const drawn = this.#images / this.#perClass;
    const { number, first } = turnOf(count, drawn, step);
    const classes = this.#order("classes", number, count, PURPOSES.CLASS_ORDER);
    const drawsPerOrder = drawn / commonDivisor(count, drawn); // of each class, in one order of the classes
    return Array.from({ length: drawn }, (_, index) => first + index).flatMap((place) =>
      this.#ofClass(classes[place % count], number * drawsPerOrder + Math.floor(place / count)),
    );
  }

  /**
   * @param {number} index  of the class
   * @param {number} draw   number of the draw from this class
   */
  #ofClass(index, draw) {
    const rows = this.#classes[index];
    const { number, first } = turnOf(rows.length, this.#perClass, draw);
    const own = number * this.#classes.length + index;
    const order = this.#order(`class ${index}`, own, rows.length, PURPOSES.IMAGE_ORDER);
    return Array.from({ length: this.#perClass }, (_, place) => rows[order[(first + place) % rows.length]]);
  }

  /**
   * Return an order of items, which is kept until another one of the same items is asked for.
   * @param {string} items
   * @param {number} number
   * @param {number} count
   * @param {number} purpose
   */
  #order(items, number, count, purpose) {
    let known = this.#orders.get(items);
    if (known?.number !== number) {
      known = { number, order: permutation(this.#seed, number, count, purpose) };
      this.#orders.set(items, known);
    }
    return known.order;
  }
}

/**
 * Return the number of the order of `count` items at a draw of `size` items, and the draw's first place in it.
 * @param {number} count
 * @param {number} size
 * @param {number} draw
 */
function turnOf(count, size, draw) {
  const draws = count / commonDivisor(count, size);
  return { number: Math.floor(draw / draws), first: (draw % draws) * size };
}

/**
 * @param {number} a
 * @param {number} b
 * @returns {number}
 */
function commonDivisor(a, b) {
  return b ? commonDivisor(b, a % b) : a;
}
