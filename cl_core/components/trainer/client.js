/**
 * The page's side of a run in the browser: what a picture and its controls show, and what they ask for. It draws nothing.
 *
 * A run trains in a worker (worker.js, by worker_link.js) and is stored as it goes (store.js, by run_saver.js), so that a
 * page that is loaded again comes back to it. `visitor_runs.js` has the runs of a page by their names.
 */

import { RunSaver } from "./run_saver.js";
import { quietly, storedRun } from "./store.js";
import { WorkerLink } from "./worker_link.js";

/** @import { Choice, References, Snapshot } from "./run.js" */
/** @import { StoredRun } from "./store.js" */
/** @import { Opening, Order, Report, WorkerPace } from "./worker.js" */

/**
 * Where a run comes from.
 * @typedef {object} Source
 * @property {string} key      of the run file: changes with everything that needs another program
 * @property {string} engine   URL
 * @property {string} worker   URL
 * @property {string} images   URL of the training examples, which changes with them
 * @property {string} probes   URL of the examples that are drawn, likewise
 * @property {Uint8Array} file what `message.py` encodes
 * @property {About} about
 * @property {string} [cloud]  URL of what its picture shows beside the frames, where it has one
 *
 * What a run file says of a run beside its numbers.
 * @typedef {object} About
 * @property {{dim: number, theta: Record<string, unknown>}} spec   see `RunSpec` of cl_core/training/config.py
 * @property {number} n                                            probe images
 * @property {{knn_raw: number, epoch_steps: number}} references   that do not depend on sliders
 *
 * Coordinates of all probes, quantised as in envelope.js.
 * @typedef {object} Drawn
 * @property {Int16Array} codes    (n * number of axes)
 * @property {number} scale
 * @property {number[]} shares     of the variance along each axis
 *
 * @typedef {object} Frame
 * @property {number} step
 * @property {number} seconds      spent in training steps so far
 * @property {number} empty        steps so far whose batch had no valid term
 * @property {Record<string, number>} metrics
 * @property {number} probe        accuracy of a linear probe; NaN for a run by itself
 * @property {{2?: Drawn, 3?: Drawn}} views  by number of axes
 * @property {Float32Array} losses of the steps since the frame before
 * @property {Float32Array} [regions]  (C * 5) of class weights in the plane, see analysis/class_regions.py
 *
 * "loading" until there is a frame; then a run may be "running" and still wait for training examples (see `loaded`).
 * @typedef {"loading" | "paused" | "running" | "failed" | "finished"} Phase
 *
 * How a run goes together with others, as a race wants it (../arena/race.js): it is not stored.
 * @typedef {object} Lockstep
 * @property {number[]} frameSteps  ascending: steps after 0 that always have a frame, instead of those of the run file
 * @property {number[]} axes        of the pictures that its frames have: [2], or none
 *
 * Settings that were changed, and the step after which they count.
 * @typedef {{step: number, rate: number, theta: Record<string, number>}} Change
 */

const SPEED_TIME = 3000; // ms over which the speed is measured

/** A run that the visitor's browser trains. Dispatches "change" after each report of its worker. */
export class VisitorRun extends EventTarget {
  /** @type {Frame[]} */
  frames = [];
  /** @type {number[]} loss of each step up to the newest frame */
  losses = [];
  /** @type {References | null} */
  references = null;
  /** @type {Phase} */
  phase = "loading";
  /** What the visitor should know: why it has failed, or why it rests without training examples; "" if nothing. */
  failure = "";
  /** Share of the training examples that is there, 0 to 1. */
  loaded = 0;
  /** Steps a second lately, 0 at rest. */
  rate = 0;
  /** @type {Change[]} after the first step */
  changes = [];
  turn = 0; // of the component that shows it
  #source;
  #choice;
  #name;
  #lockstep;
  #asked = false;
  #returning; // whether it was started before the page was loaded again, and is not there yet
  #closed = false;
  #link = new WorkerLink(
    (report) => this.#hear(report),
    (reason) => this.#fail(reason),
  );
  #saver;
  #number = 0; // of the run in the worker
  /** @type {Order[] | null} orders that wait until the worker has got the run; null from then on */
  #waiting = [];
  /** @type {WorkerPace} */
  #pace = { interval: 0, everyStep: false };
  /** @type {{resolve: (state: Snapshot) => void, reject: (error: Error) => void}[]} */
  #snapshots = [];
  /** @type {{time: number, step: number}[]} */
  #marks = [];
  #whenHidden = () => {
    if (document.hidden) this.#tell({ state: "go on" });
  };

  /**
   * Open a run, which comes back at rest where it was if it is stored.
   * @param {Source} source
   * @param {Choice} choice
   * @param {string} name  under which it is stored
   * @param {Lockstep | null} [lockstep]  null for a run by itself
   * @param {boolean} [returning]  whether it is known to be stored
   */
  constructor(source, choice, name, lockstep = null, returning = false) {
    super();
    this.#returning = returning;
    this.#source = source;
    this.#choice = structuredClone(choice);
    this.#name = name;
    this.#lockstep = lockstep;
    document.addEventListener("visibilitychange", this.#whenHidden);
    this.#saver = new RunSaver(this, name);
    this.#open(!lockstep);
  }

  get source() {
    return this.#source;
  }

  get about() {
    return this.#source.about;
  }

  /** Another one for each run, also after a reset. */
  get id() {
    return this.#saver.id;
  }

  /** The settings as they are now. */
  get choice() {
    return this.#choice;
  }

  /** Step of the newest frame. */
  get step() {
    return this.frames.at(-1)?.step ?? 0;
  }

  /** Seconds spent in training steps up to the newest frame. */
  get seconds() {
    return this.frames.at(-1)?.seconds ?? 0;
  }

  /** Steps up to the newest frame whose batch had no valid term. */
  get empty() {
    return this.frames.at(-1)?.empty ?? 0;
  }

  /** Whether it was ever asked to train. */
  get started() {
    return this.#asked || this.#returning || this.step > 0;
  }

  /** Train on, as soon as the training examples are there. */
  play() {
    this.#asked = true;
    this.#tell({ play: Infinity });
  }

  pause() {
    this.#tell({ play: 0 });
  }

  /**
   * Train some steps and rest at a frame, for a race; the run is on its way from now on.
   * @param {number} steps
   */
  advance(steps) {
    this.#asked = true;
    this.#enter("running", "");
    this.#tell({ play: steps });
  }

  /** Pause, and do one step. */
  stepOnce() {
    this.#asked = true;
    this.#tell({ play: 1 });
  }

  /** Begin anew, with the same source and the settings as they are now. */
  reset() {
    this.#saver.forget();
    this.#open(false);
  }

  /**
   * Change settings, from the next step on. Another seed begins the run anew.
   * @param {Partial<Choice>} part
   */
  change(part) {
    const { seed } = this.#choice;
    const choice = { ...this.#choice, ...part, theta: { ...this.#choice.theta, ...part.theta } };
    if (sameChoice(choice, this.#choice)) return;
    this.#choice = choice;
    if (choice.seed !== seed) this.reset();
    else this.#tell({ change: choice });
  }

  /** @param {WorkerPace} pace */
  setPace(pace) {
    this.#pace = pace;
    this.#tell({ pace });
  }

  /**
   * Pause, and return the newest state, which is that of the newest frame.
   * @returns {Promise<Snapshot>} rejects if the run has failed
   */
  snapshot() {
    if (this.#closed || this.phase === "failed") return Promise.reject(new Error(this.failure || "The run is closed."));
    return new Promise((resolve, reject) => {
      this.#snapshots.push({ resolve, reject });
      this.#tell({ state: "pause" });
    });
  }

  close() {
    this.#closed = true;
    this.#rejectSnapshots("The run is closed.");
    this.#link.close();
    this.#saver.close();
    document.removeEventListener("visibilitychange", this.#whenHidden);
  }

  /**
   * Give the run to a worker.
   * @param {boolean} restore  whether to go on where it was stored
   */
  async #open(restore) {
    const number = ++this.#number;
    Object.assign(this, { frames: [], losses: [], changes: [], references: null });
    this.#enter("loading", "");
    this.#asked = false;
    this.#waiting = [];
    this.#saver.drop();
    this.#rejectSnapshots("The run was restarted.");
    const stored = restore ? await quietly(storedRun(this.#name)) : null;
    if (this.#closed || number !== this.#number) return;
    const { key, engine, worker, images, probes, file } = this.#source;
    const fits = stored && stored.run.source === key && sameChoice(stored.run.choice, this.#choice);
    const from = fits ? this.#restore(stored) : null;
    this.#returning = false;
    if (!this.#link.start(absolute(worker))) return;
    const urls = { engine: absolute(engine), images: absolute(images), probes: absolute(probes) };
    const waiting = this.#waiting;
    this.#waiting = null;
    this.#tell({ open: { number, ...urls, file, choice: this.#choice, from, lockstep: this.#lockstep } });
    this.#tell({ pace: this.#pace });
    for (const order of waiting) this.#tell(order);
    this.#dispatch();
  }

  /**
   * @param {{run: StoredRun, frames: Frame[]}} stored
   * @returns {Opening["from"]}
   */
  #restore({ run, frames }) {
    this.frames = frames;
    this.losses = frames.flatMap(({ losses }) => [...losses]);
    // a change that came after the state was stored counts from there on
    this.changes = run.changes.map((change) => ({ ...change, step: Math.min(change.step, run.snapshot.step) }));
    this.#saver.resume(run);
    return { snapshot: run.snapshot, frames: frames.length };
  }

  /** @param {Order} order */
  #tell(order) {
    if (this.#waiting) this.#waiting.push(order);
    else this.#link.tell(order);
  }

  /** @param {Report} report */
  #hear(report) {
    if (report.run !== this.#number) return; // of the run before
    if ("frame" in report) this.#addFrame(report.frame);
    else if ("progress" in report) this.#measureSpeed(report.progress);
    else if ("loaded" in report) this.loaded = report.loaded;
    else if ("references" in report) this.references = report.references;
    else if ("changed" in report) this.#addChange(report.changed, report.choice);
    else if ("state" in report) this.#addState(report.state, report.asked);
    else if ("phase" in report) this.#enter(report.phase, report.text);
    this.#dispatch();
  }

  /** @param {Frame} frame */
  #addFrame(frame) {
    this.frames.push(frame);
    for (const loss of frame.losses) this.losses.push(loss);
    this.#measureSpeed(frame.step);
  }

  /** @param {number} step */
  #measureSpeed(step) {
    if (this.phase !== "running") return;
    const time = performance.now();
    const last = this.#marks.at(-1);
    if (last && time - last.time > Math.max(SPEED_TIME, 2000 * this.#link.slowest)) this.#marks = []; // the computer slept
    this.#marks.push({ time, step });
    while (this.#marks.length > 2 && time - this.#marks[1].time > SPEED_TIME) this.#marks.shift();
    const first = this.#marks[0];
    if (time > first.time) this.rate = ((step - first.step) * 1000) / (time - first.time);
  }

  /**
   * @param {number} step
   * @param {Choice} choice
   */
  #addChange(step, { rate, theta }) {
    if (!step) return;
    if (this.changes.at(-1)?.step === step) this.changes.pop(); // a slider that moves at rest
    this.changes.push({ step, rate, theta });
    if (this.phase !== "running") this.#saver.saveSoon(); // else it is stored with the next state
  }

  /**
   * @param {Snapshot} state
   * @param {boolean} asked  whether a snapshot was asked for
   */
  #addState(state, asked) {
    if (asked) for (const { resolve } of this.#snapshots.splice(0)) resolve(state);
    this.#saver.add(state);
  }

  /**
   * @param {Phase} phase
   * @param {string} text
   */
  #enter(phase, text) {
    if (phase === "running" && this.phase !== "running") this.#marks = [{ time: performance.now(), step: this.step }];
    this.phase = phase;
    this.failure = text;
    this.#link.loading = phase === "loading";
    if (phase !== "running") this.rate = 0;
    if (phase === "failed") this.#rejectSnapshots(text);
  }

  /** @param {string} reason  why the worker cannot go on */
  #fail(reason) {
    this.#enter("failed", `The training in your browser has stopped: ${reason}. Press Reset to start again.`);
    this.#link.end();
    this.#saver.pause();
    this.loaded = 0;
    this.#dispatch();
  }

  /** @param {string} reason */
  #rejectSnapshots(reason) {
    for (const { reject } of this.#snapshots.splice(0)) reject(new Error(reason));
  }

  #dispatch() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * Return whether two choices have the same values.
 * @param {Choice} a
 * @param {Choice} b
 */
export function sameChoice(a, b) {
  const [first, second] = [a, b].map(({ seed, rate, theta }) => /** @type {Record<string, number>} */ ({ ...theta, seed, rate }));
  const names = Object.keys(first);
  return names.length === Object.keys(second).length && names.every((name) => first[name] === second[name]);
}

/**
 * Return a URL that a worker understands, whose own address may be another one.
 * @param {string} url
 */
function absolute(url) {
  return new URL(url, document.baseURI).href;
}
