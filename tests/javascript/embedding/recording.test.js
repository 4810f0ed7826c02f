import assert from "node:assert/strict";
import { test } from "node:test";
import { NOT_FINITE } from "../../../cl_core/components/_shared/envelope.js";
import { Recording } from "../../../cl_core/components/embedding/recording.js";
import { near, randomFrom } from "../random.js";

const [N, DIMS, CLASSES] = [40, 2, 3];

function headerOf(first, steps, changes = {}) {
  const class_names = ["a", "b", "c"];
  const scales = steps.map(() => 0.001);
  return { stream: "s", first, total: first + steps.length, steps, scales, shares: null, dims: DIMS, n: N, class_names, unit_circle: false, ...changes };
}

function buffersOf(random, count, first, extent = 1000) {
  const frames = Int16Array.from({ length: count * N * DIMS }, () => Math.round(2 * extent * random() - extent));
  const labels = Uint8Array.from({ length: N }, (_, i) => i % CLASSES);
  return first ? { frames } : { frames, labels };
}

test("frames are added once, in order, and a gap is told", () => {
  const random = randomFrom(22);
  const recording = new Recording(headerOf(0, []));
  assert.equal(recording.add(headerOf(3, [30]), buffersOf(random, 1, 3)), false, "it begins later");
  assert.ok(recording.add(headerOf(0, [0, 10]), buffersOf(random, 2, 0)));
  assert.ok(recording.add(headerOf(1, [10, 20, 30]), buffersOf(random, 3, 1)), "frame 1 is repeated");
  assert.deepEqual(recording.steps, [0, 10, 20, 30]);
  assert.equal(recording.add(headerOf(6, [60]), buffersOf(random, 1, 6)), false);
  assert.equal(recording.length, 4);
});

test("a message of another stream, size or dimension is of another recording", () => {
  const recording = new Recording(headerOf(0, []));
  assert.ok(recording.matches(headerOf(5, [1])));
  for (const change of [{ stream: "t" }, { dims: 3 }, { n: N + 1 }]) assert.ok(!recording.matches(headerOf(0, [], change)));
});

test("coordinates are interpolated, and one that is missing on either side is none", () => {
  const random = randomFrom(23);
  const buffers = buffersOf(random, 2, 0);
  buffers.frames[0] = NOT_FINITE;
  buffers.frames[N * DIMS + 3] = NOT_FINITE;
  const recording = new Recording(headerOf(0, [0, 1]));
  recording.add(headerOf(0, [0, 1], { scales: [0.001, 0.002] }), buffers);
  const out = new Float32Array(N * DIMS);
  for (const position of [0, 0.3, 1]) {
    recording.coordinates(position, out);
    for (let i = 0; i < out.length; i++) {
      if (i === 0 && position < 1) assert.ok(Number.isNaN(out[i]));
      else if (i === 3 || i === 0) continue;
      else near(out[i], buffers.frames[i] * 0.001 * (1 - position) + buffers.frames[N * DIMS + i] * 0.002 * position, 1e-5);
    }
  }
});

test("the middle of a class is its median, and a class without points has none", () => {
  const random = randomFrom(24);
  const buffers = buffersOf(random, 1, 0);
  buffers.labels.fill(0, 0, 7);
  buffers.labels.fill(1, 7);
  const recording = new Recording(headerOf(0, [0]));
  recording.add(headerOf(0, [0]), buffers);
  const medians = recording.medians(0);
  const along = [...Array(7).keys()].map((i) => buffers.frames[2 * i]).sort((a, b) => a - b);
  near(medians[0], along[3] * 0.001, 1e-6);
  assert.ok(Number.isNaN(medians[4]), "class 2 has no points");
});

test("the view always holds the points", () => {
  const random = randomFrom(25);
  const recording = new Recording(headerOf(0, []));
  for (let k = 0; k < 60; k++) {
    const extent = 50 + 30_000 * random() ** 3;
    const buffers = buffersOf(random, 1, k, extent);
    recording.add(headerOf(k, [k]), buffers);
    const view = recording.view(k);
    for (let d = 0; d < DIMS; d++) {
      const along = [...Array(N).keys()].map((i) => buffers.frames[DIMS * i + d] * 0.001);
      assert.ok(view[2 * d] <= Math.min(...along) && view[2 * d + 1] >= Math.max(...along));
    }
  }
});

test("a view that fits stays still, and a collapse is seen as one", () => {
  const random = randomFrom(26);
  const recording = new Recording(headerOf(0, []));
  const steady = buffersOf(random, 1, 0);
  for (let k = 0; k < 20; k++) recording.add(headerOf(k, [k]), steady);
  assert.deepEqual(recording.view(5), recording.view(19));
  const point = { frames: new Int16Array(N * DIMS).fill(7) };
  for (let k = 20; k < 80; k++) recording.add(headerOf(k, [k]), point);
  const [low, high] = recording.view(79);
  assert.ok(high - low > 1, "the view does not follow a collapse to a point");
  const out = new Float32Array(N * DIMS);
  recording.coordinates(79, out);
  assert.ok(out.every((x) => x > low && x < high));
});

test("with the unit circle the view holds it", () => {
  const recording = new Recording(headerOf(0, [], { unit_circle: true }));
  recording.add(headerOf(0, [0]), { frames: new Int16Array(N * DIMS), labels: new Uint8Array(N) });
  const view = recording.view(0);
  for (let d = 0; d < DIMS; d++) assert.ok(view[2 * d] <= -1 && view[2 * d + 1] >= 1);
});

test("frames without a single coordinate, and without points, have a view", () => {
  const recording = new Recording(headerOf(0, []));
  recording.add(headerOf(0, [0]), { frames: new Int16Array(N * DIMS).fill(NOT_FINITE), labels: new Uint8Array(N) });
  assert.ok(recording.view(0).every(Number.isFinite));
  const empty = new Recording(headerOf(0, [], { n: 0 }));
  empty.add(headerOf(0, [0], { n: 0 }), { frames: new Int16Array(0), labels: new Uint8Array(0) });
  assert.ok(empty.view(0).every(Number.isFinite));
});

test("a few points far outside do not count, where there are many", () => {
  const n = 2000;
  const frames = Int16Array.from({ length: n * DIMS }, (_, i) => (i < 4 ? 30_000 : i < 8 ? -30_000 : (i % 1000) - 500));
  const header = headerOf(0, [0], { n });
  const recording = new Recording(header);
  recording.add(header, { frames, labels: new Uint8Array(n) });
  for (const edge of recording.view(0)) assert.ok(Math.abs(edge) < 0.7 && Math.abs(edge) > 0.5, `${edge}`);
});

test("there is free space on every side of the first frame", () => {
  const random = randomFrom(37);
  const buffers = buffersOf(random, 1, 0);
  const recording = new Recording(headerOf(0, [0]));
  recording.add(headerOf(0, [0]), buffers);
  const view = recording.view(0);
  for (let d = 0; d < DIMS; d++) {
    const along = [...Array(N).keys()].map((i) => buffers.frames[DIMS * i + d] * 0.001);
    const [low, high] = [Math.min(...along), Math.max(...along)];
    near(low - view[2 * d], view[2 * d + 1] - high, 1e-9);
    assert.ok(low - view[2 * d] > 0.05 * (high - low));
  }
});
