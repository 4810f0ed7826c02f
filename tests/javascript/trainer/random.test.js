import assert from "node:assert/strict";
import { test } from "node:test";
import {
  initialVector,
  MersenneTwister,
  normals,
  permutation,
  PURPOSES,
  randomStream,
  streamSeed,
  uniforms,
} from "../../../cl_core/components/trainer/random.js";
import { near } from "../random.js";

// tests/unit/programs/test_initial_weights.py compares all of this with numpy and PyTorch

/** A stand-in for the compiled program: Box-Muller in the places of PyTorch. */
function programOf(blocks) {
  const uniform = new Float32Array(16 * blocks);
  const gaussian = (u, v) => [Math.cos, Math.sin].map((f) => Math.sqrt(-2 * Math.log(u)) * f(2 * Math.PI * v));
  return {
    file: { inputs: [{ name: "uniforms", shape: [blocks, 16] }] },
    run({ uniforms: given = [], pairs = [] }) {
      uniform.set(given);
      const found = new Float32Array(uniform.length);
      for (let i = 0; i < found.length; i += i % 16 === 7 ? 9 : 1) {
        [found[i], found[i + 8]] = gaussian(1 - uniform[i], uniform[i + 8]);
      }
      const few = Float64Array.from({ length: 16 });
      for (let i = 0; i < pairs.length; i += 2) few.set(gaussian(1 - pairs[i + 1], pairs[i]), i);
      return { normals: found, few };
    },
  };
}

test("the generator is the mt19937 of the C++ standard", () => {
  const twister = new MersenneTwister(5489);
  let last = 0;
  for (let draw = 0; draw < 10000; draw++) last = twister.next();
  assert.equal(last, 4123659995); // ISO C++ 2011, 26.5.5: the 10000th number of a default-constructed mt19937
});

test("a seed that is no whole number of 32 bits is refused", () => {
  for (const seed of [-1, 0.5, 2 ** 32, Number.NaN]) assert.throws(() => streamSeed(seed, 0, 0), RangeError);
  assert.throws(() => permutation(0, 0, 2 ** 28), RangeError);
});

test("every purpose and every counter has its own stream", () => {
  const seeds = Object.values(PURPOSES).flatMap((purpose) => [0, 1, 2].map((number) => streamSeed(1, purpose, number)));
  assert.equal(new Set(seeds).size, seeds.length);
  assert.equal(randomStream(1, PURPOSES.NOISE, 2).next(), new MersenneTwister(streamSeed(1, 2, 2)).next());
});

test("a permutation has every row once", () => {
  for (const n of [0, 1, 2, 1000]) {
    assert.deepEqual([...permutation(3, 1, n)].toSorted((a, b) => a - b), Array.from({ length: n }, (_, row) => row));
  }
});

test("numbers from 0 to 1 have the bits that a float of their size holds", () => {
  const stream = new MersenneTwister(1);
  for (const number of uniforms(stream, 1000)) {
    assert.ok(number >= 0 && number < 1 && Number.isInteger(number * 2 ** 24));
  }
  for (let draw = 0; draw < 1000; draw++) {
    const number = stream.double();
    assert.ok(number >= 0 && number < 1 && Number.isInteger(number * 2 ** 53));
  }
});

test("normals do not depend on how many blocks a run of the program has", () => {
  for (const count of [1, 15, 16, 17, 40, 320]) {
    const drawn = [1, 2, 64].map((blocks) => normals(new MersenneTwister(9), count, 0.5, programOf(blocks)));
    assert.equal(drawn[0].length, count);
    for (const other of drawn.slice(1)) assert.deepEqual(other, drawn[0]);
  }
});

test("normals have the mean 0 and the standard deviation that is asked for", () => {
  for (const count of [15, 4000]) {
    const drawn = Array.from({ length: 6000 / count }, (_, seed) => [
      ...normals(new MersenneTwister(seed), count, 2, programOf(8)),
    ]).flat();
    const mean = drawn.reduce((sum, number) => sum + number, 0) / drawn.length;
    const variance = drawn.reduce((sum, number) => sum + (number - mean) ** 2, 0) / drawn.length;
    near(mean, 0, 0.15);
    near(Math.sqrt(variance), 2, 0.1);
  }
});

test("a vector has its draws in their order, and 0 elsewhere", () => {
  const draws = [
    { start: 2, count: 3, kind: "uniform", scale: 0.1 },
    { start: 6, count: 2, kind: "normal", scale: 1 },
    { start: 6, count: 1, kind: "zeros", scale: 0 },
  ];
  const vector = initialVector(5, { size: 9, draws }, /** @type {any} */ (programOf(1)));
  assert.deepEqual([...vector].map((number) => number !== 0), [0, 0, 1, 1, 1, 0, 0, 1, 0].map(Boolean));
  assert.ok(vector.subarray(2, 5).every((number) => Math.abs(number) <= Math.fround(0.1)));
  assert.throws(() => initialVector(5, { size: 9, draws }), /no way to draw normal/);
});
