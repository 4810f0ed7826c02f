import assert from "node:assert/strict";
import { test } from "node:test";
import { overlap } from "../../../cl_core/components/_shared/boxes.js";
import { labelPicture, levelText, onScreen, spotsAlong } from "../../../cl_core/components/plane/label_requests.js";
import { lerpLabels, placeLabels, placesAround } from "../../../cl_core/components/plane/labels.js";
import { View } from "../../../cl_core/components/plane/view.js";
import { near, randomFrom } from "../random.js";

const inside = ({ x, y, w, h }) => x - w / 2 >= 0 && x + w / 2 <= 300 && y - h / 2 >= 0 && y + h / 2 <= 200;
const request = (key, places, changes = {}) => ({ key, text: key, kind: "guide", required: false, w: 40, h: 16, places, ...changes });
const place = (requests, { obstacles = [], before = new Map(), taken = [] } = {}) =>
  placeLabels(requests, obstacles, inside, before, taken);

test("labels are inside, apart from each other and from what is taken", () => {
  const random = randomFrom(35);
  for (let round = 0; round < 60; round++) {
    const requests = Array.from({ length: 9 }, (_, k) =>
      request(
        String(k),
        Array.from({ length: 10 }, () => ({ x: 300 * random(), y: 200 * random(), angle: 3 * random(), cost: random() })),
        { required: k < 3 },
      ),
    );
    const taken = [{ x: 150, y: 100, w: 14, h: 14 }];
    const labels = place(requests, { taken });
    for (const [i, label] of labels.entries()) {
      assert.ok(inside(label));
      for (const other of [...taken, ...labels.slice(0, i)]) assert.ok(!overlap(label, other, 3));
    }
  }
});

test("the cheapest place is taken, and obstacles make places dear", () => {
  const places = [{ x: 50, y: 50, cost: 0 }, { x: 150, y: 50, cost: 1 }];
  assert.equal(place([request("a", places)])[0].x, 50);
  const obstacles = [{ x: 52, y: 50, weight: 4 }];
  assert.equal(place([request("a", places)], { obstacles })[0].x, 150);
});

test("a poor place is better than none only for labels that are required", () => {
  const places = [{ x: 50, y: 50, cost: 20 }];
  assert.equal(place([request("a", places)]).length, 0);
  assert.equal(place([request("a", places, { required: true })]).length, 1);
  assert.equal(place([request("a", [], { required: true })]).length, 0);
});

test("a required label that only fits in one place gets it before another that fits anywhere", () => {
  const anywhere = request("a", [{ x: 50, y: 50 }, { x: 150, y: 50, cost: 0.5 }], { required: true });
  const picky = request("b", [{ x: 50, y: 50 }], { required: true });
  const labels = place([anywhere, picky]);
  assert.deepEqual(Object.fromEntries(labels.map(({ key, x }) => [key, x])), { a: 150, b: 50 });
});

test("a label stays near where it was, where that costs little", () => {
  const places = [{ x: 50, y: 50 }, { x: 150, y: 50, cost: 0.5 }];
  const before = new Map([["a", { ...place([request("a", places)])[0], x: 150 }]]);
  assert.equal(place([request("a", places)], { before })[0].x, 150);
});

test("a turned label has the box around it", () => {
  const [label] = place([request("a", [{ x: 150, y: 100, angle: Math.PI / 2 }])]);
  near(label.w, 16);
  near(label.h, 40);
});

test("candidates around a point keep off it, those far away have leaders", () => {
  const places = placesAround(100, 50, 40, 16, 10);
  for (const { x, y, from, cost } of places) {
    assert.ok(!overlap({ x, y, w: 40, h: 16 }, { x: 100, y: 50, w: 0, h: 0 }, 2));
    assert.equal(Boolean(from), cost >= 3);
  }
});

test("labels of two placements move or fade, and end as they are", () => {
  const label = (key, x) => ({ key, text: key, kind: "mark", x, y: 0, w: 9, h: 9, angle: 0, from: null, alpha: 1 });
  const [from, to] = [[label("a", 0), label("b", 5)], [label("a", 10), label("c", 7)]];
  const mixed = Object.fromEntries(lerpLabels(from, to, 0.25).map((each) => [each.key, each]));
  assert.deepEqual([mixed.a.x, mixed.a.alpha], [2.5, 1]);
  assert.equal(mixed.b.alpha, 0.75);
  assert.equal(mixed.c.alpha, 0.25);
  assert.equal(lerpLabels(from, to, 1), to);
});

const view = { toX: (u) => 100 * u, toY: (v) => 100 - 100 * v, contains: (x, y) => x >= 0 && y >= 0 && x <= 100 && y <= 100 };

test("a line is broken where it has no coordinates", () => {
  const runs = onScreen(Float32Array.of(NaN, 0, 0, 0, 0.5, 0.5, NaN, NaN, NaN, 1, 1, 1), view);
  assert.deepEqual(runs, [[[0, 100], [50, 50]], [[100, 0]]]);
  assert.deepEqual(onScreen(new Float32Array(0), view), []);
});

test("points along a line are equally far apart, whatever its segments", () => {
  const run = [[0, 0], [3, 4], [3, 50], [90, 50]];
  const spots = spotsAlong(run, 7, view);
  // by small steps along the same line
  const walk = [];
  for (let i = 1; i < run.length; i++) {
    const length = Math.hypot(run[i][0] - run[i - 1][0], run[i][1] - run[i - 1][1]);
    for (let t = 0; t < length; t += 0.001) {
      walk.push([0, 1].map((axis) => run[i - 1][axis] + ((run[i][axis] - run[i - 1][axis]) * t) / length));
    }
  }
  assert.equal(spots.length, Math.floor((138 - 3.5) / 7) + 1);
  spots.forEach(({ x, y, dx, dy }, k) => {
    const [wx, wy] = walk[Math.round((3.5 + 7 * k) * 1000)];
    near(x, wx, 0.01);
    near(y, wy, 0.01);
    near(Math.hypot(dx, dy), 1);
  });
});

test("points outside the view are left out, and a single point has none", () => {
  assert.ok(spotsAlong([[-50, 50], [150, 50]], 10, view).every(({ x }) => x >= 0 && x <= 100));
  assert.deepEqual(spotsAlong([[1, 1]], 10, view), []);
  assert.deepEqual(spotsAlong([], 10, view), []);
  assert.deepEqual(spotsAlong([[1, 1], [1, 1]], 10, view), []);
});

test("levels are short", () => {
  assert.deepEqual([0, 0.05, -2.5, 1000, 200000, 0.0005, -0.0005].map(levelText), ["0", "0.05", "−2.5", "1000", "2e5", "5e−4", "−5e-4"]);
});

/** A picture of 300 by 300 pixels with one mark, a boundary, a box and a contour. */
function pictureLabels(changes = {}) {
  const plane = new View();
  plane.fit(374, 360);
  const shown = {
    curves: [{ role: "boundary", label: "boundary", places: Float32Array.of(0, 0.2, 1, 0.9), alpha: 1 }],
    marks: [
      { role: "target", label: "target", u: 0.3, v: 0.8, alpha: 1 },
      { role: "centre", label: "", u: 0.45, v: 0.8, alpha: 1 },
    ],
    box: [0.5, 0.95, 0.05, 0.4],
    pairs: new Float32Array(0),
    ...changes,
  };
  const contour = { level: 0.5, lines: [Float32Array.of(0.9, 0, 0.6, 1)] };
  const labels = labelPicture(shown, "region", [contour], plane, (text) => 7 * text.length, new Map());
  return { plane, labels: new Map(labels.map((label) => [label.key, label])) };
}

test("a picture's labels are inside it, apart, and beside what they name", () => {
  const { plane, labels } = pictureLabels();
  assert.deepEqual([...labels.keys()].sort(), ["box", "curve 0", "level 0.5 0", "mark 0"]);
  for (const { x, y, w, h } of labels.values()) {
    assert.ok(plane.contains(x - w / 2, y - h / 2) && plane.contains(x + w / 2, y + h / 2));
  }
  const mark = labels.get("mark 0");
  const [markX, markY] = [plane.toX(0.3), plane.toY(0.8)];
  const gap = Math.max(Math.abs(mark.x - markX) - mark.w / 2, Math.abs(mark.y - markY) - mark.h / 2);
  assert.ok(gap > 0 && gap < 40, `${gap}`);
  assert.ok(mark.x < markX, "not towards the other mark, which it could be taken for");
});

test("the name of a line is a little away from it", () => {
  const { plane, labels } = pictureLabels();
  const { x, y, w, h } = labels.get("curve 0");
  const [dx, dy] = [1 / Math.hypot(1, 0.7), -0.7 / Math.hypot(1, 0.7)];
  const distance = Math.abs((x - plane.toX(0)) * dy - (y - plane.toY(0.2)) * dx);
  const reach = (Math.abs(dy) * w + Math.abs(dx) * h) / 2; // of the box across the line
  near(distance - reach, 7, 0.01);
});

test("the number of a contour is on its line and never upside down", () => {
  const { plane, labels } = pictureLabels();
  const { x, y, angle } = labels.get("level 0.5 0");
  assert.ok(Math.abs(angle) <= Math.PI / 2 + 1e-9);
  const [u, v] = plane.placeAt(x, y);
  near(u, 0.9 - 0.3 * v, 1e-6);
});

test("the name of a box is in one of its corners, or beside it where it is small", () => {
  const { plane, labels } = pictureLabels();
  const { x, y, w, h } = labels.get("box");
  const [left, right, bottom, top] = [plane.toX(0.5), plane.toX(0.95), plane.toY(0.05), plane.toY(0.4)];
  assert.ok(x - w / 2 > left && x + w / 2 < right && y - h / 2 > top && y + h / 2 < bottom, "inside");
  const small = pictureLabels({ box: [0.5, 0.52, 0.3, 0.32] });
  const label = small.labels.get("box");
  const box = { x: small.plane.toX(0.51), y: small.plane.toY(0.31), w: 0.02 * small.plane.side, h: 0.02 * small.plane.side };
  assert.ok(!overlap(label, box, 0) && overlap(label, box, 30));
});

test("candidates beside a point come before those above and below, and upper corners before lower ones", () => {
  const sides = placesAround(0, 0, 40, 16, 10).slice(0, 8).map(({ x, y }) => `${Math.sign(x)} ${Math.sign(y)}`);
  assert.deepEqual(sides, ["1 0", "-1 0", "1 -1", "1 1", "-1 -1", "-1 1", "0 -1", "0 1"]);
});
