/**
 * What is pointed at and what is kept, shared by the scenes of a page that have the same group.
 *
 * Streamlit may load this code once for all scenes or once for each, so groups live on the window. A place is
 * {index, id}: the node's number, and what it is, so that a scene of other images does not take it for its own.
 */

const GROUPS = Symbol.for("contrastive-loss-lab/batch-groups");

class Group extends EventTarget {
  constructor() {
    super();
    this.pinned = null; // a place
    this.pointed = null; // {anchor, partner, by}: places, and the scene that the hand is on
    this.touched = false; // whether anyone has ever pinned or let go
  }

  pin(place) {
    this.pinned = place;
    this.touched = true;
    this.#tell();
  }

  /** `partner` is null where a picture is pointed at and not a pair. */
  point(by, anchor, partner = null) {
    const known = this.pointed;
    if (known && known.by === by && samePlace(known.anchor, anchor) && samePlace(known.partner, partner)) return;
    this.pointed = { anchor, partner, by };
    this.#tell();
  }

  /** The hand has left this scene. */
  leave(by) {
    if (this.pointed?.by !== by) return;
    this.pointed = null;
    this.#tell();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

/** The group of that name, or one of its own for a scene without. */
export function groupOf(name) {
  if (!name) return new Group();
  const groups = (window[GROUPS] ??= new Map());
  if (!groups.has(name)) groups.set(name, new Group());
  return groups.get(name);
}

function samePlace(a, b) {
  return a?.index === b?.index && a?.id === b?.id;
}
