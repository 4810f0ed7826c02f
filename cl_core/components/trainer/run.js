/**
 * A training run in the engine: the same batches and first weights as `cl_core/training/loop.py` has for its `RunSpec`,
 * and the same bits in every browser.
 */

import { initialVector, permutation } from "./random.js";
import { openEnvelope } from "../_shared/envelope.js";
import { Program, readProgram } from "../_shared/engine.js";

/** @import { InitialWeights } from "./random.js" */

/**
 * What Python says of a run, see `message.py`.
 * @typedef {object} Settings
 * @property {number} rows  of the training set
 * @property {number} batch  images of a step
 * @property {number} network  number of the network's weights
 * @property {string[]} metrics  names, see `Metrics` of analysis/metrics.py
 * @property {number[]} axes  that the first frame starts from; none for an embedding that is drawn as it is
 * @property {InitialWeights} weights
 * @property {number[]} frame_steps  ascending: the steps that have a frame, the last one ends the run
 *
 * What a visitor chooses of it.
 * @typedef {object} Choice
 * @property {number} seed
 * @property {number} rate
 * @property {Record<string, number>} theta  sliders of the loss
 *
 * @typedef {object} Images
 * @property {Uint8Array} labels  (n,)
 * @property {Uint8Array} pixels  (n * pixels of an image)
 *
 * @typedef {object} Programs
 * @property {Uint8Array} step
 * @property {Uint8Array} frame
 * @property {Uint8Array} references
 * @property {Uint8Array} labels  of the batches that the references are means over
 * @property {Uint8Array} [normals]  for first weights that are normal
 *
 * What the loss is compared with.
 * @typedef {object} References
 * @property {number} collapse  loss when all embeddings coincide
 * @property {number} floor     loss of perfect classes
 *
 * @typedef {object} Frame
 * @property {number} step
 * @property {Float32Array} points  (n, 2)
 * @property {number[]} shares  of the variance along each axis
 * @property {Record<string, number>} metrics
 * @property {Float32Array} losses  of the steps since the frame before
 */

export class Run {
  step = 0;
  #settings;
  #choice;
  #step;
  #frame;
  #references;
  /** @type {number[]} */
  #losses = [];
  #epoch = { epoch: -1, order: new Int32Array() };

  /**
   * @param {WebAssembly.Module} engine
   * @param {Uint8Array} file  what `message.py` encodes
   * @param {Choice} choice
   * @param {Images} probes
   */
  constructor(engine, file, choice, probes) {
    const { header, buffers } = /** @type {{header: Settings, buffers: Programs}} */ (openEnvelope(file));
    this.#settings = header;
    this.#choice = choice;
    this.#step = new Program(engine, readProgram(buffers.step));
    this.#frame = new Program(engine, readProgram(buffers.frame));
    this.#references = new Program(engine, readProgram(buffers.references));
    this.#references.write({ labels: buffers.labels });
    const normals = buffers.normals && new Program(engine, readProgram(buffers.normals));
    this.#step.write({ vector: initialVector(choice.seed, header.weights, normals) });
    this.#frame.write({ x: probes.pixels, y: probes.labels });
    if (header.axes.length) this.#frame.write({ axes: header.axes });
  }

  /** Step of the next frame. */
  get nextFrame() {
    return this.#settings.frame_steps.find((step) => step > this.step) ?? Infinity;
  }

  get finished() {
    return this.step >= (this.#settings.frame_steps.at(-1) ?? 0);
  }

  /**
   * Change learning rate and sliders, from the next step on.
   * @param {Partial<Choice>} choice
   */
  change(choice) {
    this.#choice = { ...this.#choice, ...choice };
  }

  /**
   * Return what the loss is compared with, which depends on the sliders.
   * @returns {References}
   */
  references() {
    const { collapse, floor } = this.#references.run(this.#choice.theta);
    return { collapse: collapse[0], floor: floor[0] };
  }

  /**
   * Train one step.
   * @param {Images} images  the training set
   * @returns {boolean} false if the loss is not finite: then nothing has changed
   */
  train({ labels, pixels }) {
    const { batch, rows } = this.#settings;
    const batches = Math.floor(rows / batch);
    const [x, y] = [this.#step.input("x"), this.#step.input("y")];
    const size = pixels.length / labels.length;
    const epoch = Math.floor(this.step / batches);
    if (this.#epoch.epoch !== epoch) {
      this.#epoch = { epoch, order: permutation(this.#choice.seed, epoch, rows) };
    }
    const first = (this.step % batches) * batch;
    for (let k = 0; k < batch; k++) {
      const row = this.#epoch.order[first + k];
      x.set(pixels.subarray(row * size, (row + 1) * size), k * size);
      y[k] = labels[row];
    }
    const { rate, theta } = this.#choice;
    const { loss } = this.#step.run({ step: this.step, rate, ...theta }, ["loss"]);
    if (!Number.isFinite(loss[0])) return false;
    this.#step.input("vector").set(this.#step.output("vector"));
    this.#losses.push(loss[0]);
    this.step++;
    return true;
  }

  /**
   * Embed and measure the probe images.
   * @returns {Frame | null} null if the embedding is not finite
   */
  frame() {
    const weights = this.#step.input("vector").subarray(0, this.#settings.network);
    const { points, shares, metrics, axes } = this.#frame.run({ weights });
    if (!points.every(Number.isFinite)) return null;
    if (axes) this.#frame.write({ axes });
    const losses = Float32Array.from(this.#losses);
    this.#losses = [];
    return {
      step: this.step,
      points: /** @type {Float32Array} */ (points),
      shares: Array.from(shares),
      metrics: Object.fromEntries(this.#settings.metrics.map((name, index) => [name, metrics[index]])),
      losses,
    };
  }
}
