/**
 * Pictures on one page that have the same group name share a state, for instance the frame shown.
 *
 * Streamlit may load this code once for all pictures or once for each, so the groups are kept on the window.
 */

import { registry } from "./registry.js";

export class Group extends EventTarget {
  /** Whether the state is kept after the last member has left. */
  persistent = false;
  members = 0;

  /** @param {string} name */
  constructor(name) {
    super();
    this.name = name;
  }

  notify(type = "change") {
    this.dispatchEvent(new Event(type));
  }

  /**
   * Drop what belongs to a member that leaves; for subclasses.
   * @param {object} _member
   */
  forget(_member) {}
}

/**
 * Join the group of a kind and a name, which is created for its first member; without a name a group of its own.
 * @template {Group} G
 * @param {string} kind
 * @param {string} name  "" for none
 * @param {() => G} create
 * @param {object} member
 * @param {Record<string, () => void>} listeners  by the type of the group's events
 * @returns {{group: G, leave: () => void}}
 */
export function joinGroup(kind, name, create, member, listeners) {
  const groups = /** @type {Map<string, G>} */ (registry(`${kind}-groups`));
  const group = groups.get(name) ?? create();
  if (name) groups.set(name, group);
  group.members += 1;
  const left = new AbortController();
  for (const [type, listener] of Object.entries(listeners)) {
    group.addEventListener(type, listener, { signal: left.signal });
  }
  const leave = () => {
    left.abort();
    group.forget(member);
    group.members -= 1;
    if (!group.members && !group.persistent) groups.delete(name);
  };
  return { group, leave };
}
