/** Tells the server which of its runs this tab has had, after the page was loaded again; a new tab has had none. */

import { mount, Picture } from "../_shared/picture.js";

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

/** Whether the page is there because it was loaded again, and not by a link. */
function wasReloaded() {
  const [entry] = performance.getEntriesByType("navigation");
  return entry instanceof PerformanceNavigationTiming && entry.type === "reload";
}

/** @param {StreamlitComponent} component */
export default function reload(component) {
  return mount(Reload, ".reload", component);
}
