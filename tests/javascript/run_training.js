/**
 * Train in Node, for the test that a run has the same bits in every host.
 *
 * Arguments: the engine, the run (see components/trainer/message.py), the choice as JSON, files of the training images
 * and of the probe images (labels, then pixels), and how many steps to train. Prints the checksums of the frames before
 * and after them, with the losses.
 */

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

import { Run } from "../../cl_core/components/trainer/run.js";

const [engine, file, choice, images, probes, steps] = process.argv.slice(2);
const PIXELS = 784;

/** @param {string} path */
function imagesOf(path) {
  const bytes = new Uint8Array(readFileSync(path));
  const count = bytes.length / (1 + PIXELS);
  return { labels: bytes.subarray(0, count), pixels: bytes.subarray(count) };
}

const module = new WebAssembly.Module(readFileSync(engine));
const run = new Run(module, new Uint8Array(readFileSync(file)), JSON.parse(choice), imagesOf(probes));
const training = imagesOf(images);
const frames = [run.frame()];
for (let step = 0; step < Number(steps); step++) run.train(training);
frames.push(run.frame());
const described = frames.map(({ step, points, shares, metrics, losses }) => {
  const checksum = createHash("sha256").update(new Uint8Array(points.buffer)).digest("hex");
  return { step, checksum, shares, metrics, losses: [...losses] };
});
console.log(JSON.stringify(described));
