/** The labels that the picture needs, and the places that each could have. */

import { withMinus } from "../_shared/format.js";
import { placeLabels, placesAround } from "./labels.js";
import { markSize } from "./marks.js";

/**
 * @import { Shown } from "./blend.js"
 * @import { Candidate, Label, LabelKind, LabelRequest, Obstacle } from "./labels.js"
 * @import { View } from "./view.js"
 * @import { Box } from "../_shared/boxes.js"
 */

const BESIDE = 7; // CSS pixels between a line and its name
const STRIDE = 17; // CSS pixels along a line between two candidates
const SAMPLE = 6; // CSS pixels along a line between two obstacles
const CLEAR = 4; // CSS pixels between a mark and its name
const AMBIGUOUS = 5; // cost of a place where the name seems to belong to another mark
const MOST_PAIRS = 300; // pairs that are obstacles, at most
const SHORT = 70; // CSS pixels of a contour below which it has no number
const WEIGHTS = { boundary: 4, guide: 0.8, neutral: 0.5, weight: 0.5 }; // of a line as an obstacle

/** @type {Record<LabelKind, {size: number, weight: number}>} type of the labels, in the usual size */
export const TYPES = {
  boundary: { size: 16, weight: 700 },
  guide: { size: 14, weight: 600 },
  neutral: { size: 14, weight: 600 },
  weight: { size: 14, weight: 600 },
  mark: { size: 15, weight: 650 },
  box: { size: 14, weight: 600 },
  contour: { size: 13, weight: 500 },
};

/** @type {LabelKind[]} */
const PRIORITY = ["mark", "boundary", "guide", "box", "neutral", "weight", "contour"];
const REQUIRED = PRIORITY.slice(0, 3);

/**
 * @typedef {[number, number]} Pixel  CSS pixels on the canvas
 * @typedef {{x: number, y: number, dx: number, dy: number}} Spot  a point of a line, with the line's direction
 * @typedef {Pick<LabelRequest, "text" | "kind" | "required" | "w" | "h">} SizedText
 * @typedef {(text: string, kind: LabelKind) => SizedText} Size
 */

/**
 * Place the labels of a picture.
 * @param {Shown} shown
 * @param {string} boxLabel
 * @param {{level: number, lines: Float32Array[]}[]} contours
 * @param {View} view
 * @param {(text: string, kind: LabelKind) => number} widthOf
 * @param {Map<string, Label>} before
 */
export function labelPicture(shown, boxLabel, contours, view, widthOf, before) {
  const lines = shown.curves.map((curve) => ({ ...curve, runs: onScreen(curve.places, view) }));
  /** @type {Obstacle[]} */
  const obstacles = lines.flatMap(({ role, runs }) =>
    runs.flatMap((run) => spotsAlong(run, SAMPLE, view).map(({ x, y }) => ({ x, y, weight: WEIGHTS[role] }))),
  );
  const every = Math.ceil(shown.pairs.length / 2 / MOST_PAIRS);
  for (let i = 0; i < shown.pairs.length; i += 2 * every) {
    obstacles.push({ x: view.toX(shown.pairs[i]), y: view.toY(shown.pairs[i + 1]), weight: 0.35 });
  }
  /** @type {Size} */
  const sized = (text, kind) => {
    const [w, h] = [widthOf(text, kind) + 6, TYPES[kind].size * view.scale * 1.2];
    return { text, kind, required: REQUIRED.includes(kind), w, h };
  };
  /** @type {LabelRequest[]} */
  const requests = [];
  /** @type {Box[]} */
  const marks = [];
  shown.marks.forEach((mark, i) => {
    const [x, y] = [view.toX(mark.u), view.toY(mark.v)];
    if (!view.contains(x, y, 1)) return;
    const covered = markSize(mark.role);
    marks.push({ x, y, w: covered, h: covered });
    if (!mark.label) return;
    const size = sized(mark.label, "mark");
    /** @type {Pixel[]} */
    const others = shown.marks.filter((other) => other !== mark).map(({ u, v }) => [view.toX(u), view.toY(v)]);
    const places = placesAround(x, y, size.w, size.h, covered / 2 + CLEAR);
    requests.push({ key: `mark ${i}`, ...size, places: places.map((place) => unambiguous(place, size, [x, y], others)) });
  });
  lines.forEach(({ role, label, runs }, i) => {
    if (!label) return;
    const size = sized(label, role);
    const places = runs.flatMap((run) => spotsAlong(run, STRIDE, view).flatMap((spot) => placesBeside(spot, size)));
    requests.push({ key: `curve ${i}`, ...size, places });
  });
  if (shown.box && boxLabel) requests.push(boxRequest(shown.box, sized(boxLabel, "box"), view));
  requests.sort((a, b) => PRIORITY.indexOf(a.kind) - PRIORITY.indexOf(b.kind));
  requests.push(...contours.flatMap(({ level, lines: parts }) => levelRequests(level, parts, view, sized)));
  /** @param {Box} box */
  const inside = ({ x, y, w, h }) =>
    view.contains(x - w / 2 - 2, y - h / 2 - 2) && view.contains(x + w / 2 + 2, y + h / 2 + 2);
  return placeLabels(requests, obstacles, inside, before, marks);
}

/**
 * Return a place for the name of a mark, at a higher cost if the name could belong to another mark.
 * @param {Candidate} place
 * @param {SizedText} size
 * @param {Pixel} mark
 * @param {Pixel[]} others
 * @returns {Candidate}
 */
function unambiguous(place, { w, h }, mark, others) {
  /** @param {Pixel} point */
  const distance = ([x, y]) => {
    const [dx, dy] = [Math.abs(x - place.x) - w / 2, Math.abs(y - place.y) - h / 2];
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0));
  };
  const own = distance(mark);
  if (!others.some((other) => distance(other) < own + 4)) return place;
  return { ...place, cost: (place.cost ?? 0) + (place.from ? AMBIGUOUS / 2 : AMBIGUOUS) };
}

/**
 * Return a line as unbroken runs of points on the screen.
 * @param {Float32Array} places
 * @param {{toX: (u: number) => number, toY: (v: number) => number}} view
 * @returns {Pixel[][]}
 */
export function onScreen(places, view) {
  /** @type {Pixel[][]} */
  const runs = [];
  /** @type {Pixel[]} */
  let run = [];
  for (let i = 0; i < places.length; i += 2) {
    const [x, y] = [view.toX(places[i]), view.toY(places[i + 1])];
    if (Number.isFinite(x + y)) {
      run.push([x, y]);
    } else if (run.length) {
      runs.push(run);
      run = [];
    }
  }
  if (run.length) runs.push(run);
  return runs;
}

/**
 * Return points at equal distances along a run, as far as they are seen.
 * @param {Pixel[]} run
 * @param {number} stride
 * @param {{contains: (x: number, y: number) => boolean}} view
 * @returns {Spot[]}
 */
export function spotsAlong(run, stride, view) {
  /** @type {Spot[]} */
  const spots = [];
  let next = stride / 2; // distance from the start of a segment to the next point
  for (let i = 1; i < run.length; i++) {
    const [x0, y0] = run[i - 1];
    const [dx, dy] = [run[i][0] - x0, run[i][1] - y0];
    const length = Math.hypot(dx, dy);
    if (length > 4000) continue;
    for (; next < length; next += stride) {
      const [x, y] = [x0 + (dx * next) / length, y0 + (dy * next) / length];
      if (view.contains(x, y)) spots.push({ x, y, dx: dx / length, dy: dy / length });
    }
    next -= length;
  }
  return spots;
}

/**
 * Return candidates for a horizontal text on either side of a line.
 * @param {Spot} spot
 * @param {SizedText} size
 * @returns {Candidate[]}
 */
function placesBeside({ x, y, dx, dy }, { w, h }) {
  const distance = (Math.abs(dy) * w) / 2 + (Math.abs(dx) * h) / 2 + BESIDE;
  return [
    { x: x - dy * distance, y: y + dx * distance },
    { x: x + dy * distance, y: y - dx * distance },
  ];
}

/**
 * Return a request for the name of the box: in one of its corners, or along one of its edges outside.
 * @param {number[]} box
 * @param {SizedText} size
 * @param {View} view
 * @returns {LabelRequest}
 */
function boxRequest(box, size, view) {
  const [left, right] = [view.toX(box[0]), view.toX(box[1])];
  const [bottom, top] = [view.toY(box[2]), view.toY(box[3])];
  const columns = [left + size.w / 2 + 4, right - size.w / 2 - 4, (left + right) / 2];
  const rows = [top + size.h / 2, bottom - size.h / 2, (top + bottom) / 2, bottom + size.h / 2 + 4];
  const beyond = [right + size.w / 2 + 6, left - size.w / 2 - 6];
  const places = [
    ...columns.flatMap((x) => [top + size.h / 2 + 4, bottom - size.h / 2 - 4].map((y) => ({ x, y, cost: 0 }))),
    ...columns.flatMap((x) => [bottom + size.h / 2 + 4, top - size.h / 2 - 4].map((y) => ({ x, y, cost: 0.4 }))),
    ...beyond.flatMap((x) => rows.map((y) => ({ x, y, cost: 0.6 }))),
  ];
  const fits = right - left > size.w + 8 && bottom - top > size.h + 8;
  return { key: "box", ...size, places: fits ? places : places.slice(6) };
}

/**
 * Return requests for the number of a contour, one for each of its two longest parts, along the line.
 * @param {number} level
 * @param {Float32Array[]} parts
 * @param {View} view
 * @param {Size} sized
 * @returns {LabelRequest[]}
 */
function levelRequests(level, parts, view, sized) {
  const text = levelText(level);
  const size = sized(text, "contour");
  return parts
    .map((places) => spotsAlong(onScreen(places, view)[0] ?? [], STRIDE, view))
    .filter((spots) => spots.length * STRIDE > SHORT)
    .sort((a, b) => b.length - a.length)
    .slice(0, 2)
    .map((spots, i) => ({ key: `level ${text} ${i}`, ...size, places: placesOn(spots) }));
}

/**
 * Return candidates on a line: the best about a third of the way along it, where it is straight.
 * @param {Spot[]} spots
 * @returns {Candidate[]}
 */
function placesOn(spots) {
  return spots.slice(1, -1).map(({ x, y, dx, dy }, i) => {
    const upright = dx < 0 || (dx === 0 && dy > 0) ? -1 : 1; // never upside down
    /** @param {Spot} other */
    const turn = (other) => 1 - Math.abs(dx * other.dx + dy * other.dy);
    const bend = turn(spots[i]) + turn(spots[i + 2]);
    return { x, y, angle: Math.atan2(dy * upright, dx * upright), cost: bend * 20 + Math.abs(i / spots.length - 0.35) };
  });
}

/**
 * Write a level as on its line.
 * @param {number} level
 */
export function levelText(level) {
  const size = Math.abs(level);
  if (size >= 1e5 || (size > 0 && size < 1e-3)) return withMinus(level.toExponential().replace("e+", "e"));
  return withMinus(String(level));
}
