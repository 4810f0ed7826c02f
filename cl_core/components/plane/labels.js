/** Places of labels on the picture: beside what they name, apart from each other, and never over the edge. */

import { overlap } from "../_shared/boxes.js";
import { lerp } from "../_shared/transition.js";

/** @import { Box } from "../_shared/boxes.js" */

/**
 * @typedef {"boundary" | "guide" | "neutral" | "weight" | "mark" | "box" | "contour"} LabelKind
 *
 * @typedef {object} Candidate  where the middle of a label could be
 * @property {number} x
 * @property {number} y
 * @property {number} [angle]
 * @property {number} [cost]
 * @property {[number, number]} [from]  where a leader to it begins
 *
 * @typedef {object} LabelRequest
 * @property {string} key  names the label from one picture to the next
 * @property {string} text
 * @property {LabelKind} kind  which type and colour it is written in
 * @property {boolean} required  whether a poor place is better than none
 * @property {number} w  size of its text
 * @property {number} h
 * @property {Candidate[]} places
 *
 * @typedef {object} LabelFields
 * @property {string} key
 * @property {string} text
 * @property {LabelKind} kind
 * @property {number} angle
 * @property {[number, number] | null} from  where a leader to it begins
 * @property {number} alpha
 *
 * @typedef {Box & LabelFields} Label  one that has its place, with the upright box around it
 *
 * @typedef {{x: number, y: number, weight: number}} Obstacle  a point that a label should not cover
 */

const LABEL_GAP = 3; // CSS pixels between a label and another one, or what it must not cover
const SIDE_GAP = 14; // CSS pixels between two labels side by side, which would else be read as one
const STABILITY = 0.02; // cost of a pixel away from where the label was before
const MISSING = 1000; // cost of a label without a place
const GOOD = 1.5; // mean cost up to which places are good
const MOST = 9; // cost above which a label is left out, if it may be

/**
 * Place labels one after the other, the most important first. Those that are required are tried in several orders, since
 * the first may stand where only another could.
 * @param {LabelRequest[]} requests
 * @param {Obstacle[]} obstacles
 * @param {(label: Box) => boolean} inside
 * @param {Map<string, Label>} before  where they were, by key
 * @param {Box[]} taken
 * @returns {Label[]}
 */
export function placeLabels(requests, obstacles, inside, before, taken) {
  /**
   * @param {LabelRequest[]} order
   * @param {Box[]} others
   */
  const inOrder = (order, others) => {
    /** @type {Label[]} */
    const placed = [];
    let cost = 0;
    for (const request of order) {
      const best = placeOne(request, obstacles, inside, before.get(request.key), [...others, ...placed.map(withSideGap)]);
      if (best) placed.push(best.label);
      cost += best?.cost ?? MISSING;
    }
    return { placed, cost };
  };
  const required = requests.filter((request) => request.required);
  let best = inOrder(required, taken);
  for (let k = 1; k < required.length && best.cost > GOOD * required.length; k++) {
    const other = inOrder([required[k], ...required.filter((request) => request !== required[k])], taken);
    if (other.cost < best.cost) best = other;
  }
  const rest = inOrder(
    requests.filter((request) => !request.required),
    [...taken, ...best.placed.map(withSideGap)],
  );
  return [...best.placed, ...rest.placed];
}

/**
 * Return the box that other labels keep off.
 * @param {Label} label
 * @returns {Box}
 */
function withSideGap({ x, y, w, h }) {
  return { x, y, w: w + 2 * (SIDE_GAP - LABEL_GAP), h };
}

/**
 * Return the place that costs least, if there is one.
 * @param {LabelRequest} request
 * @param {Obstacle[]} obstacles
 * @param {(label: Box) => boolean} inside
 * @param {Label | undefined} was
 * @param {Box[]} others
 */
function placeOne(request, obstacles, inside, was, others) {
  let best = null;
  let least = request.required ? Infinity : MOST;
  for (const place of request.places) {
    const label = labelAt(request, place);
    let cost = place.cost ?? 0;
    if (was) cost += Math.min(Math.hypot(was.x - label.x, was.y - label.y), 100) * STABILITY;
    if (cost >= least || !inside(label) || others.some((other) => overlap(label, other, LABEL_GAP))) continue;
    for (const { x, y, weight } of obstacles) {
      const covered = Math.abs(x - label.x) < label.w / 2 + LABEL_GAP && Math.abs(y - label.y) < label.h / 2 + LABEL_GAP;
      if (covered) cost += weight;
      if (cost >= least) break;
    }
    if (cost >= least) continue;
    best = { label, cost };
    least = cost;
  }
  return best;
}

/**
 * @param {LabelRequest} request
 * @param {Candidate} place
 * @returns {Label}
 */
function labelAt({ key, text, kind, w, h }, { x, y, angle = 0, from }) {
  const [sin, cos] = [Math.abs(Math.sin(angle)), Math.abs(Math.cos(angle))];
  return { key, text, kind, x, y, angle, from: from ?? null, w: w * cos + h * sin, h: w * sin + h * cos, alpha: 1 };
}

/**
 * Return candidates around a point, the best first; leaders go to those further away.
 * @param {number} x
 * @param {number} y
 * @param {number} w
 * @param {number} h
 * @param {number} gap
 * @returns {Candidate[]}
 */
export function placesAround(x, y, w, h, gap) {
  const right = w / 2 + gap;
  const low = h / 2 + gap;
  const slant = w / 2 + 2;
  const near = [
    [right, 0],
    [-right, 0],
    [slant, -low],
    [slant, low],
    [-slant, -low],
    [-slant, low],
    [0, -low],
    [0, low],
  ];
  const further = [-2.3, -1.2, 1.2, 2.3].flatMap((rows) => {
    const dy = Math.sign(rows) * low + rows * h;
    return [0, w / 2, -w / 2, w / 2 + 2 * gap, -w / 2 - 2 * gap].map((dx) => [dx, dy]);
  });
  return [
    ...near.map(([dx, dy], k) => ({ x: x + dx, y: y + dy, cost: k * 0.3 })),
    ...further.map(([dx, dy]) => {
      /** @type {[number, number]} */
      const from = [x, y];
      return { x: x + dx, y: y + dy, cost: 3 + Math.hypot(dx, dy) / 40, from };
    }),
  ];
}

/**
 * Interpolate two placements: labels of both move, the others fade out or in.
 * @param {Label[]} from
 * @param {Label[]} to
 * @param {number} share
 * @returns {Label[]}
 */
export function lerpLabels(from, to, share) {
  if (share >= 1) return to;
  const before = new Map(from.map((label) => [label.key, label]));
  const keys = new Set(to.map(({ key }) => key));
  return [
    ...from.filter(({ key }) => !keys.has(key)).map((label) => ({ ...label, alpha: label.alpha * (1 - share) })),
    ...to.map((label) => {
      const was = before.get(label.key);
      if (!was) return { ...label, alpha: share };
      return {
        ...label,
        x: lerp(was.x, label.x, share),
        y: lerp(was.y, label.y, share),
        angle: lerp(was.angle, label.angle, share),
        alpha: lerp(was.alpha, label.alpha, share),
      };
    }),
  ];
}
