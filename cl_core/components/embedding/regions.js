/**
 * Geometry of class weights in the plane: the region of each class, where its margin is met, and how many points are there.
 *
 * Regions come as (classes * COLUMNS) numbers, see `class_regions` of analysis/class_regions.py: x, y and bias of the logit,
 * and the angles in degrees from the class weight at which its wedge begins and ends.
 */

export const COLUMNS = 5;

/** @typedef {[number, number]} Place */

/**
 * Return the regions between two frames. A wedge that only one of them has is drawn while that one is nearer.
 * @param {Float32Array} a
 * @param {Float32Array} b
 * @param {number} t  0 is the first, 1 the second
 */
export function interpolated(a, b, t) {
  const nearer = t < 0.5 ? a : b;
  return a.map((value, i) => {
    const between = value * (1 - t) + b[i] * t;
    return Number.isNaN(between) ? nearer[i] : between;
  });
}

/**
 * Return whether regions are known.
 * @param {Float32Array | null} regions
 * @returns {regions is Float32Array}
 */
export function areKnown(regions) {
  return regions !== null && !Number.isNaN(regions[0]);
}

/**
 * Return the part of a convex polygon where a class has the largest logit.
 * @param {Float32Array} regions
 * @param {number} label
 * @param {Place[]} polygon
 */
export function regionIn(regions, label, polygon) {
  const [x, y, bias] = logitOf(regions, label);
  let part = polygon;
  for (let other = 0; other < regions.length / COLUMNS && part.length; other++) {
    if (other === label) continue;
    const [ox, oy, obias] = logitOf(regions, other);
    part = clipped(part, x - ox, y - oy, bias - obias);
  }
  return part;
}

/**
 * Return the parts of a convex polygon in whose directions a class meets its margin: none, one, or two for a wide wedge.
 * @param {Float32Array} regions
 * @param {number} label
 * @param {Place[]} polygon
 */
export function wedgeIn(regions, label, polygon) {
  const [from, to] = wedgeOf(regions, label);
  if (!(to > from)) return [];
  const middle = (from + to) / 2;
  const halves = to - from > 180 ? [[from, middle], [middle, to]] : [[from, to]]; // prettier-ignore
  return halves
    .map(([low, high]) => {
      const [a, b] = [directionOf(regions, label, low), directionOf(regions, label, high)];
      return clipped(clipped(polygon, -a[1], a[0], 0), b[1], -b[0], 0);
    })
    .filter((part) => part.length);
}

/**
 * Return the unit vector at an angle from a class weight.
 * @param {Float32Array} regions
 * @param {number} label
 * @param {number} degrees  counter-clockwise
 * @returns {Place}
 */
function directionOf(regions, label, degrees) {
  const [x, y] = logitOf(regions, label);
  const angle = Math.atan2(y, x) + (degrees * Math.PI) / 180;
  return [Math.cos(angle), Math.sin(angle)];
}

/**
 * Return the length of each class weight in units of the longest.
 * @param {Float32Array} regions
 */
export function relativeLengths(regions) {
  const lengths = Array.from({ length: regions.length / COLUMNS }, (_, label) => {
    const [x, y] = logitOf(regions, label);
    return Math.hypot(x, y);
  });
  const longest = Math.max(...lengths) || 1;
  return lengths.map((length) => length / longest);
}

/**
 * @typedef {object} RegionShares
 * @property {number} right          share of the points that are in the region of their class
 * @property {number} met             share of them that meet the margin
 * @property {[number, number]} gaps least and largest angle between neighbouring class weights, degrees
 */

/**
 * Count the points in the regions.
 * @param {Float32Array} regions
 * @param {Float32Array} points   (n * 2)
 * @param {Uint8Array} labels
 * @returns {RegionShares}
 */
export function sharesOf(regions, points, labels) {
  const classes = regions.length / COLUMNS;
  const wedges = Array.from({ length: classes }, (_, label) => wedgeOf(regions, label));
  const angles = Array.from({ length: classes }, (_, label) => {
    const [x, y] = logitOf(regions, label);
    return (Math.atan2(y, x) * 180) / Math.PI;
  });
  let [right, met] = [0, 0];
  for (let i = 0; i < labels.length; i++) {
    const [px, py] = [points[2 * i], points[2 * i + 1]];
    if (bestAt(regions, px, py) === labels[i]) right++;
    const [from, to] = wedges[labels[i]];
    const angle = (Math.atan2(py, px) * 180) / Math.PI - angles[labels[i]];
    if (turned(angle, from) <= to) met++;
  }
  const sorted = [...angles].sort((a, b) => a - b);
  const gaps = sorted.map((angle, i) => (i ? angle - sorted[i - 1] : angle + 360 - sorted[classes - 1]));
  return {
    right: right / labels.length,
    met: met / labels.length,
    gaps: [Math.min(...gaps), Math.max(...gaps)],
  };
}

/**
 * Return an angle with as many whole turns more that it is `from` or up to 360 degrees beyond.
 * @param {number} angle  degrees
 * @param {number} from
 */
function turned(angle, from) {
  return from + ((((angle - from) % 360) + 360) % 360);
}

/**
 * Return the class with the largest logit at a place.
 * @param {Float32Array} regions
 * @param {number} px
 * @param {number} py
 */
function bestAt(regions, px, py) {
  let [best, most] = [-1, -Infinity];
  for (let label = 0; label < regions.length / COLUMNS; label++) {
    const at = label * COLUMNS;
    const logit = regions[at] * px + regions[at + 1] * py + regions[at + 2];
    if (logit > most) [best, most] = [label, logit];
  }
  return best;
}

/**
 * @param {Float32Array} regions
 * @param {number} label
 */
function logitOf(regions, label) {
  return regions.subarray(label * COLUMNS, label * COLUMNS + 3);
}

/**
 * @param {Float32Array} regions
 * @param {number} label
 */
function wedgeOf(regions, label) {
  return regions.subarray(label * COLUMNS + 3, label * COLUMNS + 5);
}

/**
 * Return the part of a convex polygon where a x + b y + c is not negative (Sutherland and Hodgman 1974).
 * @param {Place[]} polygon
 * @param {number} a
 * @param {number} b
 * @param {number} c
 */
function clipped(polygon, a, b, c) {
  const sides = polygon.map(([x, y]) => a * x + b * y + c);
  /** @type {Place[]} */
  const part = [];
  polygon.forEach((corner, i) => {
    const next = (i + 1) % polygon.length;
    if (sides[i] >= 0) part.push(corner);
    if (sides[i] >= 0 === sides[next] >= 0) return;
    const t = sides[i] / (sides[i] - sides[next]);
    part.push([corner[0] + t * (polygon[next][0] - corner[0]), corner[1] + t * (polygon[next][1] - corner[1])]);
  });
  return part.length > 2 ? part : [];
}
