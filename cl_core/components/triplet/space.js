/** Geometry of the places: where a dragged point may be, on the square or on the unit circle. */

/**
 * @typedef {[number, number]} Place
 *
 * @typedef {object} Bounds
 * @property {boolean} circle  whether the points are on the unit circle
 * @property {number} span  how far from the origin a point may be, along x and along y
 */

/**
 * Project a point onto the unit circle; the origin, which has no direction, goes to (1, 0).
 * @param {Place} point
 * @returns {Place}
 */
export function onCircle(point) {
  const length = lengthOf(point);
  return length > 0 ? times(1 / length, point) : [1, 0];
}

/**
 * Return the point of the unit circle at an angle in radians.
 * @param {number} angle
 * @returns {Place}
 */
export function atAngle(angle) {
  return [Math.cos(angle), Math.sin(angle)];
}

/** @param {Place} point */
export function angleOf(point) {
  return Math.atan2(point[1], point[0]);
}

/**
 * Return the angle between the anchor and where a ring of a radius meets the unit circle; pi where it does not.
 * @param {number} radius
 */
export function turnOf(radius) {
  return 2 * Math.asin(Math.min(radius / 2, 1));
}

/**
 * Return the point on a ring around the anchor in a direction.
 * @param {Place} anchor
 * @param {Place} heading  of length 1; on the circle only its side of the anchor counts
 * @param {number} radius
 * @param {Bounds} bounds
 * @returns {Place}
 */
export function onRing(anchor, heading, radius, { circle, span }) {
  if (!circle) return plus(anchor, times(Math.min(radius, roomAlong(anchor, heading, span)), heading));
  const side = anchor[0] * heading[1] - anchor[1] * heading[0] < 0 ? -1 : 1;
  return atAngle(angleOf(anchor) + side * turnOf(radius));
}

/**
 * Return the allowed place that is nearest to a point: in the square, or on the circle in the same direction.
 * @param {Place} point
 * @param {Bounds} bounds
 * @returns {Place}
 */
export function bounded(point, { circle, span }) {
  return circle ? onCircle(point) : onEach(point, (x) => Math.min(Math.max(x, -span), span));
}

/**
 * Return where a dragged point lands: within bounds, and off the circle on ten-thousandths, which a link can hold.
 * @param {Place} point
 * @param {Bounds} bounds
 * @returns {Place}
 */
export function dropped(point, bounds) {
  const within = bounded(point, bounds);
  return bounds.circle ? within : onEach(within, (x) => Math.round(x * 1e4) / 1e4);
}

/**
 * Return where an arrow key moves a point: one step onto hundredths; on the circle to the side of the arrow, and not past
 * its end.
 * @param {Place} point
 * @param {Place} arrow  direction
 * @param {number} step
 * @param {Bounds} bounds
 * @returns {Place}
 */
export function stepped(point, arrow, step, bounds) {
  /** @param {number} x */
  const onto = (x) => Math.round(x * 100) / 100;
  if (!bounds.circle) return bounded(onEach(point, (x, k) => (arrow[k] ? onto(x + arrow[k] * step) : x)), bounds);
  const side = Math.sign(onto(point[0] * arrow[1] - point[1] * arrow[0]));
  const turned = atAngle(onto(angleOf(point) + side * step));
  return dot(minus(turned, point), arrow) > 0 ? turned : point;
}

/**
 * Return the direction from the anchor to a point; where they coincide, away from the positive.
 * @param {Place[]} points  anchor, positive, ...
 * @param {Place} point
 * @returns {Place}
 */
export function headingOf([anchor, positive], point) {
  const difference = minus(point, anchor);
  const chosen = lengthOf(difference) > 0 ? difference : minus(anchor, positive);
  return lengthOf(chosen) > 0 ? times(1 / lengthOf(chosen), chosen) : [1, 0];
}

/**
 * Return how far one can go from a point before one leaves the square.
 * @param {Place} from
 * @param {Place} heading
 * @param {number} span
 */
function roomAlong(from, heading, span) {
  const steps = heading.map((h, i) => (h === 0 ? Infinity : (Math.sign(h) * span - from[i]) / h));
  return Math.max(Math.min(...steps), 0);
}

/** @param {Place} vector */
export function lengthOf([x, y]) {
  return Math.hypot(x, y);
}

/**
 * @param {Place} a
 * @param {Place} b
 */
function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1];
}

/**
 * @param {number} factor
 * @param {Place} vector
 * @returns {Place}
 */
function times(factor, [x, y]) {
  return [factor * x, factor * y];
}

/**
 * @param {Place} a
 * @param {Place} b
 * @returns {Place}
 */
function plus(a, b) {
  return [a[0] + b[0], a[1] + b[1]];
}

/**
 * @param {Place} a
 * @param {Place} b
 * @returns {Place}
 */
function minus(a, b) {
  return [a[0] - b[0], a[1] - b[1]];
}

/**
 * @param {Place} vector
 * @param {(x: number, k: number) => number} change
 * @returns {Place}
 */
function onEach([x, y], change) {
  return [change(x, 0), change(y, 1)];
}
