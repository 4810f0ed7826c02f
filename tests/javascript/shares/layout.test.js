import assert from "node:assert/strict";
import { test } from "node:test";
import { bestPlace, Layout, rangeOf, showsFloor } from "../../../cl_core/components/shares/layout.js";
import { lossPath, percent, shortNumber } from "../../../cl_core/components/shares/scene.js";
import { near, randomFrom } from "../random.js";

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

test("a label is put where it fits, with nearly as much room as anywhere", () => {
  const random = randomFrom(21);
  const [width, height] = [60, 20];
  for (let round = 0; round < 100; round++) {
    const x = Array.from({ length: 12 }, (_, i) => 40 * i);
    const over = x.map(() => 100 * random());
    const under = over.map((y) => y + 80 * random());
    const at = (edge, place) => {
      const k = Math.min(Math.floor(place / 40), 10);
      return edge[k] + ((edge[k + 1] - edge[k]) * (place - x[k])) / 40;
    };
    // by small steps: the free height of a label whose left side is there
    const roomAt = (left) => {
      const places = Array.from({ length: 2 * width + 1 }, (_, i) => left + i / 2);
      return Math.min(...places.map((p) => at(under, p))) - Math.max(...places.map((p) => at(over, p)));
    };
    const most = Math.max(...Array.from({ length: 440 - 8 - width }, (_, i) => roomAt(4 + i)));
    const place = bestPlace(x, under, over, width, height);
    if (!place) {
      assert.ok(most < height + 12, `there is room of ${most}`);
      continue;
    }
    const room = roomAt(place.x - width / 2);
    assert.ok(room >= height - 1e-9);
    assert.ok(room >= most - 13, `${room} of ${most}`); // the places that are tried are 6 pixels apart
  }
});

test("a label that is wider than the picture fits nowhere", () => {
  assert.equal(bestPlace([0, 50], [100, 100], [0, 0], 60, 10), null);
});

test("the curve of the losses breaks where a loss is unknown", () => {
  const layout = new Layout(600, 400, 30, { low: 0, high: 1 }, 1);
  const path = lossPath([0, 10, 20, 30], [NaN, 0.5, NaN, 1], layout);
  assert.equal(path.match(/M/g).length, 2);
  assert.equal(lossPath([0, 10], [0.1, 0.2], new Layout(600, 400, 30, null, 1)), "");
});

test("a share is 0 % or 100 % only where it is exactly that", () => {
  assert.deepEqual([0, 1e-9, 0.5, 0.9999999, 1].map(percent), ["0.0 %", "<0.1 %", "50.0 %", ">99.9 %", "100.0 %"]);
});

test("a loss is written in plain decimals, and as 0 where it is 0 at their precision", () => {
  const values = [0, 2.98e-27, 5e-324, 2.24e-5, 0.0091, 1.23456, 232.6, 1000, 1.234e9];
  const texts = ["0", "0", "0", "0", "0.0091", "1.23", "232.6", "1000", "1.23 × 10⁹"];
  assert.deepEqual(values.map(shortNumber), texts);
});
