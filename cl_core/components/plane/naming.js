/** Which words the picture wants, and the places they could have. */

import { around, placeLabels } from "./labels.js";

const BESIDE = 7; // CSS pixels between a line and its name
const STRIDE = 17; // along a line, between two places for a name
const SAMPLE = 6; // along a line, between two obstacles
const MISTAKEN = 5; // what it costs to stand where a name seems to belong to another mark
const CROWDED = 300; // pairs at most are looked at when a place is judged
const SHORT = 70; // a contour shorter than this goes without a number
const WEIGHTS = { boundary: 4, guide: 0.8, neutral: 0.5 };

/** What labels are written in. */
export const TYPES = {
  boundary: { size: 16, weight: 700 },
  guide: { size: 14, weight: 600 },
  neutral: { size: 14, weight: 600 },
  mark: { size: 15, weight: 650 },
  box: { size: 14, weight: 600 },
  contour: { size: 13, weight: 500 },
};

/**
 * @param {import("./morph.js").Shown} shown
 * @param {import("./field.js").Field} field
 * @param {Array<{level: number, lines: Float32Array[]}>} contours
 * @param {import("./view.js").View} view
 * @param {(text: string, kind: string) => number} widthOf
 * @param {Map<string, import("./labels.js").Label>} before
 */
export function nameThings(shown, field, contours, view, widthOf, before) {
  const lines = shown.curves.map((curve) => ({ ...curve, runs: onScreen(curve.places, view) }));
  const obstacles = lines.flatMap(({ role, runs }) =>
    runs.flatMap((run) => along(run, SAMPLE, view).map(({ x, y }) => ({ x, y, weight: WEIGHTS[role] }))),
  );
  const some = Math.ceil(shown.pairs.length / 2 / CROWDED);
  for (let i = 0; i < shown.pairs.length; i += 2 * some) {
    obstacles.push({ x: view.across(shown.pairs[i]), y: view.up(shown.pairs[i + 1]), weight: 0.35 });
  }
  const sized = (text, kind) => {
    const [w, h] = [widthOf(text, kind) + 6, TYPES[kind].size * view.scale * 1.2];
    return { text, kind, must: MUST.includes(kind), w, h };
  };
  const wishes = [];
  const marks = [];
  shown.marks.forEach((mark, i) => {
    const [x, y] = [view.across(mark.u), view.up(mark.v)];
    if (!view.holds(x, y, 1)) return;
    marks.push({ x, y, w: 14, h: 14 });
    if (!mark.label) return;
    const size = sized(mark.label, "mark");
    const others = shown.marks.filter((other) => other !== mark).map(({ u, v }) => [view.across(u), view.up(v)]);
    const places = around(x, y, size.w, size.h, 10).map((place) => ownPlace(place, size, [x, y], others));
    wishes.push({ key: `mark ${i}`, ...size, places });
  });
  lines.forEach(({ role, label, runs }, i) => {
    if (!label) return;
    const size = sized(label, role);
    const places = runs.flatMap((run) => along(run, STRIDE, view).flatMap((spot) => beside(spot, size)));
    wishes.push({ key: `curve ${i}`, ...size, places });
  });
  if (shown.box && field.header.box_label) wishes.push(boxWish(shown.box, sized(field.header.box_label, "box"), view));
  wishes.sort((a, b) => RANKS.indexOf(a.kind) - RANKS.indexOf(b.kind));
  wishes.push(...contours.flatMap(({ level, lines: parts }) => levelWishes(level, parts, view, sized)));
  const inside = ({ x, y, w, h }) => view.holds(x - w / 2 - 2, y - h / 2 - 2) && view.holds(x + w / 2 + 2, y + h / 2 + 2);
  return placeLabels(wishes, obstacles, inside, before, marks);
}

const RANKS = ["mark", "boundary", "guide", "box", "neutral", "contour"];
const MUST = RANKS.slice(0, 3);

/** A place for the name of a mark, dearer if one could take it for the name of another. */
function ownPlace(place, { w, h }, mark, others) {
  const far = ([x, y]) => {
    const [dx, dy] = [Math.abs(x - place.x) - w / 2, Math.abs(y - place.y) - h / 2];
    return Math.hypot(Math.max(dx, 0), Math.max(dy, 0));
  };
  const own = far(mark);
  const mistaken = others.some((other) => far(other) < own + 4);
  return mistaken ? { ...place, cost: place.cost + (place.from ? MISTAKEN / 2 : MISTAKEN) } : place;
}

/** A line as unbroken runs of points on the screen. */
export function onScreen(places, view) {
  const runs = [];
  let run = [];
  for (let i = 0; i < places.length; i += 2) {
    const [x, y] = [view.across(places[i]), view.up(places[i + 1])];
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

/** Points at equal distances along a run, with the line's direction, as far as they are seen. */
function along(run, stride, view) {
  const spots = [];
  let left = stride / 2;
  for (let i = 1; i < run.length; i++) {
    const [x0, y0] = run[i - 1];
    const [dx, dy] = [run[i][0] - x0, run[i][1] - y0];
    const far = Math.hypot(dx, dy);
    if (far > 4000) continue;
    for (; left < far; left += stride) {
      const [x, y] = [x0 + (dx * left) / far, y0 + (dy * left) / far];
      if (view.holds(x, y)) spots.push({ x, y, dx: dx / far, dy: dy / far });
    }
    left -= far;
  }
  return spots;
}

/** A level text on either side of a line. */
function beside({ x, y, dx, dy }, { w, h }) {
  const far = (Math.abs(dy) * w) / 2 + (Math.abs(dx) * h) / 2 + BESIDE;
  return [
    { x: x - dy * far, y: y + dx * far },
    { x: x + dy * far, y: y - dx * far },
  ];
}

/** The name of the box: in one of its corners, or along one of its edges outside. */
function boxWish(box, size, view) {
  const [left, right] = [view.across(box[0]), view.across(box[1])];
  const [bottom, top] = [view.up(box[2]), view.up(box[3])];
  const across = [left + size.w / 2 + 4, right - size.w / 2 - 4, (left + right) / 2];
  const heights = [top + size.h / 2, bottom - size.h / 2, (top + bottom) / 2, bottom + size.h / 2 + 4];
  const beyond = [right + size.w / 2 + 6, left - size.w / 2 - 6];
  const places = [
    ...across.flatMap((x) => [top + size.h / 2 + 4, bottom - size.h / 2 - 4].map((y) => ({ x, y, cost: 0 }))),
    ...across.flatMap((x) => [bottom + size.h / 2 + 4, top - size.h / 2 - 4].map((y) => ({ x, y, cost: 0.4 }))),
    ...beyond.flatMap((x) => heights.map((y) => ({ x, y, cost: 0.6 }))),
  ];
  const fits = right - left > size.w + 8 && bottom - top > size.h + 8;
  return { key: "box", ...size, places: fits ? places : places.slice(6) };
}

/** The number of a contour, once for each of its long parts, along the line. */
function levelWishes(level, parts, view, sized) {
  const text = levelText(level);
  const size = sized(text, "contour");
  return parts
    .map((places) => along(onScreen(places, view)[0] ?? [], STRIDE, view))
    .filter((spots) => spots.length * STRIDE > SHORT)
    .sort((a, b) => b.length - a.length)
    .slice(0, 2)
    .map((spots, i) => ({ key: `level ${text} ${i}`, ...size, places: levelPlaces(spots) }));
}

/** Rather near a third of the way, and where the line is straight. */
function levelPlaces(spots) {
  return spots.slice(1, -1).map(({ x, y, dx, dy }, i) => {
    const upright = dx < 0 || (dx === 0 && dy > 0) ? -1 : 1; // never upside down
    const turn = (other) => 1 - Math.abs(dx * other.dx + dy * other.dy);
    const bend = turn(spots[i]) + turn(spots[i + 2]);
    return { x, y, angle: Math.atan2(dy * upright, dx * upright), cost: bend * 20 + Math.abs(i / spots.length - 0.35) };
  });
}

/** A level as it is written on its line. */
function levelText(level) {
  const size = Math.abs(level);
  if (size >= 1e5 || (size > 0 && size < 1e-3)) return level.toExponential().replace("e+", "e").replace("-", "−");
  return String(level).replace("-", "−");
}
