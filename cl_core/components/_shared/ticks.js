/** Ranges, and round numbers for axes, grids and contour levels. */

/** @typedef {{low: number, high: number}} Range */

const STEP_TOLERANCE = 1e-6; // of a step: a multiple that rounding has put just outside still counts
const SIGNIFICANT_DIGITS = 9; // of a multiple, so that 3 * 0.1 is 0.3

/**
 * Return the smallest of some multiples of a power of ten that is not below `least`.
 * @param {number} least  above 0
 * @param {number[]} [multiples]  ascending, from 1 and below 10
 */
export function roundStep(least, multiples = [1, 2, 2.5, 5]) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * (multiples.find((multiple) => multiple * power >= least * 0.9999) ?? 10);
}

/**
 * Return the multiples of a step from `low` to `high`, both included.
 * @param {number} low
 * @param {number} high
 * @param {number} step  above 0
 */
export function multiplesWithin(low, high, step) {
  const first = Math.ceil(low / step - STEP_TOLERANCE);
  const last = Math.floor(high / step + STEP_TOLERANCE);
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, k) =>
    Number(((first + k) * step).toPrecision(SIGNIFICANT_DIGITS)),
  );
}

/**
 * Return 1, 2 and 5 times each power of ten that lie strictly between `low` and `high`.
 * @param {number} low  above 0
 * @param {number} high
 */
export function decadesWithin(low, high) {
  const found = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power < high; power++) {
    for (const multiple of [1, 2, 5]) found.push(Number(`${multiple}e${power}`));
  }
  return found.filter((value) => value > low && value < high);
}

/**
 * Return the least and the highest of the finite ones among some values; null where there is none.
 * @param {ArrayLike<number>} values
 * @returns {Range | null}
 */
export function spanOf(values) {
  let [low, high] = [Infinity, -Infinity];
  for (let k = 0; k < values.length; k++) {
    if (!Number.isFinite(values[k])) continue;
    low = Math.min(low, values[k]);
    high = Math.max(high, values[k]);
  }
  return low <= high ? { low, high } : null;
}
