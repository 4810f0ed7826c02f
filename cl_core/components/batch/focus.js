/** What of a batch is looked at: an anchor, and the node that it is seen with. Scenes of one group look at the same. */

import { fill } from "../_shared/format.js";
import { joinNodes } from "./group.js";

/**
 * @import { Header } from "./batch.js"
 * @import { Bonds, Pair } from "./bonds.js"
 * @import { NodeId, SharedNodes } from "./group.js"
 */

/**
 * @typedef {object} Focused  nodes are -1 for none
 * @property {number} anchor
 * @property {number} partner
 * @property {boolean} chosen  whether the partner was chosen by the viewer, else it is the strongest
 * @property {boolean} cell  whether that was at a cell of the matrix
 * @property {boolean} pinned  whether the anchor is pinned
 *
 * @typedef {object} FocusSummary  what is looked at in names and numbers
 * @property {string} first
 * @property {string} second
 * @property {number[]} rows  numbers of the test images; -1 for a class weight
 * @property {Pair | null} pair  null where a node is bound to no other
 * @property {boolean} strongest
 * @property {boolean} pinned
 */

export class Focus {
  /** @type {Bonds | null} */
  #bonds = null;
  /** @type {Header | null} */
  #header = null;
  /** @type {SharedNodes | null} */
  #group = null;
  #leave = () => {};

  /** @param {() => void} changed  something else may be looked at */
  constructor(changed) {
    this.changed = changed;
  }

  /**
   * Look at another batch, or at the same with other weights.
   * @param {Bonds} bonds
   * @param {Header} header
   */
  update(bonds, header) {
    const known = this.#group !== null && this.#header?.group === header.group;
    this.#bonds = bonds;
    this.#header = header;
    if (known) return;
    this.#leave();
    const { group, leave } = joinNodes(header.group, this, this.changed);
    this.#group = group;
    this.#leave = leave;
    // for a picture that was mounted again
    if (header.anchor !== null && !group.touched) group.pin(idOf(bonds, header.anchor));
  }

  close() {
    this.#leave();
  }

  /** The pinned node, or -1. */
  get pinned() {
    return this.#nodeOf(this.#group?.pinned);
  }

  /** The node that the keys have reached, or -1. */
  get current() {
    return this.#nodeOf(this.#group?.hovered?.anchor ?? this.#group?.pinned);
  }

  /**
   * The pointer is on a node, or on the cell of a pair; -1 for none.
   * @param {number} node
   * @param {number} [partner]
   */
  hover(node, partner = -1) {
    if (node < 0 || !this.#bonds) return this.leave();
    const anchor = idOf(this.#bonds, node);
    this.#group?.hover(this, { anchor, partner: partner < 0 ? null : idOf(this.#bonds, partner) });
  }

  /** The pointer has left. */
  leave() {
    this.#group?.leave(this);
  }

  /**
   * Pin a node, or unpin if it is the pinned one, or -1.
   * @param {number} node
   * @returns {{index: number | null, id: number | null} | null} value for Python; null where nothing changes
   */
  pin(node) {
    const { pinned } = this;
    if (!this.#bonds || (node < 0 && pinned < 0)) return null;
    const id = node === pinned || node < 0 ? null : idOf(this.#bonds, node);
    this.#group?.pin(id);
    return id ?? { index: null, id: null };
  }

  /**
   * Go to the next node in the order of the classes.
   * @param {number} by  1 or -1
   */
  step(by) {
    const order = this.#bonds?.tabOrder ?? [];
    if (!order.length) return;
    const from = order.indexOf(this.current);
    const next = from < 0 ? (by > 0 ? 0 : order.length - 1) : (from + by + order.length) % order.length;
    this.hover(order[next]);
  }

  /**
   * Return what is looked at.
   * @returns {Focused}
   */
  get focused() {
    const { pinned } = this;
    const bonds = this.#bonds;
    const hovered = this.#nodeOf(this.#group?.hovered?.anchor);
    const other = this.#nodeOf(this.#group?.hovered?.partner);
    /**
     * @param {number} anchor
     * @param {number} partner
     */
    const focus = (anchor, partner, chosen = false, cell = false) => {
      return { anchor, partner, chosen, cell, pinned: pinned >= 0 && anchor === pinned };
    };
    if (!bonds) return focus(-1, -1);
    if (hovered >= 0 && other >= 0 && bonds.joined(hovered, other)) return focus(hovered, other, true, true);
    if (pinned >= 0 && hovered >= 0 && hovered !== pinned && bonds.joined(pinned, hovered)) {
      return focus(pinned, hovered, true);
    }
    const anchor = hovered >= 0 ? hovered : pinned;
    return anchor < 0 ? focus(-1, -1) : focus(anchor, bonds.strongest(anchor));
  }

  /**
   * Return what is looked at in names and numbers, for the readout; null for nothing.
   * @param {Focused} [focused]
   * @returns {FocusSummary | null}
   */
  summary({ anchor, partner, chosen, pinned } = this.focused) {
    const [bonds, header] = [this.#bonds, this.#header];
    if (anchor < 0 || !bonds || !header) return null;
    const nodes = partner < 0 ? [anchor] : [anchor, partner];
    const [first, second = ""] = nodes.map((node) => nameOf(node, bonds, header));
    return {
      first,
      second,
      rows: nodes.map((node) => (bonds.isPrototype(node) ? -1 : bonds.images[node])),
      pair: partner < 0 ? null : bonds.pair(anchor, partner),
      strongest: !chosen,
      pinned,
    };
  }

  /**
   * Return the node of an id, or -1 where it is none of this batch.
   * @param {NodeId | null | undefined} node
   */
  #nodeOf(node) {
    if (!node || !this.#bonds || node.index >= this.#bonds.nodes) return -1;
    return this.#bonds.idOf(node.index) === node.id ? node.index : -1;
  }
}

/**
 * @param {Bonds} bonds
 * @param {number} node
 * @returns {NodeId}
 */
function idOf(bonds, node) {
  return { index: node, id: bonds.idOf(node) };
}

/**
 * @param {number} node
 * @param {Bonds} bonds
 * @param {Header} header
 */
function nameOf(node, bonds, { class_names: names, words }) {
  const name = names[bonds.labelOf(node)];
  return bonds.isPrototype(node) ? fill(words.prototype, { name }) : name;
}
