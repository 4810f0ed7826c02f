/**
 * Draw random numbers in Node, for the test that they are those of numpy and PyTorch.
 *
 * Arguments: the engine, the program of normals, and a file of what to draw: {seeds: [[seed, purpose, number]],
 * permutations: [[seed, epoch, n, purpose]], vectors: [[seed, initial weights]], normals: [[seed, count, std]]}. Prints
 * the same lists with the numbers drawn; those of typed arrays are their bytes in base64.
 */

import { readFileSync } from "node:fs";

import { Program } from "../../cl_core/components/_shared/engine.js";
import { readProgram } from "../../cl_core/components/_shared/program_file.js";
import {
  initialVector,
  MersenneTwister,
  normals,
  permutation,
  streamSeed,
} from "../../cl_core/components/trainer/random.js";

const [engine, path, cases] = process.argv.slice(2);
const program = new Program(new WebAssembly.Module(readFileSync(engine)), readProgram(readFileSync(path)));
const { seeds = [], permutations = [], vectors = [], normals: wanted = [] } = JSON.parse(readFileSync(cases, "utf8"));

/** @param {ArrayBufferView} numbers */
function encoded(numbers) {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString("base64");
}

console.log(
  JSON.stringify({
    seeds: seeds.map((each) => streamSeed(...each)),
    permutations: permutations.map((each) => encoded(permutation(...each))),
    vectors: vectors.map(([seed, weights]) => encoded(initialVector(seed, weights, program))),
    normals: wanted.map(([seed, count, std]) => encoded(normals(new MersenneTwister(seed), count, std, program))),
  }),
);
