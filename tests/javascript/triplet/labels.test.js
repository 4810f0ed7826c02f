import assert from "node:assert/strict";
import { test } from "node:test";
import { sharedArea } from "../../../cl_core/components/_shared/boxes.js";
import { boxesAlong, LabelPlacer, placesAround } from "../../../cl_core/components/triplet/labels.js";
import { decimal, distinct } from "../../../cl_core/components/triplet/readout.js";
import { arrowOutline, circlePath } from "../../../cl_core/components/triplet/shapes.js";
import { near, randomFrom } from "../random.js";

const ROOM = { width: 200, height: 100 };
const box = (x, y, w = 20, h = 10) => ({ x, y, w, h });

test("a label takes its first candidate where nothing is", () => {
  const found = new LabelPlacer().place([{ key: "a", places: [[box(50, 50)], [box(150, 50)]] }], [], ROOM);
  assert.deepEqual([...found], [["a", 0]]);
});

test("a label avoids what is taken, the labels before it and the edge", () => {
  const places = [[box(50, 50)], [box(100, 50)], [box(195, 50)], [box(150, 50)]];
  const requests = [{ key: "a", places }, { key: "b", places }];
  const found = new LabelPlacer().place(requests, [box(50, 50)], ROOM);
  assert.deepEqual([...found], [["a", 1], ["b", 3]]);
});

test("a label that would cover something is left out, unless it is required", () => {
  const places = [[box(50, 50)]];
  const requests = [{ key: "a", places }, { key: "b", places, required: true }];
  assert.deepEqual([...new LabelPlacer().place(requests, [box(50, 50)], ROOM)], [["b", 0]]);
  assert.equal(new LabelPlacer().place([{ key: "a", places: [] }], [], ROOM).size, 0);
});

test("a label stays where it was as long as that is not much worse", () => {
  const placer = new LabelPlacer();
  const places = [[box(50, 50)], [box(100, 50)]];
  const place = (taken) => placer.place([{ key: "a", places, required: true }], taken, ROOM).get("a");
  assert.equal(place([box(50, 50)]), 1);
  assert.equal(place([]), 1, "the better place is free again, but it stays");
  assert.equal(place([box(100, 50)]), 0, "now it is covered");
});

test("labels that are not required never cover each other", () => {
  const random = randomFrom(20);
  for (let round = 0; round < 50; round++) {
    const requests = Array.from({ length: 10 }, (_, k) => ({
      key: String(k),
      places: Array.from({ length: 6 }, () => [box(200 * random(), 100 * random())]),
    }));
    const found = new LabelPlacer().place(requests, [], ROOM);
    const boxes = [...found].map(([key, i]) => requests[Number(key)].places[i][0]);
    for (const [i, a] of boxes.entries()) for (const b of boxes.slice(0, i)) assert.ok(sharedArea(a, b) < 1);
  }
});

test("candidates around a point keep off it", () => {
  const places = placesAround([100, 50], 40, 16, 15);
  assert.equal(places.length, 8);
  for (const [place] of places) assert.equal(sharedArea(place, box(100, 50, 8, 8)), 0);
});

test("boxes along a line reach both ends without a gap", () => {
  const boxes = boxesAlong([0, 0], [30, 40], 8);
  assert.deepEqual([boxes[0].x, boxes.at(-1).y], [0, 40]);
  boxes.slice(1).forEach(({ x, y }, i) => assert.ok(Math.hypot(x - boxes[i].x, y - boxes[i].y) <= 8 + 1e-9));
  assert.equal(boxesAlong([5, 5], [5, 5]).length, 1);
});

test("an arrow ends at its point, whatever its length", () => {
  assert.equal(arrowOutline([0, 0], [0, 0.1]), "");
  for (const by of [[3, 4], [60, -80], [-1, 0]]) {
    const points = [...arrowOutline([10, 20], by).matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
    const far = points.map(([x, y]) => Math.hypot(x - 10, y - 20));
    const tip = points[far.indexOf(Math.max(...far))];
    near(tip[0], 10 + by[0], 0.01);
    near(tip[1], 20 + by[1], 0.01);
  }
});

test("a circle of no size is nothing", () => {
  assert.equal(circlePath(1, 2, 0), "");
  assert.match(circlePath(10, 20, 5), /^M5 20a5 5 /);
});

test("numbers get as many decimals as tell the first from the others, and no negative zero", () => {
  assert.deepEqual(distinct(0.5, 0.6), ["0.50", "0.60"]);
  assert.deepEqual(distinct(0.5, 0.5004), ["0.5000", "0.5004"]);
  assert.deepEqual(distinct(0.5, 0.5, 1), ["0.50", "0.50", "1.00"], "a tie cannot be told apart");
  assert.equal(distinct(1, 1 + 1e-11)[0].length, 11, "nine decimals at most");
  assert.equal(decimal(-0.001), "0.00");
  assert.equal(decimal(-0.25), "−0.25");
});

test("candidates around a point are symmetrical about it", () => {
  const places = placesAround([100, 50], 40, 16, 15).map(([{ x, y }]) => `${x - 100} ${y - 50}`);
  for (const [{ x, y }] of placesAround([100, 50], 40, 16, 15)) {
    assert.ok(places.includes(`${100 - x} ${y - 50}`), "left and right");
    assert.ok(places.includes(`${x - 100} ${50 - y}`), "above and below");
  }
});

test("an arrow is symmetrical about its axis", () => {
  const outline = arrowOutline([0, 0], [30, 40]);
  const across = [...outline.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => (Number(x) * 40 - Number(y) * 30) / 50);
  assert.equal(across.length, 7);
  across.forEach((distance, k) => near(distance, -across[6 - k], 0.02));
  assert.ok(Math.abs(across[2]) > Math.abs(across[1]), "the wings are wider than the shaft");
});
