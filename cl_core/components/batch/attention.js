/** What of a batch is looked at: an anchor, and the one it is seen with. Scenes of one group look at the same. */

import { filled } from "../_shared/_old/page.js";
import { joinGroup } from "./group.js";

export class Attention {
  /** @param {() => void} changed  called whenever something else may be looked at */
  constructor(changed) {
    this.changed = changed;
    this.bonds = null;
    this.group = null;
  }

  /** Another batch, or the same with other weights. */
  turnTo(bonds, header) {
    this.bonds = bonds;
    this.header = header;
    if (this.group && this.name === header.group) return;
    this.close();
    this.name = header.group;
    this.group = joinGroup(header.group);
    this.group.addEventListener("change", this.changed);
    // mounted again: what was kept?
    if (header.anchor !== null && !this.group.touched) this.group.pin(this.#placeOf(header.anchor));
  }

  close() {
    this.leave();
    this.group?.removeEventListener("change", this.changed);
  }

  /** The node that is kept, or -1. */
  get pinned() {
    return this.#nodeAt(this.group?.pinned);
  }

  /** The node that the keys have gone to, or -1. */
  get here() {
    return this.#nodeAt(this.group?.pointed?.anchor ?? this.group?.pinned);
  }

  /** The hand is on a node, or on the cell of a pair; -1 for nothing. */
  pointAt(node, partner = -1) {
    if (node < 0) return this.leave();
    this.group.point(this, this.#placeOf(node), partner < 0 ? null : this.#placeOf(partner));
  }

  leave() {
    this.group?.leave(this);
  }

  /**
   * Keep a node, or let it go if it is the one that is kept, or -1.
   * @returns {{index: number | null, id: number | null} | null} what to tell the page; null where nothing changes
   */
  pin(node) {
    const { pinned } = this;
    if (node < 0 && pinned < 0) return null;
    const place = node === pinned || node < 0 ? null : this.#placeOf(node);
    this.group.pin(place);
    return place ?? { index: null, id: null };
  }

  /** Go to the next node in class order. */
  step(by) {
    const walk = this.bonds?.walk ?? [];
    if (!walk.length) return;
    const from = walk.indexOf(this.here);
    const next = from < 0 ? (by > 0 ? 0 : walk.length - 1) : (from + by + walk.length) % walk.length;
    this.pointAt(walk[next]);
  }

  /**
   * What is looked at, -1 for none: the anchor, its partner, whether the anchor is kept, whether the partner was chosen
   * by hand (else it is the strongest), and whether that was at a cell of the matrix.
   */
  focus() {
    const { bonds, pinned } = this;
    const pointed = this.#nodeAt(this.group.pointed?.anchor);
    const other = this.#nodeAt(this.group.pointed?.partner);
    const looking = (anchor, partner, chosen = false, cell = false) => {
      return { anchor, partner, chosen, cell, pinned: pinned >= 0 && anchor === pinned };
    };
    if (pointed >= 0 && other >= 0 && bonds.joined(pointed, other)) return looking(pointed, other, true, true);
    if (pinned >= 0 && pointed >= 0 && pointed !== pinned && bonds.joined(pinned, pointed)) {
      return looking(pinned, pointed, true);
    }
    const anchor = pointed >= 0 ? pointed : pinned;
    return anchor < 0 ? looking(-1, -1) : looking(anchor, bonds.strongest(anchor));
  }

  /** The same in names and numbers, for the readout; null for nothing. */
  told({ anchor, partner, chosen, pinned } = this.focus()) {
    if (anchor < 0) return null;
    const { bonds } = this;
    const both = partner < 0 ? [anchor] : [anchor, partner];
    const [first, second] = both.map((node) => this.#nameOf(node));
    return {
      first,
      second,
      rows: both.map((node) => (bonds.isPrototype(node) ? -1 : bonds.images[node])),
      pair: partner < 0 ? null : bonds.pair(anchor, partner),
      strongest: !chosen,
      pinned,
    };
  }

  #nameOf(node) {
    const name = this.header.class_names[this.bonds.labelOf(node)];
    return this.bonds.isPrototype(node) ? filled(this.header.words.prototype, { name }) : name;
  }

  #placeOf(node) {
    return { index: node, id: this.bonds.idOf(node) };
  }

  /** The node at a place, or -1 where it is none of this batch. */
  #nodeAt(place) {
    if (!place || !this.bonds || place.index >= this.bonds.nodes) return -1;
    return this.bonds.idOf(place.index) === place.id ? place.index : -1;
  }
}
