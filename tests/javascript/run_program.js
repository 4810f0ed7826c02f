/**
 * Run a program in Node, for the test that every host computes the same bits.
 *
 * Arguments: the engine, the program, a folder with one file of numbers for each input, how often to run it, and the
 * name of the output that becomes the input of that name for the next time, if there is one. Prints a checksum of each
 * output's bytes.
 */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";

import { Program, readProgram } from "../../cl_core/components/_shared/engine.js";

const [engine, path, folder, times, state] = process.argv.slice(2);
const NUMBERS = [Float32Array, Float64Array, Int32Array, Uint8Array];
const program = new Program(new WebAssembly.Module(readFileSync(engine)), readProgram(readFileSync(path)));
/** @type {Record<string, ArrayLike<number>>} */
const inputs = {};
for (const { name, type } of program.file.inputs) {
  const file = `${folder}/${name}`;
  if (existsSync(file)) inputs[name] = new NUMBERS[type](new Uint8Array(readFileSync(file)).buffer);
}
/** @type {ReturnType<Program["run"]>} */
let outputs = {};
for (let time = 0; time < Number(times); time++) {
  outputs = program.run(inputs);
  if (state) inputs[state] = outputs[state];
}
const checksums = Object.entries(outputs).map(([name, numbers]) => {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return [name, createHash("sha256").update(bytes).digest("hex")];
});
console.log(JSON.stringify(Object.fromEntries(checksums)));
