/** The way from one field to the next: what is shown is always somewhere between two. */

import { sameGrid } from "./field.js";

const TIME = 260; // ms

/**
 * What is drawn: a field, perhaps between two, with what comes and goes.
 * @typedef {object} Shown
 * @property {Float32Array} value
 * @property {Float32Array} forceX
 * @property {Float32Array} forceY
 * @property {Float32Array} tone
 * @property {number} strongest
 * @property {Array<{level: number, alpha: number}>} levels
 * @property {Array<import("./field.js").Line & {alpha: number}>} curves
 * @property {Array<import("./field.js").Place & {alpha: number}>} marks
 * @property {number[] | null} box
 * @property {Float32Array} pairs
 */

export class Morph {
  constructor() {
    this.calm = false; // whether motion is not wanted
    /** @type {import("./field.js").Field | null} */
    this.field = null; // the newest
    /** @type {Shown | null} */
    this.shown = null;
    this.from = null;
    this.share = 1;
  }

  get moving() {
    return this.share < 1;
  }

  /** A new field. */
  arrive(field, now) {
    const jump = this.calm || !this.field || !sameGrid(this.field, field);
    const still = !jump && sameNumbers(this.field.value, field.value) && sameNumbers(this.field.pairs, field.pairs);
    this.from = jump || still ? null : this.#kept();
    this.field = field;
    this.began = now;
    this.share = this.from ? 0 : 1;
    this.#mix();
  }

  /** Go on to the moment `now`. */
  tick(now) {
    if (!this.moving) return;
    const way = Math.min(Math.max((now - this.began) / TIME, 0), 1);
    this.share = 1 - (1 - way) ** 3;
    this.#mix();
  }

  /** What is seen at this moment, for the next way to start from. */
  #kept() {
    const { shown } = this;
    return {
      value: shown.value.slice(),
      forceX: shown.forceX.slice(),
      forceY: shown.forceY.slice(),
      tone: shown.tone.slice(),
      strongest: shown.strongest,
      levels: shown.levels.filter(({ alpha }) => alpha >= 0.5).map(({ level }) => level),
      curves: shown.curves.filter(({ alpha }) => alpha >= 0.5),
      marks: shown.marks.filter(({ alpha }) => alpha >= 0.5),
      box: shown.box,
      pairs: shown.pairs.slice(),
    };
  }

  #mix() {
    const { field, from, share } = this;
    if (!from || share >= 1) {
      this.share = 1;
      this.shown = {
        ...field,
        levels: field.levels.map((level) => ({ level, alpha: 1 })),
        curves: field.curves.map((curve) => ({ ...curve, alpha: 1 })),
        marks: field.marks.map((mark) => ({ ...mark, alpha: 1 })),
      };
      return;
    }
    this.shown = {
      value: between(from.value, field.value, share),
      forceX: between(from.forceX, field.forceX, share),
      forceY: between(from.forceY, field.forceY, share),
      tone: between(from.tone, field.tone, share),
      strongest: from.strongest + (field.strongest - from.strongest) * share,
      levels: mixLevels(from.levels, field.levels, share),
      curves: mixLists(from.curves, field.curves, share, mixCurves),
      marks: mixLists(from.marks, field.marks, share, mixMarks),
      box: from.box && field.box ? Array.from(between(from.box, field.box, share)) : field.box,
      pairs: from.pairs.length === field.pairs.length ? between(from.pairs, field.pairs, share) : field.pairs,
    };
  }
}

function mixLevels(from, to, share) {
  return [
    ...from.filter((level) => !to.includes(level)).map((level) => ({ level, alpha: 1 - share })),
    ...to.map((level) => ({ level, alpha: from.includes(level) ? 1 : share })),
  ];
}

/** Move what has a partner on the other side; let the rest fade away or appear. */
function mixLists(from, to, share, mixed) {
  const pairs = to.map((item, i) => from[i] && mixed(from[i], item, share));
  return [
    ...from.filter((_, i) => !pairs[i]).map((item) => ({ ...item, alpha: 1 - share })),
    ...to.map((item, i) => (pairs[i] ? { ...pairs[i], alpha: 1 } : { ...item, alpha: share })),
  ];
}

function mixCurves(a, b, share) {
  if (a.role !== b.role || a.places.length !== b.places.length) return null;
  return { ...b, places: between(a.places, b.places, share) };
}

function mixMarks(a, b, share) {
  if (a.role !== b.role) return null;
  return { ...b, u: a.u + (b.u - a.u) * share, v: a.v + (b.v - a.v) * share };
}

/** Between two lists of numbers; where one of two is nowhere, the second counts. */
function between(a, b, share) {
  const mixed = new Float32Array(b.length);
  for (let i = 0; i < b.length; i++) {
    const number = a[i] + (b[i] - a[i]) * share;
    mixed[i] = Number.isFinite(number) ? number : b[i];
  }
  return mixed;
}

function sameNumbers(a, b) {
  return a.length === b.length && a.every((number, i) => Object.is(number, b[i]));
}
