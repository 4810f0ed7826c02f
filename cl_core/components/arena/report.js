/** What the server reads of a race: measures and losses since what it has, see `report.py`. */

import { base64, packEnvelope } from "../_shared/envelope.js";

/** @import { VisitorRace } from "./race.js" */
/** @import { Frame } from "../trainer/client.js" */

const MAX_FRAMES = 3000; // of all runs in one report; the next report has the rest

/**
 * Encode what the server does not have of a race.
 * @param {VisitorRace} race
 * @param {number} after  step up to which it has everything; -1 for nothing
 * @returns {{step: number, text: string}} the step up to which it has everything then, and the report in base64
 */
export function encodeReport(race, after) {
  const all = race.runs.flat();
  const most = Math.max(1, Math.floor(MAX_FRAMES / all.length));
  const added = all.map((run) => race.framesOf(run).filter(({ step }) => step > after));
  const step = Math.min(race.step, ...added.filter(({ length }) => length > most).map((frames) => frames[most - 1].step));
  const parts = added.map((frames) => frames.filter((frame) => frame.step <= step));
  const header = {
    race: race.id,
    key: race.source.key,
    after,
    step,
    version: race.version,
    phase: race.phase,
    playing: race.playing,
    started: race.started,
    rate: race.rate,
    runs: all.map((run, index) => ({
      steps: parts[index].map((frame) => frame.step),
      empty: parts[index].at(-1)?.empty ?? null,
      failure: run.phase === "failed" ? run.failure : null,
      references: run.references && [finite(run.references.collapse), finite(run.references.floor)],
    })),
  };
  const buffers = all.map((run, index) => [
    [`losses${index}`, Float32Array.from(run.losses.slice(Math.max(after, 0), Math.max(step, 0)))],
    [`measures${index}`, Float32Array.from(parts[index].flatMap(measuresOf))],
  ]);
  return { step, text: base64(packEnvelope(header, Object.fromEntries(buffers.flat()))) };
}

/**
 * @param {Frame} frame
 * @returns {number[]}
 */
function measuresOf({ seconds, probe, metrics }) {
  return [seconds, probe, ...Object.values(metrics)];
}

/** @param {number} value */
function finite(value) {
  return Number.isFinite(value) ? value : null;
}
