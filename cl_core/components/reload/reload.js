/** Tells the server which of its runs this tab has had, after the page was loaded again; a new tab has had none. */

import { mount, Picture } from "../_shared/picture.js";
import { wasReloaded } from "../_shared/reloaded.js";

/**
 * @import { StreamlitComponent } from "../_shared/picture.js"
 *
 * @typedef {object} Header
 * @property {string} slot
 * @property {string} name       of the run that the page shows
 * @property {boolean} answered  whether the server knows which one the tab had
 */

const STORED = "contrastive-loss-lab/server/"; // and the slot, in sessionStorage, which a reload keeps

/** @extends {Picture<Header>} */
class Reload extends Picture {
  /** @param {Header} header */
  receive({ slot, name, answered }) {
    const had = sessionStorage.getItem(STORED + slot);
    if (!answered && had && had !== name && wasReloaded()) this.trigger("had", had);
    else sessionStorage.setItem(STORED + slot, name);
  }
}

/** @param {StreamlitComponent} component */
export default function reload(component) {
  return mount(Reload, ".reload", component);
}
