/** Distances, kinds, loss and forces of one anchor, its positive and its negatives: the formulas, and nothing drawn. */

const TIE = 2 ** -40; // what is no farther apart than this ties, so that a tie is one in spite of rounding

/** How a distance is written. */
export const LETTERS = { sqeuclidean: "d²", euclidean: "d", cosine: "1 − s" };

/** The largest that there is on the unit circle. */
export const MOST = { sqeuclidean: 4, euclidean: 2, cosine: 2 };

/** The distance whose margin ring is shown for comparison. */
export const OTHER = { sqeuclidean: "euclidean", euclidean: "sqeuclidean", cosine: "sqeuclidean" };

/**
 * @typedef {[number, number]} Place
 *
 * @typedef {object} Rules
 * @property {string} distance
 * @property {number} margin
 * @property {boolean} circle
 * @property {number} span  how far from the middle a point may be, along x and along y
 *
 * @typedef {object} Measured  what the formulas say of a scene
 * @property {number} dAp
 * @property {number} edge  d_ap + m, from where a negative is easy
 * @property {number[]} dAn
 * @property {string[]} kinds
 * @property {number[]} losses
 * @property {number} active  how many have a loss
 * @property {number} loss  mean over those
 * @property {Place[]} forces  anchor, positive, negatives: minus the gradient of `loss`
 * @property {number[]} rings  around the anchor: through the positive, where easy begins, and where it would for `OTHER`
 */

/** @param {Place[]} points  @param {Rules} rules  @returns {Measured} */
export function measure(points, { distance, margin, circle }) {
  const [anchor, positive, ...negatives] = points;
  const dAp = between(distance, anchor, positive);
  const dAn = negatives.map((point) => between(distance, anchor, point));
  const kinds = dAn.map((d) => kindOf(dAp, d, margin));
  const losses = dAn.map((d) => (d < dAp + margin && !ties(d, dAp + margin) ? dAp - d + margin : 0));
  const active = losses.filter((loss) => loss > 0).length;
  const loss = losses.reduce((sum, each) => sum + each, 0) / Math.max(active, 1);
  const free = forcesOf(points, distance, losses, active);
  return {
    dAp,
    edge: dAp + margin,
    dAn,
    kinds,
    losses,
    active,
    loss,
    forces: circle ? free.map((force, i) => along(points[i], force)) : free,
    rings: [radiusOf(distance, dAp), radiusOf(distance, dAp + margin), otherRing(points, distance, margin)],
  };
}

export function ties(one, other) {
  return Math.abs(one - other) <= TIE;
}

/** A tie with the positive is hard, a tie at the margin easy. */
function kindOf(dAp, dAn, margin) {
  if (dAn < dAp || ties(dAn, dAp)) return "hard";
  return dAn < dAp + margin && !ties(dAn, dAp + margin) ? "semihard" : "easy";
}

/** delta(a, b). */
function between(distance, a, b) {
  const squared = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2;
  if (distance === "sqeuclidean") return squared;
  if (distance === "euclidean") return Math.sqrt(squared);
  return Math.max(1 - dot(a, b) / (lengthOf(a) * lengthOf(b)), 0);
}

/** The derivative of delta(a, b) by b; 0 where d is 0, as training takes it. */
function slope(distance, a, b) {
  const apart = minus(b, a);
  const d = lengthOf(apart);
  if (distance === "sqeuclidean") return times(2, apart);
  if (distance === "euclidean") return d > 0 ? times(1 / d, apart) : [0, 0];
  const ua = times(1 / lengthOf(a), a);
  const ub = times(1 / lengthOf(b), b);
  return times(1 / lengthOf(b), minus(times(dot(ua, ub), ub), ua));
}

function forcesOf([anchor, positive, ...negatives], distance, losses, active) {
  const share = 1 / Math.max(active, 1);
  const push = negatives.map((point, k) => (losses[k] > 0 ? times(share, slope(distance, anchor, point)) : [0, 0]));
  const recoil = negatives.map((point, k) => (losses[k] > 0 ? times(share, slope(distance, point, anchor)) : [0, 0]));
  const pull = times(active * share, slope(distance, anchor, positive));
  const follow = times(active * share, slope(distance, positive, anchor));
  const onAnchor = recoil.reduce(plus, times(-1, follow));
  return [onAnchor, times(-1, pull), ...push];
}

/** The part of a force that turns a point of length 1. */
function along(point, force) {
  return minus(force, times(dot(force, point), point));
}

/** How far from the anchor in the plane, or across the circle, a distance is. */
export function radiusOf(distance, delta) {
  if (distance === "euclidean") return delta;
  return Math.sqrt(distance === "cosine" ? 2 * delta : delta);
}

function otherRing([anchor, positive], distance, m) {
  const other = OTHER[distance];
  return radiusOf(other, between(other, anchor, positive) + m);
}

/** Where a direction from the middle meets the unit circle; the middle itself has none and is put at (1, 0). */
export function onCircle(point) {
  const length = lengthOf(point);
  return length > 0 ? times(1 / length, point) : [1, 0];
}

/** The point at an angle in radians. */
export function atAngle(angle) {
  return [Math.cos(angle), Math.sin(angle)];
}

export function angleOf(point) {
  return Math.atan2(point[1], point[0]);
}

/** The half-turn between the anchor and where a ring of that radius meets the unit circle. */
export function turnOf(radius) {
  return 2 * Math.asin(Math.min(radius / 2, 1));
}

/**
 * Where a point is after its distance from the anchor has become `delta`: on the same side of it.
 * @param {Place} heading  the direction it keeps; on the circle only its side counts
 */
export function atDistance(anchor, heading, delta, { distance, circle, span }) {
  const radius = radiusOf(distance, Math.max(delta, 0));
  if (!circle) return plus(anchor, times(Math.min(radius, roomAlong(anchor, heading, span)), heading));
  const side = anchor[0] * heading[1] - anchor[1] * heading[0] < 0 ? -1 : 1;
  return atAngle(angleOf(anchor) + side * turnOf(radius));
}

/** The nearest place to a point where one may be: in the square, or on the circle in that direction. */
export function bounded(point, { circle, span }) {
  return circle ? onCircle(point) : point.map((x) => Math.min(Math.max(x, -span), span));
}

/** Where a hand has put it: within bounds, and off the circle on the ten-thousandths, which a link can hold. */
export function dropped(point, rules) {
  const within = bounded(point, rules);
  return rules.circle ? within : within.map((x) => Math.round(x * 1e4) / 1e4);
}

/** One step onto the hundredths; on the circle to that side to which the arrow points, and not past its end. */
export function stepped(point, arrow, step, rules) {
  const onto = (x) => Math.round(x * 100) / 100;
  if (!rules.circle) return bounded(point.map((x, k) => (arrow[k] ? onto(x + arrow[k] * step) : x)), rules);
  const side = Math.sign(onto(point[0] * arrow[1] - point[1] * arrow[0]));
  const turned = atAngle(onto(angleOf(point) + side * step));
  return dot(minus(turned, point), arrow) > 0 ? turned : point;
}

/** The direction from the anchor to a point; where they are one, away from the positive. */
export function headingOf([anchor, positive], point) {
  const apart = minus(point, anchor);
  const away = minus(anchor, positive);
  const chosen = lengthOf(apart) > 0 ? apart : away;
  return lengthOf(chosen) > 0 ? times(1 / lengthOf(chosen), chosen) : [1, 0];
}

/** How far one can go from a point before one leaves the square. */
function roomAlong(from, heading, span) {
  const steps = heading.map((h, i) => (h === 0 ? Infinity : (Math.sign(h) * span - from[i]) / h));
  return Math.max(Math.min(...steps), 0);
}

export function lengthOf([x, y]) {
  return Math.hypot(x, y);
}

function dot(a, b) {
  return a[0] * b[0] + a[1] * b[1];
}

function times(factor, [x, y]) {
  return [factor * x, factor * y];
}

function plus(a, b) {
  return [a[0] + b[0], a[1] + b[1]];
}

function minus(a, b) {
  return [a[0] - b[0], a[1] - b[1]];
}
