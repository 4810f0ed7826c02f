/** Every frame received of one stream, and what is worked out once for each: where it lies, where its classes lie. */

import { NOWHERE, openEnvelope } from "../_shared/_old/envelope.js";

const OUTSIDE = 0.002; // the share of points at either end of an axis that the view may leave out
const PADDING = 0.08; // free space around the points, as a share of their extent
const SMALLEST = 0.55; // points that fill less than this share of the view make it shrink
const LEAST = 0.6; // of the first frame's extent: the view comes no nearer, so that a collapse is seen as one
const HURRY = 0.4; // the share of its way that the view moves in one frame

/**
 * @typedef {object} Frame
 * @property {number} step        the training step
 * @property {number[] | null} shares  share of variance along each axis
 * @property {Int16Array} whole   (n * dims) coordinates divided by `scale`
 * @property {number} scale
 * @property {Float32Array} medians  (classes * dims) middle of each class; NaN where it has no points
 * @property {Float64Array} view  [low, high] along each axis: the part of space to show
 * @property {Float64Array} goal  where the view is moving to, in the same order
 */

export class Film {
  /** @param {any} header the header of a message of this stream */
  constructor(header) {
    this.stream = header.stream;
    this.dims = header.dims;
    this.count = header.n;
    this.classes = header.class_names.length;
    this.circle = header.unit_circle;
    /** @type {Frame[]} */
    this.frames = [];
    /** @type {Uint8Array | null} */
    this.labels = null;
    /** @type {Uint32Array | null} */
    this.rows = null;
    /** @type {Uint8Array | null} */
    this.sprite = null;
  }

  get length() {
    return this.frames.length;
  }

  get steps() {
    return this.frames.map((frame) => frame.step);
  }

  /**
   * Take in the frames of a message, leaving out what is already here.
   * @returns {boolean} false if frames between these and the message are missing
   */
  add(header, buffers) {
    if (buffers.labels) {
      this.labels = buffers.labels;
      this.rows = buffers.rows ?? null;
      this.sprite = buffers.sprite ?? null;
    }
    if (!this.labels || header.first > this.length) return false;
    const size = this.count * this.dims;
    for (let i = this.length - header.first; i < header.steps.length; i++) {
      this.#append({
        step: header.steps[i],
        shares: header.shares?.[i] ?? null,
        whole: buffers.frames.slice(i * size, (i + 1) * size),
        scale: header.scales[i],
      });
    }
    return true;
  }

  /**
   * Coordinates between two frames.
   * @param {number} position  2.25 is a quarter of the way from frame 2 to frame 3
   * @param {Float32Array} out  (n * dims); NaN where a point is nowhere
   */
  coordinates(position, out) {
    const [a, b, t] = this.#around(position);
    const p = a.whole;
    const q = b.whole;
    const before = a.scale * (1 - t);
    const after = b.scale * t;
    for (let i = 0; i < p.length; i++) {
      out[i] = p[i] === NOWHERE || q[i] === NOWHERE ? NaN : p[i] * before + q[i] * after;
    }
  }

  /** Middle of each class between two frames, (classes * dims). */
  medians(position) {
    const [a, b, t] = this.#around(position);
    return a.medians.map((value, i) => value * (1 - t) + b.medians[i] * t);
  }

  /** The part of space to show between two frames: [low, high] along each axis. */
  view(position) {
    const [a, b, t] = this.#around(position);
    return a.view.map((value, i) => value * (1 - t) + b.view[i] * t);
  }

  /** @returns {[Frame, Frame, number]} */
  #around(position) {
    const k = Math.min(Math.floor(position), this.length - 1);
    const next = Math.min(k + 1, this.length - 1);
    return [this.frames[k], this.frames[next], position - k];
  }

  #append(partial) {
    const previous = this.frames.at(-1);
    const frame = { ...partial, medians: this.#classMedians(partial) };
    const points = this.#extent(partial);
    this.least ??= LEAST * widest(points);
    const extent = widened(points, this.least);
    frame.goal = previous ? movedGoal(previous, extent) : padded(extent);
    frame.view = previous ? movedView(previous.view, frame.goal, extent) : frame.goal;
    this.frames.push(frame);
  }

  /** The part of space where nearly all points are, [low, high] along each axis. */
  #extent({ whole, scale }) {
    const extent = new Float64Array(2 * this.dims);
    for (let d = 0; d < this.dims; d++) {
      const along = new Int16Array(this.count);
      let found = 0;
      for (let i = 0; i < this.count; i++) {
        const value = whole[i * this.dims + d];
        if (value !== NOWHERE) along[found++] = value;
      }
      const sorted = along.subarray(0, found).sort();
      const skip = Math.floor(found * OUTSIDE);
      extent[2 * d] = found ? sorted[skip] * scale : -1;
      extent[2 * d + 1] = found ? sorted[found - 1 - skip] * scale : 1;
      if (this.circle) {
        extent[2 * d] = Math.min(extent[2 * d], -1);
        extent[2 * d + 1] = Math.max(extent[2 * d + 1], 1);
      }
    }
    return extent;
  }

  #classMedians({ whole, scale }) {
    const medians = new Float32Array(this.classes * this.dims).fill(NaN);
    for (let c = 0; c < this.classes; c++) {
      for (let d = 0; d < this.dims; d++) {
        const along = [];
        for (let i = 0; i < this.count; i++) {
          const value = whole[i * this.dims + d];
          if (this.labels[i] === c && value !== NOWHERE) along.push(value);
        }
        if (!along.length) continue;
        const sorted = Int16Array.from(along).sort();
        medians[c * this.dims + d] = sorted[sorted.length >> 1] * scale;
      }
    }
    return medians;
  }
}

/**
 * A message as header, buffers and the film it belongs to: the one at hand, or a new one for a new stream.
 * @param {Uint8Array} message
 * @param {Film | null} film
 */
export function received(message, film) {
  const { header, buffers } = openEnvelope(message);
  const same = film?.stream === header.stream && film.dims === header.dims && film.count === header.n;
  return { header, buffers, film: same ? film : new Film(header) };
}

/** An extent of at least that width along each axis, about the same centre. */
function widened(extent, least) {
  const wide = extent.slice();
  for (let i = 0; i < wide.length; i += 2) {
    const more = Math.max(least - (wide[i + 1] - wide[i]), 0) / 2;
    wide[i] -= more;
    wide[i + 1] += more;
  }
  return wide;
}

/** An extent with free space around it, never empty. */
function padded(extent) {
  const width = widest(extent) || 1e-6;
  const view = extent.slice();
  for (let i = 0; i < view.length; i += 2) {
    view[i] -= PADDING * width;
    view[i + 1] += PADDING * width;
  }
  return view;
}

/** Where the view should go: it stays put as long as the points are inside and fill enough of it. */
function movedGoal(previous, extent) {
  const { view, goal } = previous;
  const settled = view.every((value, i) => Math.abs(value - goal[i]) < 0.02 * widest(goal));
  const inside = extent.every((value, i) => (i % 2 ? value <= goal[i] : value >= goal[i]));
  const large = widest(extent) > SMALLEST * widest(goal);
  if (inside && (large || !settled)) return goal;
  return padded(extent);
}

/** A part of the way to the goal, and never so little that points are left outside. */
function movedView(view, goal, extent) {
  return view.map((value, i) => {
    const moved = value + HURRY * (goal[i] - value);
    return i % 2 ? Math.max(moved, extent[i]) : Math.min(moved, extent[i]);
  });
}

function widest(box) {
  let width = 0;
  for (let i = 0; i < box.length; i += 2) width = Math.max(width, box[i + 1] - box[i]);
  return width;
}
