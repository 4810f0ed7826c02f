import assert from "node:assert/strict";
import { test } from "node:test";
import { openEnvelope, sameBytes } from "../../../cl_core/components/_shared/envelope.js";

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
