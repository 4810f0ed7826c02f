/**
 * The worker that trains: it loads the engine, the program and the images, and sends frames while the run goes on.
 *
 * Messages to it are of the type `Order`, messages from it of the type `Report`.
 */

import { Run } from "./run.js";
import { loadEngine } from "../_shared/engine.js";

/** @import { Choice, Frame, Images, References } from "./run.js" */

/**
 * @typedef {object} Files  addresses
 * @property {string} engine
 * @property {string} run
 * @property {string} probes
 * @property {string} images
 *
 * @typedef {{open: Files, choice: Choice}} Open  a new run, which rests at its first frame
 * @typedef {{play: number}} Play  a number of steps, `Infinity` for no end, 0 to pause
 * @typedef {{change: Partial<Choice>}} Change
 * @typedef {{pace: number}} Pace  ms between two frames, at least
 * @typedef {Open | Play | Change | Pace} Order
 *
 * @typedef {"loading" | "paused" | "running" | "failed" | "finished"} Phase
 * @typedef {{phase: Phase, text: string}} PhaseReport
 * @typedef {{loaded: number}} LoadReport  share of the training images, 0 to 1
 * @typedef {{frame: Frame}} FrameReport
 * @typedef {{references: References}} ReferenceReport
 * @typedef {PhaseReport | LoadReport | FrameReport | ReferenceReport} Report
 */

const PIXELS = 784; // of an image
const TURN = 30; // ms of steps between two looks at new messages

/** @type {Map<string, Promise<unknown>>} */
const downloads = new Map();
/** @type {Run | null} */
let run = null;
/** @type {Images | null} */
let images = null;
let opened = 0; // number of runs so far
let remaining = 0; // steps to go
let interval = 0; // ms between two frames, at least
let shown = 0; // time of the last frame
let shownStep = 0; // its step
let frameStep = 0; // step of the next frame
/** @type {ReturnType<typeof setTimeout> | undefined} */
let next;

/** @param {Report} report */
const send = (report) => postMessage(report);

/**
 * @param {Phase} phase
 * @param {string} [text]
 */
const enter = (phase, text = "") => send({ phase, text });

/**
 * Load and open a file once.
 * @template T
 * @param {string} address
 * @param {(file: Uint8Array) => T} open
 * @param {(share: number) => void} [progress]
 * @returns {Promise<T>}
 */
function load(address, open, progress) {
  const known = downloads.get(address);
  if (known) return /** @type {Promise<T>} */ (known);
  const download = read(address, progress).then(open);
  downloads.set(address, download);
  download.catch(() => downloads.delete(address)); // the next run tries again
  return download;
}

/**
 * Read a file, and unpack it if its name says that it is packed.
 * @param {string} address
 * @param {(share: number) => void} [progress]
 */
async function read(address, progress) {
  const response = await fetch(address);
  if (!response.ok || !response.body) throw new Error(`${address} could not be loaded (${response.status}).`);
  const total = Number(response.headers.get("content-length"));
  let loaded = 0;
  const counter = new TransformStream({
    transform(part, controller) {
      loaded += part.length;
      if (total) progress?.(loaded / total);
      controller.enqueue(part);
    },
  });
  const counted = response.body.pipeThrough(counter);
  const plain = address.endsWith(".gz") ? counted.pipeThrough(new DecompressionStream("gzip")) : counted;
  return new Uint8Array(await new Response(plain).arrayBuffer());
}

/**
 * Split a file of images: labels first, then pixels.
 * @param {Uint8Array} file
 * @returns {Images}
 */
function imagesOf(file) {
  const count = file.length / (1 + PIXELS);
  if (!Number.isInteger(count) || !count) throw new Error("A file of images is incomplete.");
  return { labels: file.subarray(0, count), pixels: file.subarray(count) };
}

/** @param {Open} order */
async function open({ open: files, choice }) {
  const own = ++opened;
  run = null;
  remaining = 0;
  clearTimeout(next);
  enter("loading");
  try {
    const [engine, file, probes] = await Promise.all([
      loadEngine(files.engine),
      load(files.run, (bytes) => bytes),
      load(files.probes, imagesOf),
    ]);
    if (own !== opened) return; // another run was asked for meanwhile
    const made = new Run(engine, file, choice, probes);
    send({ references: made.references() });
    if (!show(made)) return;
    images = await load(files.images, imagesOf, (loaded) => send({ loaded }));
    if (own !== opened) return;
    run = made;
    play(remaining); // Start may have been pressed already
  } catch (error) {
    if (own === opened) enter("failed", error instanceof Error ? error.message : String(error));
  }
}

/**
 * Send a frame.
 * @param {Run} of
 * @returns {boolean} whether the run can go on
 */
function show(of) {
  const frame = of.frame();
  shown = performance.now();
  shownStep = of.step;
  frameStep = of.nextFrame;
  if (!frame) {
    fail();
    return false;
  }
  postMessage({ frame }, { transfer: [frame.points.buffer, frame.losses.buffer] });
  return true;
}

function fail() {
  run = null;
  enter("failed", "The numbers ran out of range (NaN or infinity). Try a smaller learning rate, then reset.");
}

/** @param {number} steps */
function play(steps) {
  remaining = steps;
  clearTimeout(next);
  if (!run) return;
  if (run.finished) return enter("finished");
  if (!steps && run.step !== shownStep && !show(run)) return;
  enter(steps ? "running" : "paused");
  if (steps) next = setTimeout(turn);
}

/** Train until the next frame or until the turn is over, and come back. */
function turn() {
  if (!run || !images) return;
  const end = performance.now() + TURN;
  while (remaining && run.step < frameStep && performance.now() < end) {
    if (!run.train(images)) return fail();
    remaining--;
  }
  if (run.step >= frameStep || !remaining) {
    const wait = shown + interval - performance.now();
    if (wait > 0) return void (next = setTimeout(turn, wait)); // equal runs have equal frames at any pace
    if (!show(run)) return;
  }
  if (run.finished) enter("finished");
  else if (remaining) next = setTimeout(turn);
  else enter("paused");
}

/** @param {Partial<Choice>} choice */
function change(choice) {
  run?.change(choice);
  if (run && choice.theta) send({ references: run.references() });
}

/** @param {MessageEvent<Order>} event */
onmessage = ({ data }) => {
  if ("open" in data) open(data);
  else if ("play" in data) play(data.play);
  else if ("change" in data) change(data.change);
  else interval = data.pace;
};
