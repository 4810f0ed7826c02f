/** What is drawn of a field, and of the movement from one field to the next. */

import { lerp, lerpArrays } from "../_shared/transition.js";

/** @import { Curve, Field, Mark } from "./field.js" */

/**
 * A field as it is drawn, with what fades in and out.
 * @typedef {object} Shown
 * @property {Float32Array} value
 * @property {Float32Array} forceX
 * @property {Float32Array} forceY
 * @property {Float32Array} tone
 * @property {number} strongest
 * @property {{level: number, alpha: number}[]} levels
 * @property {(Curve & {alpha: number})[]} curves
 * @property {(Mark & {alpha: number})[]} marks
 * @property {number[] | null} box
 * @property {Float32Array} pairs
 */

/**
 * Return a field as it is drawn when nothing moves.
 * @param {Field} field
 * @returns {Shown}
 */
export function shownOf({ value, forceX, forceY, tone, strongest, levels, curves, marks, box, pairs }) {
  return {
    value,
    forceX,
    forceY,
    tone,
    strongest,
    levels: levels.map((level) => ({ level, alpha: 1 })),
    curves: curves.map((curve) => ({ ...curve, alpha: 1 })),
    marks: marks.map((mark) => ({ ...mark, alpha: 1 })),
    box,
    pairs,
  };
}

/**
 * Interpolate two fields with the same grid.
 * @param {Shown} from  of which what has faded by half is left out
 * @param {Shown} to
 * @param {number} share
 * @returns {Shown}
 */
export function lerpFields(from, to, share) {
  return {
    value: lerpArrays(from.value, to.value, share),
    forceX: lerpArrays(from.forceX, to.forceX, share),
    forceY: lerpArrays(from.forceY, to.forceY, share),
    tone: lerpArrays(from.tone, to.tone, share),
    strongest: lerp(from.strongest, to.strongest, share),
    levels: lerpLevels(from.levels, to.levels, share),
    curves: lerpLists(from.curves, to.curves, share, lerpCurves),
    marks: lerpLists(from.marks, to.marks, share, lerpMarks),
    box: from.box && to.box ? Array.from(lerpArrays(from.box, to.box, share)) : to.box,
    pairs: from.pairs.length === to.pairs.length ? lerpArrays(from.pairs, to.pairs, share) : to.pairs,
  };
}

/** @param {{alpha: number}} item */
const visible = ({ alpha }) => alpha >= 0.5;

/**
 * @param {Shown["levels"]} from
 * @param {Shown["levels"]} to
 * @param {number} share
 */
function lerpLevels(from, to, share) {
  const [before, after] = [from.filter(visible).map(({ level }) => level), to.map(({ level }) => level)];
  return [
    ...before.filter((level) => !after.includes(level)).map((level) => ({ level, alpha: 1 - share })),
    ...after.map((level) => ({ level, alpha: before.includes(level) ? 1 : share })),
  ];
}

/**
 * Move the items that have a partner on the other side; the others fade out or in.
 * @template {{alpha: number}} T
 * @param {T[]} from
 * @param {T[]} to
 * @param {number} share
 * @param {(a: T, b: T, share: number) => T | null} interpolate  null where two items are no partners
 * @returns {T[]}
 */
function lerpLists(from, to, share, interpolate) {
  const before = from.filter(visible);
  const pairs = to.map((item, i) => (before[i] ? interpolate(before[i], item, share) : null));
  return [
    ...before.filter((_, i) => !pairs[i]).map((item) => ({ ...item, alpha: 1 - share })),
    ...to.map((item, i) => ({ ...(pairs[i] ?? item), alpha: pairs[i] ? 1 : share })),
  ];
}

/**
 * @param {Shown["curves"][number]} a
 * @param {Shown["curves"][number]} b
 * @param {number} share
 */
function lerpCurves(a, b, share) {
  if (a.role !== b.role || a.places.length !== b.places.length) return null;
  return { ...b, places: lerpArrays(a.places, b.places, share) };
}

/**
 * @param {Shown["marks"][number]} a
 * @param {Shown["marks"][number]} b
 * @param {number} share
 */
function lerpMarks(a, b, share) {
  if (a.role !== b.role) return null;
  return { ...b, u: lerp(a.u, b.u, share), v: lerp(a.v, b.v, share) };
}
