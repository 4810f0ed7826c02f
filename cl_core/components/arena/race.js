/**
 * A race in the browser: several runs, each in a worker of its own, in lockstep. It draws nothing.
 *
 * All runs get the same next stretch, the steps up to the next frame or the next few, and none begins another stretch
 * before all have come as far. A run that fails drops out, and the others go on. See cl_core/runtime/race.py, which is
 * the same on the server.
 */

import { VisitorRun } from "../trainer/client.js";
import { randomName, registry } from "../_shared/registry.js";

/**
 * @import { Frame, Phase, Source } from "../trainer/client.js"
 * @import { Choice } from "../trainer/run.js"
 * @import { WorkerPace } from "../trainer/worker.js"
 */

/**
 * @typedef {object} Label
 * @property {string} name
 * @property {string} role    what it is called before its name, in its colour; "" for nothing
 * @property {string} colour  "red", "green" or "" for none
 * @property {string} line    URL of a picture of its line in the charts; "" for none
 *
 * @typedef {object} Contender
 * @property {Source} source
 * @property {Choice[]} choices  of its runs, which differ in their seeds; the first one is drawn
 * @property {Label} label
 * @property {{title: string, axes: string[], unit_circle: boolean, margin: boolean}} view  what its cloud says of its axes
 *
 * Where a race comes from.
 * @typedef {object} RaceSource
 * @property {string} key          changes with everything that makes another race
 * @property {string} turn         for the component that shows it
 * @property {number[]} frameSteps ascending: steps after 0 that always have a frame; the last one ends the race
 * @property {number} maxFrames    of each run: beyond them only these steps have one, whatever the pace
 * @property {Contender[]} contenders
 */

const STRETCH_TIME = 250; // ms that a stretch shall last at full speed, so that waiting for each other costs little
const MAX_STRETCH = 8; // frames
const RATE_TIME = 3000; // ms over which the speed is measured

/** Dispatches "change" after each change of one of its runs. */
export class VisitorRace extends EventTarget {
  /** Another one after each reset. */
  id = randomName();
  /** @type {Phase} */
  phase = "loading";
  /** The last step that all runs have a frame of; -1 until all have their first. */
  step = -1;
  /** Grows with every change of phase, failures or references. */
  version = 0;
  /** @type {VisitorRun[][]} by contender and seed */
  runs;
  #source;
  #all;
  #playing = false;
  #requested = 0; // single steps that are still to be done
  #asked = false;
  #closed = false;
  #target = 0; // step that all are on their way to, or at
  /** @type {number | null} */
  #until = null;
  /** @type {WorkerPace} */
  #pace = { interval: 0, everyStep: false };
  #stretch = { began: -Infinity, frames: 1 };
  /** @type {{time: number, step: number}[]} when the last stretches ended */
  #marks = [];
  #described = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {RaceSource} source */
  constructor(source) {
    super();
    this.#source = source;
    const { frameSteps } = source;
    this.runs = source.contenders.map((contender) =>
      contender.choices.map((choice, seed) => {
        const run = new VisitorRun(contender.source, choice, "", { frameSteps, axes: seed ? [] : [2] });
        run.addEventListener("change", () => this.#proceed());
        return run;
      }),
    );
    this.#all = this.runs.flat();
  }

  get source() {
    return this.#source;
  }

  /** Whether it was last asked to go on, and still can. */
  get playing() {
    return this.#playing && !this.ended;
  }

  /** Whether it was ever asked to train. */
  get started() {
    return this.#asked;
  }

  /** Whether it cannot go on: every run failed, or did all its steps. */
  get ended() {
    return !this.#racing.length || this.#target >= this.#lastStep;
  }

  /** Least share of the training examples that a run has, 0 to 1. */
  get loaded() {
    return Math.min(1, ...this.#racing.map(({ loaded }) => loaded));
  }

  /** Steps a second lately, 0 at rest. */
  get rate() {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (!first || !last || first === last || !this.playing) return 0;
    return ((last.step - first.step) * 1000) / (last.time - first.time);
  }

  /** Why a run rests without its training examples; "" if none does. */
  get trouble() {
    return this.#racing.find(({ phase, failure }) => phase === "paused" && failure)?.failure ?? "";
  }

  /**
   * Return the frames of a run up to the step that all have reached.
   * @param {VisitorRun} run
   * @returns {Frame[]}
   */
  framesOf({ frames }) {
    let count = frames.length;
    while (count && frames[count - 1].step > this.step) count--;
    return count === frames.length ? frames : frames.slice(0, count);
  }

  /**
   * Race on.
   * @param {number | null} until  a step that is still to come, to rest exactly there
   */
  play(until) {
    this.#until = until;
    this.#playing = true;
    this.#marks = [];
    this.#go();
  }

  /** Go no farther than the stretch that is under way. */
  pause() {
    this.#playing = false;
    this.#requested = 0;
    this.#proceed();
  }

  /** Pause, and let every run do one step. */
  stepOnce() {
    this.#playing = false;
    this.#requested = 1;
    this.#go();
  }

  /** Begin anew, with the same settings. */
  reset() {
    this.id = randomName();
    Object.assign(this, { phase: "loading", step: -1 });
    this.#playing = this.#asked = false;
    this.#requested = this.#target = 0;
    this.#marks = [];
    for (const run of this.#all) run.reset();
    this.#proceed();
  }

  /** @param {WorkerPace} pace */
  setPace(pace) {
    const { interval, everyStep } = this.#pace;
    if (pace.interval === interval && pace.everyStep === everyStep) return;
    this.#pace = pace;
    this.#stretch.frames = 1;
    this.#proceed();
  }

  close() {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const run of this.#all) run.close();
  }

  /** Runs that have not failed. */
  get #racing() {
    return this.#all.filter(({ phase }) => phase !== "failed");
  }

  get #lastStep() {
    return this.#source.frameSteps.at(-1) ?? 0;
  }

  #go() {
    this.#asked = true;
    // a run that could not load its training examples tries again
    for (const run of this.#stuck) run.advance(this.#target - run.step);
    this.#proceed();
  }

  /** Runs that rest before the end of the stretch. */
  get #stuck() {
    return this.#racing.filter(({ phase, step }) => phase === "paused" && step < this.#target);
  }

  /** Start the next stretch if all runs have done this one, and the pace allows it. */
  #proceed() {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const racing = this.#racing;
    if (racing.every(({ phase }) => phase === "paused" || phase === "finished")) this.#arrive(racing);
    this.#describe();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {VisitorRun[]} racing  all of them at rest */
  #arrive(racing) {
    const now = performance.now();
    if (this.#stuck.length || this.ended) this.#playing = false;
    if (this.#marks.at(-1)?.step !== this.#target) this.#mark(now);
    if (this.#stuck.length || this.ended || !(this.#playing || this.#requested)) {
      this.#requested = 0;
      return;
    }
    const wait = this.#requested ? 0 : this.#stretch.began + this.#pace.interval - now;
    if (wait > 0) return void (this.#timer = setTimeout(() => this.#proceed(), wait));
    this.#target = this.#nextTarget();
    this.#stretch.began = now;
    this.#requested = Math.max(this.#requested - 1, 0);
    if (this.#target === this.#until) this.#playing = false;
    for (const run of racing) run.advance(this.#target - run.step);
  }

  /**
   * Note that a stretch has ended.
   * @param {number} now
   */
  #mark(now) {
    this.#marks.push({ time: now, step: this.#target });
    while (this.#marks.length > 2 && now - this.#marks[1].time > RATE_TIME) this.#marks.shift();
    const { began, frames } = this.#stretch;
    const fitting = Math.floor((frames * STRETCH_TIME) / Math.max(now - began, 1));
    this.#stretch.frames = Math.min(Math.max(fitting, 1), 2 * frames, MAX_STRETCH);
  }

  #nextTarget() {
    const crowded = Math.max(...this.#all.map(({ frames }) => frames.length)) >= this.#source.maxFrames;
    if (this.#requested || (this.#pace.everyStep && !crowded)) return this.#target + 1;
    const last = this.#until !== null && this.#until > this.#target ? this.#until : this.#lastStep;
    const frames = this.#pace.interval ? 1 : this.#stretch.frames;
    const coming = this.#source.frameSteps.filter((step) => step > this.#target).slice(0, frames);
    return Math.min(coming.at(-1) ?? last, last);
  }

  #describe() {
    const racing = this.#racing;
    const steps = (racing.length ? racing : this.#all).map(({ frames }) => frames.at(-1)?.step ?? -1);
    this.step = racing.length ? Math.min(...steps) : Math.max(...steps);
    if (this.step < 0) this.phase = "loading";
    if (!racing.length) this.phase = "failed";
    else if (this.step >= 0) this.phase = this.#phaseOf(racing);
    const described = JSON.stringify([
      this.phase,
      this.#all.map(({ phase, failure, references }) => [phase === "failed" && failure, references]),
    ]);
    if (described !== this.#described) this.version++;
    this.#described = described;
  }

  /**
   * @param {VisitorRun[]} racing
   * @returns {Phase}
   */
  #phaseOf(racing) {
    if (this.#playing || this.#requested || racing.some(({ phase }) => phase === "running")) return "running";
    return this.step >= this.#lastStep ? "finished" : "paused";
  }
}

/** @returns {Map<string, VisitorRace>} */
function visitorRaces() {
  return registry("visitor-races");
}

/**
 * Return the race of a name that this page has, which outlives the picture that shows it.
 * @param {string} name
 */
export function visitorRace(name) {
  return visitorRaces().get(name) ?? null;
}

/**
 * Open a race in place of the one of its name.
 * @param {string} name
 * @param {RaceSource} source
 */
export function openVisitorRace(name, source) {
  visitorRace(name)?.close();
  const race = new VisitorRace(source);
  visitorRaces().set(name, race);
  return race;
}
