/** Hands the run that this browser trains, or has stored, over to a page that needs it. */

import { encodeRun } from "../trainer/handover.js";
import { storedVisitorRun, visitorRun } from "../trainer/visitor_runs.js";
import { mount, Picture } from "../_shared/picture.js";

/**
 * @import { StreamlitComponent } from "../_shared/picture.js"
 *
 * @typedef {object} Header
 * @property {string} name                     of the run in this browser
 * @property {[string, number] | null} known   run and step that the server has
 */

/** @extends {Picture<Header>} */
class OwnRun extends Picture {
  #handing = false;

  /** @param {Header} header */
  async receive({ name, known }) {
    if (this.#handing) return;
    this.#handing = true;
    try {
      const run = visitorRun(name) ?? (await storedVisitorRun(name));
      const [id, step] = known ?? ["", -1];
      if (!run?.frames.length || (run.id === id && run.step === step)) return;
      this.trigger("handover", { id: run.id, step: run.step, text: await encodeRun(run) });
    } finally {
      this.#handing = false;
    }
  }
}

/** @param {StreamlitComponent} component */
export default function ownRun(component) {
  return mount(OwnRun, ".own-run", component);
}
