/** The tables of a picture as columns over the angle, and what lies between two sets of columns. */

import { lerp } from "../_shared/transition.js";

/**
 * One number at each angle with its opacity, which is 0 where there is no number.
 * @typedef {{value: number | null, alpha: number}[]} Column
 */

/**
 * @param {(number | null)[][]} tables
 * @returns {Column[]}
 */
export function columnsOf(tables) {
  return tables.map((table) => table.map((value) => ({ value, alpha: value === null ? 0 : 1 })));
}

/**
 * Interpolate columns. A number without a partner stays as it is, and fades in or out.
 * @param {Column[]} from
 * @param {Column[]} to
 * @param {number} share
 * @returns {Column[]}
 */
export function lerpColumns(from, to, share) {
  return to.map((column, k) =>
    column.map((end, i) => {
      const start = from[k][i];
      const value =
        start.value === null || end.value === null ? (end.value ?? start.value) : lerp(start.value, end.value, share);
      return { value, alpha: lerp(start.alpha, end.alpha, share) };
    }),
  );
}

/**
 * @param {Column[]} a
 * @param {Column[]} b
 */
export function sameColumns(a, b) {
  return a.every((column, k) => column.every(({ value }, i) => value === b[k][i].value));
}
