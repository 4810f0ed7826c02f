import assert from "node:assert/strict";
import { test } from "node:test";
import { decadesWithin, multiplesWithin, roundStep, spanOf } from "../../../cl_core/components/_shared/ticks.js";
import { randomFrom } from "../random.js";

test("a round step is the smallest candidate that is large enough", () => {
  const random = randomFrom(1);
  for (const multiples of [[1, 2, 2.5, 5], [1, 2, 5], [1]]) {
    for (let k = 0; k < 2000; k++) {
      const least = 10 ** (24 * random() - 12);
      const candidates = [];
      for (let power = -14; power < 14; power++) for (const m of multiples) candidates.push(m * 10 ** power);
      const expected = Math.min(...candidates.filter((step) => step >= least * 0.9999));
      const step = roundStep(least, multiples);
      assert.ok(Math.abs(step / expected - 1) < 1e-9, `${least}: ${step}, not ${expected}`);
    }
  }
});

test("a step that rounding has put just above a round number is that number", () => {
  assert.equal(roundStep(0.1 + 0.2 - 0.1), 0.2);
  assert.equal(roundStep(1), 1);
  assert.equal(roundStep(1.01), 2);
  assert.equal(roundStep(2.1), 2.5);
  assert.equal(roundStep(2.1, [1, 2, 5]), 5);
  assert.equal(roundStep(5.1), 10);
});

test("multiples are those of a slow search, with short decimals", () => {
  assert.deepEqual(multiplesWithin(-0.3, 0.3, 0.1), [-0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3]);
  assert.deepEqual(multiplesWithin(0, 0.7, 0.1), [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]);
  const random = randomFrom(2);
  for (let k = 0; k < 300; k++) {
    const [low, width, step] = [20 * random() - 10, 5 * random(), 0.01 + random()];
    const expected = [];
    for (let i = -2000; i < 2000; i++) if (i * step >= low && i * step <= low + width) expected.push(i * step);
    const found = multiplesWithin(low, low + width, step);
    assert.equal(found.length, expected.length);
    found.forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-7));
  }
});

test("an interval without a multiple has none", () => {
  assert.deepEqual(multiplesWithin(0.1, 0.9, 1), []);
  assert.deepEqual(multiplesWithin(0.9, 0.1, 1), []);
  assert.deepEqual(multiplesWithin(0, 0, 1), [0]);
});

test("decades lie strictly within their bounds", () => {
  assert.deepEqual(decadesWithin(1, 20), [2, 5, 10]);
  assert.deepEqual(decadesWithin(0.01, 0.1), [0.02, 0.05]);
  assert.deepEqual(decadesWithin(3, 4), []);
  for (const [low, high] of [[1e-8, 1e8], [0.3, 7e5]]) {
    const found = decadesWithin(low, high);
    assert.ok(found.every((value) => value > low && value < high));
    assert.ok(found.every((value, i) => !i || (value / found[i - 1] >= 1.9 && value / found[i - 1] <= 2.6)));
  }
});

test("a span holds the finite values, and is null without any", () => {
  assert.equal(spanOf([]), null);
  assert.equal(spanOf([NaN, Infinity, -Infinity]), null);
  assert.deepEqual(spanOf(Float32Array.of(0.5, NaN, -2, Infinity)), { low: -2, high: 0.5 });
  assert.deepEqual(spanOf([3]), { low: 3, high: 3 });
});
