/** Densities of classes: against the sum of Gaussians in plain loops, and what is drawn of them. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { contoursAt } from "../../../cl_core/components/_shared/contours.js";
import { densities, gridOver } from "../../../cl_core/components/embedding/density.js";
import { randomFrom } from "../random.js";

const VIEW = [-3, 5, -2, 4];

/** Return points of some classes, each about a place of its own, and their labels. */
function classes(counts, seed = 1) {
  const random = randomFrom(seed);
  const [points, labels] = [[], []];
  counts.forEach((count, label) => {
    for (let i = 0; i < count; i++) {
      points.push(2 * label - 1 + 0.9 * (random() + random() - 1), label + 0.6 * (random() + random() - 1));
      labels.push(label);
    }
  });
  return { points: Float32Array.from(points), labels: Uint8Array.from(labels) };
}

const places = (points, labels, label, d) =>
  [...labels.keys()].filter((i) => labels[i] === label).map((i) => points[2 * i + d]);

function deviation(values) {
  const mean = values.reduce((a, b) => a + b) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
}

test("heights are those of a sum of Gaussians of Scott's bandwidth", () => {
  const { points, labels } = classes([60, 200, 25]);
  const grid = gridOver(VIEW);
  for (const { label, heights, across, upward } of densities(points, labels, 3, grid)) {
    const [xs, ys] = [0, 1].map((d) => places(points, labels, label, d));
    const [widthX, widthY] = [xs, ys].map((each) => Math.max(deviation(each) * each.length ** (-1 / 6), 0.9 * grid.cell));
    const expected = [];
    for (let r = 0; r < grid.rows; r++) {
      for (let c = 0; c < grid.columns; c++) {
        const [x, y] = [grid.left + (c + 0.5) * grid.cell, grid.bottom + (r + 0.5) * grid.cell];
        let sum = 0;
        for (let i = 0; i < xs.length; i++) {
          sum += Math.exp(-0.5 * (((x - xs[i]) / widthX) ** 2 + ((y - ys[i]) / widthY) ** 2));
        }
        expected.push(sum);
      }
    }
    const highest = Math.max(...expected);
    expected.forEach((value, i) => assert.ok(Math.abs(heights[i] - value / highest) < 0.03, `${label}, cell ${i}`));
    assert.equal(Math.max(...heights), 1);
    for (const marginal of [across, upward]) {
      const sum = marginal.reduce((total, value) => total + value, 0);
      assert.ok(Math.abs(sum - xs.length) < 1e-3 * xs.length); // every point counts once
    }
  }
});

test("a class without points has no density, and points without a place do not count", () => {
  const { points, labels } = classes([10, 10]);
  for (let i = 10; i < 20; i++) points[2 * i + (i % 2)] = NaN;
  const found = densities(points, labels, 3, gridOver(VIEW));
  assert.deepEqual(found.map(({ label }) => label), [0]);
});

test("a class whose points coincide, or a single point, is a spot", () => {
  for (const count of [1, 50]) {
    const points = new Float32Array(2 * count).fill(0.51);
    const [{ heights }] = densities(points, new Uint8Array(count), 1, gridOver(VIEW));
    const strong = heights.filter((height) => height > 0.15).length;
    assert.ok(strong >= 4 && strong <= 25, String(strong));
  }
});

test("points outside of the grid add only what reaches into it", () => {
  const points = Float32Array.from([100, 100, -100, 0, 1, 1]);
  const [{ heights, across }] = densities(points, new Uint8Array(3), 1, gridOver([0, 2, 0, 2]));
  assert.ok(heights.every(Number.isFinite) && across.every(Number.isFinite));
});

test("an empty view has a grid", () => {
  const grid = gridOver([1, 1, 2, 2]);
  const [{ heights }] = densities(Float32Array.from([1, 2]), new Uint8Array(1), 1, grid);
  assert.ok(heights.length >= 1 && heights.every(Number.isFinite));
});

test("a contour goes round the middle of its class at its level, without gaps", () => {
  const [columns, rows, level] = [40, 30, 0.4];
  const at = (x, y) => Math.exp(-((x - 18) ** 2 + (y - 14) ** 2) / 40);
  const heights = Float32Array.from({ length: columns * rows }, (_, i) => at(i % columns, Math.floor(i / columns)));
  const radius = Math.sqrt(-40 * Math.log(level));
  const lines = contoursAt(heights, columns, rows, level);
  assert.equal(lines.length, 1);
  const [line] = lines;
  assert.ok(line.length > 40);
  for (let k = 0; k < line.length; k += 2) {
    const [x, y] = [line[k] * (columns - 1), line[k + 1] * (rows - 1)];
    assert.ok(Math.abs(Math.hypot(x - 18, y - 14) - radius) < 0.1);
  }
  assert.deepEqual(line.slice(0, 2), line.slice(-2)); // closed
});
