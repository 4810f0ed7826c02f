/**
 * The angle between two class weights, shared by the pictures of a page that have the same group.
 *
 * Streamlit may load this code once for all pictures or once for each, so groups live on the window.
 */

const GROUPS = Symbol.for("contrastive-loss-lab/wedge-groups");

class Group extends EventTarget {
  constructor(name, between) {
    super();
    this.name = name;
    this.between = between;
    this.members = 0;
  }

  /** On the way to somewhere. */
  turn(between) {
    if (between === this.between) return;
    this.between = between;
    this.dispatchEvent(new Event("turn"));
  }

  /** Arrived: the hand has let go. */
  settle() {
    this.dispatchEvent(new Event("settle"));
  }

  part() {
    this.members -= 1;
    if (!this.members && window[GROUPS]?.get(this.name) === this) window[GROUPS].delete(this.name);
  }
}

/** Become a member of the group of that name, or of one of its own for a picture without; the first says the angle. */
export function joinGroup(name, between) {
  const groups = (window[GROUPS] ??= new Map());
  const group = groups.get(name) ?? new Group(name, between);
  if (name) groups.set(name, group);
  group.members += 1;
  return group;
}
