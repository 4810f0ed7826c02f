/** What is shown, in data attributes of the root element: for tests and assistive technology. */

import { dataOf } from "./grid.js";
import { markSize } from "./marks.js";

/**
 * @import { Shown } from "./blend.js"
 * @import { Field } from "./field.js"
 * @import { Label } from "./labels.js"
 * @import { Cross } from "./marks.js"
 * @import { View } from "./view.js"
 */

/**
 * Return the data attributes.
 * @param {Field} field
 * @param {View} view
 * @param {Cross | null} cross
 * @param {boolean} moving
 */
export function stateOf({ pairs, pairViolated }, view, cross, moving) {
  return {
    x: cross?.x,
    y: cross?.y,
    loss: cross?.loss,
    dx: cross?.dx,
    dy: cross?.dy,
    side: cross?.side,
    kept: Boolean(cross?.kept),
    zoom: view.zoom.toFixed(3),
    held: view.held,
    moving,
    points: pairs.length / 2,
    violated: pairViolated?.reduce((sum, each) => sum + each, 0) ?? 0,
  };
}

/**
 * Describe everything over the field: lines in the plane's coordinates, boxes in CSS pixels of the window.
 * @param {Field} field
 * @param {Shown} shown
 * @param {View} view
 * @param {Label[]} labels
 * @param {DOMRect} sheet
 */
export function shapesOf(field, shown, view, labels, sheet) {
  const { left, top, side } = view;
  /** @param {ArrayLike<number>} places */
  const data = (places) => dataOf(places, field.header.span);
  /**
   * @param {number} x0
   * @param {number} y0
   * @param {number} x1
   * @param {number} y1
   */
  const onPage = (x0, y0, x1, y1) => [sheet.x + x0, sheet.y + y0, sheet.x + x1, sheet.y + y1];
  return {
    curves: shown.curves.map(({ role, label, places }) => ({ role, label, points: data(places) })),
    marks: shown.marks.map(({ role, label, u, v }) => {
      const [x, y, half] = [view.toX(u), view.toY(v), markSize(role) / 2];
      return { role, label, point: data([u, v]), box: onPage(x - half, y - half, x + half, y + half) };
    }),
    box: shown.box && data([shown.box[0], shown.box[2], shown.box[1], shown.box[3]]),
    levels: field.levels,
    labels: labels.map(({ key, text, x, y, w, h }) => ({
      key,
      text,
      box: onPage(x - w / 2, y - h / 2, x + w / 2, y + h / 2),
    })),
    frame: onPage(left, top, left + side, top + side),
    view: data([...view.placeAt(left, top + side), ...view.placeAt(left + side, top)]),
    value: Array.from(shown.value),
  };
}
