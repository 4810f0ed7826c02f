/** The visitor's runs of this page by their names, and what is stored of them. */

import { VisitorRun } from "./client.js";
import { quietly, storedRun } from "./store.js";
import { registry } from "../_shared/registry.js";
import { wasReloaded } from "../_shared/reloaded.js";

/** @import { About, Change, Frame, Source } from "./client.js" */
/** @import { Choice, References, Snapshot } from "./run.js" */

const WAITING = "contrastive-loss-lab/waiting/"; // and the name, in sessionStorage: id of a run

/** @returns {Map<string, VisitorRun>} */
function visitorRuns() {
  return registry("visitor-runs");
}

/**
 * Return the run of a name that this page has, which outlives the picture that shows it.
 * @param {string} name
 */
export function visitorRun(name) {
  return visitorRuns().get(name) ?? null;
}

/**
 * What the server reads of a run; a `VisitorRun` is one.
 * @typedef {object} ReadableRun
 * @property {string} id
 * @property {number} step
 * @property {About} about
 * @property {Choice} choice
 * @property {Frame[]} frames
 * @property {number[]} losses
 * @property {References | null} references
 * @property {string} failure
 * @property {Change[]} changes
 * @property {() => Promise<Snapshot>} snapshot
 */

/**
 * Return the run of a name as it was stored last, for a page that does not go on with it.
 * @param {string} name
 * @returns {Promise<ReadableRun | null>}
 */
export async function storedVisitorRun(name) {
  const stored = await quietly(storedRun(name));
  if (!stored) return null;
  const { run, frames } = stored;
  const losses = frames.flatMap((frame) => [...frame.losses]);
  return { ...run, step: run.snapshot.step, frames, losses, failure: "", snapshot: async () => run.snapshot };
}

/**
 * Remember, until the tab is closed, that the run of a name is shown although the page has other settings.
 * @param {string} name
 * @param {string} id  of the run; "" if its settings are those of the page
 */
export function noteWaiting(name, id) {
  try {
    sessionStorage.setItem(WAITING + name, id);
  } catch {
    // storage is forbidden: then nothing is stored of the run either
  }
}

/**
 * Return what is stored of the run that the tab showed although the page had other settings, before it was loaded again.
 * @param {string} name
 */
export async function waitingRun(name) {
  const id = wasReloaded() && (await quietly(Promise.resolve().then(() => sessionStorage.getItem(WAITING + name))));
  const stored = id ? await quietly(storedRun(name)) : null;
  return stored && stored.run.id === id ? stored.run : null;
}

/**
 * Open a run in place of the one of its name.
 * @param {string} name
 * @param {Source} source
 * @param {Choice} choice
 * @param {boolean} [returning]  whether it is known to be stored
 */
export function openVisitorRun(name, source, choice, returning = false) {
  visitorRun(name)?.close();
  const run = new VisitorRun(source, choice, name, null, returning);
  visitorRuns().set(name, run);
  return run;
}
