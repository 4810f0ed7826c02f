/** The nodes of a field's grid: every number that is shown was computed at one of them. */

/**
 * @typedef {object} Node
 * @property {number} i  its number, row by row from the lowest
 * @property {number} column
 * @property {number} row
 * @property {number} u
 * @property {number} v
 * @property {number} x  in the plane's own numbers
 * @property {number} y
 */

/**
 * The node nearest to a place {x, y}; null if that is beside the plane.
 * @returns {Node | null}
 */
export function nodeAt(field, place) {
  if (!place) return null;
  const [left, right, bottom, top] = field.header.span;
  const column = Math.round(((place.x - left) / (right - left)) * (field.nx - 1));
  const row = Math.round(((place.y - bottom) / (top - bottom)) * (field.ny - 1));
  return column >= 0 && row >= 0 && column < field.nx && row < field.ny ? nodeOf(field, column, row) : null;
}

/**
 * The node of a column and a row, or the nearest one to them that there is.
 * @returns {Node}
 */
export function nodeOf(field, wantedColumn, wantedRow) {
  const { nx, ny, header } = field;
  const column = Math.min(Math.max(wantedColumn, 0), nx - 1);
  const row = Math.min(Math.max(wantedRow, 0), ny - 1);
  const [u, v] = [column / (nx - 1), row / (ny - 1)];
  // 12 digits, so that a node at -0.2 is called that
  const [x, y] = dataOf([u, v], header.span).map((number) => Number(number.toPrecision(12)));
  return { i: row * nx + column, column, row, u, v, x, y };
}

/** The node nearest to (u, v). */
export function nodeNear(field, u, v) {
  return nodeOf(field, Math.round(u * (field.nx - 1)), Math.round(v * (field.ny - 1)));
}

/** All that is known of a node. */
export function readingOf(field, node) {
  const { i } = node;
  return {
    ...node,
    loss: field.value[i],
    dx: minus(field.forceX[i]),
    dy: minus(field.forceY[i]),
    side: field.violated ? (field.violated[i] ? "violated" : "satisfied") : "",
  };
}

/** Shares u, v, u, v ... of the plane's extent in the plane's own numbers. */
export function dataOf(places, [left, right, bottom, top]) {
  return Array.from(places, (p, i) => (i % 2 ? bottom + p * (top - bottom) : left + p * (right - left)));
}

/** The opposite, where nothing is not a negative nothing. */
function minus(number) {
  return number === 0 ? 0 : -number;
}
