/** What the triplet loss makes of the points: the outputs of the program, or the same numbers from Python. */

/** @import { Place } from "./space.js" */

/**
 * @typedef {"easy" | "semihard" | "hard"} Kind
 *
 * @typedef {object} Measured  see `TripletScene` in Python; a distance that ties with `dAp` or `edge` equals it
 * @property {number} dAp
 * @property {number} margin
 * @property {number} edge  distance from which a negative is easy
 * @property {number[]} dAn
 * @property {Kind[]} kinds
 * @property {number[]} losses
 * @property {number} active  number of triplets with a loss
 * @property {number} loss  mean over those
 * @property {Place[]} forces  on anchor, positive, negatives
 * @property {number[]} rings  radii around the anchor: through the positive, where easy begins, and where it would begin
 *   for another distance
 * @property {number} reach  radius at which a negative has the distance that was asked for
 */

/**
 * Return what flat lists of numbers say.
 * @param {Record<string, ArrayLike<number>>} numbers  by name of the output
 * @param {Kind[]} kinds  in Python's order
 * @returns {Measured}
 */
export function measuredOf(numbers, kinds) {
  const { forces } = numbers;
  return {
    dAp: numbers.d_ap[0],
    margin: numbers.margin[0],
    edge: numbers.edge[0],
    dAn: Array.from(numbers.d_an),
    kinds: Array.from(numbers.kinds, (kind) => kinds[kind]),
    losses: Array.from(numbers.losses),
    active: numbers.active[0],
    loss: numbers.loss[0],
    forces: Array.from({ length: forces.length / 2 }, (_, i) => [forces[2 * i], forces[2 * i + 1]]),
    rings: Array.from(numbers.rings),
    reach: numbers.reach[0],
  };
}
