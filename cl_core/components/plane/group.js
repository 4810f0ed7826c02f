/**
 * The place that is pointed at and the one that is kept, shared by the planes of a page that have the same group.
 *
 * Streamlit may load this code once for all planes or once for each, so groups live on the window. A place is {x, y} in
 * the plane's own numbers: each plane shows its nearest node.
 */

const GROUPS = Symbol.for("contrastive-loss-lab/plane-groups");

class Group extends EventTarget {
  constructor(name) {
    super();
    this.name = name;
    this.members = 0;
    this.kept = null;
    this.pointed = null;
    this.by = null; // the plane that the hand is on
  }

  keep(place) {
    this.kept = place;
    this.#tell();
  }

  point(by, place) {
    this.by = by;
    if (samePlace(place, this.pointed)) return;
    this.pointed = place;
    this.#tell();
  }

  /** The hand has left a plane. */
  leave(by) {
    if (this.by === by) this.point(null, null);
  }

  part(by) {
    this.leave(by);
    this.members -= 1;
    if (!this.members) window[GROUPS]?.delete(this.name);
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** Become a member of the group of that name, or of one of its own for a plane without. */
export function joinGroup(name) {
  const groups = (window[GROUPS] ??= new Map());
  const group = groups.get(name) ?? new Group(name);
  if (name) groups.set(name, group);
  group.members += 1;
  return group;
}

export function samePlace(a, b) {
  return a?.x === b?.x && a?.y === b?.y;
}
