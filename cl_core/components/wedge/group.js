/** The angle between two class weights, shared by the pictures of one group. */

import { Group, joinGroup } from "../_shared/group.js";

export class SharedAngle extends Group {
  /**
   * @param {string} name
   * @param {number} between  degrees
   */
  constructor(name, between) {
    super(name);
    this.between = between;
  }

  /**
   * Change the angle while a handle is dragged.
   * @param {number} between  degrees
   */
  turn(between) {
    if (between === this.between) return;
    this.between = between;
    this.notify();
  }

  /** Tell the members that the angle is final. */
  settle() {
    this.notify("settle");
  }
}

/**
 * Join the group of that name; the first member sets the angle.
 * @param {string} name
 * @param {number} between  degrees
 * @param {object} member
 * @param {{change: () => void, settle: () => void}} listeners
 */
export function joinAngle(name, between, member, listeners) {
  return joinGroup("wedge", name, () => new SharedAngle(name, between), member, listeners);
}
