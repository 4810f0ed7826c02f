/** What is drawn where, in CSS pixels of the window: for tests. */

/**
 * @import { Bonds } from "./bonds.js"
 * @import { Matrix } from "./matrix.js"
 * @import { Scene } from "./scene.js"
 */

/**
 * @param {Bonds} bonds
 * @param {Float32Array} points  (nodes * 2) as they are shown
 * @param {Scene} scene
 * @param {Matrix} matrix
 */
export function descriptionOf(bonds, points, scene, matrix) {
  const [plane, sheet] = [scene.canvas.getBoundingClientRect(), matrix.canvas.getBoundingClientRect()];
  /** @param {[number, number, number, number]} rect */
  const onSheet = ([x, y, w, h]) => [x + sheet.x, y + sheet.y, w, h];
  return {
    nodes: Array.from({ length: bonds.nodes }, (_, i) => ({
      index: i,
      label: bonds.labelOf(i),
      data: Array.from(points.slice(2 * i, 2 * i + 2)),
      screen: [scene.x[i] + plane.x, scene.y[i] + plane.y],
      arrow: [scene.arrows[i].x, scene.arrows[i].y],
      capped: scene.arrows[i].capped,
    })),
    size: scene.size,
    scale: scene.scale,
    plane: [plane.x, plane.y, plane.width, plane.height],
    matrix: onSheet(matrix.area),
    cell: [matrix.cellWidth, matrix.cellHeight],
    rows: bonds.rowOrder,
    columns: bonds.columnOrder,
    labels: [
      ...matrix.labels.map(({ text, where, rect }) => ({ text, where, rect: onSheet(rect) })),
      ...scene.names.map(({ name, x, y, w, h }) => {
        return { text: name, where: "plane", rect: [x - w / 2 + plane.x, y - h / 2 + plane.y, w, h] };
      }),
    ],
  };
}
