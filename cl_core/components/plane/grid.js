/** The nodes of a field's grid: every number that is shown was computed at one of them. */

import { negated } from "../_shared/format.js";

/** @import { Field, Span } from "./field.js" */

/**
 * @typedef {object} Node
 * @property {number} i  index, row by row from the lowest
 * @property {number} column
 * @property {number} row
 * @property {number} u
 * @property {number} v
 * @property {number} x  in the plane's own coordinates
 * @property {number} y
 *
 * @typedef {object} Numbers  what is known of a node
 * @property {number} loss
 * @property {number} dx  derivative of the loss by x
 * @property {number} dy
 * @property {"violated" | "satisfied" | ""} side
 * @property {number} [weightX]  weight of the pair of x, of a loss with weights
 * @property {number} [weightY]
 *
 * @typedef {Node & Numbers} Reading
 */

/**
 * Return the node nearest to a point; null if that is beside the plane.
 * @param {Field} field
 * @param {{x: number, y: number} | null} point
 * @returns {Node | null}
 */
export function nodeAt(field, point) {
  if (!point) return null;
  const [left, right, bottom, top] = field.header.span;
  const column = Math.round(((point.x - left) / (right - left)) * (field.nx - 1));
  const row = Math.round(((point.y - bottom) / (top - bottom)) * (field.ny - 1));
  return column >= 0 && row >= 0 && column < field.nx && row < field.ny ? nodeOf(field, column, row) : null;
}

/**
 * Return the node of a column and a row, or the nearest one to them.
 * @param {Field} field
 * @param {number} wantedColumn
 * @param {number} wantedRow
 * @returns {Node}
 */
export function nodeOf(field, wantedColumn, wantedRow) {
  const { nx, ny, header } = field;
  const column = Math.min(Math.max(wantedColumn, 0), nx - 1);
  const row = Math.min(Math.max(wantedRow, 0), ny - 1);
  const [u, v] = [column / (nx - 1), row / (ny - 1)];
  // 12 digits, so that a node at -0.2 is written like that
  const [x, y] = dataOf([u, v], header.span).map((number) => Number(number.toPrecision(12)));
  return { i: row * nx + column, column, row, u, v, x, y };
}

/**
 * Return the node nearest to (u, v).
 * @param {Field} field
 * @param {number} u
 * @param {number} v
 */
export function nodeNear(field, u, v) {
  return nodeOf(field, Math.round(u * (field.nx - 1)), Math.round(v * (field.ny - 1)));
}

/**
 * Return all that is known of a node.
 * @param {Field} field
 * @param {Node} node
 * @returns {Reading}
 */
export function readingOf(field, node) {
  const { i } = node;
  return {
    ...node,
    loss: field.value[i],
    dx: negated(field.forceX[i]),
    dy: negated(field.forceY[i]),
    side: field.violated ? (field.violated[i] ? "violated" : "satisfied") : "",
    weightX: field.weightX?.[node.column],
    weightY: field.weightY?.[node.row],
  };
}

/**
 * Return u, v, u, v ... in the plane's own coordinates.
 * @param {ArrayLike<number>} places
 * @param {Span} span
 */
export function dataOf(places, [left, right, bottom, top]) {
  return Array.from(places, (p, i) => (i % 2 ? bottom + p * (top - bottom) : left + p * (right - left)));
}
