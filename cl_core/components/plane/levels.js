/** How a loss becomes tones and contour levels, so that a scale of 1 and a scale of 512 both give a picture. */

const FLOOR = 1e-3; // of the highest loss: what is below it is as good as none
const DECADES = 50; // a ratio of high to low beyond which steps multiply
const BINS = 256;
const CROWD = 4; // a bin counts at most this many times its fair share: a plateau must not use up the tones
const STEPS = 10; // contour levels at most, where steps add
const NODES_APART = 0.012; // of the nodes lie between two levels, at least

/**
 * @typedef {object} Scale
 * @property {number} low   the tone is 0 up to here
 * @property {number} high
 * @property {boolean} multiplies  whether steps multiply rather than add
 * @property {Float32Array} sorted  the finite values above `low`
 */

/**
 * @param {Float32Array} values
 * @returns {Scale}
 */
export function scaleOf(values) {
  const sorted = values.filter(Number.isFinite).sort();
  const high = sorted.at(-1) ?? 0;
  const lowest = sorted[0] ?? 0;
  const low = lowest >= 0 ? Math.max(lowest, high * FLOOR) : lowest;
  const above = sorted.filter((value) => value > low);
  const at = (share) => above[Math.floor(share * (above.length - 1))];
  const multiplies = low > 0 && above.length > 0 && at(0.98) / at(0.05) > DECADES;
  return { low, high, multiplies, sorted: above };
}

/**
 * The tone of every value, 0 to 1: ordered as they are, and every tone about as frequent as the others.
 * @param {Float32Array} values
 * @param {Scale} scale
 */
export function tonesOf(values, scale) {
  const { low, high, sorted } = scale;
  const tones = new Float32Array(values.length);
  if (!(high > low)) return tones;
  const bend = scale.multiplies ? Math.log : (value) => value;
  const start = bend(low);
  const unit = BINS / (bend(high) - start);
  const place = (value) => Math.min(Math.max((bend(value) - start) * unit, 0), BINS);
  const counts = new Float32Array(BINS);
  for (const value of sorted) counts[Math.min(Math.floor(place(value)), BINS - 1)]++;
  const most = (CROWD * sorted.length) / BINS;
  const sums = new Float32Array(BINS + 1);
  for (let b = 0; b < BINS; b++) sums[b + 1] = sums[b] + Math.min(counts[b], most);
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!(value > low)) continue; // NaN has no tone
    const p = Math.min(place(value), BINS - 1e-3);
    const b = Math.floor(p);
    tones[i] = (sums[b] + (p - b) * (sums[b + 1] - sums[b])) / sums[BINS];
  }
  return tones;
}

/**
 * Round numbers at which contours are drawn.
 * @param {Scale} scale
 * @returns {number[]}
 */
export function levelsOf(scale) {
  const { low, high, sorted, multiplies } = scale;
  if (!(high > low)) return [];
  const all = multiplies ? multiplied(low, high) : added(low, high);
  const kept = [];
  let from = sorted.length;
  for (const level of all.reverse()) {
    const to = countBelow(sorted, level);
    if (from - to < NODES_APART * sorted.length) continue;
    kept.push(level);
    from = to;
  }
  return kept.reverse();
}

function added(low, high) {
  const step = roundStep((high - low) / STEPS);
  const levels = [];
  for (let k = Math.floor(low / step) + 1; k * step < high; k++) levels.push(Number((k * step).toPrecision(9)));
  return levels.filter((level) => level > low);
}

function multiplied(low, high) {
  const levels = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power < high; power++) {
    for (const m of [1, 2, 5]) levels.push(Number(`${m}e${power}`));
  }
  return levels.filter((level) => level > low && level < high);
}

/** 1, 2, 2.5 or 5 times a power of ten: the smallest such number that is not below `least`. */
export function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 2.5, 5].find((m) => m * power >= least * 0.9999) ?? 10);
}

function countBelow(sorted, level) {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < level) low = middle + 1;
    else high = middle;
  }
  return low;
}
