/** What is shown, in data attributes of the root element: for tests and assistive tools. */

import { dataOf } from "./grid.js";
import { setData } from "../_shared/_old/page.js";

/** Say what is shown now; an attribute is written only where it changes. */
export function report(root, view, morph, cross) {
  const { pairs, pairViolated } = morph.field;
  const state = {
    x: cross?.x,
    y: cross?.y,
    loss: cross?.loss,
    dx: cross?.dx,
    dy: cross?.dy,
    side: cross?.side,
    kept: Boolean(cross?.kept),
    zoom: view.zoom.toFixed(3),
    held: view.held,
    moving: morph.moving,
    points: pairs.length / 2,
    violated: pairViolated?.reduce((sum, one) => sum + one, 0) ?? 0,
  };
  setData(root, state);
}

/** Everything that lies over the field: lines in the plane's numbers, boxes in CSS pixels of the page. */
export function shapesOf(view, morph, labels, sheet) {
  const { field, shown } = morph;
  const { left, top, side } = view;
  const data = (places) => dataOf(places, field.header.span);
  const onPage = (x0, y0, x1, y1) => [sheet.x + x0, sheet.y + y0, sheet.x + x1, sheet.y + y1];
  return {
    curves: shown.curves.map(({ role, label, places }) => ({ role, label, points: data(places) })),
    marks: shown.marks.map(({ role, label, u, v }) => ({ role, label, point: data([u, v]) })),
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
