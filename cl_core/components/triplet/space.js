/** Distances, kinds, loss and forces of one anchor, its positive and its negatives: formulas only. */

const TIE = 2 ** -40; // distances no farther apart are a tie, so that rounding does not break one

/** How a distance is written. */
export const LETTERS = { sqeuclidean: "d²", euclidean: "d", cosine: "1 − s" };

/** The largest distance on the unit circle. */
export const MOST = { sqeuclidean: 4, euclidean: 2, cosine: 2 };

/** @type {Record<Distance, Distance>} the distance whose margin ring is shown for comparison */
export const OTHER = { sqeuclidean: "euclidean", euclidean: "sqeuclidean", cosine: "sqeuclidean" };

/**
 * @typedef {keyof typeof LETTERS} Distance
 * @typedef {"easy" | "semihard" | "hard"} Kind
 * @typedef {[number, number]} Place
 *
 * @typedef {object} Rules
 * @property {Distance} distance
 * @property {number} margin
 * @property {boolean} circle  whether the points are on the unit circle
 * @property {number} span  how far from the origin a point may be, along x and along y
 *
 * @typedef {object} Measured  what the formulas say of a scene
 * @property {number} dAp
 * @property {number} edge  d_ap + m, from which a negative is easy
 * @property {number[]} dAn
 * @property {Kind[]} kinds
 * @property {number[]} losses
 * @property {number} active  number of triplets with a loss
 * @property {number} loss  mean over those
 * @property {Place[]} forces  on anchor, positive, negatives: minus the gradient of `loss`
 * @property {number[]} rings  radii around the anchor: through the positive, where easy begins, and where it would begin
 *   for the distance of `OTHER`
 */

/**
 * @param {Place[]} points  anchor, positive, negatives
 * @param {Rules} rules
 * @returns {Measured}
 */
export function measure(points, { distance, margin, circle }) {
  const [anchor, positive, ...negatives] = points;
  const dAp = distanceOf(distance, anchor, positive);
  const dAn = negatives.map((point) => distanceOf(distance, anchor, point));
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
    forces: circle ? free.map((force, i) => tangential(points[i], force)) : free,
    rings: [radiusOf(distance, dAp), radiusOf(distance, dAp + margin), otherRing(anchor, positive, distance, margin)],
  };
}

/**
 * @param {number} a
 * @param {number} b
 */
export function ties(a, b) {
  return Math.abs(a - b) <= TIE;
}

/**
 * Return the kind of a triplet. A tie with the positive is hard, a tie at the margin easy.
 * @param {number} dAp
 * @param {number} dAn
 * @param {number} margin
 * @returns {Kind}
 */
function kindOf(dAp, dAn, margin) {
  if (dAn < dAp || ties(dAn, dAp)) return "hard";
  return dAn < dAp + margin && !ties(dAn, dAp + margin) ? "semihard" : "easy";
}

/**
 * @param {Distance} distance
 * @param {Place} a
 * @param {Place} b
 */
function distanceOf(distance, a, b) {
  const squared = (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2;
  if (distance === "sqeuclidean") return squared;
  if (distance === "euclidean") return Math.sqrt(squared);
  return Math.max(1 - dot(a, b) / (lengthOf(a) * lengthOf(b)), 0);
}

/**
 * Return the derivative of delta(a, b) by b; 0 where d is 0, as in training.
 * @param {Distance} distance
 * @param {Place} a
 * @param {Place} b
 * @returns {Place}
 */
function gradientOf(distance, a, b) {
  const difference = minus(b, a);
  const d = lengthOf(difference);
  if (distance === "sqeuclidean") return times(2, difference);
  if (distance === "euclidean") return d > 0 ? times(1 / d, difference) : [0, 0];
  const ua = times(1 / lengthOf(a), a);
  const ub = times(1 / lengthOf(b), b);
  return times(1 / lengthOf(b), minus(times(dot(ua, ub), ub), ua));
}

/**
 * @param {Place[]} points
 * @param {Distance} distance
 * @param {number[]} losses
 * @param {number} active
 * @returns {Place[]}
 */
function forcesOf([anchor, positive, ...negatives], distance, losses, active) {
  const share = 1 / Math.max(active, 1);
  /**
   * @param {number} k
   * @param {Place} gradient
   * @returns {Place}
   */
  const ofTriplet = (k, gradient) => (losses[k] > 0 ? times(share, gradient) : [0, 0]);
  const onNegatives = negatives.map((point, k) => ofTriplet(k, gradientOf(distance, anchor, point)));
  const byNegatives = negatives.map((point, k) => ofTriplet(k, gradientOf(distance, point, anchor)));
  const onPositive = times(-active * share, gradientOf(distance, anchor, positive));
  const byPositive = times(-active * share, gradientOf(distance, positive, anchor));
  return [byNegatives.reduce(plus, byPositive), onPositive, ...onNegatives];
}

/**
 * Return the part of a force that turns a point of length 1.
 * @param {Place} point
 * @param {Place} force
 */
function tangential(point, force) {
  return minus(force, times(dot(force, point), point));
}

/**
 * Return the Euclidean distance from the anchor at which a distance has a value, on the circle along the chord.
 * @param {Distance} distance
 * @param {number} delta
 */
export function radiusOf(distance, delta) {
  if (distance === "euclidean") return delta;
  return Math.sqrt(distance === "cosine" ? 2 * delta : delta);
}

/**
 * @param {Place} anchor
 * @param {Place} positive
 * @param {Distance} distance
 * @param {number} margin
 */
function otherRing(anchor, positive, distance, margin) {
  const other = OTHER[distance];
  return radiusOf(other, distanceOf(other, anchor, positive) + margin);
}

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
 * Return the point at a distance from the anchor in a direction.
 * @param {Place} anchor
 * @param {Place} heading  of length 1; on the circle only its side of the anchor counts
 * @param {number} delta
 * @param {Rules} rules
 * @returns {Place}
 */
export function atDistance(anchor, heading, delta, { distance, circle, span }) {
  const radius = radiusOf(distance, Math.max(delta, 0));
  if (!circle) return plus(anchor, times(Math.min(radius, roomAlong(anchor, heading, span)), heading));
  const side = anchor[0] * heading[1] - anchor[1] * heading[0] < 0 ? -1 : 1;
  return atAngle(angleOf(anchor) + side * turnOf(radius));
}

/**
 * Return the allowed place that is nearest to a point: in the square, or on the circle in the same direction.
 * @param {Place} point
 * @param {Rules} rules
 * @returns {Place}
 */
export function bounded(point, { circle, span }) {
  return circle ? onCircle(point) : onEach(point, (x) => Math.min(Math.max(x, -span), span));
}

/**
 * Return where a dragged point lands: within bounds, and off the circle on ten-thousandths, which a link can hold.
 * @param {Place} point
 * @param {Rules} rules
 * @returns {Place}
 */
export function dropped(point, rules) {
  const within = bounded(point, rules);
  return rules.circle ? within : onEach(within, (x) => Math.round(x * 1e4) / 1e4);
}

/**
 * Return where an arrow key moves a point: one step onto hundredths; on the circle to the side of the arrow, and not past
 * its end.
 * @param {Place} point
 * @param {Place} arrow  direction
 * @param {number} step
 * @param {Rules} rules
 * @returns {Place}
 */
export function stepped(point, arrow, step, rules) {
  /** @param {number} x */
  const onto = (x) => Math.round(x * 100) / 100;
  if (!rules.circle) return bounded(onEach(point, (x, k) => (arrow[k] ? onto(x + arrow[k] * step) : x)), rules);
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
