import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { loadEngine, Program } from "../../../cl_core/components/_shared/engine.js";
import { readProgram } from "../../../cl_core/components/_shared/program_file.js";

const ENGINE = readFileSync(new URL("../../../assets/engine/engine.wasm", import.meta.url));

/** Whole numbers in groups of seven bits. */
function packed(numbers) {
  return numbers.flatMap((number) => {
    const bytes = [];
    for (let rest = number >>> 0; ; rest >>>= 7) {
      bytes.push(rest > 127 ? (rest & 127) | 128 : rest);
      if (rest <= 127) return bytes;
    }
  });
}

/** A program without instructions, and with one input of two numbers, which is its output too. */
function file(words = [0], constants = []) {
  const slot = [...packed([0, 1]), ...new TextEncoder().encode("x"), ...packed([0, 1, 2])];
  const sizes = packed([1, 1, words.length, constants.length, 64, 256]);
  const body = Uint8Array.from([...sizes, ...slot, ...slot, ...packed(words), ...constants.flat()]);
  const whole = new Uint8Array(12 + body.length);
  whole.set(new TextEncoder().encode("CLLP"));
  new Uint32Array(whole.buffer, 4, 2).set([2, checksum(body)]);
  whole.set(body, 12);
  return whole;
}

/** CRC-32, bit by bit. */
function checksum(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) {
    sum ^= byte;
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  }
  return (sum ^ 0xffffffff) >>> 0;
}

test("a program is read and run", () => {
  const program = new Program(new WebAssembly.Module(ENGINE), readProgram(file()));
  assert.deepEqual(program.file.inputs, [{ name: "x", type: 0, address: 0, shape: [2] }]);
  assert.deepEqual([...program.run({ x: [3, 4] }).x], [3, 4]);
  assert.deepEqual([...program.run({}).x], [3, 4]); // an input that is missing keeps its numbers
});

test("a file that is no program is refused", () => {
  assert.throws(() => readProgram(new Uint8Array(3)), /not a program/);
  assert.throws(() => readProgram(new Uint8Array(99)), /not a program/);
  const other = file();
  other[4] = 1;
  assert.throws(() => readProgram(other), /another version/);
  for (const index of [9, 20, file().length - 1]) {
    const damaged = file();
    damaged[index] ^= 1;
    assert.throws(() => readProgram(damaged), /damaged/);
  }
  assert.throws(() => readProgram(file().subarray(0, 20)), /damaged/);
});

test("constants follow as they are, or as a straight line with corrections", () => {
  const doubles = (...numbers) => [...new Uint8Array(Float64Array.from(numbers).buffer)];
  const plain = [...packed([1, 1]), ...doubles(0.1)];
  const range = [...packed([6, 5]), ...new Uint8Array(Int32Array.of(-2, 6).buffer), ...packed([0])];
  // the second number one step of its bits lower, the fourth one replaced
  const line = [...packed([5, 5]), ...doubles(0, 1), ...packed([2, 1, 1, 2, 0]), ...doubles(-7)];
  const { constants } = readProgram(file([0], [plain, range, line]));
  assert.deepEqual(
    constants.map(({ address, numbers }) => [address, [...numbers]]),
    [[64, [0.1]], [128, [-2, 0, 2, 4, 6]], [192, [0, 0.24999999999999997, 0.5, -7, 1]]],
  );
});

test("the engine refuses words that are not sound", () => {
  const module = new WebAssembly.Module(ENGINE);
  for (const words of [[], [77, 2, 0], [1, 900, 0], [2, 15, 0, 9, 9, 9, 0, 9, 1, 0, 9, 1, 0, 9, -1, 0]])
    assert.throws(() => new Program(module, readProgram(file(words))), /rejected/);
});

test("the engine is loaded once, and again after a failure", async () => {
  let calls = 0;
  const real = globalThis.fetch;
  globalThis.fetch = async () => {
    calls += 1;
    return new Response(calls === 1 ? null : ENGINE, { status: calls === 1 ? 404 : 200 });
  };
  try {
    await assert.rejects(loadEngine("/engine.wasm"), /404/);
    const [first, second] = await Promise.all([loadEngine("/engine.wasm"), loadEngine("/engine.wasm")]);
    assert.equal(first, second);
    assert.equal(calls, 2);
  } finally {
    globalThis.fetch = real;
  }
});
