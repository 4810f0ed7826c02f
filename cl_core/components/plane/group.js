/**
 * What the planes of one group share: the point under the pointer, the one that is pinned, and their size. A point is
 * {x, y} in the plane's own coordinates: each plane shows its nearest node.
 */

import { joinGroup } from "../_shared/group.js";
import { PointerGroup } from "../_shared/pointer_group.js";

/**
 * @typedef {{x: number, y: number}} PlanePoint
 *
 * @typedef {object} Room  CSS pixels
 * @property {number} head  height of the texts above the picture
 * @property {number} foot  height of those below it
 * @property {number} side  of the square
 */

/** @extends {PointerGroup<PlanePoint>} */
export class PlaneGroup extends PointerGroup {
  /** @type {Map<object, Room>} what each member needs, and the largest square that it has room for */
  #rooms = new Map();

  /** @param {string} name */
  constructor(name) {
    super(name, samePoint);
  }

  /**
   * Tell what room a member needs; all hear of it if that changes what they have in common.
   * @param {object} member
   * @param {Room} room
   */
  share(member, room) {
    const before = JSON.stringify(this.room);
    this.#rooms.set(member, room);
    if (JSON.stringify(this.room) !== before) this.notify("room");
  }

  /** @param {object} member */
  forget(member) {
    super.forget(member);
    this.#rooms.delete(member);
    this.notify("room");
  }

  /**
   * The room that all members take, so that they are equally large and level; null before one has told its own.
   * @returns {Room | null}
   */
  get room() {
    const rooms = [...this.#rooms.values()];
    if (!rooms.length) return null;
    return {
      head: Math.max(...rooms.map(({ head }) => head)),
      foot: Math.max(...rooms.map(({ foot }) => foot)),
      side: Math.min(...rooms.map(({ side }) => side)),
    };
  }
}

/**
 * Join the group of that name.
 * @param {string} name
 * @param {object} member
 * @param {{change: () => void, room: () => void}} listeners  something else is hovered or pinned; the size has changed
 * @returns {{group: PlaneGroup, leave: () => void}}
 */
export function joinPlanes(name, member, listeners) {
  return joinGroup("plane", name, () => new PlaneGroup(name), member, listeners);
}

/**
 * @param {PlanePoint | null} a
 * @param {PlanePoint | null} b
 */
export function samePoint(a, b) {
  return a?.x === b?.x && a?.y === b?.y;
}
