import assert from "node:assert/strict";
import { test } from "node:test";
import { NOT_FINITE, openEnvelope, packEnvelope, quantise, sameBytes } from "../../../cl_core/components/_shared/envelope.js";

/** A message written byte by byte, as the format says, and not by the Python that the reader belongs to. */
function written(header, parts) {
  let text = new TextEncoder().encode(JSON.stringify(header));
  const padding = (4 - (text.length % 4)) % 4;
  text = new Uint8Array([...text, ...Array(padding).fill(32)]);
  const bytes = [text.length & 255, (text.length >> 8) & 255, 0, 0, ...text];
  for (const part of parts) bytes.push(...part, ...Array((4 - (part.length % 4)) % 4).fill(0));
  return new Uint8Array(bytes);
}

test("buffers of each type come back from bytes written by hand", () => {
  const header = {
    title: "öβ中",
    buffers: [["a", "uint8", 3], ["b", "int16", 3], ["c", "uint32", 2], ["d", "float32", 2], ["e", "uint8", 0]],
  };
  const message = written(header, [
    [1, 2, 255],
    [1, 0, 0, 128, 255, 255],
    [255, 255, 255, 255, 1, 2, 0, 0],
    [0, 0, 128, 63, 0, 0, 192, 127],
    [],
  ]);
  const opened = openEnvelope(message);
  assert.equal(opened.header.title, "öβ中");
  assert.deepEqual([...opened.buffers.a], [1, 2, 255]);
  assert.deepEqual([...opened.buffers.b], [1, -32768, -1]);
  assert.deepEqual([...opened.buffers.c], [2 ** 32 - 1, 513]);
  assert.deepEqual([...opened.buffers.d], [1, NaN]);
  assert.equal(opened.buffers.e.length, 0);
});

test("a message at an odd offset of a larger buffer is read all the same", () => {
  const message = written({ buffers: [["x", "float32", 1]] }, [[0, 0, 0, 64]]);
  for (const offset of [1, 2, 3]) {
    const larger = new Uint8Array(message.length + 8);
    larger.set(message, offset);
    const opened = openEnvelope(larger.subarray(offset, offset + message.length));
    assert.deepEqual([...opened.buffers.x], [2]);
  }
});

test("the arrays do not share memory with the message", () => {
  const message = written({ buffers: [["x", "uint8", 2]] }, [[7, 8]]);
  const { buffers } = openEnvelope(message);
  message.fill(0);
  assert.deepEqual([...buffers.x], [7, 8]);
});

test("same bytes are the same values in the same number", () => {
  const bytes = (...values) => new Uint8Array(values);
  assert.ok(sameBytes(bytes(1, 2), bytes(1, 2)));
  assert.ok(sameBytes(bytes(), bytes()));
  assert.ok(!sameBytes(bytes(1, 2), bytes(1, 3)));
  assert.ok(!sameBytes(bytes(1, 2), bytes(1, 2, 3)));
  assert.ok(!sameBytes(bytes(1), null));
  assert.ok(!sameBytes(bytes(1), undefined));
});

test("a packed message opens as what it was, whatever the lengths of its parts", () => {
  const buffers = {
    a: Uint8Array.of(1, 2, 255),
    b: Int16Array.of(1, -32768, -1),
    c: Uint32Array.of(2 ** 32 - 1),
    d: Float32Array.of(1.5, NaN),
    e: new Uint8Array(),
  };
  for (const title of ["", "o", "öβ中"]) {
    const opened = openEnvelope(packEnvelope({ title, buffers: "replaced" }, buffers));
    assert.equal(opened.header.title, title);
    assert.deepEqual(opened.buffers, buffers);
  }
  const part = new Uint8Array([9, 1, 2, 9]).subarray(1, 3);
  assert.deepEqual([...openEnvelope(packEnvelope({}, { part })).buffers.part], [1, 2]);
});

test("coordinates are quantised as Python does", () => {
  assert.deepEqual(quantise([0, 0]), { codes: Int16Array.of(0, 0), scale: 1 });
  const { codes, scale } = quantise([-32767, 0.5, 1.5, -2.5, 2.4, NaN, Infinity]);
  assert.equal(scale, 1);
  assert.deepEqual([...codes], [-32767, 0, 2, -2, 2, NOT_FINITE, NOT_FINITE]); // numpy rounds halves to even
});
