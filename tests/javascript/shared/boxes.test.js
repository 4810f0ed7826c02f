import assert from "node:assert/strict";
import { test } from "node:test";
import { overlap, pushApart, sharedArea } from "../../../cl_core/components/_shared/boxes.js";
import { near, randomFrom } from "../random.js";

function randomBox(random) {
  return { x: Math.round(20 * random()), y: Math.round(20 * random()), w: 2 * Math.ceil(5 * random()), h: 2 * Math.ceil(5 * random()) };
}

/** Whether a unit square, named by its lower corner, is inside a box with whole edges. */
function covers({ x, y, w, h }, column, row) {
  return column >= x - w / 2 && column + 1 <= x + w / 2 && row >= y - h / 2 && row + 1 <= y + h / 2;
}

test("the shared area is the number of squares that both boxes cover", () => {
  const random = randomFrom(5);
  for (let k = 0; k < 300; k++) {
    const [a, b] = [randomBox(random), randomBox(random)];
    let count = 0;
    for (let c = -10; c < 40; c++) for (let r = -10; r < 40; r++) count += covers(a, c, r) && covers(b, c, r);
    near(sharedArea(a, b), count);
    assert.equal(sharedArea(a, b), sharedArea(b, a));
    assert.equal(overlap(a, b, 0), count > 0);
  }
});

test("boxes nearer than the gap overlap, those at the gap do not", () => {
  for (const axis of ["x", "y"]) {
    const box = (place) => ({ x: 0, y: 0, w: 10, h: 10, [axis]: place });
    assert.ok(overlap(box(0), box(12.9), 3));
    assert.ok(!overlap(box(0), box(13), 3));
  }
});

test("boxes that are pushed apart end apart and on the sheet", () => {
  const random = randomFrom(6);
  for (let round = 0; round < 40; round++) {
    const tags = Array.from({ length: 8 }, (_, c) => ({ c, x: 200 + 60 * random(), y: 150 + 60 * random(), w: 40, h: 16 }));
    const before = total(tags);
    pushApart(tags, 400, 300);
    assert.ok(total(tags) <= 0.05 * before + 1, `${before} -> ${total(tags)}`);
    for (const { x, y, w, h } of tags) {
      assert.ok(x >= w / 2 && x <= 400 - w / 2 && y >= h / 2 && y <= 300 - h / 2);
    }
  }
});

test("boxes of classes in one point leave in directions of their own", () => {
  const tags = Array.from({ length: 5 }, (_, c) => ({ c, x: 100, y: 100, w: 20, h: 10 }));
  pushApart(tags, 200, 200);
  assert.equal(new Set(tags.map(({ x, y }) => `${x} ${y}`)).size, 5);
  assert.ok(tags.every(({ x, y }) => Number.isFinite(x + y)));
});

test("a fixed box stays, and boxes that do not overlap stay", () => {
  const fixed = { c: 0, x: 50, y: 50, w: 30, h: 10, fixed: true };
  const moved = { c: 1, x: 55, y: 52, w: 30, h: 10 };
  const apart = { c: 2, x: 150, y: 150, w: 30, h: 10 };
  pushApart([fixed, moved, apart], 200, 200);
  assert.deepEqual([fixed.x, fixed.y, apart.x, apart.y], [50, 50, 150, 150]);
  assert.ok(sharedArea(fixed, moved) < 30);
});

test("no boxes at all are no error", () => {
  pushApart([], 10, 10);
});

function total(tags) {
  let sum = 0;
  for (const [i, a] of tags.entries()) for (const b of tags.slice(0, i)) sum += sharedArea(a, b);
  return sum;
}
