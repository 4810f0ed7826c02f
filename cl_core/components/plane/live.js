/** A field in which the numbers of a program take the place of Python's. */

/**
 * @import { Buffers, Header } from "./field.js"
 * @import { Numbers } from "../_shared/program_file.js"
 *
 * @typedef {{header: Header, buffers: Buffers}} Message
 */

/**
 * Return a message with the numbers of a program in the place of Python's.
 * @param {Message} message
 * @param {Record<string, Numbers>} numbers
 * @returns {Message}
 */
export function messageOf({ header, buffers }, numbers) {
  let start = 0;
  const points = buffers.curves.slice();
  const curves = header.curves.map((curve) => {
    points.set(numbers[curve.name] ?? [], 2 * start);
    start += curve.count;
    return { ...curve, label: numbers[curve.name] ? curve.moving : curve.label };
  });
  const marks = header.marks.map((mark) => {
    const [x, y] = numbers[mark.name] ?? [mark.x, mark.y];
    return { ...mark, x, y };
  });
  const box = /** @type {Header["box"]} */ (numbers.box ? Array.from(numbers.box) : header.box);
  return {
    header: { ...header, curves, marks, box },
    buffers: /** @type {Buffers} */ ({
      ...buffers,
      value: numbers.value,
      force_x: numbers.force_x,
      force_y: numbers.force_y,
      violated: numbers.violated ?? buffers.violated,
      weight_x: numbers.weight_x ?? buffers.weight_x,
      weight_y: numbers.weight_y ?? buffers.weight_y,
      point_violated: pairsViolated(header, buffers, numbers.violated),
      curves: points,
    }),
  };
}

/**
 * Return which pairs are violated, by the nearest node of the grid.
 * @param {Header} header
 * @param {Buffers} buffers
 * @param {Numbers | undefined} violated  by node
 */
function pairsViolated({ shape: [ny, nx], span, scale }, { points, point_violated: before }, violated) {
  if (!violated || !before) return before;
  const [left, right, bottom, top] = span;
  return before.map((_, pair) => {
    const column = Math.round(((points[2 * pair] * scale - left) / (right - left)) * (nx - 1));
    const row = Math.round(((points[2 * pair + 1] * scale - bottom) / (top - bottom)) * (ny - 1));
    return violated[Math.min(Math.max(row, 0), ny - 1) * nx + Math.min(Math.max(column, 0), nx - 1)];
  });
}
