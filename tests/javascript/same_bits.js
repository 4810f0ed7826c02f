/**
 * Compute checksums of runs and programs, for the tests that every host computes the same bits: a browser's page, or Node.
 *
 * Node: `node same_bits.js URL HOST`, with the URL of the server of tests/hosts.py, which gets the checksums.
 */

import { openEnvelope } from "../../cl_core/components/_shared/envelope.js";
import { Program } from "../../cl_core/components/_shared/engine.js";
import { readProgram } from "../../cl_core/components/_shared/program_file.js";
import { Run } from "../../cl_core/components/trainer/run.js";

const NAN = -1e300; // in place of NaN, of which WebAssembly does not fix the bits

/**
 * A run or a program, see tests/hosts.py.
 * @typedef {object} Job
 * @property {string} name
 * @property {string} file  URL
 * @property {Record<string, number[]>} [inputs]  of a program
 * @property {{choice: object, examples: string, probes: string, steps: number, frames: number[]}} [run]
 */

/**
 * Compute the checksums of all jobs of a server, and send them there.
 * @param {string} url
 * @param {string} host  name that the server knows this host by
 */
export async function checkHost(url, host) {
  const results = {};
  try {
    const engine = await WebAssembly.compile(await bytesAt(`${url}/assets/engine/engine.wasm`));
    for (const job of await (await fetch(`${url}/jobs`)).json()) {
      results[job.name] = await (job.run ? checksumsOfRun(url, engine, job) : checksumsOfProgram(url, engine, job));
    }
  } catch (error) {
    results.error = `${error}\n${error.stack}`;
  }
  await fetch(`${url}/results/${host}`, { method: "POST", body: JSON.stringify(results) });
}

/**
 * @param {string} url
 * @param {WebAssembly.Module} engine
 * @param {Job} job
 */
async function checksumsOfProgram(url, engine, { file, inputs }) {
  const program = new Program(engine, readProgram(await bytesAt(url + file)));
  const checksums = Object.entries(program.run(inputs)).map(async ([name, numbers]) => [name, await checksumOf(numbers)]);
  return Object.fromEntries(await Promise.all(checksums));
}

/**
 * @param {string} url
 * @param {WebAssembly.Module} engine
 * @param {Job} job
 */
async function checksumsOfRun(url, engine, { file, run: { choice, examples, probes, steps, frames: wanted } }) {
  const options = { frameSteps: wanted };
  const run = new Run(engine, await bytesAt(url + file), choice, await examplesAt(url + probes), options);
  const training = await examplesAt(url + examples);
  const frames = wanted[0] === 0 ? [run.frame()] : [];
  while (run.step < steps && run.train(training)) if (wanted.includes(run.step)) frames.push(run.frame());
  const numbers = frames.flatMap((frame) => {
    if (!frame) return [[NAN]];
    const views = Object.values(frame.views).flatMap(({ points, shares }) => [points, shares]);
    return [...views, Object.values(frame.metrics), frame.losses];
  });
  return {
    steps: run.step,
    empty: run.empty,
    vector: await checksumOf(run.snapshot().vector),
    frames: await Promise.all(numbers.map(checksumOf)),
    references: await checksumOf(Object.values(run.references())),
  };
}

/** @param {string} url */
async function bytesAt(url) {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url}: ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** @param {string} url */
async function examplesAt(url) {
  return openEnvelope(await bytesAt(url)).buffers;
}

/** @param {ArrayLike<number>} numbers */
async function checksumOf(numbers) {
  const bytes = new Uint8Array(Float64Array.from(numbers, (x) => (Number.isNaN(x) ? NAN : x)).buffer);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

if (globalThis.process) await checkHost(...process.argv.slice(2));
