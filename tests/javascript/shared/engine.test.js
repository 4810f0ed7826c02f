import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { loadEngine, Program, readProgram } from "../../../cl_core/components/_shared/engine.js";

const ENGINE = readFileSync(new URL("../../../assets/engine/engine.wasm", import.meta.url));

/** A program without instructions, and with one input of two numbers, which is its output too. */
function file(words = [0], changes = {}) {
  const name = new TextEncoder().encode("x");
  const slot = new Uint8Array([0, 1, name.length, 0, 0, 0, 0, 0, 2, 0, 0, 0, ...name]);
  const slots = new Uint8Array(Math.ceil((2 * slot.length) / 4) * 4);
  slots.set(slot);
  slots.set(slot, slot.length);
  const body = new Uint8Array(24 + slots.length + 4 * words.length);
  const sizes = { inputs: 1, outputs: 1, slots: slots.length, words: words.length, constants: 64, memory: 64, ...changes };
  new Uint32Array(body.buffer, 0, 6).set(Object.values(sizes));
  body.set(slots, 24);
  body.set(new Uint8Array(Int32Array.from(words).buffer), 24 + slots.length);
  const whole = new Uint8Array(12 + body.length);
  whole.set(new TextEncoder().encode("CLLP"));
  new Uint32Array(whole.buffer, 4, 2).set([1, checksum(body)]);
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
  assert.throws(() => readProgram(new Uint8Array(3)), /no program/);
  assert.throws(() => readProgram(new Uint8Array(99)), /no program/);
  const other = file();
  other[4] = 2;
  assert.throws(() => readProgram(other), /another version/);
  for (const index of [9, 40, file().length - 1]) {
    const damaged = file();
    damaged[index] ^= 1;
    assert.throws(() => readProgram(damaged), /damaged/);
  }
  assert.throws(() => readProgram(file().subarray(0, 50)), /damaged/);
});

test("the engine refuses words that are not sound", () => {
  const module = new WebAssembly.Module(ENGINE);
  for (const words of [[], [77, 2, 0], [1, 900, 0], [2, 15, 0, 9, 9, 9, 0, 9, 1, 0, 9, 1, 0, 9, -1, 0]])
    assert.throws(() => new Program(module, readProgram(file(words))), /refuses/);
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
