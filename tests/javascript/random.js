/** Seeded random numbers. */

/**
 * Return a generator of numbers from 0 to 1 (mulberry32).
 * @param {number} seed
 */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Assert that two numbers are as near as a tolerance.
 * @param {number} actual
 * @param {number} expected
 * @param {number} [tolerance]
 * @param {string} [message]
 */
export function near(actual, expected, tolerance = 1e-9, message = "") {
  if (Math.abs(actual - expected) <= tolerance) return;
  throw new Error(`${actual} is not within ${tolerance} of ${expected} ${message}`);
}
