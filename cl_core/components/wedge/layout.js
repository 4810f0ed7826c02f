/** Where everything is: pure geometry, in CSS pixels of the picture. Angles are degrees from upright, to the left. */

// what is for words is meant for type of the usual size, and grows with it
const SIDE = 44; // beside the circle, for the names of the class weights
const TOP = 66; // above it, for those and the margin's row
const LINE = 18; // a line of the bisector's words
const NAME = 24; // from the circle to the middle of a name
const AIR = 4; // between two labels
const HEAD = 17; // an arrow's head
const INNER = 0.24; // radius of the arc of the whole angle, in radii of the circle
const OUTER = 0.87; // of the margin's arc
const BEHIND = 0.68; // of the words behind a class weight

/**
 * The place of the circle on a picture of that size.
 * @typedef {object} Frame
 * @property {number} width
 * @property {number} height
 * @property {number} x  the circle's centre
 * @property {number} y
 * @property {number} radius
 * @property {number} floor  where the bisector ends, above its words
 * @property {number} scale  how much larger than usual type is
 */

/** @returns {Frame} */
export function frameOf(width, height, lines, scale) {
  const floor = height - lines * LINE * scale - 6;
  const top = TOP * scale;
  const radius = Math.max(Math.min(width / 2 - SIDE * scale, (floor - top) / 1.22), 20);
  const spare = Math.max(floor - 6 - top - 2 * radius, 0);
  return { width, height, x: width / 2, y: top + radius + spare / 2, radius, floor, scale };
}

/** The place at that radius (1: on the circle) and angle. */
export function placeAt({ x, y, radius }, r, degrees) {
  const t = (degrees * Math.PI) / 180;
  return [x - radius * r * Math.sin(t), y - radius * r * Math.cos(t)];
}

export function sectorPath(frame, from, to) {
  const [x, y] = placeAt(frame, 0, 0);
  return `M${point([x, y])}L${arcPath(frame, 1, from, to).slice(1)}Z`;
}

export function arcPath(frame, r, from, to) {
  const { radius } = frame;
  const turn = `${number(radius * r)} ${number(radius * r)} 0 ${Number(Math.abs(to - from) > 180)} ${Number(to < from)}`;
  return `M${point(placeAt(frame, r, from))}A${turn} ${point(placeAt(frame, r, to))}`;
}

export function linePath(frame, from, to, degrees) {
  return `M${point(placeAt(frame, from, degrees))}L${point(placeAt(frame, to, degrees))}`;
}

/** An arrow's shaft with its head on the circle. */
export function arrowPath(frame, degrees) {
  const { radius } = frame;
  const back = (pixels) => 1 - pixels / radius;
  const spread = (7 / radius) * (180 / Math.PI);
  const wing = (side) => point(placeAt(frame, back(HEAD), degrees + side * spread));
  return `${linePath(frame, 0, back(10), degrees)}M${point(placeAt(frame, 1, degrees))}L${wing(1)}L${wing(-1)}Z`;
}

/** The margin's arc with a small head at each end, where there is room for heads. */
export function marginPath(frame, gap) {
  const arc = arcPath(frame, OUTER, gap / 2, -gap / 2);
  const length = (gap / 360) * 2 * Math.PI * frame.radius * OUTER;
  if (length < 26) return arc;
  const turn = (7 / (frame.radius * OUTER)) * (180 / Math.PI);
  const head = (side) => {
    const wing = (r) => point(placeAt(frame, OUTER + r / frame.radius, side * (gap / 2 - turn)));
    return `M${wing(4)}L${point(placeAt(frame, OUTER, side * (gap / 2)))}L${wing(-4)}`;
  };
  return arc + head(1) + head(-1);
}

export function betweenPath(frame, between) {
  return arcPath(frame, INNER, between / 2, -between / 2);
}

/**
 * A label: its key, and the middle and size of its box; hidden ones are left out.
 * @typedef {{key: string, x: number, y: number, w: number, h: number}} Label
 *
 * @param {Frame} frame
 * @param {{between: number, wedge: number | null, away: number[] | null}} angles
 * @param {Record<string, {w: number, h: number}>} sizes
 * @returns {Label[]}
 */
export function labelsOf(frame, { between, wedge, away }, sizes) {
  const placed = [...namesOf(frame, between, sizes), ...bisectorOf(frame, sizes)];
  const add = (...wished) => {
    const labels = wished.map(([key, [x, y]]) => ({ key, x, y, ...sizes[key] }));
    const free = (label) => inside(label, frame) && !placed.some((other) => overlap(label, other));
    if (labels.every(free)) placed.push(...labels); // both of a pair, or neither
  };
  if (wedge !== null) {
    add(["gap", [frame.x, 1 + sizes.gap.h / 2]]);
    const r = roomIn(frame, wedge, sizes["wedge-one"]);
    const middle = (between - wedge) / 2;
    if (r !== null) add(["wedge-one", placeAt(frame, r, middle)], ["wedge-two", placeAt(frame, r, -middle)]);
  }
  add(["between", besideTwo(frame, between, sizes.between)]);
  const middle = away && roomAway(frame, between, away, sizes["away-one"]);
  if (middle) add(["away-one", placeAt(frame, BEHIND, middle)], ["away-two", placeAt(frame, BEHIND, -middle)]);
  return placed;
}

/** Beside the second class weight, where the arc of the whole angle ends. */
function besideTwo(frame, between, { w, h }) {
  const t = (between * Math.PI) / 360;
  const off = (Math.cos(t) * w) / 2 + (Math.sin(t) * h) / 2 + 7;
  const [x, y] = placeAt(frame, INNER, -between / 2);
  return [x + off * Math.cos(t), y + off * Math.sin(t)];
}

/** At which angle it has room in the region behind a class weight, as far as that is not faded; null if nowhere. */
function roomAway(frame, between, [from, to], { w, h }) {
  const reach = Math.hypot(w, h - 6) / 2 + 2;
  const first = between / 2 + from;
  const last = Math.min(between / 2 + to, 96);
  const half = ((last - first) * Math.PI) / 360;
  const fits = w > 0 && half > 0 && Math.sin(half) * BEHIND * frame.radius >= reach;
  return fits && reach <= (0.97 - BEHIND) * frame.radius ? (first + last) / 2 : null;
}

/** The names of the class weights, beyond their heads and off the bisector. */
function namesOf(frame, between, sizes) {
  return ["one", "two"].map((key, k) => {
    const { w, h } = sizes[key];
    const side = k ? -1 : 1;
    const [x, y] = placeAt(frame, 1 + (NAME * frame.scale) / frame.radius, (side * between) / 2);
    const off = Math.max((frame.x - x) * side, w / 2 + 7); // to the left of the bisector, or to its right
    return { key, x: frame.x - side * Math.min(off, frame.width / 2 - w / 2 - 2), y, w, h };
  });
}

function bisectorOf(frame, sizes) {
  const lines = ["bisector-0", "bisector-1"].filter((key) => sizes[key].w > 0);
  const line = LINE * frame.scale;
  return lines.map((key, k) => ({ key, x: frame.x, y: frame.floor + 5 + line * (k + 0.5), ...sizes[key] }));
}

/** At which radius a label has room inside a wedge, null if nowhere. */
function roomIn(frame, wedge, { w, h }) {
  const reach = Math.hypot(w, h - 8) / 2 + 1; // of its digits
  const nearest = reach / Math.sin((wedge * Math.PI) / 360) / frame.radius;
  const farthest = 1 - (HEAD + reach) / frame.radius;
  return nearest <= farthest ? Math.max(0.58, Math.min(1.15 * nearest, farthest)) : null;
}

function inside({ x, y, w, h }, frame) {
  return x - w / 2 >= 0 && x + w / 2 <= frame.width && y - h / 2 >= 0 && y + h / 2 <= frame.height;
}

function overlap(a, b) {
  return Math.abs(a.x - b.x) < (a.w + b.w) / 2 + AIR && Math.abs(a.y - b.y) < (a.h + b.h) / 2 + AIR;
}

function point([x, y]) {
  return `${number(x)} ${number(y)}`;
}

function number(x) {
  return String(Number(x.toFixed(2)));
}
