/** Everything that is seen from one anchor and one of its positives, as plain values. */

import { KINDS } from "./order.js";

/** @import { Kind, Order } from "./order.js" */

/**
 * @typedef {object} View
 * @property {number} anchor
 * @property {number | null} positive  the chosen one; null where the anchor has none
 * @property {number[]} positives  nearest first
 * @property {number[]} negatives  nearest first
 * @property {Record<Kind, number[]>} zones  negatives of each kind, nearest first
 * @property {Set<number>} picked  negatives that the miner picks with the chosen positive
 * @property {Set<number>} elsewhere  negatives that it picks with other positives only
 * @property {Set<number>} picking  positives with which it picks something
 * @property {number} others  number of triplets that it picks with other positives
 */

/**
 * @param {Order} order
 * @param {number} anchor
 * @param {number | null} wanted  the positive that the viewer has chosen, if any
 * @returns {View}
 */
export function viewFrom(order, anchor, wanted) {
  const positives = order.positives(anchor);
  const negatives = order.negatives(anchor);
  const picks = new Map(positives.map((p) => [p, negatives.filter((n) => order.picks(anchor, p, n))]));
  /** @param {number} p */
  const picksOf = (p) => picks.get(p) ?? [];
  const picking = new Set(positives.filter((p) => picksOf(p).length));
  const first = positives.find((p) => picking.has(p)) ?? positives[0] ?? null;
  const positive = wanted !== null && positives.includes(wanted) ? wanted : first;
  const picked = new Set(positive === null ? [] : picksOf(positive));
  const rest = positives.filter((p) => p !== positive).flatMap(picksOf);
  /** @type {Record<Kind, number[]>} */
  const zones = { hard: [], semihard: [], easy: [] };
  if (positive !== null) for (const n of negatives) zones[order.kind(anchor, positive, n)].push(n);
  const elsewhere = new Set(rest.filter((n) => !picked.has(n)));
  return { anchor, positive, positives, negatives, zones, picked, elsewhere, picking, others: rest.length };
}

/**
 * Return how many negatives each kind has.
 * @param {View} view
 */
export function countsOf({ zones }) {
  return Object.fromEntries(KINDS.map((kind) => [kind, zones[kind].length]));
}
