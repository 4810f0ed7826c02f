import assert from "node:assert/strict";
import { test } from "node:test";
import { StepAxis } from "../../../cl_core/components/_shared/step_axis.js";
import { near } from "../random.js";

test("the axis is that of a symmetric logarithm with constant 10", () => {
  const axis = new StepAxis(50, 450, 1000);
  for (const step of [0, 1, 5, 30, 999, 1000]) {
    const symlog = (value) => Math.log(1 + value / 10);
    near(axis.x(step), 50 + (400 * symlog(step)) / symlog(1000), 1e-9);
    near(axis.stepAt(axis.x(step)), step, 1e-9);
  }
});

test("round steps begin at 0, are not beyond the last one, and leave out what is too near", () => {
  assert.deepEqual(new StepAxis(0, 2000, 20_000).roundSteps(30), [0, 3, 10, 30, 100, 300, 1000, 3000, 10_000]);
  assert.deepEqual(new StepAxis(0, 2000, 29).roundSteps(30), [0, 3, 10]);
  for (const [width, last] of [[300, 20_000], [120, 500], [30, 10], [2, 10]]) {
    const axis = new StepAxis(40, 40 + width, last);
    const places = axis.roundSteps(40).map((step) => axis.x(step));
    assert.equal(places[0], 40);
    places.slice(1).forEach((place, k) => assert.ok(place - places[k] >= 40));
  }
});
