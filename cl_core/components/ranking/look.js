/** Everything that is to be seen from one anchor and one of its positives, as plain values. */

import { KINDS } from "./order.js";

/**
 * @typedef {object} Look
 * @property {number} anchor
 * @property {number | null} positive  the chosen one; null where the anchor has none
 * @property {number[]} positives  nearest first
 * @property {number[]} negatives  nearest first
 * @property {Record<string, number[]>} zones  kind -> negatives of that kind, nearest first
 * @property {Set<number>} picked  negatives that the miner picks with the chosen positive
 * @property {Set<number>} elsewhere  those that it picks with others only
 * @property {Set<number>} picking  positives with which it picks something
 * @property {number} others  how many triplets it picks with other positives
 */

/**
 * @param {import("./order.js").Order} order
 * @param {number} anchor
 * @param {number | null} wanted  the positive that the viewer has chosen, if any
 * @returns {Look}
 */
export function lookFrom(order, anchor, wanted) {
  const positives = order.positives(anchor);
  const negatives = order.negatives(anchor);
  const chosenBy = new Map(positives.map((p) => [p, negatives.filter((n) => order.picks(anchor, p, n))]));
  const picking = new Set(positives.filter((p) => chosenBy.get(p).length));
  const first = positives.find((p) => picking.has(p)) ?? positives[0] ?? null;
  const positive = positives.includes(wanted) ? wanted : first;
  const picked = new Set(chosenBy.get(positive));
  const rest = positives.filter((p) => p !== positive).flatMap((p) => chosenBy.get(p));
  const zones = Object.fromEntries(KINDS.map((kind) => [kind, []]));
  if (positive !== null) for (const n of negatives) zones[order.kind(anchor, positive, n)].push(n);
  return {
    anchor,
    positive,
    positives,
    negatives,
    zones,
    picked,
    elsewhere: new Set(rest.filter((n) => !picked.has(n))),
    picking,
    others: rest.length,
  };
}
