/** A loss over the plane as it arrived, and what is worked out from it once. */

import { NOWHERE, openEnvelope } from "../_shared/_old/envelope.js";
import { levelsOf, scaleOf, tonesOf } from "./levels.js";

/**
 * @typedef {object} Line
 * @property {string} role
 * @property {string} label
 * @property {Float32Array} places  u, v, u, v ...; NaN breaks the line
 *
 * @typedef {object} Place
 * @property {string} role
 * @property {string} label
 * @property {number} u
 * @property {number} v
 *
 * @typedef {object} Field
 * @property {any} header
 * @property {number} nx
 * @property {number} ny
 * @property {Float32Array} value    (ny * nx), row 0 has the lowest y
 * @property {Float32Array} forceX
 * @property {Float32Array} forceY
 * @property {Uint8Array | null} violated
 * @property {Float32Array} tone     0 to 1
 * @property {number[]} levels       of the contours
 * @property {number} strongest      length of the longest force
 * @property {Line[]} curves
 * @property {Place[]} marks
 * @property {number[] | null} box   lowest and highest u, lowest and highest v
 * @property {Float32Array} pairs    u, v, u, v ...
 * @property {Uint8Array | null} pairViolated
 */

/**
 * @param {Uint8Array} message
 * @returns {Field}
 */
export function readField(message) {
  const { header, buffers } = openEnvelope(message);
  const [ny, nx] = header.shape;
  const scale = scaleOf(buffers.value);
  let start = 0;
  const curves = header.curves.map(({ role, label, count }) => {
    const points = buffers.curves.subarray(2 * start, 2 * (start + count));
    start += count;
    return { role, label, places: units(points, header.span) };
  });
  const points = Float32Array.from(buffers.points, (whole) => (whole === NOWHERE ? NaN : whole * header.scale));
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
      const [u, v] = units([x, y], header.span);
      return { ...mark, u, v };
    }),
    box: header.box && unitBox(header.box, header.span),
    pairs: units(points, header.span),
    pairViolated: buffers.point_violated ?? null,
  };
}

/** Data coordinates x, y, x, y ... as shares of the plane's extent. */
function units(points, [left, right, bottom, top]) {
  return Float32Array.from(points, (p, i) => (i % 2 ? (p - bottom) / (top - bottom) : (p - left) / (right - left)));
}

function unitBox([left, right, bottom, top], span) {
  const [u0, v0, u1, v1] = units([left, bottom, right, top], span);
  return [u0, u1, v0, v1];
}

function longestOf(forceX, forceY) {
  let most = 0;
  for (let i = 0; i < forceX.length; i++) {
    const length = Math.hypot(forceX[i], forceY[i]);
    if (length > most && Number.isFinite(length)) most = length;
  }
  return most;
}

/** Whether the same nodes carry the same numbers' places: only then can one field become the other. */
export function sameGrid(a, b) {
  return a.nx === b.nx && a.ny === b.ny && String(a.header.span) === String(b.header.span);
}
