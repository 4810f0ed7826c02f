/** The angle between two class weights, shared by the pictures of a page that have the same group. */

import { Group, groupOf, partFrom } from "../_shared/group.js";

class Angle extends Group {
  constructor(name, between) {
    super(name);
    this.between = between;
  }

  /** On the way to somewhere. */
  turn(between) {
    if (between === this.between) return;
    this.between = between;
    this.tell("turn");
  }

  /** Arrived: the hand has let go. */
  settle() {
    this.tell("settle");
  }

  part() {
    partFrom("wedge", this);
  }
}

/** Become a member of the group of that name, or of one of its own for a picture without; the first says the angle. */
export function joinGroup(name, between) {
  return groupOf("wedge", name, () => new Angle(name, between));
}
