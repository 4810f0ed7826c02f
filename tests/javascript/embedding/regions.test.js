import assert from "node:assert/strict";
import { test } from "node:test";
import {
  areKnown,
  COLUMNS,
  interpolated,
  regionIn,
  relativeLengths,
  sharesOf,
  wedgeIn,
} from "../../../cl_core/components/embedding/regions.js";
import { near, randomFrom } from "../random.js";

const BOX = [[-3, -2], [3, -2], [3, 2], [-3, 2]]; // prettier-ignore

/** Four class weights, not all of one length, with a bias and wedges of 20 degrees. */
function regionsOf(random, classes = 4) {
  const rows = Array.from({ length: classes }, () => [random() * 4 - 2, random() * 4 - 2, random() - 0.5, -20, 20]);
  return Float32Array.from(rows.flat());
}

function areaOf(polygon) {
  let twice = 0;
  polygon.forEach(([x, y], i) => {
    const [nextX, nextY] = polygon[(i + 1) % polygon.length];
    twice += x * nextY - nextX * y;
  });
  return twice / 2;
}

function inside(polygon, x, y) {
  return polygon.every(([ax, ay], i) => {
    const [bx, by] = polygon[(i + 1) % polygon.length];
    return (bx - ax) * (y - ay) - (by - ay) * (x - ax) >= 0;
  });
}

function bestOf(regions, x, y) {
  const logits = Array.from({ length: regions.length / COLUMNS }, (_, c) => {
    const [a, b, bias] = regions.subarray(c * COLUMNS);
    return a * x + b * y + bias;
  });
  return logits.indexOf(Math.max(...logits));
}

test("regions cover the picture once, each point in that of its largest logit", () => {
  const random = randomFrom(1);
  for (let round = 0; round < 20; round++) {
    const regions = regionsOf(random, 2 + (round % 5));
    const parts = Array.from({ length: regions.length / COLUMNS }, (_, label) => regionIn(regions, label, BOX));
    near(parts.reduce((sum, part) => sum + areaOf(part), 0), 24, 1e-4);
    for (let k = 0; k < 50; k++) {
      const [x, y] = [random() * 6 - 3, random() * 4 - 2];
      const best = bestOf(regions, x, y);
      assert.ok(inside(parts[best], x, y) || parts.every((part, c) => c === best || !part.length || !inside(part, x, y)));
    }
  }
});

test("a wedge lies around its class weight, and one of more than half a turn has two parts", () => {
  const regions = Float32Array.from([0, 2, 0, -30, 10, 1, 0, 0, -100, 120, -1, 0, 0, NaN, NaN]);
  const [part] = wedgeIn(regions, 0, BOX);
  assert.ok(inside(part, 0, 1) && inside(part, 0.5, 1), "clockwise of it up to 30 degrees");
  assert.ok(!inside(part, 0.65, 1) && !inside(part, -0.2, 1), "counter-clockwise up to 10");
  assert.equal(wedgeIn(regions, 1, BOX).length, 2);
  near(wedgeIn(regions, 1, BOX).reduce((sum, each) => sum + areaOf(each), 0) + 0, 24 * 0.63, 3);
  assert.deepEqual(wedgeIn(regions, 2, BOX), []);
});

test("between two frames everything is halfway, and a wedge that only one has is drawn near that one", () => {
  const a = Float32Array.from([1, 0, 0, -10, 10, 0, 1, 0, NaN, NaN]);
  const b = Float32Array.from([0, 1, 2, -20, 30, 0, 1, 0, -5, 5]);
  assert.deepEqual([...interpolated(a, b, 0.25)].slice(0, 8), [0.75, 0.25, 0.5, -12.5, 15, 0, 1, 0]);
  assert.ok(Number.isNaN(interpolated(a, b, 0.25)[9]));
  assert.equal(interpolated(a, b, 0.75)[9], 5);
});

test("points are counted in the regions and the wedges of their classes", () => {
  const regions = Float32Array.from([1, 0, 0, -10, 10, 0, 1, 0, -10, 10, -1, 0, 0, NaN, NaN]);
  const points = Float32Array.from([1, 0.01, 1, 0.5, 0.5, 1, 0, 1, -1, 0, 1, 0]);
  const { right, met, gaps } = sharesOf(regions, points, Uint8Array.from([0, 0, 0, 1, 2, 2]));
  near(right, 4 / 6, 1e-6);
  near(met, 2 / 6, 1e-6);
  assert.deepEqual(gaps.map(Math.round), [90, 180]);
});

test("lengths are in units of the longest, and frames of older runs have no regions", () => {
  assert.deepEqual(relativeLengths(Float32Array.from([3, 4, 0, 0, 0, 0, 1, 0, 0, 0])), [1, 0.2]);
  assert.ok(!areKnown(null) && !areKnown(new Float32Array(5).fill(NaN)) && areKnown(new Float32Array(5)));
});
