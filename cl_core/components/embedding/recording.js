/** The frames received of one stream, and what is computed once for each: its view and the middles of its classes. */

import { areKnown, COLUMNS, interpolated, sharesOf } from "./regions.js";
import { NOT_FINITE } from "../_shared/envelope.js";

/** @import { RegionShares } from "./regions.js" */

const OUTLIERS = 0.002; // share of the points at either end of an axis that the view may leave out
const PADDING = 0.08; // free space around the points, as a share of their extent
const SHRINK = 0.55; // a view shrinks when the points fill less than this share of it
const LEAST = 0.6; // share of the first frame's extent below which the view does not shrink: a collapse is seen as one
const SPEED = 0.4; // share of its way that the view moves in one frame

/**
 * @typedef {object} RecordingHeader
 * @property {string} stream
 * @property {number} first  index of the message's first frame
 * @property {number} total  number of frames up to the message's end
 * @property {number[]} steps  of the message's frames
 * @property {(number[] | null)[] | null} shares  share of variance along each axis
 * @property {number[]} scales  of the coordinates
 * @property {number} dims
 * @property {number} n  points
 * @property {string[]} class_names
 * @property {boolean} unit_circle
 *
 * @typedef {object} RecordingBuffers
 * @property {Int16Array} frames  (frames, n, dims)
 * @property {Float32Array} [regions]  (frames, classes, 5), see analysis/class_regions.py; NaN where they are not known
 * @property {Uint8Array} [labels]  with frame 0 only
 * @property {Uint32Array} [rows]
 * @property {Uint8Array} [sprite]
 *
 * @typedef {object} RawFrame
 * @property {number} step  training step
 * @property {number[] | null} shares  of variance along each axis
 * @property {Int16Array} quantised  (n * dims) coordinates divided by `scale`
 * @property {number} scale
 * @property {Float32Array | null} regions  (classes * 5) of class weights
 *
 * @typedef {object} FrameViews
 * @property {Float32Array} medians  (classes * dims) middle of each class; NaN where it has no points
 * @property {Float64Array} view  part of space to show: low and high along each axis
 * @property {Float64Array} goal  where the view is moving to
 *
 * @typedef {RawFrame & FrameViews} Frame
 */

export class Recording {
  /** @type {Frame[]} */
  frames = [];
  /** @type {Uint8Array | null} */
  labels = null;
  /** @type {Uint32Array | null} */
  rows = null;
  /** @type {Uint8Array | null} */
  sprite = null;
  /** @type {number | null} least extent of the view */
  #least = null;
  /** @type {{regions: Float32Array | null, shares: RegionShares | null}} of the frame that was asked for last */
  #counted = { regions: null, shares: null };

  /** @param {RecordingHeader} header  of a message of this stream */
  constructor(header) {
    this.stream = header.stream;
    this.dims = header.dims;
    this.count = header.n;
    this.classes = header.class_names.length;
    this.unitCircle = header.unit_circle;
  }

  get length() {
    return this.frames.length;
  }

  get steps() {
    return this.frames.map((frame) => frame.step);
  }

  /**
   * Return whether a message belongs to this recording.
   * @param {RecordingHeader} header
   */
  matches(header) {
    return this.stream === header.stream && this.dims === header.dims && this.count === header.n;
  }

  /**
   * Add the frames of a message, except those that are known.
   * @param {RecordingHeader} header
   * @param {RecordingBuffers} buffers
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
    const regions = this.classes * COLUMNS;
    for (let i = this.length - header.first; i < header.steps.length; i++) {
      this.#append({
        step: header.steps[i],
        shares: header.shares?.[i] ?? null,
        quantised: buffers.frames.slice(i * size, (i + 1) * size),
        scale: header.scales[i],
        regions: buffers.regions?.slice(i * regions, (i + 1) * regions) ?? null,
      });
    }
    return true;
  }

  /**
   * Interpolate the coordinates between two frames.
   * @param {number} position  2.25 is a quarter of the way from frame 2 to frame 3
   * @param {Float32Array} out  (n * dims); NaN for a point that has none
   */
  coordinates(position, out) {
    const [a, b, t] = this.#around(position);
    const p = a.quantised;
    const q = b.quantised;
    const before = a.scale * (1 - t);
    const after = b.scale * t;
    for (let i = 0; i < p.length; i++) {
      out[i] = p[i] === NOT_FINITE || q[i] === NOT_FINITE ? NaN : p[i] * before + q[i] * after;
    }
  }

  /**
   * Interpolate the middles of the classes, (classes * dims).
   * @param {number} position
   */
  medians(position) {
    const [a, b, t] = this.#around(position);
    return a.medians.map((value, i) => value * (1 - t) + b.medians[i] * t);
  }

  /**
   * Interpolate the regions of the class weights.
   * @param {number} position
   * @returns {Float32Array | null} null where there are none
   */
  regions(position) {
    const [a, b, t] = this.#around(position);
    return a.regions && b.regions && interpolated(a.regions, b.regions, t);
  }

  /**
   * Count the points in the regions of a frame.
   * @param {number} frame
   * @returns {RegionShares | null} null where there are none
   */
  shares(frame) {
    const { regions } = this.frames[frame];
    if (this.#counted.regions !== regions && areKnown(regions) && this.labels) {
      const points = new Float32Array(this.count * this.dims);
      this.coordinates(frame, points);
      this.#counted = { regions, shares: sharesOf(regions, points, this.labels) };
    }
    return this.#counted.regions === regions ? this.#counted.shares : null;
  }

  /**
   * Interpolate the part of space to show: low and high along each axis.
   * @param {number} position
   */
  view(position) {
    const [a, b, t] = this.#around(position);
    return a.view.map((value, i) => value * (1 - t) + b.view[i] * t);
  }

  /**
   * @param {number} position
   * @returns {[Frame, Frame, number]}
   */
  #around(position) {
    const k = Math.min(Math.floor(position), this.length - 1);
    const next = Math.min(k + 1, this.length - 1);
    return [this.frames[k], this.frames[next], position - k];
  }

  /** @param {RawFrame} raw */
  #append(raw) {
    const previous = this.frames.at(-1);
    const points = this.#extent(raw);
    this.#least ??= LEAST * widest(points);
    const extent = widened(points, this.#least);
    const goal = previous ? nextGoal(previous, extent) : padded(extent);
    const view = previous ? nextView(previous.view, goal, extent) : goal;
    this.frames.push({ ...raw, medians: this.#classMedians(raw), view, goal });
  }

  /**
   * Return the part of space where nearly all points are, low and high along each axis.
   * @param {RawFrame} frame
   */
  #extent({ quantised, scale }) {
    const extent = new Float64Array(2 * this.dims);
    for (let d = 0; d < this.dims; d++) {
      const along = new Int16Array(this.count);
      let found = 0;
      for (let i = 0; i < this.count; i++) {
        const value = quantised[i * this.dims + d];
        if (value !== NOT_FINITE) along[found++] = value;
      }
      const sorted = along.subarray(0, found).sort();
      const skip = Math.floor(found * OUTLIERS);
      extent[2 * d] = found ? sorted[skip] * scale : -1;
      extent[2 * d + 1] = found ? sorted[found - 1 - skip] * scale : 1;
      if (this.unitCircle) {
        extent[2 * d] = Math.min(extent[2 * d], -1);
        extent[2 * d + 1] = Math.max(extent[2 * d + 1], 1);
      }
    }
    return extent;
  }

  /** @param {RawFrame} frame */
  #classMedians({ quantised, scale }) {
    const medians = new Float32Array(this.classes * this.dims).fill(NaN);
    for (let c = 0; c < this.classes; c++) {
      for (let d = 0; d < this.dims; d++) {
        const along = [];
        for (let i = 0; i < this.count; i++) {
          const value = quantised[i * this.dims + d];
          if (this.labels?.[i] === c && value !== NOT_FINITE) along.push(value);
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
 * Return an extent of at least a width along each axis, about the same centre.
 * @param {Float64Array} extent
 * @param {number} least
 */
function widened(extent, least) {
  const wide = extent.slice();
  for (let i = 0; i < wide.length; i += 2) {
    const more = Math.max(least - (wide[i + 1] - wide[i]), 0) / 2;
    wide[i] -= more;
    wide[i + 1] += more;
  }
  return wide;
}

/**
 * Return an extent with free space around it, never empty.
 * @param {Float64Array} extent
 */
function padded(extent) {
  const width = widest(extent) || 1e-6;
  const view = extent.slice();
  for (let i = 0; i < view.length; i += 2) {
    view[i] -= PADDING * width;
    view[i + 1] += PADDING * width;
  }
  return view;
}

/**
 * Return where the view should go: it stays as long as the points are inside and fill enough of it.
 * @param {Frame} previous
 * @param {Float64Array} extent
 */
function nextGoal({ view, goal }, extent) {
  const settled = view.every((value, i) => Math.abs(value - goal[i]) < 0.02 * widest(goal));
  const inside = extent.every((value, i) => (i % 2 ? value <= goal[i] : value >= goal[i]));
  const large = widest(extent) > SHRINK * widest(goal);
  if (inside && (large || !settled)) return goal;
  return padded(extent);
}

/**
 * Return the view after a part of its way to the goal, and never so little that points are left outside.
 * @param {Float64Array} view
 * @param {Float64Array} goal
 * @param {Float64Array} extent
 */
function nextView(view, goal, extent) {
  return view.map((value, i) => {
    const moved = value + SPEED * (goal[i] - value);
    return i % 2 ? Math.max(moved, extent[i]) : Math.min(moved, extent[i]);
  });
}

/** @param {Float64Array} box */
function widest(box) {
  let width = 0;
  for (let i = 0; i < box.length; i += 2) width = Math.max(width, box[i + 1] - box[i]);
  return width;
}
