/**
 * Pictures of a page that have the same group and are moved as one.
 *
 * Streamlit may load this code once for all pictures or once for each, so groups live on the window.
 */

const groups = (kind) => (window[Symbol.for(`contrastive-loss-lab/${kind}-groups`)] ??= new Map());

export class Group extends EventTarget {
  constructor(name) {
    super();
    this.name = name;
    this.members = 0;
  }

  tell(what = "change") {
    this.dispatchEvent(new Event(what));
  }
}

/** The group of that kind and name, made where there is none; one of its own for a picture without a name. */
export function groupOf(kind, name, make) {
  const group = groups(kind).get(name) ?? make();
  if (name) groups(kind).set(name, group);
  group.members += 1;
  return group;
}

/** One member less; with the last of them the group is forgotten. */
export function partFrom(kind, group) {
  group.members -= 1;
  if (!group.members) groups(kind).delete(group.name);
}
