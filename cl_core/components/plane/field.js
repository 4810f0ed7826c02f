/** A loss over the plane, and what is computed from it once. */

import { NOT_FINITE } from "../_shared/envelope.js";
import { levelsOf, scaleOf, tonesOf } from "./levels.js";

/**
 * @import { Live } from "../_shared/live.js"
 * @import { Words } from "../_shared/picture.js"
 * @import { Palette } from "../_shared/theme.js"
 */

/**
 * @typedef {[number, number, number, number]} Span  lowest and highest x, lowest and highest y
 * @typedef {"boundary" | "guide" | "neutral" | "weight"} CurveRole
 * @typedef {"target" | "centre" | "corner"} MarkRole
 *
 * @typedef {object} Header  of a message
 * @property {string} title
 * @property {[string, string]} axes
 * @property {[number, number]} shape  rows and columns of the grid
 * @property {Span} span
 * @property {{role: CurveRole, label: string, moving: string, count: number, name: string}[]} curves
 * @property {{x: number, y: number, role: MarkRole, label: string, name: string}[]} marks
 * @property {Span | null} box
 * @property {string} box_label
 * @property {number} scale  of the pairs' coordinates
 * @property {string} unit  of x and y
 * @property {[string, string, string]} names  of the loss, x and y
 * @property {[string, string]} weight_names  of the weights of the pairs of x and of y
 * @property {string} alt
 * @property {Palette} palette
 * @property {number} height  CSS pixels
 * @property {string} group
 * @property {{x: number, y: number} | null} kept  place that the viewer is known to have pinned
 * @property {Words} words
 * @property {Live | null} live  null for a picture that does not follow sliders
 *
 * @typedef {object} Buffers  of a message; row 0 of a grid has the lowest y
 * @property {Float32Array} value  (ny, nx)
 * @property {Float32Array} force_x
 * @property {Float32Array} force_y
 * @property {Float32Array} curves  x, y, x, y ... of all curves
 * @property {Int16Array} points  x, y, x, y ... of the pairs, divided by `scale`
 * @property {Uint8Array} [violated]  (ny, nx)
 * @property {Uint8Array} [point_violated]
 * @property {Float32Array} [weight_x]  (nx,) weights of the pair of x
 * @property {Float32Array} [weight_y]  (ny,)
 * @property {Uint8Array} [program]  that computes the field
 *
 * @typedef {object} Curve
 * @property {CurveRole} role
 * @property {string} label
 * @property {Float32Array} places  u, v, u, v ...; NaN breaks the curve
 *
 * @typedef {object} Mark
 * @property {MarkRole} role
 * @property {string} label
 * @property {number} u
 * @property {number} v
 *
 * @typedef {object} Field
 * @property {Header} header
 * @property {number} nx
 * @property {number} ny
 * @property {Float32Array} value
 * @property {Float32Array} forceX
 * @property {Float32Array} forceY
 * @property {Uint8Array | null} violated
 * @property {Float32Array} tone     0 to 1
 * @property {number[]} levels       of the contours
 * @property {number} strongest      length of the longest force
 * @property {Curve[]} curves
 * @property {Mark[]} marks
 * @property {number[] | null} box   lowest and highest u, lowest and highest v
 * @property {Float32Array} pairs    u, v, u, v ...
 * @property {Uint8Array | null} pairViolated
 * @property {Float32Array} [weightX]  of the columns
 * @property {Float32Array} [weightY]  of the rows
 */

/**
 * @param {Header} header
 * @param {Buffers} buffers
 * @returns {Field}
 */
export function fieldOf(header, buffers) {
  const [ny, nx] = header.shape;
  const { span } = header;
  const scale = scaleOf(buffers.value);
  let start = 0;
  const curves = header.curves.map(({ role, label, count }) => {
    const points = buffers.curves.subarray(2 * start, 2 * (start + count));
    start += count;
    return { role, label, places: unitsOf(points, span) };
  });
  const points = Float32Array.from(buffers.points, (whole) => (whole === NOT_FINITE ? NaN : whole * header.scale));
  return {
    header,
    nx,
    ny,
    value: buffers.value,
    forceX: buffers.force_x,
    forceY: buffers.force_y,
    violated: buffers.violated ?? null,
    tone: tonesOf(buffers.value, scale),
    levels: levelsOf(scale),
    strongest: longestOf(buffers.force_x, buffers.force_y),
    curves,
    marks: header.marks.map(({ x, y, ...mark }) => {
      const [u, v] = unitsOf([x, y], span);
      return { ...mark, u, v };
    }),
    box: header.box && unitBox(header.box, span),
    pairs: unitsOf(points, span),
    pairViolated: buffers.point_violated ?? null,
    weightX: buffers.weight_x,
    weightY: buffers.weight_y,
  };
}

/**
 * Return x, y, x, y ... as u, v, u, v ...
 * @param {ArrayLike<number>} points
 * @param {Span} span
 */
function unitsOf(points, [left, right, bottom, top]) {
  return Float32Array.from(points, (p, i) => (i % 2 ? (p - bottom) / (top - bottom) : (p - left) / (right - left)));
}

/**
 * @param {Span} box
 * @param {Span} span
 */
function unitBox([left, right, bottom, top], span) {
  const [u0, v0, u1, v1] = unitsOf([left, bottom, right, top], span);
  return [u0, u1, v0, v1];
}

/**
 * @param {Float32Array} forceX
 * @param {Float32Array} forceY
 */
function longestOf(forceX, forceY) {
  let most = 0; // squared, since Math.hypot takes longer than all else here
  for (let i = 0; i < forceX.length; i++) {
    const squared = forceX[i] * forceX[i] + forceY[i] * forceY[i];
    if (squared > most && Number.isFinite(squared)) most = squared;
  }
  return Math.sqrt(most);
}

/**
 * Return whether the nodes of two fields lie at the same places: only then can one field move to the other.
 * @param {Field} a
 * @param {Field} b
 */
export function sameGrid(a, b) {
  return a.nx === b.nx && a.ny === b.ny && String(a.header.span) === String(b.header.span);
}
