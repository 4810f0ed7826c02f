import assert from "node:assert/strict";
import { test } from "node:test";
import { Layout, rangeOf, showsFloor } from "../../../cl_core/components/shares/layout.js";
import { percent } from "../../../cl_core/components/shares/scene.js";
import { near } from "../random.js";

test("a step and its place are each other's inverse, and late steps lie closer", () => {
  const layout = new Layout(600, 400, 1000, null, 1);
  near(layout.x(0), layout.left);
  near(layout.x(1000), layout.right);
  for (const step of [0, 1, 7, 33, 400, 1000]) near(layout.stepAt(layout.x(step)), step, 1e-9);
  assert.ok(layout.x(10) - layout.x(0) > layout.x(1000) - layout.x(990));
  near(layout.stepAt(-100), 0, 1e-12);
  near(layout.stepAt(9999), 1000, 1e-9);
});

test("shares lie above the losses, and both within the picture", () => {
  const layout = new Layout(600, 400, 100, { low: -1, high: 3 }, 1);
  assert.ok(layout.y(0) > layout.y(1));
  near(layout.y(1), layout.top);
  assert.ok(layout.yOfLoss(3) > layout.y(0), "below the shares");
  assert.ok(layout.yOfLoss(-1) <= layout.bottom);
  assert.ok(layout.yOfLoss(3) < layout.yOfLoss(-1));
  assert.equal(new Layout(600, 400, 100, null, 1).base, layout.bottom);
});

test("ticks are ascending, far enough apart, and both ends are among them", () => {
  for (const [width, last, scale] of [[600, 1000, 1], [200, 1000, 1], [900, 37, 1.25], [600, 1, 1], [10, 10_000, 1]]) {
    const layout = new Layout(width, 400, last, null, scale);
    const ticks = layout.ticks();
    assert.equal(ticks[0], 0);
    assert.equal(ticks.at(-1), last);
    const inner = ticks.slice(1, -1);
    inner.forEach((tick, i) => {
      assert.ok(layout.x(tick) - layout.x(ticks[i]) >= 36 * scale);
      assert.ok(layout.x(last) - layout.x(tick) >= 36 * scale);
    });
  }
});

test("a run that has not begun has a layout too", () => {
  const layout = new Layout(600, 400, 0, null, 1);
  assert.ok(Number.isFinite(layout.x(0)));
});

test("the range holds the losses and the lines, and is never empty", () => {
  assert.equal(rangeOf([NaN, NaN], 1, 0), null);
  assert.equal(rangeOf([], 1, 0), null);
  assert.deepEqual(rangeOf(Float32Array.of(0.5, NaN, 2), 1, null), { low: 0.5, high: 2 });
  assert.deepEqual(rangeOf([0.5], 3, -1), { low: -1, high: 3 });
  assert.deepEqual(rangeOf([2], null, null), { low: 2, high: 3 });
  assert.deepEqual(rangeOf([2], NaN, Infinity), { low: 2, high: 3 });
});

test("the floor has a line where it is known, unless total collapse costs no more", () => {
  assert.equal(showsFloor(null, 5), false);
  assert.equal(showsFloor(0.2, 5), true);
  assert.equal(showsFloor(5, 5), false);
  assert.equal(showsFloor(0.2, null), true);
  assert.equal(showsFloor(-3, null), true);
});

test("a share is 0 % or 100 % only where it is exactly that", () => {
  assert.deepEqual([0, 1e-9, 0.5, 0.9999999, 1].map(percent), ["0.0 %", "<0.1 %", "50.0 %", ">99.9 %", "100.0 %"]);
});
