/** The run as the server reads it, see `handover.py`. */

import { base64, packEnvelope } from "../_shared/envelope.js";

/** @import { Drawn, Frame } from "./client.js" */
/** @import { ReadableRun } from "./visitor_runs.js" */

const MAX_POINT_BYTES = 8 * 2 ** 20; // of the frames that are sent; of a long run only some are
const VERSION = 1; // of run files

/**
 * Encode a run at its newest step, which rests from then on.
 * @param {ReadableRun} run
 * @returns {Promise<string>} base64
 */
export async function encodeRun(run) {
  const snapshot = await run.snapshot();
  const frames = chosenOf(run.frames);
  const { seed, rate, theta } = run.choice;
  const { spec, n, references: known } = run.about;
  const { collapse, floor } = run.references ?? { collapse: NaN, floor: NaN };
  const references = { collapse, floor, ...known };
  const finite = Object.entries(references).map(([name, value]) => [name, Number.isFinite(value) ? value : null]);
  const header = {
    about: {
      version: VERSION,
      spec: { ...spec, seed, rate, theta: { ...spec.theta, ...theta } },
      n,
      step: snapshot.step,
      seconds: snapshot.seconds,
      empty: snapshot.empty,
      failure: run.failure || null,
      ...(run.changes.length && { changes: run.changes }),
      references: Object.fromEntries(finite),
    },
    steps: frames.map(({ step }) => step),
    seconds: frames.map(({ seconds }) => seconds),
    metrics: frames.map(({ metrics }) => Object.values(metrics).map((value) => (Number.isFinite(value) ? value : null))),
    ...listsOf(frames, 2),
    ...listsOf(frames, 3),
  };
  const { axes, solidAxes, mean } = snapshot;
  const buffers = {
    vector: snapshot.vector,
    losses: Float32Array.from(run.losses),
    ...pointsOf(frames, 2),
    ...pointsOf(frames, 3),
    ...regionsToSend(frames),
    ...(axes && { axes2: Float32Array.from(axes) }),
    ...(solidAxes && { axes3: Float32Array.from(solidAxes) }),
    ...(mean && { mean }),
  };
  return base64(packEnvelope(header, buffers));
}

/**
 * Return the frames to send: all, or evenly spaced ones, always with the first and the newest.
 * @param {Frame[]} frames
 */
function chosenOf(frames) {
  const bytes = drawnIn(frames[0]).reduce((total, { codes }) => total + codes.byteLength, 0);
  const most = Math.max(2, Math.floor(MAX_POINT_BYTES / bytes));
  if (frames.length <= most) return frames;
  return Array.from({ length: most }, (_, k) => frames[Math.round((k * (frames.length - 1)) / (most - 1))]);
}

/**
 * @param {Frame} frame
 * @returns {Drawn[]}
 */
function drawnIn({ views }) {
  return [views[2], views[3]].filter((drawn) => drawn !== undefined);
}

/**
 * @param {Frame[]} frames
 * @param {2 | 3} axes
 */
function listsOf(frames, axes) {
  const drawn = frames.map(({ views }) => views[axes]).filter((each) => each !== undefined);
  if (!drawn.length) return {};
  return { [`scale${axes}`]: drawn.map(({ scale }) => scale), [`shares${axes}`]: drawn.map(({ shares }) => shares) };
}

/**
 * @param {Frame[]} frames
 * @returns {Record<string, Float32Array>}
 */
function regionsToSend(frames) {
  const all = frames.map(({ regions }) => regions).filter((each) => each !== undefined);
  if (all.length < frames.length) return {}; // a run without class weights, or one that an older version has stored
  return { regions: Float32Array.from(all.flatMap((each) => [...each])) };
}

/**
 * @param {Frame[]} frames
 * @param {2 | 3} axes
 * @returns {Record<string, Int16Array>}
 */
function pointsOf(frames, axes) {
  const drawn = frames.map(({ views }) => views[axes]).filter((each) => each !== undefined);
  if (!drawn.length) return {};
  const whole = new Int16Array(drawn.length * drawn[0].codes.length);
  drawn.forEach(({ codes }, index) => whole.set(codes, index * codes.length));
  return { [`points${axes}`]: whole };
}
