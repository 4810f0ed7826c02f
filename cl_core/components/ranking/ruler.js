/** The distances of everybody to the anchor on one line, with the kinds as stretches of it. */

import { setText } from "../_shared/_old/page.js";
import { KINDS } from "./order.js";

const ROOM = 1.03; // of the largest distance

/**
 * @param {HTMLElement} root  the ruler
 * @param {import("./look.js").Look} look  with a positive
 * @param {import("./order.js").Order} order
 * @param {[string, string]} names  of the positive's end and of the margin's
 */
export function drawRuler(root, look, order, names) {
  const { anchor, positive, positives, negatives, picked } = look;
  const near = order.between(anchor, positive);
  const far = near + order.margin;
  const all = [...positives, ...negatives].map((i) => order.between(anchor, i));
  const end = ROOM * Math.max(far, ...all) || 1; // all may be one point
  const percent = (steps) => `${(100 * steps) / end}%`;
  const edges = [0, near, far, end];
  for (const [k, kind] of KINDS.entries()) {
    const band = root.querySelector(`[data-kind="${kind}"]`);
    band.style.left = percent(edges[k]);
    band.style.width = percent(edges[k + 1] - edges[k]);
  }
  const ticks = negatives.map((n) => mark(picked.has(n) ? "tick picked" : "tick", percent(order.between(anchor, n))));
  const dots = positives.map((p) => mark(p === positive ? "dot chosen" : "dot", percent(order.between(anchor, p))));
  root.querySelector(".marks").replaceChildren(...ticks, ...dots);
  for (const [k, which] of ["near", "far"].entries()) {
    const label = root.querySelector(`.${which}`);
    label.style.setProperty("--at", percent(edges[k + 1]));
    setText(label, names[k]);
  }
}

function mark(name, left) {
  const element = document.createElement("i");
  element.className = name;
  element.style.left = left;
  return element;
}
