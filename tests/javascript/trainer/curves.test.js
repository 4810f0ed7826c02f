import assert from "node:assert/strict";
import { test } from "node:test";
import { StepAxis } from "../../../cl_core/components/_shared/step_axis.js";
import { accuracyGuides, errorScale, lossGuides, lossScale, nearestFrame, placeGuideLabels, shareScale, thinFrames, thinLosses } from "../../../cl_core/components/trainer/curve_scales.js";
import { asPercent, describeAccuracy, lossAt, readingsAt, spokenAt } from "../../../cl_core/components/trainer/curve_words.js";
import { near, randomFrom } from "../random.js";

const KINDS = ["hard", "semihard", "easy"];

/**
 * Return frames at random ascending steps from 0.
 * @param {number} count
 * @param {number} seed
 */
function randomFrames(count, seed) {
  const random = randomFrom(seed);
  let step = 0;
  return Array.from({ length: count }, (_, k) => {
    if (k) step += 1 + Math.floor(12 * random() * random());
    return { step, metrics: { knn: random(), drawn: random(), hard: random(), semihard: random(), easy: random() } };
  });
}

test("a short run has all its losses, a long one means that hold every loss once", () => {
  assert.deepEqual(thinLosses(Float32Array.of(3, 2)), { steps: [1, 2], values: [3, 2] });
  assert.equal(thinLosses(Array(400).fill(1)).steps.length, 400);
  for (const count of [401, 5000, 20_000]) {
    const { steps, values } = thinLosses(Array.from({ length: count }, (_, k) => k + 1));
    assert.ok(steps.length < 400);
    assert.deepEqual(steps.slice(0, 5), [1, 2, 3, 4, 5]);
    let end = 0; // the mean of consecutive numbers says how many they are, if one knows the first
    for (const value of values) end = Math.round(2 * value) - (end + 1);
    assert.equal(end, count);
    steps.forEach((step, k) => assert.ok(Math.abs(step - values[k]) <= 0.5));
  }
});

test("frames on one pixel are one point: their mean", () => {
  for (const [count, width] of [[1, 300], [30, 500], [2000, 300]]) {
    const frames = randomFrames(count, count);
    const axis = new StepAxis(47.3, 47.3 + width, frames[count - 1].step);
    const { x, values } = thinFrames(frames, axis, KINDS);
    const pixels = [...new Set(frames.map(({ step }) => Math.floor(axis.x(step))))];
    assert.equal(x.length, pixels.length);
    for (const [k, pixel] of pixels.entries()) {
      const there = frames.filter(({ step }) => Math.floor(axis.x(step)) === pixel);
      const mean = (of) => there.reduce((total, frame) => total + of(frame), 0) / there.length;
      near(x[k], mean(({ step }) => axis.x(step)), 1e-9);
      for (const [i, kind] of KINDS.entries()) near(values[i][k], mean(({ metrics }) => metrics[kind]), 1e-12);
    }
  }
});

test("the nearest frame is that of a slow search", () => {
  const random = randomFrom(4);
  for (const count of [1, 2, 3, 50]) {
    const frames = randomFrames(count, 9 + count);
    const axis = new StepAxis(40, 440, Math.max(frames[count - 1].step, 10));
    for (let round = 0; round < 200; round++) {
      const place = 500 * random();
      const distance = frames.map(({ step }) => Math.abs(axis.x(step) - place));
      near(distance[nearestFrame(frames, axis, place)], Math.min(...distance), 1e-9);
    }
  }
});

test("the scale of losses holds the losses and the lines, and its ticks are few and round", () => {
  const guides = lossGuides({ collapse: 4.84, floor: 2.49, knnRaw: 0 });
  const cases = [[[4.7, 3, 2.6], guides], [[], guides], [[], []], [[2], []], [[0, 0], []], [[1e30, 4], guides], [[-3, -2.9], []], [[4.5, 4.5 + 1e-9], []], [[NaN, 1], []]];
  for (const [values, lines] of cases) {
    const { y, ticks } = lossScale(values, lines, 9, 159, 1);
    const all = [...values, ...lines.map(({ value }) => value)].filter(Number.isFinite);
    for (const value of all) assert.ok(y(value) >= 15 - 1e-9 && y(value) <= 153 + 1e-9, `${value} lies at ${y(value)}`);
    assert.ok(ticks.length >= 1 && ticks.length <= 6, `${ticks.length} ticks`);
    ticks.forEach(({ value, text }, k) => {
      assert.ok(y(value) >= 9 - 1e-6 && y(value) <= 159 + 1e-6);
      assert.ok(text.length <= 8, text);
      if (k) assert.ok(y(ticks[k - 1].value) - y(value) >= 25, "numbers do not overlap");
    });
    assert.equal(new Set(ticks.map(({ text }) => text)).size, ticks.length);
  }
});

test("equal losses are drawn as a level line in the middle", () => {
  near(lossScale([3, 3], [], 9, 159, 1).y(3), 84, 1e-9);
});

test("errors are drawn on a logarithmic scale, those beyond its ends on them", () => {
  const { y } = errorScale(10, 110);
  near(y(0.2) - y(0.1), y(0.1) - y(0.05), 1e-9);
  for (const [error, place] of [[0, 10], [0.01, 10], [0.9, 110], [1, 110]]) near(y(error), place, 1e-9);
  near(shareScale(10, 110).y(0.25), 85, 1e-9);
});

test("only what is known is compared with", () => {
  assert.deepEqual(lossGuides(null), []);
  assert.deepEqual(lossGuides({ collapse: NaN, floor: 2, knnRaw: 1 }), []);
  assert.deepEqual(accuracyGuides(NaN, 0.7).map(({ label, right, above }) => [label, right, above]), [["untrained net 70.0%", true, false]]);
  const alone = describeAccuracy(7, { knn: 0.9, drawn: 0.5 }, NaN, 0.7);
  assert.equal(alone, "At step 7, kNN accuracy is 90.0% in the full space, 1-NN accuracy 50.0% in the picture; the untrained net has 70.0%.");
});

test("labels of lines leave curves visible, do not overlap, and stay within the plot", () => {
  const random = randomFrom(8);
  const plot = { left: 50, right: 420, top: 10, bottom: 160 };
  const type = { letter: 8, height: 16 };
  for (let round = 0; round < 200; round++) {
    const guides = accuracyGuides(random(), random());
    const places = placeGuideLabels(guides, errorScale(plot.top, plot.bottom), [], plot, type);
    for (const { y } of places) assert.ok(y > plot.top + 5 && y < plot.bottom + 4, `${y}`);
    const [a, b] = places;
    assert.ok(a.right !== b.right || Math.abs(a.y - b.y) >= type.height - 1e-9);
  }
  const scale = errorScale(plot.top, plot.bottom);
  const [guide] = accuracyGuides(NaN, 0.8);
  const free = placeGuideLabels([guide], scale, [], plot, type)[0];
  assert.ok(free.right && free.y > scale.y(0.2));
  const below = scale.y(0.2) + 8;
  const curve = (from, to) => ({ x: [from, to], y: [below, below] });
  const above = placeGuideLabels([guide], scale, [curve(50, 420)], plot, type)[0];
  assert.ok(above.right && above.y < scale.y(0.2), "on the other side of the line");
  const both = { x: [300, 420], y: [below - 16, below] };
  assert.ok(!placeGuideLabels([guide], scale, [curve(300, 420), both], plot, type)[0].right, "at the other end");
});

test("the read-outs are those of a step, of the first loss before it and the last one after", () => {
  const losses = Float32Array.of(4.84, 3.5, 2.25);
  assert.deepEqual([0, 1, 2, 3, 9].map((step) => lossAt(losses, step)), [losses[0], losses[0], 3.5, 2.25, 2.25]);
  assert.ok(Number.isNaN(lossAt([], 3)));
  const metrics = { knn: 0.962, drawn: 0.885, hard: 0.0104, semihard: 0.25, easy: 0.7396 };
  const readings = readingsAt(1200, metrics, losses);
  assert.deepEqual(readings, {
    step: "step 1,200", loss: "2.25", knn: "96.2%", drawn: "88.5%", hard: "1.0%", semihard: "25.0%", easy: "74.0%",
  });
  assert.equal(readingsAt(0, metrics, losses).loss, "–");
  assert.equal(readingsAt(7, metrics, []).loss, "–");
  assert.equal(
    spokenAt(1200, readings, [{ step: 1190, text: "temperature 0.2" }]),
    "step 1,200: loss 2.25, kNN 96.2%, 1-NN 88.5%, hard 1.0%, semi-hard 25.0%, easy 74.0%; settings changed at step 1,190: temperature 0.2",
  );
  assert.equal(asPercent(NaN, 1), "unknown");
});
