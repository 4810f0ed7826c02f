/**
 * The point under the pointer and the one that is pinned, shared by the planes of one group. A point is {x, y} in the
 * plane's own coordinates: each plane shows its nearest node.
 */

import { joinGroup } from "../_shared/group.js";
import { PointerGroup } from "../_shared/pointer_group.js";

/** @typedef {{x: number, y: number}} PlanePoint */

/**
 * Join the group of that name.
 * @param {string} name
 * @param {object} member
 * @param {() => void} change  something else is hovered or pinned
 * @returns {{group: PointerGroup<PlanePoint>, leave: () => void}}
 */
export function joinPoints(name, member, change) {
  return joinGroup("plane", name, () => new PointerGroup(name, samePoint), member, { change });
}

/**
 * @param {PlanePoint | null} a
 * @param {PlanePoint | null} b
 */
export function samePoint(a, b) {
  return a?.x === b?.x && a?.y === b?.y;
}
