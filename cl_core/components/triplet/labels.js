/** Places of labels: each gets the best of its candidates, by what it would cover there. */

import { sharedArea } from "../_shared/boxes.js";

/**
 * @import { Box } from "../_shared/boxes.js"
 *
 * @typedef {object} LabelRequest
 * @property {string} key
 * @property {Box[][]} places  candidates, the best first; each is what the label would fill there
 * @property {boolean} [required]  whether it is written even where it covers something
 */

const OUTSIDE = 4; // cost of a pixel outside the picture, in pixels that cover something
const NEXT = 6; // pixels that a candidate must cover less than the one before it to be preferred
const STABILITY = 60; // pixels that staying in the same place is worth

export class LabelPlacer {
  /** @type {Map<string, number>} index of each label's candidate */
  #chosen = new Map();

  /**
   * Choose a candidate for each label, clear of the labels before it. One that would cover something gets none.
   * @param {LabelRequest[]} requests  the most important first
   * @param {Box[]} taken
   * @param {{width: number, height: number}} room
   * @returns {Map<string, number>} index of the candidate, by key
   */
  place(requests, taken, room) {
    const filled = [...taken];
    /** @type {Map<string, number>} */
    const found = new Map();
    for (const { key, places, required } of requests) {
      const options = places.map((boxes, i) => {
        const covers = boxes.reduce((sum, box) => sum + coveredArea(box, filled, room), 0);
        return { i, boxes, covers, cost: covers + NEXT * i - (this.#chosen.get(key) === i ? STABILITY : 0) };
      });
      const free = required ? options : options.filter(({ covers }) => covers < 1);
      if (!free.length) continue;
      const best = free.reduce((a, b) => (b.cost < a.cost ? b : a));
      filled.push(...best.boxes);
      found.set(key, best.i);
    }
    this.#chosen = found;
    return found;
  }
}

/**
 * @param {Box} box
 * @param {Box[]} filled
 * @param {{width: number, height: number}} room
 */
function coveredArea(box, filled, { width, height }) {
  const inside = sharedArea(box, { x: width / 2, y: height / 2, w: width, h: height });
  const outside = box.w * box.h - inside;
  return filled.reduce((sum, other) => sum + sharedArea(box, other), 0) + OUTSIDE * outside;
}

/**
 * Return candidates around a point: at its sides, above and below, then at its corners.
 * @param {[number, number]} point
 * @param {number} w
 * @param {number} h
 * @param {number} distance
 * @returns {Box[][]}
 */
export function placesAround([x, y], w, h, distance) {
  const [aside, above] = [distance + w / 2, distance + h / 2 - 2];
  const near = 0.75 * distance;
  const places = [
    [x + aside, y],
    [x - aside, y],
    [x, y - above],
    [x, y + above],
    [x + w / 2 + near - 4, y - h / 2 - near + 6],
    [x - w / 2 - near + 4, y - h / 2 - near + 6],
    [x + w / 2 + near - 4, y + h / 2 + near - 6],
    [x - w / 2 - near + 4, y + h / 2 + near - 6],
  ];
  return places.map(([px, py]) => [{ x: px, y: py, w, h }]);
}

/**
 * Cover a line with small boxes.
 * @param {[number, number]} from
 * @param {[number, number]} to
 * @param {number} [size]
 * @returns {Box[]}
 */
export function boxesAlong([x0, y0], [x1, y1], size = 8) {
  const steps = Math.ceil(Math.hypot(x1 - x0, y1 - y0) / size);
  return Array.from({ length: steps + 1 }, (_, k) => {
    const share = steps ? k / steps : 0;
    return { x: x0 + (x1 - x0) * share, y: y0 + (y1 - y0) * share, w: size, h: size };
  });
}
