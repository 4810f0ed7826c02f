import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf } from "../../../cl_core/components/plane/live.js";

const MESSAGE = {
  header: {
    curves: [
      { name: "", label: "diagonal", moving: "diagonal", count: 2 },
      { name: "ellipse", label: "circle, r = 0.354", moving: "circle", count: 3 },
    ],
    marks: [{ name: "target", x: 1, y: 1, label: "target" }, { name: "", x: 0, y: 0, label: "you" }],
    box: [0, 1, 0, 1],
    shape: [1, 2],
    span: [-1, 1, -1, 1],
    scale: 1,
  },
  buffers: {
    value: Float32Array.of(1, 2),
    force_x: Float32Array.of(1, 2),
    force_y: Float32Array.of(1, 2),
    violated: Uint8Array.of(0, 1),
    curves: Float32Array.of(-1, -1, 1, 1, 0, 0, 0, 0, 0, 0),
    points: Int16Array.of(5, 6),
  },
};

test("the numbers of a program take the place of Python's", () => {
  const numbers = {
    value: Float32Array.of(3, 4),
    force_x: Float32Array.of(5, 6),
    force_y: Float32Array.of(7, 8),
    violated: Uint8Array.of(1, 1),
    ellipse: Float32Array.of(1, 2, 3, 4, 5, 6),
    target: Float32Array.of(-0.5, 1),
    box: Float32Array.of(-1, 1, 0, 1),
  };
  const { header, buffers } = messageOf(MESSAGE, numbers);
  assert.deepEqual([...buffers.curves], [-1, -1, 1, 1, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(header.curves.map(({ label }) => label), ["diagonal", "circle"]);
  assert.deepEqual(header.marks.map(({ x, y }) => [x, y]), [[-0.5, 1], [0, 0]]);
  assert.deepEqual(header.box, [-1, 1, 0, 1]);
  assert.deepEqual([...buffers.value, ...buffers.force_x, ...buffers.violated], [3, 4, 5, 6, 1, 1]);
  assert.deepEqual([...buffers.points], [5, 6]);
  assert.deepEqual([...MESSAGE.buffers.curves].slice(4), [0, 0, 0, 0, 0, 0]); // what Python sent stays as it is
});

test("pairs are violated where the nearest node is", () => {
  const message = {
    header: { ...MESSAGE.header, shape: [2, 3], span: [-1, 1, -1, 1], scale: 0.1 },
    buffers: { ...MESSAGE.buffers, points: Int16Array.of(-10, -10, 1, 9, 10, 11), point_violated: Uint8Array.of(0, 0, 0) },
  };
  const violated = Uint8Array.of(1, 0, 0, 0, 1, 0);
  const { buffers } = messageOf(message, { value: MESSAGE.buffers.value, violated });
  assert.deepEqual([...buffers.point_violated], [1, 1, 0]);
});

test("what a program does not compute stays as Python sent it", () => {
  const { header, buffers } = messageOf(MESSAGE, { value: MESSAGE.buffers.value });
  assert.deepEqual(header, MESSAGE.header);
  assert.deepEqual([...buffers.violated], [0, 1]);
});
