/** Stores a run as it goes on: its newest state, and the frames up to it, one transaction at a time. */

import { forgetRun, quietly, storeRun } from "./store.js";
import { randomName } from "../_shared/registry.js";

/** @import { VisitorRun } from "./client.js" */
/** @import { Snapshot } from "./run.js" */
/** @import { StoredRun } from "./store.js" */

const SAVE_DELAY = 500; // ms after a slider has moved at rest

export class RunSaver {
  /** Another one for each run, also after a reset. */
  id = randomName();
  #run;
  #name;
  /** @type {{state: Snapshot, frames: number} | null} the newest state, with the number of frames up to it */
  #newest = null;
  #stored = 0; // number of frames
  #busy = false;
  #again = false; // whether there is something newer than what is being stored
  #closed = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #later;

  /**
   * @param {VisitorRun} run
   * @param {string} name  under which it is stored; "" for a run that is not
   */
  constructor(run, name) {
    this.#run = run;
    this.#name = name;
  }

  /** Forget what is stored: the run begins anew. */
  forget() {
    this.id = randomName();
    this.#stored = 0;
    if (this.#name) quietly(forgetRun(this.#name));
  }

  /** Store nothing of what the run was so far. */
  drop() {
    this.#newest = null;
    this.pause();
  }

  /** Store nothing for the time being. */
  pause() {
    clearTimeout(this.#later);
  }

  close() {
    this.#closed = true;
    this.pause();
  }

  /** @param {StoredRun} run  that was stored, and goes on */
  resume({ id, snapshot, frames }) {
    this.id = id;
    this.#stored = frames;
    this.#newest = { state: snapshot, frames };
  }

  /**
   * Store a state.
   * @param {Snapshot} state  of the newest frame
   */
  add(state) {
    this.#newest = { state, frames: this.#run.frames.length };
    this.#save();
  }

  /** Store what has changed beside the state, when nothing has for a while. */
  saveSoon() {
    clearTimeout(this.#later);
    this.#later = setTimeout(() => this.#save(), SAVE_DELAY);
  }

  async #save() {
    if (this.#busy) {
      this.#again = true;
      return;
    }
    if (!this.#newest?.state.step || this.#closed || !this.#name) return;
    const { state: snapshot, frames } = this.#newest;
    const { id } = this;
    const { source, about, choice, changes, references } = this.#run;
    const run = { id, source: source.key, origin: source, about, choice, changes, references, snapshot, frames };
    this.#busy = true;
    const added = this.#run.frames.slice(this.#stored, frames);
    const done = await quietly(storeRun(this.#name, run, added).then(() => true));
    if (done && id === this.id) this.#stored = frames;
    const again = this.#again;
    this.#busy = this.#again = false;
    if (again) this.#save();
  }
}
