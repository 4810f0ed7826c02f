/**
 * Train in Node, for the tests that a run has the same bits in every host, wherever it was paused or stored.
 *
 * Arguments: the engine, the run (see components/trainer/message.py), the choice as JSON, files of the training examples and of
 * the probes, and what to do, as a JSON list of: a number of steps to train; "frame"; "restore", which goes on in another
 * run from a snapshot; or a change of the choice. Prints the frames, with checksums of their points, the checksum of the
 * final vector, and the message for numbers that run out of range at step 7.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

import { openEnvelope } from "../../cl_core/components/_shared/envelope.js";
import { Run } from "../../cl_core/components/trainer/run.js";

const [engine, file, choice, examples, probes, plan] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(engine));
const training = examplesOf(examples);
let chosen = JSON.parse(choice);
let run = new Run(module, new Uint8Array(readFileSync(file)), chosen, examplesOf(probes));
const frames = [];
const finite = [];
for (const action of JSON.parse(plan)) {
  if (action === "frame") frames.push(run.frame());
  else if (action === "restore") restore();
  else if (typeof action === "number") for (let step = 0; step < action; step++) finite.push(run.train(training));
  else {
    chosen = { ...chosen, ...action };
    run.change(action);
  }
}
console.log(
  JSON.stringify({
    frames: frames.map(({ views, losses, regions, ...frame }) => ({
      ...frame,
      checksums: Object.values(views).map(({ points }) => checksumOf(points)),
      shares: Object.values(views).map(({ shares }) => shares),
      losses: [...losses],
      ...(regions && { regions: checksumOf(regions) }),
    })),
    finite: finite.every(Boolean),
    vector: checksumOf(run.snapshot().vector),
    references: run.references(),
    due: [false, true].map((everyStep) => run.hasFrame(everyStep)),
    text: run.divergenceText(7),
  }),
);

function restore() {
  const from = structuredClone({ snapshot: run.snapshot(), frames: run.frames });
  run = new Run(module, new Uint8Array(readFileSync(file)), chosen, examplesOf(probes), { from });
}

/** @param {string} path */
function examplesOf(path) {
  return openEnvelope(new Uint8Array(gunzipSync(readFileSync(path)))).buffers;
}

function checksumOf(numbers) {
  return createHash("sha256").update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength)).digest("hex");
}
