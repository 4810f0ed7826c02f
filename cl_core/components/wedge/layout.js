/** Where everything is, in CSS pixels of the picture: pure geometry. Angles are degrees from upright, to the left. */

import { overlap } from "../_shared/boxes.js";
import { hundredths } from "../_shared/svg.js";

/** @import { Box } from "../_shared/boxes.js" */

// lengths that make room for text are for the usual size of type and grow with it
const SIDE = 44; // beside the circle, for the names of the class weights
const TOP = 66; // above it, for those and the margin's number
const LINE = 18; // a line of text at the bisector
const NAME = 24; // from the circle to the middle of a name
const GAP = 4; // between two labels
const HEAD = 17; // length of an arrow's head
const INNER = 0.24; // radius of the arc of the whole angle, in radii of the circle
const OUTER = 0.87; // radius of the margin's arc
const BEHIND = 0.68; // radius of the text behind a class weight

/**
 * The circle on a picture of a certain size.
 * @typedef {object} Layout
 * @property {number} width
 * @property {number} height
 * @property {number} x  the circle's centre
 * @property {number} y
 * @property {number} radius
 * @property {number} floor  lower end of the bisector, above its text
 * @property {number} scale  size of type in units of the usual size
 *
 * @typedef {{w: number, h: number}} Size  of a text; width 0: it is empty
 * @typedef {Box & {key: string}} Label  the box of a text that is shown
 */

/**
 * Lay out the circle.
 * @param {number} width
 * @param {number} height
 * @param {number} lines  of text at the bisector
 * @param {number} scale
 * @returns {Layout}
 */
export function layoutCircle(width, height, lines, scale) {
  const floor = height - lines * LINE * scale - 6;
  const top = TOP * scale;
  const radius = Math.max(Math.min(width / 2 - SIDE * scale, (floor - top) / 1.22), 20);
  const spare = Math.max(floor - 6 - top - 2 * radius, 0);
  return { width, height, x: width / 2, y: top + radius + spare / 2, radius, floor, scale };
}

/**
 * Return the point at a radius, in radii of the circle, and an angle.
 * @param {Layout} layout
 * @param {number} r
 * @param {number} degrees
 * @returns {[number, number]}
 */
export function pointAt({ x, y, radius }, r, degrees) {
  const angle = (degrees * Math.PI) / 180;
  return [x - radius * r * Math.sin(angle), y - radius * r * Math.cos(angle)];
}

/**
 * @param {Layout} layout
 * @param {number} from
 * @param {number} to
 */
export function sectorPath(layout, from, to) {
  return `M${coordinates(pointAt(layout, 0, 0))}L${arcPath(layout, 1, from, to).slice(1)}Z`;
}

/**
 * @param {Layout} layout
 * @param {number} r
 * @param {number} from
 * @param {number} to
 */
export function arcPath(layout, r, from, to) {
  const radius = hundredths(layout.radius * r);
  const flags = `${Number(Math.abs(to - from) > 180)} ${Number(to < from)}`;
  return `M${coordinates(pointAt(layout, r, from))}A${radius} ${radius} 0 ${flags} ${coordinates(pointAt(layout, r, to))}`;
}

/**
 * Return a line at an angle, from one radius to another.
 * @param {Layout} layout
 * @param {number} from
 * @param {number} to
 * @param {number} degrees
 */
export function linePath(layout, from, to, degrees) {
  return `M${coordinates(pointAt(layout, from, degrees))}L${coordinates(pointAt(layout, to, degrees))}`;
}

/**
 * Return an arrow from the centre whose head ends on the circle.
 * @param {Layout} layout
 * @param {number} degrees
 */
export function arrowPath(layout, degrees) {
  const { radius } = layout;
  /** @param {number} pixels */
  const back = (pixels) => 1 - pixels / radius;
  const spread = (7 / radius) * (180 / Math.PI);
  /** @param {number} side */
  const wing = (side) => coordinates(pointAt(layout, back(HEAD), degrees + side * spread));
  const tip = coordinates(pointAt(layout, 1, degrees));
  return `${linePath(layout, 0, back(10), degrees)}M${tip}L${wing(1)}L${wing(-1)}Z`;
}

/**
 * Return the margin's arc, with a small head at each end where there is room for heads.
 * @param {Layout} layout
 * @param {number} gap  degrees
 */
export function marginPath(layout, gap) {
  const arc = arcPath(layout, OUTER, gap / 2, -gap / 2);
  const length = (gap / 360) * 2 * Math.PI * layout.radius * OUTER;
  if (length < 26) return arc;
  const turn = (7 / (layout.radius * OUTER)) * (180 / Math.PI);
  /** @param {number} side */
  const head = (side) => {
    /** @param {number} r */
    const wing = (r) => coordinates(pointAt(layout, OUTER + r / layout.radius, side * (gap / 2 - turn)));
    return `M${wing(4)}L${coordinates(pointAt(layout, OUTER, side * (gap / 2)))}L${wing(-4)}`;
  };
  return arc + head(1) + head(-1);
}

/**
 * @param {Layout} layout
 * @param {number} between
 */
export function betweenPath(layout, between) {
  return arcPath(layout, INNER, between / 2, -between / 2);
}

/**
 * Place the labels; one for which there is no room is left out.
 * @param {Layout} layout
 * @param {{between: number, wedge: number | null, away: [number, number] | null}} angles
 * @param {Record<string, Size>} sizes  by the labels' keys
 * @returns {Label[]}
 */
export function placeLabels(layout, { between, wedge, away }, sizes) {
  const placed = [...nameLabels(layout, between, sizes), ...bisectorLabels(layout, sizes)];
  /** @param {...[string, [number, number]]} wanted */
  const add = (...wanted) => {
    const labels = wanted.map(([key, [x, y]]) => ({ key, x, y, ...sizes[key] }));
    /** @param {Label} label */
    const free = (label) => inside(label, layout) && !placed.some((other) => overlap(label, other, GAP));
    if (labels.every(free)) placed.push(...labels); // both labels of a pair, or neither
  };
  if (wedge !== null) {
    add(["gap", [layout.x, 1 + sizes.gap.h / 2]]);
    const r = radiusInside(layout, wedge, sizes["wedge-one"]);
    const middle = (between - wedge) / 2;
    if (r !== null) add(["wedge-one", pointAt(layout, r, middle)], ["wedge-two", pointAt(layout, r, -middle)]);
  }
  add(["between", besideSecond(layout, between, sizes.between)]);
  const middle = away && angleBehind(layout, between, away, sizes["away-one"]);
  if (middle) add(["away-one", pointAt(layout, BEHIND, middle)], ["away-two", pointAt(layout, BEHIND, -middle)]);
  return placed;
}

/**
 * Return the place beside the second class weight, where the arc of the whole angle ends.
 * @param {Layout} layout
 * @param {number} between
 * @param {Size} size
 * @returns {[number, number]}
 */
function besideSecond(layout, between, { w, h }) {
  const angle = (between * Math.PI) / 360;
  const distance = (Math.cos(angle) * w) / 2 + (Math.sin(angle) * h) / 2 + 7;
  const [x, y] = pointAt(layout, INNER, -between / 2);
  return [x + distance * Math.cos(angle), y + distance * Math.sin(angle)];
}

/**
 * Return the angle at which a label fits into the region behind a class weight, as far as that has not faded; null if
 * at none.
 * @param {Layout} layout
 * @param {number} between
 * @param {[number, number]} away
 * @param {Size} size
 */
function angleBehind(layout, between, [from, to], { w, h }) {
  const reach = Math.hypot(w, h - 6) / 2 + 2;
  const first = between / 2 + from;
  const last = Math.min(between / 2 + to, 96);
  const half = ((last - first) * Math.PI) / 360;
  const fits = w > 0 && half > 0 && Math.sin(half) * BEHIND * layout.radius >= reach;
  return fits && reach <= (0.97 - BEHIND) * layout.radius ? (first + last) / 2 : null;
}

/**
 * Place the names of the class weights beyond their heads, each on its side of the bisector.
 * @param {Layout} layout
 * @param {number} between
 * @param {Record<string, Size>} sizes
 * @returns {Label[]}
 */
function nameLabels(layout, between, sizes) {
  return ["one", "two"].map((key, k) => {
    const { w, h } = sizes[key];
    const side = k ? -1 : 1;
    const [x, y] = pointAt(layout, 1 + (NAME * layout.scale) / layout.radius, (side * between) / 2);
    const distance = Math.max((layout.x - x) * side, w / 2 + 7); // from the bisector
    return { key, x: layout.x - side * Math.min(distance, layout.width / 2 - w / 2 - 2), y, w, h };
  });
}

/**
 * @param {Layout} layout
 * @param {Record<string, Size>} sizes
 * @returns {Label[]}
 */
function bisectorLabels(layout, sizes) {
  const lines = ["bisector-0", "bisector-1"].filter((key) => sizes[key].w > 0);
  const line = LINE * layout.scale;
  return lines.map((key, k) => ({ key, x: layout.x, y: layout.floor + 5 + line * (k + 0.5), ...sizes[key] }));
}

/**
 * Return the radius at which a label fits inside a wedge; null if at none.
 * @param {Layout} layout
 * @param {number} wedge  degrees
 * @param {Size} size
 */
function radiusInside(layout, wedge, { w, h }) {
  const reach = Math.hypot(w, h - 8) / 2 + 1; // of its digits
  const nearest = reach / Math.sin((wedge * Math.PI) / 360) / layout.radius;
  const farthest = 1 - (HEAD + reach) / layout.radius;
  return nearest <= farthest ? Math.max(0.58, Math.min(1.15 * nearest, farthest)) : null;
}

/**
 * @param {Box} box
 * @param {Layout} layout
 */
function inside({ x, y, w, h }, layout) {
  return x - w / 2 >= 0 && x + w / 2 <= layout.width && y - h / 2 >= 0 && y + h / 2 <= layout.height;
}

/** @param {[number, number]} point */
function coordinates([x, y]) {
  return `${hundredths(x)} ${hundredths(y)}`;
}
