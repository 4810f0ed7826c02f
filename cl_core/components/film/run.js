/** A recorded run as a file, and what is shown between two of them. */

import { openEnvelope } from "../_shared/envelope.js";
import { lerp } from "../_shared/transition.js";
import { Recording } from "../embedding/recording.js";

/** @import { Drawn } from "../embedding/scene.js" */

/**
 * @typedef {{steps: number[], n: number, scale: number}} RunHeader
 * @typedef {{changes: Uint8Array, labels: Uint8Array}} RunBuffers
 */

/**
 * Load the file of a run.
 * @param {string} url
 * @param {string[]} classNames
 */
export async function loadRun(url, classNames) {
  const response = await fetch(url);
  if (!response.ok || !response.body) throw new Error(`A file could not be loaded (${response.status}).`);
  const unpacked = response.body.pipeThrough(new DecompressionStream("gzip"));
  return readRun(new Uint8Array(await new Response(unpacked).arrayBuffer()), classNames);
}

/**
 * Read a message of `encode_run` in message.py.
 * @param {Uint8Array} message
 * @param {string[]} classNames
 */
export function readRun(message, classNames) {
  /** @type {{header: RunHeader, buffers: RunBuffers}} */
  const { header, buffers } = openEnvelope(message);
  const { steps, n, scale } = header;
  const fields = { stream: "film", first: 0, total: steps.length, shares: null, dims: 2, unit_circle: false };
  const described = { ...fields, steps, n, scales: steps.map(() => scale), class_names: classNames };
  const recording = new Recording(described);
  recording.add(described, { frames: accumulated(buffers.changes, 2 * n), labels: buffers.labels });
  return recording;
}

/**
 * Return the coordinates of all frames from the changes between them: the low bytes, then the high ones.
 * @param {Uint8Array} planes
 * @param {number} size  numbers of a frame
 */
function accumulated(planes, size) {
  const count = planes.length / 2;
  const codes = new Int16Array(count);
  for (let i = 0; i < count; i++) {
    const unsigned = planes[i] | (planes[count + i] << 8);
    codes[i] = (i < size ? 0 : codes[i - size]) + ((unsigned >> 1) ^ -(unsigned & 1));
  }
  return codes;
}

/**
 * Two recordings of the same points, of which a share of the way from one to the other is shown.
 * @implements {Drawn}
 */
export class Mixture {
  #before = new Float32Array(0);

  /**
   * @param {Recording} from
   * @param {Recording} to
   * @param {number} share  0 to 1
   * @param {number[]} bounds  part of the plane that is shown
   */
  constructor(from, to, share, bounds) {
    this.from = from;
    this.to = to;
    this.share = share;
    this.bounds = Float64Array.from(bounds);
    this.count = to.count;
    this.dims = to.dims;
    this.labels = to.labels;
    this.unitCircle = false;
    this.frames = to.frames;
    this.length = to.length;
  }

  /** Recordings of miners have no class weights. */
  regions() {
    return null;
  }

  /**
   * @param {number} position
   * @param {Float32Array} out
   */
  coordinates(position, out) {
    this.to.coordinates(position, out);
    if (this.share === 1) return;
    if (this.#before.length !== out.length) this.#before = new Float32Array(out.length);
    this.from.coordinates(position, this.#before);
    for (let i = 0; i < out.length; i++) out[i] = lerp(this.#before[i], out[i], this.share);
  }

  /** @param {number} position */
  medians(position) {
    const before = this.from.medians(position);
    return this.to.medians(position).map((value, i) => lerp(before[i], value, this.share));
  }

  view() {
    return this.bounds;
  }
}
