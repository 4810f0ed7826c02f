/** What the pointer is on and what is pinned, shared by the pictures of one group. */

import { Group } from "./group.js";

/**
 * @template P  what can be pinned
 * @template [H=P]  what can be hovered
 */
export class PointerGroup extends Group {
  /** @type {P | null} */
  pinned = null;
  /** @type {H | null} */
  hovered = null;
  /** Whether anything has ever been pinned or unpinned. */
  touched = false;
  /** @type {object | null} the member that the pointer is on */
  #hoveredOn = null;

  /**
   * @param {string} name
   * @param {(a: H | null, b: H | null) => boolean} same  whether two are the same to hover
   */
  constructor(name, same) {
    super(name);
    this.same = same;
  }

  /** @param {P | null} what */
  pin(what) {
    this.pinned = what;
    this.touched = true;
    this.notify();
  }

  /**
   * @param {object | null} member
   * @param {H | null} what
   */
  hover(member, what) {
    this.#hoveredOn = member;
    if (this.same(what, this.hovered)) return;
    this.hovered = what;
    this.notify();
  }

  /**
   * The pointer has left a member.
   * @param {object} member
   */
  leave(member) {
    if (this.#hoveredOn === member) this.hover(null, null);
  }

  /** @param {object} member */
  forget(member) {
    this.leave(member);
  }
}
