import assert from "node:assert/strict";
import { test } from "node:test";
import { bandPath, curvePath } from "../../../cl_core/components/_shared/paths.js";

test("a curve breaks where a point is unknown", () => {
  assert.equal(curvePath([0, 10, 20, 30, 40], [NaN, 0.26, Infinity, 1, -2.04]), "M10 0.3M30 1L40 -2");
  assert.equal(curvePath([0, 10], []), "");
  assert.equal(curvePath([0], Float32Array.of(0.5)), "M0 0.5");
});

test("a band goes along its upper edge and back along its lower one", () => {
  assert.equal(bandPath([0, 10, 20], [5, 6, 7], [1, 2, 3]), "M0 1L10 2L20 3L20 7L10 6L0 5Z");
  assert.equal(bandPath([], [], []), "");
});
