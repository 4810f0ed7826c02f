/** The distances of all images to the anchor on one line, with the kinds as bands. */

import { find, setText } from "../_shared/dom.js";
import { KINDS } from "./order.js";

/**
 * @import { Order } from "./order.js"
 * @import { View } from "./view.js"
 */

const HEADROOM = 1.03; // of the largest distance

/**
 * Return the ends of the bands, in steps of the grid: 0, the positive, where easy begins, the line's end.
 * @param {View} view
 * @param {number} positive
 * @param {Order} order
 */
export function bandEdges({ anchor, positives, negatives }, positive, order) {
  const near = order.between(anchor, positive);
  const far = order.edge(anchor, positive);
  const all = [...positives, ...negatives].map((i) => order.between(anchor, i));
  return [0, near, far, HEADROOM * Math.max(far, ...all) || 1]; // all may be one point
}

/**
 * @param {HTMLElement} root  the ruler
 * @param {View} view
 * @param {number} positive
 * @param {Order} order
 * @param {string[]} labels  of the positive's edge and of the margin's
 */
export function drawRuler(root, view, positive, order, labels) {
  const { anchor, positives, negatives, picked } = view;
  const edges = bandEdges(view, positive, order);
  /** @param {number} steps */
  const percent = (steps) => `${(100 * steps) / edges[3]}%`;
  for (const [k, kind] of KINDS.entries()) {
    const band = find(root, `[data-kind="${kind}"]`);
    band.style.left = percent(edges[k]);
    band.style.width = percent(edges[k + 1] - edges[k]);
  }
  /**
   * @param {string} name
   * @param {number} i
   */
  const mark = (name, i) => createMark(name, percent(order.between(anchor, i)));
  find(root, ".marks").replaceChildren(
    ...negatives.map((n) => mark(picked.has(n) ? "tick picked" : "tick", n)),
    ...positives.map((p) => mark(p === positive ? "dot chosen" : "dot", p)),
  );
  for (const [k, which] of ["near", "far"].entries()) {
    const label = find(root, `.${which}`);
    label.style.setProperty("--at", percent(edges[k + 1]));
    setText(label, labels[k]);
  }
}

/**
 * @param {string} name
 * @param {string} left
 */
function createMark(name, left) {
  const element = document.createElement("i");
  element.className = name;
  element.style.left = left;
  return element;
}
