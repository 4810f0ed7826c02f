/**
 * What is pointed at and what is kept, shared by the scenes of a page that have the same group, and still known when
 * the last of them has gone. A place is {index, id}: the node's number, and what it is, so that a scene of other images
 * does not take it for its own.
 */

import { Group, groupOf } from "../_shared/_old/group.js";

class Places extends Group {
  pinned = null; // a place
  pointed = null; // {anchor, partner, by}: places, and the scene that the hand is on
  touched = false; // whether anyone has ever pinned or let go

  pin(place) {
    this.pinned = place;
    this.touched = true;
    this.tell();
  }

  /** `partner` is null where a picture is pointed at and not a pair. */
  point(by, anchor, partner = null) {
    const known = this.pointed;
    if (known && known.by === by && samePlace(known.anchor, anchor) && samePlace(known.partner, partner)) return;
    this.pointed = { anchor, partner, by };
    this.tell();
  }

  /** The hand has left this scene. */
  leave(by) {
    if (this.pointed?.by !== by) return;
    this.pointed = null;
    this.tell();
  }
}

/** The group of that name, or one of its own for a scene without. */
export function joinGroup(name) {
  return groupOf("batch", name, () => new Places(name));
}

function samePlace(a, b) {
  return a?.index === b?.index && a?.id === b?.id;
}
