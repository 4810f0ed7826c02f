/** Run one training step in the project's engine and in onnxruntime-web, on one page, for the benchmark of both. */

import { Program, readProgram } from "../../cl_core/components/_shared/engine.js";

const NUMBERS = { float32: Float32Array, float64: Float64Array, int64: BigInt64Array, uint8: Uint8Array };

/**
 * Load a step for both.
 * @param {{name: string, type: keyof typeof NUMBERS, shape: number[]}[]} slots  inputs of the step
 * @param {string} ort  folder of onnxruntime-web
 * @returns what runs some steps in either, and what compares the two after the first
 */
export async function load(slots, ort) {
  const bytes = async (/** @type {string} */ name) => (await fetch(name)).arrayBuffer();
  const inputs = Object.fromEntries(
    await Promise.all(
      slots.map(async ({ name, type, shape }) => [name, { type, shape, data: new NUMBERS[type](await bytes(`/data/${name}`)) }]),
    ),
  );
  const ours = await loadOurs(inputs, await bytes("/engine.wasm"), await bytes("/data/program"));
  const theirs = await loadTheirs(inputs, ort, new Uint8Array(await bytes("/data/model")));
  return {
    ours: async (steps) => {
      for (let step = 0; step < steps; step++) ours.step();
    },
    theirs: async (steps) => {
      for (let step = 0; step < steps; step++) await theirs.step();
    },
    /** The step's results in both, and how far the new weights are apart, of their change. */
    compare: async () => {
      const before = inputs.vector.data;
      const [a, b] = [ours.step(), await theirs.step()];
      let [difference, change] = [0, 0];
      for (let index = 0; index < before.length; index++) {
        difference += (a.vector[index] - b.vector[index]) ** 2;
        change += (a.vector[index] - before[index]) ** 2;
      }
      return { losses: [a.loss, b.loss], terms: [a.terms, b.terms], difference: Math.sqrt(difference / change) };
    },
  };
}

/**
 * A step gets its batch and the vector, which is always the same: on one batch a loss soon falls to 0, and the engine
 * leaves out products with a gradient of 0.
 */
async function loadOurs(inputs, engine, file) {
  const program = new Program(await WebAssembly.compile(engine), readProgram(new Uint8Array(file)));
  const numbers = Object.fromEntries(
    Object.entries(inputs).map(([name, { type, data }]) => [name, type === "int64" ? Int32Array.from(data, Number) : data]),
  );
  program.write(numbers);
  const { vector, x, y } = numbers;
  return {
    step() {
      program.write({ vector, x, y });
      program.compute();
      return { vector: program.output("vector"), loss: program.output("loss")[0], terms: Number(program.output("terms")[0]) };
    },
  };
}

async function loadTheirs(inputs, folder, model) {
  const { InferenceSession, Tensor, env } = await import(`${folder}/ort.wasm.min.mjs`);
  env.wasm.wasmPaths = `${folder}/`;
  env.wasm.numThreads = 1;
  const session = await InferenceSession.create(model, { executionProviders: ["wasm"], graphOptimizationLevel: "all" });
  const feeds = Object.fromEntries(
    Object.entries(inputs).map(([name, { type, shape, data }]) => [name, new Tensor(type, data, shape)]),
  );
  return {
    async step() {
      const { new_vector, new_loss, new_terms } = await session.run(feeds);
      return { vector: new_vector.data, loss: new_loss.data[0], terms: Number(new_terms.data[0]) };
    },
  };
}
