/** What the charts of a run draw, as numbers: thinned curves, scales and guides, as in charts/curves.py. */

import { overlap } from "../_shared/boxes.js";
import { fill, shortNumber, withCommas } from "../_shared/format.js";
import { multiplesWithin, roundStep, spanOf } from "../_shared/ticks.js";
import { asPercent, CURVE_WORDS } from "./curve_words.js";

/**
 * @import { CurveFrame, RunReferences } from "./curves.js"
 * @import { Box } from "../_shared/boxes.js"
 * @import { StepAxis } from "../_shared/step_axis.js"
 *
 * A scale of one chart.
 * @typedef {object} Scale
 * @property {(value: number) => number} y  CSS pixels from above
 * @property {{value: number, text: string}[]} ticks
 *
 * A horizontal line to compare with, and which end and side of it has its label.
 * @typedef {object} Guide
 * @property {number} value
 * @property {string} label
 * @property {boolean} right
 * @property {boolean} above
 * @property {number[]} dash
 */

export const MIN_STEPS = 10; // steps that the axis covers at least
const MAX_LOSSES = 400; // points of the loss curve
const [MIN_ERROR, MAX_ERROR] = [0.01, 0.9]; // on the axis of accuracies
const ERROR_TICKS = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01];
const SHARE_TICKS = [0, 0.5, 1];
const LOSS_PADDING = 6; // CSS pixels above and below the losses
const LOSS_TICK_DISTANCE = 26; // CSS pixels, at least
const FLATTEST = 1e-3; // range of the losses in units of their size, at least: less would be noise with long numbers
const LONG_DASH = [5, 4];
const SHORT_DASH = [2, 3];

/**
 * Return the curve of the losses: all of a short run; of a long one means, of ever more steps the later they are.
 * @param {ArrayLike<number>} losses  the first is that of step 1
 * @returns {{steps: number[], values: number[]}}
 */
export function thinLosses(losses) {
  const all = losses.length;
  if (all <= MAX_LOSSES) return { steps: Array.from(losses, (_, k) => k + 1), values: Array.from(losses) };
  const [steps, values] = [/** @type {number[]} */ ([]), /** @type {number[]} */ ([])];
  let from = 1;
  for (let k = 1; k < MAX_LOSSES; k++) {
    const to = Math.round((all + 1) ** (k / (MAX_LOSSES - 1)));
    if (to === from) continue;
    let total = 0;
    for (let step = from; step < to; step++) total += losses[step - 1];
    values.push(total / (to - from));
    steps.push(Math.floor((from + to - 1) / 2));
    from = to;
  }
  return { steps, values };
}

/**
 * Return some metrics of the frames as curves, with the mean of those frames that fall on one pixel.
 * @param {CurveFrame[]} frames
 * @param {StepAxis} axis
 * @param {string[]} names
 * @returns {{x: number[], values: number[][]}} places, and the values of each metric there
 */
export function thinFrames(frames, axis, names) {
  /** @type {number[]} */
  const x = [];
  const values = names.map(() => /** @type {number[]} */ ([]));
  for (let first = 0, next = 0; first < frames.length; first = next) {
    const pixel = Math.floor(axis.x(frames[first].step));
    let place = 0;
    const totals = names.map(() => 0);
    for (; next < frames.length; next++) {
      const at = axis.x(frames[next].step);
      if (Math.floor(at) !== pixel) break;
      place += at;
      for (let k = 0; k < names.length; k++) totals[k] += frames[next].metrics[names[k]];
    }
    x.push(place / (next - first));
    for (let k = 0; k < names.length; k++) values[k].push(totals[k] / (next - first));
  }
  return { x, values };
}

/**
 * Return the index of the frame that is drawn nearest to a place.
 * @param {CurveFrame[]} frames  at least one
 * @param {StepAxis} axis
 * @param {number} place  CSS pixels
 */
export function nearestFrame(frames, axis, place) {
  let [low, high] = [0, frames.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (axis.x(frames[middle].step) <= place) low = middle;
    else high = middle;
  }
  return place - axis.x(frames[low].step) <= axis.x(frames[high].step) - place ? low : high;
}

/**
 * Return the scale of the losses and of the lines that they are compared with.
 * @param {number[]} values
 * @param {Guide[]} guides
 * @param {number} top     of the chart, in CSS pixels
 * @param {number} bottom  of the chart
 * @param {number} scale   size of type
 * @returns {Scale}
 */
export function lossScale(values, guides, top, bottom, scale) {
  const span = spanOf([...values, ...guides.map(({ value }) => value)]) ?? { low: 0, high: 1 };
  const size = Math.max(Math.abs(span.low), Math.abs(span.high)) || 1;
  const widened = Math.max(FLATTEST * size - (span.high - span.low), 0) / 2;
  const [low, high] = [span.low - widened, span.high + widened];
  const pixel = (high - low) / (bottom - top - 2 * LOSS_PADDING);
  const step = roundStep(LOSS_TICK_DISTANCE * scale * pixel, [1, 2, 5]);
  const ticks = multiplesWithin(low - LOSS_PADDING * pixel, high + LOSS_PADDING * pixel, step);
  return {
    y: (value) => bottom - LOSS_PADDING - (value - low) / pixel,
    ticks: ticks.map((value) => ({ value, text: Math.abs(value) < 1e6 ? withCommas(String(value)) : shortNumber(value) })),
  };
}

/**
 * Return the scale of accuracies: of errors, logarithmic, so 90 to 95 % takes as much room as 95 to 97.5 %.
 * Errors beyond its ends lie on them.
 * @param {number} top
 * @param {number} bottom
 * @returns {Scale}
 */
export function errorScale(top, bottom) {
  const height = (bottom - top) / Math.log(MAX_ERROR / MIN_ERROR);
  return {
    y: (error) => top + height * Math.log(Math.min(Math.max(error, MIN_ERROR), MAX_ERROR) / MIN_ERROR),
    ticks: ERROR_TICKS.map((value) => ({ value, text: asPercent(1 - value, 0) })),
  };
}

/**
 * Return the scale of shares.
 * @param {number} top
 * @param {number} bottom
 * @returns {Scale}
 */
export function shareScale(top, bottom) {
  return {
    y: (share) => bottom - share * (bottom - top),
    ticks: SHARE_TICKS.map((value) => ({ value, text: asPercent(value, 0) })),
  };
}

/**
 * Return the lines of the loss chart: total collapse, and the floor if it is below.
 * @param {RunReferences | null} references
 * @returns {Guide[]}
 */
export function lossGuides(references) {
  if (!references) return [];
  const { collapse, floor } = references;
  const guides = [];
  if (Number.isFinite(collapse)) {
    const label = fill(CURVE_WORDS.collapse, { value: shortNumber(collapse) });
    guides.push({ value: collapse, label, right: true, above: false, dash: LONG_DASH });
  }
  if (floor < collapse) {
    const label = fill(CURVE_WORDS.floor, { value: shortNumber(floor) });
    guides.push({ value: floor, label, right: false, above: true, dash: SHORT_DASH });
  }
  return guides;
}

/**
 * Return the lines of the chart of accuracies, as errors. Labels of close lines go below and above them; at the upper
 * edge, to the left and to the right.
 * @param {number} raw  kNN accuracy of raw pixels; NaN draws no line
 * @param {number} untrained  kNN accuracy of the untrained net
 * @returns {Guide[]}
 */
export function accuracyGuides(raw, untrained) {
  const lines = [
    { accuracy: raw, word: CURVE_WORDS.knnRaw, dash: LONG_DASH },
    { accuracy: untrained, word: CURVE_WORDS.untrained, dash: SHORT_DASH },
  ];
  const known = lines.filter(({ accuracy }) => Number.isFinite(accuracy)).sort((a, b) => a.accuracy - b.accuracy);
  const errors = known.map(({ accuracy }) => Math.min(Math.max(1 - accuracy, MIN_ERROR), MAX_ERROR));
  const close = known.length > 1 && errors[0] < 1.6 * errors[1];
  const edge = known.length > 1 && errors[1] < 1.6 * MIN_ERROR;
  return known.map(({ accuracy, word, dash }, k) => ({
    value: errors[k],
    label: fill(word, { value: asPercent(accuracy, 1) }),
    right: k > 0 || !(close && edge),
    above: k > 0 && close && !edge,
    dash,
  }));
}

/**
 * Return where the labels of guides are: at the end and on the side that they ask for, unless another place covers less
 * of the curves and of the labels before.
 * @param {Guide[]} guides
 * @param {Scale} scale
 * @param {{x: number[], y: number[]}[]} curves  CSS pixels
 * @param {{left: number, right: number, top: number, bottom: number}} plot
 * @param {{letter: number, height: number}} type  size of a label's letters
 * @returns {{y: number, right: boolean}[]} base line and end of each
 */
export function placeGuideLabels(guides, { y }, curves, plot, { letter, height }) {
  /** @type {Box[]} */
  const taken = [];
  return guides.map(({ value, label, right, above }) => {
    const w = Math.min(label.length * letter, plot.right - plot.left);
    let [least, best] = [Infinity, { y: NaN, right }];
    /** @type {Box | null} */
    let box = null;
    for (const [atRight, up] of [[right, above], [right, !above], [!right, above], [!right, !above]]) {
      const x = atRight ? plot.right - w / 2 : plot.left + w / 2;
      const candidate = { x, y: y(value) + (up ? -0.6 : 0.6) * height, w, h: height };
      const outside = Math.max(plot.top - candidate.y + height / 2, candidate.y + height / 2 - plot.bottom, 0);
      const covered = curves.reduce((total, curve) => total + coveredWidth(curve, candidate), 0);
      const cost = covered + w * (outside > 4 ? 2 : 0) + (taken.some((other) => overlap(candidate, other, 0)) ? 4 * w : 0);
      if (cost >= least) continue;
      least = cost;
      box = candidate;
      best = { y: candidate.y + 0.3 * height, right: atRight };
    }
    if (box) taken.push(box);
    return best;
  });
}

/**
 * Return the width of the parts of a curve that a box may cover, each as wide as its part within the box's sides.
 * @param {{x: number[], y: number[]}} curve
 * @param {Box} box
 */
function coveredWidth({ x, y }, box) {
  const [left, right, top, bottom] = [box.x - box.w / 2, box.x + box.w / 2, box.y - box.h / 2, box.y + box.h / 2];
  let width = 0;
  for (let k = 1; k < x.length; k++) {
    if (x[k] < left || x[k - 1] > right) continue;
    if (Math.max(y[k], y[k - 1]) < top || Math.min(y[k], y[k - 1]) > bottom) continue;
    width += Math.min(x[k], right) - Math.max(x[k - 1], left);
  }
  return width;
}
