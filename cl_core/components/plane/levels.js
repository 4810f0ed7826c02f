/** How a loss becomes tones and contour levels, so that a scale of 1 and a scale of 512 both give a picture. */

import { decadesWithin, multiplesWithin, roundStep } from "../_shared/ticks.js";
import { sortedFinite } from "./sort.js";

const FLOOR = 1e-3; // share of the highest loss below which a loss counts as none
const DECADES = 50; // ratio of high to low from which steps multiply
const BINS = 256;
const CROWD = 4; // a bin counts at most this many times its fair share: a plateau must not use up the tones
const STEPS = 10; // contour levels at most, where steps add
const LEVEL_DISTANCE = 0.012; // share of the nodes that lie between two levels, at least

/**
 * @typedef {object} Scale
 * @property {number} low   the tone is 0 up to here
 * @property {number} high
 * @property {boolean} logarithmic  whether steps multiply rather than add
 * @property {Float32Array} sorted  the finite values above `low`
 */

/**
 * @param {Float32Array} values
 * @returns {Scale}
 */
export function scaleOf(values) {
  const sorted = sortedFinite(values);
  const high = sorted.at(-1) ?? 0;
  const lowest = sorted[0] ?? 0;
  const low = lowest >= 0 ? Math.max(lowest, high * FLOOR) : lowest;
  const above = sorted.subarray(countBelow(sorted, low, true));
  /** @param {number} share */
  const quantile = (share) => above[Math.floor(share * (above.length - 1))];
  const logarithmic = low > 0 && above.length > 0 && quantile(0.98) / quantile(0.05) > DECADES;
  return { low, high, logarithmic, sorted: above };
}

/**
 * Return the tone of every value, 0 to 1: in the order of the values, and every tone about as frequent as the others.
 * @param {Float32Array} values
 * @param {Scale} scale
 */
export function tonesOf(values, scale) {
  const { low, high, sorted } = scale;
  const tones = new Float32Array(values.length);
  if (!(high > low)) return tones;
  const bend = scale.logarithmic ? Math.log : (/** @type {number} */ value) => value;
  const start = bend(low);
  const unit = BINS / (bend(high) - start);
  /** @param {number} value */
  const position = (value) => Math.min(Math.max((bend(value) - start) * unit, 0), BINS);
  const counts = new Float32Array(BINS);
  for (const value of sorted) counts[Math.min(Math.floor(position(value)), BINS - 1)]++;
  const most = (CROWD * sorted.length) / BINS;
  const sums = new Float32Array(BINS + 1);
  for (let b = 0; b < BINS; b++) sums[b + 1] = sums[b] + Math.min(counts[b], most);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(value > low)) continue; // NaN has no tone
    const p = Math.min(position(value), BINS - 1e-3);
    const b = Math.floor(p);
    tones[i] = (sums[b] + (p - b) * (sums[b + 1] - sums[b])) / sums[BINS];
  }
  return tones;
}

/**
 * Return the round numbers at which contours are drawn.
 * @param {Scale} scale
 * @returns {number[]}
 */
export function levelsOf(scale) {
  const { low, high, sorted, logarithmic } = scale;
  if (!(high > low)) return [];
  const all = logarithmic ? decadesWithin(low, high) : evenLevels(low, high);
  const kept = [];
  let from = sorted.length;
  for (const level of all.reverse()) {
    const to = countBelow(sorted, level, false);
    if (from - to < LEVEL_DISTANCE * sorted.length) continue;
    kept.push(level);
    from = to;
  }
  return kept.reverse();
}

/**
 * @param {number} low
 * @param {number} high
 */
function evenLevels(low, high) {
  const step = roundStep((high - low) / STEPS);
  return multiplesWithin(low, high, step).filter((level) => level > low && level < high);
}

/**
 * Return how many of ascending values are below a level.
 * @param {Float32Array} sorted
 * @param {number} level
 * @param {boolean} equal  whether those at the level count, too
 */
function countBelow(sorted, level, equal) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < level || (equal && sorted[middle] === level)) low = middle + 1;
    else high = middle;
  }
  return low;
}
