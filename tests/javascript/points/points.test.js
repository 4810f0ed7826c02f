import assert from "node:assert/strict";
import { test } from "node:test";
import { atDegrees, marginRegions, modulo, sceneFacts, turnedInto } from "../../../cl_core/components/points/facts.js";
import { decimal } from "../../../cl_core/components/points/readout.js";
import { near, randomFrom } from "../random.js";

test("a point that is turned into its region meets the margin, at the same length and by the least angle", () => {
  const random = randomFrom(1);
  for (let i = 0; i < 300; i++) {
    const weights = [0, 1, 2].slice(0, 2 + (i % 2)).map((k) => Math.floor(random() * 100) + 120 * k);
    const margin = random() * 0.8;
    const regions = marginRegions(weights, margin);
    const label = i % weights.length;
    const region = regions[label];
    if (!region || region[1] - region[0] < 1) continue;
    const point = [2.4 * random() - 1.2, 2.4 * random() - 1.2];
    const turned = turnedInto(point, weights[label], region);
    near(Math.hypot(...turned), Math.hypot(...point));
    const scene = { points: [point, turned], labels: [label, label], weights, margin, measure: "cosine" };
    const { met } = sceneFacts(scene);
    assert.equal(met[1], true);
    if (met[0]) assert.deepEqual(turned, point);
    else {
      const degrees = (Math.atan2(turned[1], turned[0]) * 180) / Math.PI - weights[label];
      const edges = region.map((edge) => Math.abs(modulo(degrees - edge + 180, 360) - 180));
      near(Math.min(...edges), 0.1);
    }
  }
});

test("directions are counted counterclockwise from the right, and remainders are never negative", () => {
  near(atDegrees(90)[0], 0);
  near(atDegrees(90)[1], 1);
  assert.equal(modulo(-10, 360), 350);
  assert.equal(modulo(370, 360), 10);
});

test("numbers have two decimals, unless that would make a cosine 1, and no negative zero", () => {
  assert.deepEqual([0.123, -0.5, 0.999, -0.001, 1.13].map((x) => decimal(x)), ["0.12", "−0.50", "0.999", "0.00", "1.13"]);
});
