import assert from "node:assert/strict";
import { test } from "node:test";
import { classColour, css, luminance, mix, parseHex, pixel } from "../../../cl_core/components/_shared/colour.js";

test("a mixture lies between its colours and reaches both", () => {
  const [a, b] = [[0, 100, 255], [255, 0, 255]];
  assert.deepEqual(mix(a, b, 0), a);
  assert.deepEqual(mix(a, b, 1), b);
  assert.deepEqual(mix(a, b, 0.5), [128, 50, 255]);
});

test("a pixel has its bytes in the order of ImageData", () => {
  const data = new Uint8ClampedArray(4);
  new Uint32Array(data.buffer)[0] = pixel([1, 2, 250]);
  assert.deepEqual([...data], [1, 2, 250, 255]);
});

test("hexadecimal colours are parsed and written for CSS", () => {
  assert.deepEqual(parseHex("#0072b2"), [0, 114, 178]);
  assert.equal(css(parseHex("#ff8a3d")), "rgb(255, 138, 61)");
});

test("luminance goes from black to white", () => {
  assert.equal(luminance([0, 0, 0]), 0);
  assert.ok(Math.abs(luminance([255, 255, 255]) - 255) < 1e-9);
});

test("with more classes than colours they repeat", () => {
  assert.equal(classColour(["a", "b", "c"], 7), "b");
});
