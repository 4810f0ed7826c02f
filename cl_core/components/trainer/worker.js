/**
 * The worker that trains: it loads the engine and the examples, and sends frames while the run goes on.
 *
 * Messages to it are of the type `Order`, messages from it of the type `Report`.
 */

import { loadExamples } from "./examples.js";
import { Run } from "./run.js";
import { loadEngine } from "../_shared/engine.js";
import { quantise } from "../_shared/envelope.js";
import { textOfError } from "../_shared/format.js";

/** @import { Drawn, Frame, Lockstep, Phase } from "./client.js" */
/** @import { Choice, Examples, References, Snapshot } from "./run.js" */

/**
 * @typedef {object} Opening
 * @property {number} number  of the run; its reports carry it
 * @property {string} engine  URL
 * @property {string} images  URL of the training examples
 * @property {string} probes  URL
 * @property {Uint8Array} file  of the run
 * @property {Choice} choice
 * @property {{snapshot: Snapshot, frames: number} | null} from  to go on from
 * @property {Lockstep | null} lockstep  null for a run by itself
 *
 * @typedef {object} WorkerPace
 * @property {number} interval    ms between two frames, at least
 * @property {boolean} everyStep  whether each step has a frame
 *
 * @typedef {{open: Opening}} Open  a new run, which rests at its first frame
 * @typedef {{play: number}} Play  a number of steps, `Infinity` for no end, 0 to pause
 * @typedef {{change: Choice}} ChangeOrder
 * @typedef {{pace: WorkerPace}} PaceOrder
 * @typedef {{state: "pause" | "go on"}} StateOrder  asks for a state, at a frame of its step
 * @typedef {{ping: true}} Ping
 * @typedef {Open | Play | ChangeOrder | PaceOrder | StateOrder | Ping} Order
 *
 * @typedef {{phase: Phase, text: string}} PhaseReport
 * @typedef {{loaded: number}} LoadReport  share of the training examples, 0 to 1
 * @typedef {{frame: Frame}} FrameReport
 * @typedef {{progress: number}} ProgressReport  steps done
 * @typedef {{references: References}} ReferenceReport
 * @typedef {{changed: number, choice: Choice}} ChangeReport  the step after which it counts
 * @typedef {{state: Snapshot, asked: boolean}} StateReport  of the step of the newest frame
 * @typedef {{alive: number}} AliveReport  seconds of the longest time so far in which no message was read
 * @typedef {PhaseReport | LoadReport | FrameReport | ProgressReport | ReferenceReport | ChangeReport | StateReport |
 *   AliveReport} Content
 * @typedef {Content & {run: number}} Report
 */

const TURN = 30; // ms of steps between two looks at new messages
const PROGRESS_TIME = 500; // ms between two reports of progress, at least
const STATE_TIME = 4000; // ms between two states, at least, while the run goes on
const NO_STEP = -1;

/** @type {Run | null} */
let run = null;
/** @type {Opening | null} */
let opening = null;
/** @type {Examples | null} */
let examples = null;
/** @type {WorkerPace} */
let pace = { interval: 0, everyStep: false };
let remaining = 0; // steps to go
let asked = false; // whether the page waits for a state
/** @type {Choice | null} */
let wanted = null; // changes from before the run was there
let slowest = 0; // seconds
/** Times (ms) and steps of what was sent last. */
const sent = { frame: 0, frameStep: NO_STEP, state: 0, stateStep: NO_STEP, progress: 0 };
/** @type {ReturnType<typeof setTimeout> | undefined} */
let next;

/**
 * @param {Content} content
 * @param {Transferable[]} [transfer]
 */
const send = (content, transfer = []) => postMessage({ ...content, run: opening?.number ?? 0 }, { transfer });

/**
 * @param {Phase} phase
 * @param {string} [text]
 */
const enter = (phase, text = "") => send({ phase, text });

/**
 * Do something during which no message is read.
 * @template T
 * @param {() => T} work
 */
function timed(work) {
  const began = performance.now();
  const result = work();
  slowest = Math.max(slowest, (performance.now() - began) / 1000);
  return result;
}

/** @param {Opening} order */
async function open(order) {
  clearTimeout(next);
  opening = order;
  run = examples = wanted = null;
  remaining = 0;
  asked = false;
  Object.assign(sent, { frameStep: NO_STEP, stateStep: 0, state: performance.now() }); // step 0 needs no state
  enter("loading");
  try {
    const [engine, probes] = await Promise.all([loadEngine(order.engine), loadExamples(order.probes)]);
    if (opening !== order) return; // another run was asked for meanwhile
    const made = timed(() => makeRun(engine, order, probes));
    send({ references: made.references() });
    if (order.from) sent.frameStep = sent.stateStep = made.step;
    else if (!show(made)) return;
    run = made;
    if (wanted) change(wanted);
    play(remaining); // Start may have been pressed already
    if (!remaining) await loadTraining(order); // else `play` does that
  } catch (error) {
    if (opening === order) stop(textOfError(error));
  }
}

/**
 * @param {WebAssembly.Module} engine
 * @param {Opening} order
 * @param {Examples} probes
 */
function makeRun(engine, { file, choice, from, lockstep }, probes) {
  try {
    return new Run(engine, file, choice, probes, { from, frameSteps: lockstep?.frameSteps, linearProbe: lockstep !== null });
  } catch (error) {
    throw new Error(`The run could not be opened (${textOfError(error)}).`);
  }
}

/**
 * Load the training examples, and train if the visitor waits for them.
 * @param {Opening} order
 */
async function loadTraining(order) {
  try {
    const loaded = await loadExamples(order.images, (share) => opening === order && send({ loaded: share }));
    if (opening !== order) return;
    examples = loaded;
    send({ loaded: 1 });
    clearTimeout(next);
    if (remaining) next = setTimeout(turn);
  } catch (error) {
    if (opening !== order) return;
    remaining = 0;
    send({ loaded: 0 });
    enter("paused", `${textOfError(error)} Press Start to try again.`);
  }
}

/**
 * Send a frame.
 * @param {Run} of
 * @returns {boolean} whether the run can go on
 */
function show(of) {
  const drawn = timed(() => of.frame());
  if (!drawn) {
    stop(of.divergenceText(of.step));
    return false;
  }
  const { views, ...measured } = drawn;
  const wanted = Object.entries(views).filter(([axes]) => opening?.lockstep?.axes.includes(Number(axes)) ?? true);
  const quantised = wanted.map(([axes, { points, shares }]) => [axes, { ...quantise(points), shares }]);
  const frame = /** @type {Frame} */ ({ ...measured, views: Object.fromEntries(quantised) });
  const buffers = Object.values(frame.views).map(({ codes }) => codes.buffer);
  send({ frame }, /** @type {ArrayBuffer[]} */ ([...buffers, frame.losses.buffer]));
  sent.frame = performance.now();
  sent.frameStep = of.step;
  return true;
}

/**
 * End the run.
 * @param {string} text  for the visitor
 */
function stop(text) {
  run = null;
  clearTimeout(next);
  enter("failed", text);
}

/** @param {number} steps */
function play(steps) {
  remaining = steps;
  clearTimeout(next);
  if (!run) return;
  if (!steps || run.finished) return rest(run);
  enter("running");
  if (examples) next = setTimeout(turn);
  else if (opening) loadTraining(opening);
}

/**
 * Pause at a frame, and send the state there.
 * @param {Run} of
 */
function rest(of) {
  remaining = 0;
  if (of.step !== sent.frameStep && !show(of)) return;
  if (asked || stateDue(of)) sendState(of);
  enter(of.finished ? "finished" : "paused");
}

/**
 * Send the state, at the step of the newest frame.
 * @param {Run} of
 */
function sendState(of) {
  const state = of.snapshot();
  send({ state, asked }, [/** @type {ArrayBuffer} */ (state.vector.buffer)]);
  asked = false;
  sent.state = performance.now();
  sent.stateStep = of.step;
}

/**
 * Whether the page shall store another state: one in lockstep with others is not stored.
 * @param {Run} of
 */
function stateDue(of) {
  return !opening?.lockstep && of.step !== sent.stateStep;
}

/** Train until the next frame or until the turn is over, and come back. */
function turn() {
  if (!run || !examples) return;
  const [now, training] = [run, examples];
  const end = performance.now() + TURN;
  while (remaining && !frameDue(now) && performance.now() < end) {
    if (!timed(() => now.train(training))) return stop(now.divergenceText(now.step + 1));
    remaining--;
  }
  if (!remaining || now.finished) return rest(now);
  if (frameDue(now)) {
    const wait = sent.frame + pace.interval - performance.now();
    if (wait > 0) return void (next = setTimeout(turn, wait)); // equal runs have equal frames at any pace
    if (!show(now)) return;
    if (stateDue(now) && performance.now() - sent.state > STATE_TIME) sendState(now);
  } else if (performance.now() - sent.progress > PROGRESS_TIME) {
    send({ progress: now.step });
    sent.progress = performance.now();
  }
  next = setTimeout(turn);
}

/** @param {Run} of */
function frameDue(of) {
  return of.step !== sent.frameStep && of.hasFrame(pace.everyStep);
}

/** @param {Choice} choice */
function change(choice) {
  if (!run) {
    wanted = choice;
    return;
  }
  run.change(choice);
  send({ references: run.references() });
  send({ changed: run.step, choice });
}

/** @param {WorkerPace} wanted */
function setPace(wanted) {
  pace = wanted;
  if (run && examples && remaining) {
    clearTimeout(next);
    next = setTimeout(turn);
  }
}

/** @param {StateOrder["state"]} order */
function giveState(order) {
  if (order === "pause") {
    asked = true;
    play(0);
  } else if (run && stateDue(run) && (run.step === sent.frameStep || show(run))) {
    sendState(run);
  }
}

/** @param {MessageEvent<Order>} event */
onmessage = ({ data }) => {
  if ("open" in data) open(data.open);
  else if ("play" in data) play(data.play);
  else if ("change" in data) change(data.change);
  else if ("pace" in data) setPace(data.pace);
  else if ("state" in data) giveState(data.state);
  else send({ alive: slowest });
};
