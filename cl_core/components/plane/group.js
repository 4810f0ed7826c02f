/**
 * The place that is pointed at and the one that is kept, shared by the planes of a page that have the same group. A
 * place is {x, y} in the plane's own numbers: each plane shows its nearest node.
 */

import { Group, groupOf, partFrom } from "../_shared/_old/group.js";

class Places extends Group {
  kept = null;
  pointed = null;
  by = null; // the plane that the hand is on

  keep(place) {
    this.kept = place;
    this.tell();
  }

  point(by, place) {
    this.by = by;
    if (samePlace(place, this.pointed)) return;
    this.pointed = place;
    this.tell();
  }

  /** The hand has left a plane. */
  leave(by) {
    if (this.by === by) this.point(null, null);
  }

  part(by) {
    this.leave(by);
    partFrom("plane", this);
  }
}

/** Become a member of the group of that name, or of one of its own for a plane without. */
export function joinGroup(name) {
  return groupOf("plane", name, () => new Places(name));
}

export function samePlace(a, b) {
  return a?.x === b?.x && a?.y === b?.y;
}
