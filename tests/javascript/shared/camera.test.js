import assert from "node:assert/strict";
import { test } from "node:test";
import { ZoomCamera } from "../../../cl_core/components/_shared/camera.js";
import { Camera as BatchCamera } from "../../../cl_core/components/batch/camera.js";
import { Camera as EmbeddingCamera } from "../../../cl_core/components/embedding/camera.js";
import { View } from "../../../cl_core/components/plane/view.js";
import { near, randomFrom } from "../random.js";

function batchCamera() {
  const camera = new BatchCamera();
  Object.assign(camera, { width: 500, height: 400 });
  camera.aim([-1, 2, -1, 1]);
  return camera;
}

test("a batch's extent fits into the picture, and its middle is in the middle", () => {
  const camera = batchCamera();
  assert.deepEqual(camera.place(0.5, 0), [250, 200]);
  for (const [x, y] of [[-1, -1], [2, 1]]) {
    const [left, top] = camera.place(x, y);
    assert.ok(left >= 0 && left <= 500 && top >= 0 && top <= 400);
  }
  assert.ok(camera.place(0, 1)[1] < camera.place(0, 0)[1], "y goes up");
});

test("what is under the pointer stays there when a batch is zoomed", () => {
  const random = randomFrom(8);
  const camera = batchCamera();
  for (let k = 0; k < 200; k++) {
    const point = [3 * random() - 1, 2 * random() - 1];
    const before = camera.place(...point);
    camera.zoomAt(0.7 + 0.8 * random(), ...before);
    camera.aim([-1, 2, -1, 1]);
    const after = camera.place(...point);
    near(after[0], before[0], 1e-6);
    near(after[1], before[1], 1e-6);
  }
});

test("zoom stays within its bounds and pan is in pixels", () => {
  const camera = new ZoomCamera(30);
  Object.assign(camera, { width: 300, height: 200, current: [0, 1, 0, 1] });
  for (let k = 0; k < 100; k++) camera.zoomAt(1.25);
  assert.equal(camera.zoom, 30);
  for (let k = 0; k < 100; k++) camera.zoomAt(0.8);
  assert.equal(camera.zoom, 0.4);
  const before = camera.middleX;
  camera.pan(12, -5);
  near(camera.middleX - before, 12);
});

test("a camera that is held keeps its bounds, and follows again after a reset", () => {
  const camera = batchCamera();
  const bounds = Float32Array.of(-1, 2, -1, 1);
  camera.aim(bounds);
  assert.ok(!camera.held);
  camera.pan(0, 0);
  assert.ok(camera.held);
  bounds.fill(9); // bounds aimed at may be written over
  camera.aim([5, 6, 5, 6]);
  assert.deepEqual(camera.place(0.5, 0), [250, 200]);
  camera.reset();
  assert.ok(!camera.held);
  camera.aim([5, 6, 5, 6]);
  assert.deepEqual(camera.place(5.5, 5.5), [250, 200]);
});

test("the embedding in two dimensions is a map with equal scales", () => {
  const camera = new EmbeddingCamera();
  Object.assign(camera, { width: 640, height: 480 });
  camera.aim([-2, 2, -1, 1], 2);
  const [x0, y0] = camera.place([0, 0]);
  assert.deepEqual([x0, y0], [320, 240]);
  const [x1, y1] = camera.place([0.5, 0.25]);
  near((x1 - x0) / 0.5, camera.scale, 1e-3);
  near((y0 - y1) / 0.25, camera.scale, 1e-3);
});

test("a batch of points is projected as each of them alone", () => {
  const random = randomFrom(9);
  for (const dims of [2, 3]) {
    const camera = new EmbeddingCamera();
    Object.assign(camera, { width: 640, height: 480 });
    camera.turn(40, -25);
    camera.aim(Array.from({ length: dims }, () => [-1, 1]).flat(), dims);
    const points = Array.from({ length: 30 * dims }, () => 2 * random() - 1);
    const [x, y, near_] = [new Float32Array(30), new Float32Array(30), new Float32Array(30)];
    camera.project(points, x, y, near_);
    for (let i = 0; i < 30; i++) {
      assert.deepEqual([x[i], y[i]], camera.place(points.slice(i * dims, (i + 1) * dims)));
      assert.ok(near_[i] >= 0 && near_[i] <= 1);
    }
  }
});

test("in three dimensions the middle stays, and what is nearer is larger", () => {
  const camera = new EmbeddingCamera();
  Object.assign(camera, { width: 600, height: 600, yaw: 0, pitch: 0 });
  camera.aim([-1, 1, -1, 1, -1, 1], 3);
  assert.deepEqual(camera.place([0, 0, 0]), [300, 300]);
  const [front, back] = [camera.place([0.5, 0, 1]), camera.place([0.5, 0, -1])];
  assert.ok(front[0] - 300 > back[0] - 300 && back[0] > 300);
  camera.turn(0, 1e9);
  assert.ok(camera.pitch <= 1.5, "it does not tip over");
});

test("points without coordinates are projected to none", () => {
  const camera = new EmbeddingCamera();
  Object.assign(camera, { width: 600, height: 600 });
  camera.aim([-1, 1, -1, 1], 2);
  assert.ok(camera.place([NaN, 0]).some(Number.isNaN));
});

test("a place of the plane and its pixel are each other's inverse, zoomed and panned", () => {
  const random = randomFrom(10);
  const view = new View();
  view.fit(700, 600);
  for (let k = 0; k < 200; k++) {
    view.zoomAt(0.7 + 0.8 * random(), 700 * random(), 600 * random());
    view.pan(40 * random() - 20, 40 * random() - 20);
    const [x, y] = [view.left + view.side * random(), view.top + view.side * random()];
    const [u, v] = view.placeAt(x, y);
    near(view.toX(u), x, 1e-9);
    near(view.toY(v), y, 1e-9);
    assert.ok(u >= -1e-9 && u <= 1 + 1e-9 && v >= -1e-9 && v <= 1 + 1e-9, "never beyond the plane");
  }
});

test("the plane's pointer stays where it is as long as the edge of the plane allows it", () => {
  const view = new View();
  view.fit(700, 600);
  const at = [view.left + 0.4 * view.side, view.top + 0.6 * view.side];
  const before = view.placeAt(...at);
  view.zoomAt(3, ...at);
  const after = view.placeAt(...at);
  near(after[0], before[0]);
  near(after[1], before[1]);
  for (let k = 0; k < 30; k++) view.zoomAt(0.5);
  assert.equal(view.zoom, 1);
  assert.ok(!view.held);
  for (let k = 0; k < 30; k++) view.zoomAt(2);
  assert.equal(view.zoom, view.closest);
});

test("a plane that follows a place shows it", () => {
  const view = new View();
  view.fit(700, 600);
  view.zoomAt(8);
  view.follow(0.02, 0.97);
  assert.ok(view.contains(view.toX(0.02), view.toY(0.97)));
});

test("a plane has room for larger type and is never too small", () => {
  const view = new View();
  view.rescale(1.25);
  assert.equal(view.left, 75);
  view.fit(10, 10);
  assert.equal(view.side, 160);
  assert.equal(view.widthAt(view.height), view.width);
});

test("the square contains its corners and a fringe beside it, on every side", () => {
  const view = new View();
  view.fit(700, 600);
  const { left, top, side } = view;
  const middle = [left + side / 2, top + side / 2];
  assert.ok(view.contains(...middle));
  for (const [x, y] of [[left, middle[1]], [left + side, middle[1]], [middle[0], top], [middle[0], top + side]]) {
    assert.ok(view.contains(x, y), "an edge belongs to it");
    const [outX, outY] = [x + Math.sign(x - middle[0]) * 5, y + Math.sign(y - middle[1]) * 5];
    assert.ok(!view.contains(outX, outY));
    assert.ok(!view.contains(outX, outY, 4));
    assert.ok(view.contains(outX, outY, 5));
  }
});

test("the square is as large as width and height allow", () => {
  const view = new View();
  view.fit(2000, 600);
  assert.equal(view.height, 600);
  view.fit(500, 2000);
  assert.equal(view.width, 500);
});

test("turning in three dimensions keeps all distances from the centre", () => {
  const random = randomFrom(39);
  for (let round = 0; round < 100; round++) {
    const camera = new EmbeddingCamera();
    Object.assign(camera, { width: 600, height: 500, yaw: 6 * random(), pitch: 2 * random() - 1 });
    if (round % 2) camera.zoomAt(0.5 + 2 * random());
    camera.aim([1, 3, -4, -2, 5, 7], 3);
    const centre = [2, -3, 6];
    const point = centre.map((c) => c + random() - 0.5);
    const [x, y, nearness] = [new Float32Array(1), new Float32Array(1), new Float32Array(1)];
    camera.project(point, x, y, nearness);
    const depth = 2 * nearness[0] - 1; // in radii
    const size = (camera.scale * 4) / (4 - depth); // perspective
    const turned = [(x[0] - camera.middleX) / size, (camera.middleY - y[0]) / size, depth * camera.radius];
    near(Math.hypot(...turned), Math.hypot(...point.map((p, d) => p - centre[d])), 1e-4);
  }
});

test("zooming by two doubles the scale", () => {
  for (const dims of [2, 3]) {
    const bounds = Array.from({ length: dims }, () => [-1, 1]).flat();
    const camera = new EmbeddingCamera();
    Object.assign(camera, { width: 600, height: 500 });
    camera.aim(bounds, dims);
    const { scale } = camera;
    camera.zoomAt(2);
    camera.aim(bounds, dims);
    near(camera.scale, 2 * scale, 1e-9);
  }
});

test("the margins of a plane grow with the size of type", () => {
  const [usual, large] = [new View(), new View()];
  large.rescale(1.5);
  assert.equal(large.width - large.side, 1.5 * (usual.width - usual.side));
  assert.equal(large.height - large.side, 1.5 * (usual.height - usual.side));
});
