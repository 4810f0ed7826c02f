/**
 * Run a program in Node for the benchmark of training steps: as often as each line of the input says, answering with
 * an empty line.
 *
 * Arguments: the engine, the program, and a folder with one file of numbers for each input.
 */

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

import { Program } from "../../cl_core/components/_shared/engine.js";
import { readProgram } from "../../cl_core/components/_shared/program_file.js";

const [engine, path, folder] = process.argv.slice(2);
const NUMBERS = [Float32Array, Float64Array, Int32Array, Uint8Array];
const program = new Program(new WebAssembly.Module(readFileSync(engine)), readProgram(readFileSync(path)));
for (const { name, type } of program.file.inputs) {
  program.write({ [name]: new NUMBERS[type](new Uint8Array(readFileSync(`${folder}/${name}`)).buffer) });
}
for await (const times of createInterface({ input: process.stdin })) {
  for (let time = 0; time < Number(times); time++) program.compute();
  console.log();
}
