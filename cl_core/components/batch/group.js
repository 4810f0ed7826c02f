/**
 * What is hovered and what is pinned, shared by the scenes of one group, and kept when the last of them has left. A node
 * is known by its index and its id, so that a scene of other images does not take it for one of its own.
 */

import { joinGroup } from "../_shared/group.js";
import { PointerGroup } from "../_shared/pointer_group.js";

/**
 * @typedef {{index: number, id: number}} NodeId
 * @typedef {{anchor: NodeId, partner: NodeId | null}} Hovered  `partner`: for the cell of a pair
 * @typedef {PointerGroup<NodeId, Hovered>} SharedNodes
 */

/**
 * Join the group of that name.
 * @param {string} name
 * @param {object} member
 * @param {() => void} change  something else is hovered or pinned
 */
export function joinNodes(name, member, change) {
  return joinGroup("batch", name, () => createGroup(name), member, { change });
}

/**
 * @param {string} name
 * @returns {SharedNodes}
 */
function createGroup(name) {
  const group = new PointerGroup(name, sameHovered);
  group.persistent = true;
  return group;
}

/**
 * @param {Hovered | null} a
 * @param {Hovered | null} b
 */
function sameHovered(a, b) {
  return sameNode(a?.anchor, b?.anchor) && sameNode(a?.partner, b?.partner);
}

/**
 * @param {NodeId | null | undefined} a
 * @param {NodeId | null | undefined} b
 */
function sameNode(a, b) {
  return a?.index === b?.index && a?.id === b?.id;
}
