/** Which points are classified and retrieved correctly, and where a margin is met: as `analysis/point_scene.py`. */

/**
 * @typedef {[number, number]} Place
 *
 * @typedef {object} Given
 * @property {Place[]} points
 * @property {number[]} labels   class of each point
 * @property {number[]} weights  directions of the class weights, in degrees counterclockwise from the right
 * @property {number} margin     0 for softmax
 * @property {string} measure    "cosine" or "euclidean"
 *
 * @typedef {object} Facts
 * @property {number[][]} distance
 * @property {number[][]} cosine
 * @property {number[][]} classCosine  of each point with each class weight
 * @property {boolean[]} classified
 * @property {boolean[]} met
 * @property {number[]} nearest
 * @property {boolean[]} retrieved
 * @property {([number, number] | null)[]} regions  degrees from the class weight; null where the margin is not met
 * @property {number | null} widest  degrees
 * @property {number | null} gap
 * @property {boolean} certain  whether the nearest by cosine is of the class wherever all points are in their regions
 */

export const TIE = 2 ** -40; // as in Python: what differs by no more is equal

/**
 * @param {Given} given
 * @returns {Facts}
 */
export function sceneFacts({ points, labels, weights, margin, measure }) {
  const units = points.map(unit);
  const directions = weights.map(atDegrees);
  const classCosine = units.map((z) => directions.map((w) => dot(z, w)));
  const lead = classCosine.map((row, i) => row[labels[i]] - Math.max(...row.filter((_, k) => k !== labels[i])));
  const cosine = units.map((a) => units.map((b) => dot(a, b)));
  const distance = points.map(([x, y]) => points.map(([u, v]) => Math.hypot(x - u, y - v)));
  const nearest = points.map((_, i) => {
    const costs = points.map((_other, j) => (j === i ? Infinity : measure === "cosine" ? -cosine[i][j] : distance[i][j]));
    const least = Math.min(...costs);
    return costs.findIndex((cost) => cost <= least + TIE);
  });
  const regions = marginRegions(weights, margin);
  const { widest, gap } = spread(regions, weights);
  return {
    distance,
    cosine,
    classCosine,
    classified: lead.map((value) => value > TIE),
    met: lead.map((value) => value >= margin - TIE),
    nearest,
    retrieved: nearest.map((j, i) => labels[j] === labels[i]),
    regions,
    widest,
    gap,
    certain: widest !== null && gap !== null && widest < gap - TIE,
  };
}

/**
 * Return the directions in which the cosine with one class weight is larger than all others by a margin.
 * @param {number[]} weights  degrees
 * @param {number} margin
 * @returns {([number, number] | null)[]}
 */
export function marginRegions(weights, margin) {
  return weights.map((own, i) => {
    let [low, high] = [-180, 180];
    for (const [j, other] of weights.entries()) {
      if (j === i) continue;
      const turn = modulo(other - own + 180, 360) - 180;
      const chord = 2 * Math.sin((Math.abs(turn) * Math.PI) / 360);
      if (chord <= TIE || margin > chord) return null;
      const reach = (Math.acos(margin / chord) * 180) / Math.PI;
      const middle = (90 - Math.abs(turn) / 2) * (turn > 0 ? -1 : 1);
      [low, high] = [Math.max(low, middle - reach), Math.min(high, middle + reach)];
    }
    return low <= high ? [low, high] : null;
  });
}

/**
 * Return the place of the same length that is nearest to a point and in a region.
 * @param {Place} point
 * @param {number} weight  degrees
 * @param {[number, number]} region  degrees from the class weight
 * @returns {Place}
 */
export function turnedInto([x, y], weight, [low, high]) {
  const middle = (low + high) / 2;
  const from = modulo((Math.atan2(y, x) * 180) / Math.PI - weight - middle + 180, 360) - 180;
  const half = (high - low) / 2;
  if (Math.abs(from) <= half) return [x, y];
  const inside = Math.max(half - 0.1, 0); // not on the edge, where rounding of a link could take it out
  const [u, v] = atDegrees(weight + middle + Math.sign(from) * inside);
  const length = Math.hypot(x, y);
  return [u * length, v * length];
}

/**
 * @param {([number, number] | null)[]} regions
 * @param {number[]} weights
 * @returns {{widest: number | null, gap: number | null}}
 */
function spread(regions, weights) {
  const known = regions.flatMap((region, i) => (region ? [region.map((degrees) => degrees + weights[i])] : []));
  const gaps = known.flatMap(([, to], i) =>
    known.flatMap(([from], j) => (i === j ? [] : [wholeTurnIsNone(modulo(from - to, 360))])),
  );
  return {
    widest: known.length ? Math.max(...known.map(([from, to]) => to - from)) : null,
    gap: gaps.length ? Math.min(...gaps) : null,
  };
}

/** @param {number} degrees */
function wholeTurnIsNone(degrees) {
  return degrees < 360 - 1e-9 ? degrees : 0;
}

/**
 * @param {number} degrees
 * @returns {Place}
 */
export function atDegrees(degrees) {
  const angle = (degrees * Math.PI) / 180;
  return [Math.cos(angle), Math.sin(angle)];
}

/**
 * Return the remainder that has the sign of the divisor, as Python's.
 * @param {number} value
 * @param {number} divisor
 */
export function modulo(value, divisor) {
  return ((value % divisor) + divisor) % divisor;
}

/**
 * @param {Place} point
 * @returns {Place}
 */
function unit([x, y]) {
  const length = Math.hypot(x, y);
  return length > 0 ? [x / length, y / length] : [0, 0];
}

/**
 * @param {Place} a
 * @param {Place} b
 */
function dot([a, b], [c, d]) {
  return a * c + b * d;
}
