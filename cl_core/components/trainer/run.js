/**
 * A training run in the engine: the same batches and first weights as `cl_core/training/loop.py` has for its `RunSpec`,
 * and the same bits in every browser.
 */

import { BatchRows } from "./batch_rows.js";
import { linearProbe } from "./linear_probe.js";
import { initialVector, normals, PURPOSES, randomStream, uniforms } from "./random.js";
import { openEnvelope } from "../_shared/envelope.js";
import { Program } from "../_shared/engine.js";
import { readProgram } from "../_shared/program_file.js";

/** @import { BatchPlan } from "./batch_rows.js" */
/** @import { InitialWeights } from "./random.js" */
/** @import { Numbers } from "../_shared/program_file.js" */

/**
 * What the loss is compared with; NaN where it is not known.
 * @typedef {object} References
 * @property {number} collapse  loss when all embeddings coincide
 * @property {number} floor     loss of perfect classes
 *
 * A setting to change after the numbers ran out of range, see `Hint` of training/divergence.py.
 * @typedef {{text: string, setting: string, low: number | null, high: number | null}} Hint
 *
 * @typedef {object} RunSettings
 * @property {number} rows  of the training set
 * @property {number} network  number of the network's weights
 * @property {string[]} metrics  names, see `Metrics` of analysis/metrics.py
 * @property {Record<string, number[]>} first_axes  inputs that the first frame starts from, by name; the frame program has
 *   outputs of the same names, from which the next frame starts
 * @property {InitialWeights} weights
 * @property {number[]} frame_steps  ascending: the steps after 0 that always have a frame, the last one ends the run
 * @property {number} max_frames  from that number on only these steps have one, whatever the pace
 * @property {{message: string, hints: Hint[], fallback: string}} divergence
 * @property {{collapse: number | null, floor: number | null}} [references]  instead of their program
 *
 * What Python says of a run, see `message.py`.
 * @typedef {RunSettings & BatchPlan} Settings
 *
 * What a visitor chooses of it.
 * @typedef {object} Choice
 * @property {number} seed
 * @property {number} rate
 * @property {Record<string, number>} theta  sliders of the loss
 *
 * @typedef {object} Examples
 * @property {Uint8Array} labels  (n,)
 * @property {Uint8Array | Float32Array} x  (n * numbers of an example)
 *
 * @typedef {object} Programs
 * @property {Uint8Array} step
 * @property {Uint8Array} frame
 * @property {Uint8Array} [references]
 * @property {Uint32Array} [labels]  (batches * B) of the batches that the references are means over
 * @property {Uint8Array} [normals]  for normal random numbers
 * @property {Uint8Array} [views]  for a loss that compares two distorted views of each example
 * @property {Uint8Array} [given_labels]  (rows,) that the run trains with, where some are wrong
 * @property {Uint8Array} [regions]  for class weights in the plane that is drawn
 * @property {Uint8Array} [annealing]  float64: parameter of the loss at each step; after the last one it stays
 *
 * What is drawn and measured at one step.
 * @typedef {object} RunFrame
 * @property {number} step
 * @property {number} seconds  spent in training steps so far
 * @property {number} empty  steps so far whose batch had no valid term
 * @property {Record<string, number>} metrics
 * @property {number} probe  accuracy of a linear probe; NaN where none is fitted
 * @property {Record<number, {points: Numbers, shares: number[]}>} views  by number of axes
 * @property {Float32Array} losses  of the steps since the frame before
 * @property {Float32Array} [regions]  (C * 5) of class weights in the plane, see analysis/class_regions.py
 *
 * All that a run needs to go on, and what its newest frame was drawn with.
 * @typedef {object} Snapshot
 * @property {number} step
 * @property {number} seconds
 * @property {number} empty
 * @property {Float32Array} vector  weights, then the moments of the optimiser, as in `State` of training/loop.py
 * @property {Float64Array} [axes]  (D * 2)
 * @property {Float64Array} [solidAxes]  (D * 3)
 * @property {Float32Array} [mean]  (D,)
 * @property {Record<string, Numbers>} aligned  axes that the next frame is aligned with, by their names in the program
 */

export class Run {
  step = 0;
  seconds = 0;
  empty = 0;
  /** Number of frames so far. */
  frames = 0;
  #settings;
  #frameSteps;
  #choice;
  #step;
  #frame;
  #drawnNames;
  #references;
  #labels;
  #normals;
  #views;
  #givenLabels;
  #regions;
  #annealing;
  /** @type {Uint8Array | null} of the probe examples, where each frame has a linear probe */
  #probed;
  /** @type {{examples: Examples, rows: BatchRows} | null} */
  #batches = null;
  /** @type {number[]} */
  #losses = [];
  /** @type {Pick<Snapshot, "axes" | "solidAxes" | "mean">} what the newest frame was drawn with */
  #drawn = {};

  /**
   * @param {WebAssembly.Module} engine
   * @param {Uint8Array} file  what `message.py` encodes
   * @param {Choice} choice
   * @param {Examples} probes
   * @param {object} [options]
   * @param {{snapshot: Snapshot, frames: number} | null} [options.from]  to go on from, with the number of its frames
   * @param {number[]} [options.frameSteps]  instead of those of the file
   * @param {boolean} [options.linearProbe]  whether each frame has a linear probe too
   */
  constructor(engine, file, choice, probes, { from, frameSteps, linearProbe: probed = false } = {}) {
    const { header, buffers } = /** @type {{header: Settings, buffers: Programs}} */ (openEnvelope(file));
    const program = (/** @type {Uint8Array | undefined} */ bytes) => bytes && new Program(engine, readProgram(bytes));
    this.#settings = header;
    this.#frameSteps = new Set([0, ...(frameSteps ?? header.frame_steps)]);
    this.#choice = choice;
    this.#step = new Program(engine, readProgram(buffers.step));
    this.#frame = new Program(engine, readProgram(buffers.frame));
    this.#references = program(buffers.references);
    this.#normals = program(buffers.normals);
    this.#views = program(buffers.views);
    this.#regions = program(buffers.regions);
    this.#annealing = new Float64Array(buffers.annealing?.slice().buffer ?? []);
    this.#labels = buffers.labels ?? new Uint32Array();
    this.#givenLabels = buffers.given_labels;
    this.#drawnNames = this.#frame.file.outputs.map(({ name }) => name).filter((name) => name !== "z"); // which is large
    this.#frame.write({ x: probes.x, y: probes.labels, ...header.first_axes });
    this.#probed = probed ? probes.labels : null;
    if (from) this.#resume(from);
    else this.#step.write({ vector: initialVector(choice.seed, header.weights, this.#normals) });
  }

  get finished() {
    return this.step >= (this.#settings.frame_steps.at(-1) ?? 0);
  }

  /**
   * Return whether this step has a frame however a run is paused.
   * @param {boolean} everyStep  whether the visitor wants one at every step
   */
  hasFrame(everyStep) {
    return this.#frameSteps.has(this.step) || (everyStep && this.frames < this.#settings.max_frames);
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
    if (this.#references) return this.#meanReferences(this.#references);
    const { collapse, floor } = this.#settings.references ?? {};
    return { collapse: collapse ?? Number.NaN, floor: floor ?? Number.NaN };
  }

  /**
   * Train one step.
   * @param {Examples} examples  the training set
   * @returns {boolean} false if the loss is not finite: then nothing has changed
   */
  train(examples) {
    const began = performance.now();
    this.#writeBatch(examples);
    const { rate, theta } = this.#choice;
    this.#step.write({ step: this.step, rate, ...theta });
    this.#writeAnnealing(this.#step);
    this.#step.compute();
    const [loss] = this.#step.output("loss");
    if (!Number.isFinite(loss)) return false;
    this.#step.input("vector").set(this.#step.output("vector"));
    this.#losses.push(loss);
    if (!this.#step.output("terms")[0]) this.empty++;
    this.step++;
    this.seconds += (performance.now() - began) / 1000;
    return true;
  }

  /**
   * Embed and measure the probe examples.
   *
   * A frame outside of `frame_steps` leaves the axes as they are, which the next one is aligned with: so the frames of these
   * steps have the same bits wherever a run was paused.
   * @returns {RunFrame | null} null if the embedding is not finite
   */
  frame() {
    const { metrics: names, network, first_axes: firstAxes } = this.#settings;
    const weights = this.#step.input("vector").subarray(0, network);
    const drawn = this.#frame.run({ weights }, this.#drawnNames);
    const { points, shares, metrics, solid, solid_shares: solidShares } = drawn;
    if (!points.every(Number.isFinite)) return null;
    if (this.#frameSteps.has(this.step)) {
      this.#frame.write(Object.fromEntries(Object.keys(firstAxes).map((name) => [name, drawn[name]])));
    }
    this.#drawn = /** @type {Pick<Snapshot, "axes" | "solidAxes" | "mean">} */ ({
      ...(drawn.axes && { axes: drawn.axes }),
      ...(drawn.solid_axes && { solidAxes: drawn.solid_axes }),
      ...(drawn.mean && { mean: drawn.mean }),
    });
    const losses = Float32Array.from(this.#losses);
    this.#losses = [];
    this.frames++;
    return {
      step: this.step,
      seconds: this.seconds,
      empty: this.empty,
      metrics: Object.fromEntries(names.map((name, index) => [name, metrics[index]])),
      probe: this.#probed ? linearProbe(this.#frame.output("z"), this.#probed) : Number.NaN,
      views: {
        2: { points, shares: Array.from(shares) },
        ...(solid && { 3: { points: solid, shares: Array.from(solidShares) } }),
      },
      losses,
      ...(this.#regions && { regions: this.#regionsNow(this.#regions) }),
    };
  }

  /**
   * Return the regions of the class weights, which follow those of the network, with the sliders of the next step.
   * @param {Program} program
   * @returns {Float32Array}
   */
  #regionsNow(program) {
    const vector = this.#step.input("vector");
    let at = this.#settings.network;
    for (const { name } of program.file.inputs.filter((input) => ["weight", "bias"].includes(input.name))) {
      const place = program.input(name);
      place.set(vector.subarray(at, at + place.length));
      at += place.length;
    }
    program.write(this.#choice.theta);
    this.#writeAnnealing(program);
    program.compute();
    return Float32Array.from(program.output("regions"));
  }

  /**
   * Write the parameter that follows a schedule, where the run has one.
   * @param {Program} program
   */
  #writeAnnealing(program) {
    if (!this.#annealing.length) return;
    program.write({ annealing: this.#annealing[Math.min(this.step, this.#annealing.length - 1)] });
  }

  /**
   * Copy the state, which is that of the newest frame if no step was trained since.
   * @returns {Snapshot}
   */
  snapshot() {
    const { step, seconds, empty } = this;
    const vector = /** @type {Float32Array} */ (this.#step.input("vector").slice());
    const names = Object.keys(this.#settings.first_axes);
    const aligned = Object.fromEntries(names.map((name) => [name, this.#frame.input(name).slice()]));
    return { step, seconds, empty, vector, ...this.#drawn, aligned };
  }

  /**
   * Return what to tell the visitor after the numbers ran out of range.
   * @param {number} step  at which they did
   */
  divergenceText(step) {
    const { message, hints, fallback } = this.#settings.divergence;
    /** @type {Record<string, number>} */
    const values = { ...this.#choice.theta, rate: this.#choice.rate };
    const texts = hints
      .filter(({ setting, low, high }) => {
        return !setting || values[setting] < (low ?? -Infinity) || values[setting] > (high ?? Infinity);
      })
      .map(({ text, setting }) => text.replace("{value}", String(Number(values[setting]?.toPrecision(6)))));
    return message.replace("{step}", String(step)).replace("{hints}", texts.join(" or ") || fallback);
  }

  /**
   * Return the means over batches. Those that may collapse at no loss count only where all may, see
   * `training/collapse_values.py`.
   * @param {Program} program
   * @returns {References}
   */
  #meanReferences(program) {
    const size = program.input("labels").length;
    const all = Array.from({ length: this.#labels.length / size }, (_, batch) => {
      const labels = this.#labels.subarray(batch * size, (batch + 1) * size);
      const { collapse, floor } = program.run({ labels, ...this.#choice.theta });
      return { collapse: collapse[0], floor: floor[0] };
    });
    const informative = all.filter(({ collapse }) => collapse !== 0);
    const counted = informative.length ? informative : all;
    const mean = (/** @type {"collapse" | "floor"} */ name) => {
      return counted.reduce((sum, values) => sum + values[name], 0) / counted.length;
    };
    return { collapse: mean("collapse"), floor: mean("floor") };
  }

  /** @param {{snapshot: Snapshot, frames: number}} from */
  #resume({ snapshot: { step, seconds, empty, vector, axes, solidAxes, mean, aligned }, frames }) {
    Object.assign(this, { step, seconds, empty, frames });
    this.#step.write({ vector });
    this.#frame.write(aligned);
    this.#drawn = { ...(axes && { axes }), ...(solidAxes && { solidAxes }), ...(mean && { mean }) };
  }

  /**
   * Write the examples of the next step to the inputs of its program.
   * @param {Examples} examples
   */
  #writeBatch(examples) {
    const { x } = examples;
    const labels = this.#givenLabels ?? examples.labels;
    if (this.#batches?.examples !== examples) {
      const { length } = examples.labels;
      if (length !== this.#settings.rows) throw new Error(`These are ${length} training examples, not ${this.#settings.rows}.`);
      this.#batches = { examples, rows: new BatchRows(this.#choice.seed, this.#settings, labels) };
    }
    const rows = this.#batches.rows.at(this.step);
    const size = x.length / labels.length;
    const place = this.#views ? this.#views.input("images") : this.#step.input("x");
    for (let k = 0; k < rows.length; k++) place.set(x.subarray(rows[k] * size, (rows[k] + 1) * size), k * size);
    if (this.#views) {
      this.#distort(this.#views);
    } else {
      const y = this.#step.input("y");
      for (let k = 0; k < rows.length; k++) y[k] = labels[rows[k]];
    }
  }

  /**
   * Make two views of each example, by the random numbers of `two_views` of cl_core/data/augmentation.py.
   * @param {Program} views
   */
  #distort(views) {
    const stream = randomStream(this.#choice.seed, PURPOSES.NOISE, this.step);
    const images = views.file.inputs.some(({ name }) => name === "uniforms"); // points are only moved by noise
    if (images) views.write({ uniforms: uniforms(stream, views.input("uniforms").length) });
    if (!this.#normals) throw new Error("The run has no program for normal random numbers.");
    views.write({ normals: normals(stream, views.input("normals").length, 1, this.#normals) });
    views.compute();
    this.#step.input("x").set(views.output("x"));
  }
}
