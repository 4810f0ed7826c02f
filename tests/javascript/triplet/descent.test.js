import assert from "node:assert/strict";
import { test } from "node:test";
import { afterStep, atRest, Descent, RATE } from "../../../cl_core/components/triplet/descent.js";

test("a step moves each point by the rate times its force, within the square or along the circle", () => {
  const points = [[0, 0], [1.25, 0], [0, 1]]; // prettier-ignore
  const forces = [[1, -2], [5, 0], [0, 0]]; // prettier-ignore
  assert.deepEqual(afterStep(points, forces, { circle: false, span: 1.25 }), [[RATE, -2 * RATE], [1.25, 0], [0, 1]]); // prettier-ignore
  const [, turned] = afterStep([[1, 0], [1, 0]], [[0, 0], [0, 1]], { circle: true, span: 1.25 }); // prettier-ignore
  assert.ok(Math.abs(Math.hypot(...turned) - 1) < 1e-12 && turned[1] > 0);
});

test("steps are counted from the places before the first, until the points are placed anew", () => {
  const descent = new Descent();
  descent.add([[1, 2]], "first");
  descent.add([[3, 4]], "second");
  assert.deepEqual([descent.steps, descent.before], [2, { points: [[1, 2]], measured: "first" }]);
  descent.clear();
  assert.deepEqual([descent.steps, descent.before], [0, null]);
  assert.ok(atRest([[0, 0], [1e-5, 0]]) && !atRest([[0, 0.1]])); // prettier-ignore
});
