import assert from "node:assert/strict";
import { test } from "node:test";
import { contoursAt } from "../../../cl_core/components/_shared/contours.js";
import { near, randomFrom } from "../random.js";

/** Values of a function of u and v on a grid. */
function grid(nx, ny, f) {
  return Float32Array.from({ length: nx * ny }, (_, i) => f((i % nx) / (nx - 1), Math.floor(i / nx) / (ny - 1)));
}

function points(line) {
  return Array.from({ length: line.length / 2 }, (_, k) => [line[2 * k], line[2 * k + 1]]);
}

/** Whether each edge between two nodes on different sides of the level is passed exactly once. */
function crossedEdges(values, nx, ny, level) {
  const edges = new Set();
  for (let i = 0; i < nx * ny; i++) {
    const [c, r] = [i % nx, Math.floor(i / nx)];
    if (c + 1 < nx && values[i] > level !== values[i + 1] > level) edges.add(`${i} east`);
    if (r + 1 < ny && values[i] > level !== values[i + nx] > level) edges.add(`${i} north`);
  }
  return edges;
}

test("the contour of a linear field is the straight line, from edge to edge", () => {
  const random = randomFrom(29);
  for (let round = 0; round < 50; round++) {
    const [a, b] = [4 * random() - 2, 4 * random() - 2];
    const level = a * 0.5 + b * 0.5; // through the middle
    const lines = contoursAt(grid(17, 23, (u, v) => a * u + b * v), 17, 23, level);
    assert.equal(lines.length, 1);
    for (const [u, v] of points(lines[0])) near(a * u + b * v, level, 1e-5);
    for (const [u, v] of [points(lines[0])[0], points(lines[0]).at(-1)]) {
      assert.ok([u, v].some((x) => x < 1e-6 || x > 1 - 1e-6), "an open line ends at the edge");
    }
  }
});

test("the contour of a cone is closed and runs around it", () => {
  const lines = contoursAt(grid(61, 61, (u, v) => Math.hypot(u - 0.5, v - 0.5)), 61, 61, 0.3);
  assert.equal(lines.length, 1);
  const round = points(lines[0]);
  assert.deepEqual(round[0], round.at(-1));
  for (const [u, v] of round) near(Math.hypot(u - 0.5, v - 0.5), 0.3, 1e-3);
  let area = 0;
  for (let k = 1; k < round.length; k++) area += (round[k - 1][0] * round[k][1] - round[k][0] * round[k - 1][1]) / 2;
  near(Math.abs(area), Math.PI * 0.09, 2e-3);
});

test("on any field the contours pass each crossed edge once, and no other", () => {
  const random = randomFrom(30);
  for (let round = 0; round < 60; round++) {
    const [nx, ny] = [3 + Math.floor(9 * random()), 3 + Math.floor(9 * random())];
    const values = Float32Array.from({ length: nx * ny }, random);
    const level = 0.5;
    const passed = [];
    for (const line of contoursAt(values, nx, ny, level)) {
      const all = points(line);
      const closed = all.length > 2 && all[0][0] === all.at(-1)[0] && all[0][1] === all.at(-1)[1];
      for (const [u, v] of closed ? all.slice(1) : all) {
        const [c, r] = [u * (nx - 1), v * (ny - 1)];
        const [column, row] = [Math.round(c), Math.round(r)];
        const along = Math.abs(r - row) < 1e-4 && Math.abs(c - column) > 1e-4;
        const i = along ? row * nx + Math.floor(c) : Math.floor(r + 1e-9) * nx + column;
        passed.push(`${i} ${along ? "east" : "north"}`);
      }
    }
    const expected = crossedEdges(values, nx, ny, level);
    assert.equal(passed.length, expected.size);
    assert.deepEqual(new Set(passed), expected);
  }
});

test("neighbouring points of a contour lie in one cell", () => {
  const random = randomFrom(31);
  const values = Float32Array.from({ length: 100 }, random);
  for (const line of contoursAt(values, 10, 10, 0.4)) {
    const all = points(line);
    for (let k = 1; k < all.length; k++) {
      assert.ok(Math.abs(all[k][0] - all[k - 1][0]) <= 1 / 9 + 1e-6);
      assert.ok(Math.abs(all[k][1] - all[k - 1][1]) <= 1 / 9 + 1e-6);
    }
  }
});

test("a saddle joins what its middle joins", () => {
  const corners = (sw, se, nw, ne) => contoursAt(Float32Array.of(sw, se, nw, ne), 2, 2, 0.5).map(points);
  const cutsOff = (lines, [u, v]) => lines.some((line) => line.every(([x, y]) => Math.abs(x - u) + Math.abs(y - v) <= 1));
  const high = corners(1, 0.2, 0.2, 1); // mean 0.6: the high corners are joined, the low ones cut off
  assert.equal(high.length, 2);
  assert.ok(cutsOff(high, [1, 0]) && cutsOff(high, [0, 1]));
  const low = corners(0.8, 0, 0, 0.8); // mean 0.4
  assert.ok(cutsOff(low, [0, 0]) && cutsOff(low, [1, 1]));
});

test("a level outside the values, and a field without values, have no contours", () => {
  const values = grid(5, 5, (u) => u);
  assert.deepEqual(contoursAt(values, 5, 5, 2), []);
  assert.deepEqual(contoursAt(values, 5, 5, -1), []);
  assert.deepEqual(contoursAt(new Float32Array(25).fill(NaN), 5, 5, 0.5), []);
  assert.deepEqual(contoursAt(new Float32Array(25).fill(1), 5, 5, 1), []);
});

test("contours leave out the cells with a value that is none", () => {
  const values = grid(9, 9, (u) => u);
  values[4 * 9 + 4] = NaN;
  const lines = contoursAt(values, 9, 9, 0.45);
  assert.equal(lines.length, 2, "one on either side of the gap");
  for (const line of lines) assert.ok(line.every(Number.isFinite));
});

test("a node that is exactly at the level is on its lower side", () => {
  const [line] = contoursAt(Float32Array.of(0, 1, 1, 2), 2, 2, 1);
  for (const [u, v] of points(line)) near(u + v, 1, 1e-6);
  assert.deepEqual(contoursAt(Float32Array.of(0, 0, 1, 1), 2, 2, 1), []);
  assert.equal(contoursAt(Float32Array.of(1, 1, 2, 2), 2, 2, 1).length, 1);
});
