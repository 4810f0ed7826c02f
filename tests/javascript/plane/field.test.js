import assert from "node:assert/strict";
import { test } from "node:test";
import { NOT_FINITE } from "../../../cl_core/components/_shared/envelope.js";
import { arrowLength, arrowNodes, directionOf } from "../../../cl_core/components/plane/arrows.js";
import { ticksOf } from "../../../cl_core/components/plane/axes.js";
import { lerpFields, shownOf } from "../../../cl_core/components/plane/blend.js";
import { fieldOf, sameGrid } from "../../../cl_core/components/plane/field.js";
import { dataOf, nodeAt, nodeNear, nodeOf, readingOf } from "../../../cl_core/components/plane/grid.js";
import { levelsOf, scaleOf, tonesOf } from "../../../cl_core/components/plane/levels.js";
import { numberText } from "../../../cl_core/components/plane/readout.js";
import { sortedFinite } from "../../../cl_core/components/plane/sort.js";
import { near, randomFrom } from "../random.js";

function fieldWith(changes = {}, buffers = {}) {
  const header = {
    shape: [3, 5],
    span: [-1, 1, 0, 4],
    curves: [{ role: "boundary", label: "b", count: 2 }, { role: "guide", label: "", count: 1 }],
    marks: [{ x: 1, y: 4, role: "target", label: "t" }],
    box: [-1, 0, 0, 1],
    box_label: "",
    scale: 0.5,
    ...changes,
  };
  return fieldOf(header, {
    value: Float32Array.from({ length: 15 }, (_, i) => i),
    force_x: new Float32Array(15).fill(3),
    force_y: new Float32Array(15).fill(-4),
    curves: Float32Array.of(-1, 0, NaN, 2, 1, 4),
    points: Int16Array.of(2, 4, NOT_FINITE, NOT_FINITE),
    ...buffers,
  });
}

test("a field is read in shares of its extent", () => {
  const field = fieldWith();
  assert.deepEqual([field.nx, field.ny], [5, 3]);
  assert.deepEqual([...field.curves[0].places], [0, 0, NaN, 0.5]);
  assert.deepEqual([...field.curves[1].places], [1, 1]);
  assert.deepEqual(field.marks, [{ role: "target", label: "t", u: 1, v: 1 }]);
  assert.deepEqual(field.box, [0, 0.5, 0, 0.25]);
  assert.deepEqual([...field.pairs], [1, 0.5, NaN, NaN]);
  assert.equal(field.strongest, 5);
  assert.deepEqual([field.violated, field.pairViolated], [null, null]);
});

test("forces that are not finite do not count as the longest", () => {
  const force_x = Float32Array.from({ length: 15 }, (_, i) => (i === 3 ? Infinity : i === 4 ? NaN : 1));
  assert.equal(fieldWith({}, { force_x, force_y: new Float32Array(15) }).strongest, 1);
});

test("two fields have the same grid if they have shape and extent in common", () => {
  assert.ok(sameGrid(fieldWith(), fieldWith({ box: null })));
  assert.ok(!sameGrid(fieldWith(), fieldWith({ span: [-1, 1, 0, 5] })));
  assert.ok(!sameGrid(fieldWith(), fieldWith({ shape: [5, 3] })));
});

test("the node at a point is the nearest one, and none beside the plane", () => {
  const random = randomFrom(32);
  const field = fieldWith();
  for (let k = 0; k < 300; k++) {
    const point = { x: 2 * random() - 1, y: 4 * random() };
    const all = Array.from({ length: 15 }, (_, i) => nodeOf(field, i % 5, Math.floor(i / 5)));
    // nearest in shares of the extent, as the plane is drawn as a square
    const far = ({ x, y }) => Math.max(Math.abs(x - point.x) * 2, Math.abs(y - point.y) / 1);
    const best = all.reduce((a, b) => (far(b) < far(a) ? b : a));
    const found = nodeAt(field, point);
    assert.deepEqual(found, nodeNear(field, (point.x + 1) / 2, point.y / 4));
    assert.ok(far(found) <= far(best) + 1 + 1e-9);
    assert.ok(Math.abs(found.x - point.x) <= 0.25 + 1e-9 && Math.abs(found.y - point.y) <= 1 + 1e-9);
  }
  for (const point of [null, { x: -1.3, y: 0 }, { x: 0, y: 5.1 }, { x: NaN, y: 0 }]) assert.equal(nodeAt(field, point), null);
});

test("nodes are bounded, and their coordinates have no rounding errors", () => {
  const field = fieldWith({ span: [-1, 1, -1, 1], shape: [11, 11] });
  assert.deepEqual(nodeOf(field, -3, 99), nodeOf(field, 0, 10));
  for (let k = 0; k <= 10; k++) assert.equal(nodeOf(field, k, 0).x, Number((-1 + 0.2 * k).toFixed(1)));
  assert.deepEqual(dataOf([0, 0, 1, 1, 0.5, 0.25], [-1, 1, 2, 6]), [-1, 2, 1, 6, 0, 3]);
});

test("a reading has the numbers of its node, and derivatives are minus the forces", () => {
  const field = fieldWith({}, { violated: Uint8Array.from({ length: 15 }, (_, i) => i % 2), force_y: new Float32Array(15) });
  const reading = readingOf(field, nodeOf(field, 2, 1));
  assert.equal(reading.loss, 7);
  assert.equal(reading.dx, -3);
  assert.ok(Object.is(reading.dy, 0), "no negative zero");
  assert.equal(reading.side, "violated");
  assert.equal(readingOf(fieldWith(), nodeOf(field, 0, 0)).side, "");
});

/** The same number, with 0 for -0. */
const unsigned = (number) => number + 0;

test("finite values are sorted, of any size and sign", () => {
  const random = randomFrom(35);
  for (let round = 0; round < 100; round++) {
    const whole = Float32Array.from({ length: 60 }, () => (random() - 0.5) * 10 ** Math.floor(80 * random() - 45));
    whole.set([NaN, Infinity, -Infinity, 0, 1, 1, -1], Math.floor(50 * random()));
    const values = whole.subarray(1); // which does not start where its memory does
    const before = [...values];
    const found = sortedFinite(values);
    const expected = before.filter(Number.isFinite).toSorted((a, b) => a - b);
    assert.deepEqual([...found].map(unsigned), expected.map(unsigned));
    assert.deepEqual([...values], before, "the values themselves stay as they are");
  }
});

test("tones keep the order of the values, and use the whole range", () => {
  const random = randomFrom(33);
  for (const bend of [(x) => x, (x) => Math.exp(20 * x), (x) => x - 0.5, (x) => Math.max(x - 0.7, 0)]) {
    const values = Float32Array.from({ length: 400 }, () => bend(random()));
    const tones = tonesOf(values, scaleOf(values));
    const order = [...values.keys()].sort((i, j) => values[i] - values[j]);
    for (let k = 1; k < order.length; k++) assert.ok(tones[order[k]] >= tones[order[k - 1]]);
    assert.ok(tones.every((tone) => tone >= 0 && tone <= 1));
    assert.ok(tones[order.at(-1)] > 0.95, "the highest value has the deepest tone");
  }
});

test("a plateau does not use up the tones", () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i < 900 ? 1 : 1 + (i - 900) / 100));
  values[0] = 0;
  const tones = tonesOf(values, scaleOf(values));
  assert.ok(tones[999] - tones[500] > 0.5, "what is above the plateau is told apart");
});

test("constant fields, and fields without values, have neither tones nor levels", () => {
  for (const values of [new Float32Array(9), new Float32Array(9).fill(3), new Float32Array(9).fill(NaN), new Float32Array(0)]) {
    const scale = scaleOf(values);
    assert.ok(tonesOf(values, scale).every((tone) => tone === 0));
    assert.deepEqual(levelsOf(scale), []);
  }
});

test("values that are not finite have no tone and do not stretch the scale", () => {
  const values = Float32Array.of(0, 1, 2, NaN, Infinity, -Infinity);
  const scale = scaleOf(values);
  assert.equal(scale.high, 2);
  assert.equal(tonesOf(values, scale)[3], 0);
});

test("levels are round, ascending, within the values and not crowded", () => {
  const random = randomFrom(34);
  for (const bend of [(x) => x, (x) => 512 * x, (x) => Math.exp(15 * x), (x) => x - 0.5, (x) => x ** 8]) {
    const values = Float32Array.from({ length: 2000 }, () => bend(random()));
    const scale = scaleOf(values);
    const levels = levelsOf(scale);
    assert.ok(levels.length >= 3 && levels.length <= 25, `${levels.length}`);
    levels.forEach((level, i) => {
      assert.ok(level > scale.low && level < scale.high);
      assert.ok(String(Number(level.toExponential().split("e")[0])).length <= 4, `${level} is not round`);
      const next = levels[i + 1] ?? Infinity;
      const between = scale.sorted.filter((value) => value >= level && value < next).length;
      assert.ok(between >= 0.012 * scale.sorted.length);
    });
  }
});

test("arrows are symmetrical on the grid, apart from each other, and more with the zoom", () => {
  for (const n of [11, 51, 101, 201]) {
    for (const side of [200, 440, 700]) {
      const { step, first } = arrowNodes(n, { side, zoom: 1 });
      assert.ok(first >= 0 && first < step);
      if (step > 1) assert.ok((side * step) / (n - 1) >= 24 * 0.7);
      const last = first + step * Math.floor((n - 1 - first) / step);
      assert.ok(Math.abs(first - (n - 1 - last)) <= 1, `${n} ${side}: ${first} and ${n - 1 - last}`);
      assert.ok(arrowNodes(n, { side, zoom: 8 }).step <= step);
    }
  }
});

test("a stronger force has a longer arrow, and none has none", () => {
  assert.equal(arrowLength(0, 1), 0);
  assert.equal(arrowLength(NaN, 1), 0);
  assert.equal(arrowLength(1, 1), 1);
  assert.equal(arrowLength(9, 1), 1);
  assert.ok(arrowLength(1e-9, 1) > 0.1);
  assert.ok(arrowLength(0.2, 1) > arrowLength(0.1, 1));
});

test("a force points the same way on the screen, whatever the extents", () => {
  const { dx, dy, force } = directionOf(3, 4, [0, 1, 0, 1]);
  near(dx, 0.6);
  near(dy, -0.8);
  assert.equal(force, 5);
  const wide = directionOf(1, 1, [0, 100, 0, 1]);
  assert.ok(Math.abs(wide.dx) < Math.abs(wide.dy));
  assert.deepEqual(directionOf(0, 0, [0, 1, 0, 1]), { dx: 0, dy: -0, force: 0 });
});

test("ticks are round, far enough apart, and within the extent", () => {
  for (const [low, high, unit] of [[-1, 1, ""], [0, 180, "°"], [-0.003, 0.004, ""], [0, 1e6, ""]]) {
    for (const zoom of [1, 2.3, 16]) {
      const ticks = ticksOf(low, high, { side: 400, zoom, scale: 1 }, unit);
      assert.ok(ticks.length >= 2);
      ticks.slice(1).forEach((tick, i) => {
        const pixels = ((tick - ticks[i]) / (high - low)) * 400 * zoom;
        assert.ok(pixels >= 43.9 && tick > ticks[i]);
      });
      assert.ok(ticks[0] >= low - 1e-9 && ticks.at(-1) <= high + 1e-9);
    }
  }
  assert.deepEqual(ticksOf(0, 180, { side: 400, zoom: 1, scale: 1 }, "°"), [0, 30, 60, 90, 120, 150, 180]);
});

test("between two fields everything is between, and the ends are the fields", () => {
  const [a, b] = [shownOf(fieldWith()), shownOf(fieldWith({}, { value: new Float32Array(15).fill(10) }))];
  const half = lerpFields(a, b, 0.5);
  half.value.forEach((value, i) => near(value, (a.value[i] + 10) / 2, 1e-6));
  assert.deepEqual([...lerpFields(a, b, 1).value], [...b.value]);
  assert.deepEqual([...lerpFields(a, b, 0).value], [...a.value]);
});

test("curves and marks with a partner move, the others fade", () => {
  const a = shownOf(fieldWith());
  const other = [{ role: "neutral", label: "", count: 2 }, { role: "guide", label: "", count: 1 }];
  const b = shownOf(fieldWith({ curves: other, marks: [], box: null }, { curves: Float32Array.of(0, 0, 0, 2, -1, 0) }));
  const half = lerpFields(a, b, 0.25);
  const alphas = half.curves.map(({ role, alpha }) => [role, alpha]);
  assert.deepEqual(alphas, [["boundary", 0.75], ["neutral", 0.25], ["guide", 1]]);
  assert.deepEqual([...half.curves[2].places], [0.75, 0.75]);
  assert.deepEqual(half.marks.map(({ alpha }) => alpha), [0.75]);
  assert.equal(half.box, null);
});

test("what has faded by half is not shown again when a third field comes", () => {
  const [a, b] = [shownOf(fieldWith()), shownOf(fieldWith({ marks: [] }))];
  const late = lerpFields(a, b, 0.8);
  assert.equal(late.marks.length, 1);
  assert.equal(lerpFields(late, b, 0.1).marks.length, 0);
  const early = lerpFields(a, b, 0.2);
  assert.equal(lerpFields(early, b, 0.1).marks.length, 1);
});

test("levels of both fields stay, the others fade", () => {
  const [a, b] = [shownOf(fieldWith()), shownOf(fieldWith())];
  a.levels = [1, 2, 3].map((level) => ({ level, alpha: 1 }));
  b.levels = [2, 3, 4].map((level) => ({ level, alpha: 1 }));
  const alphas = Object.fromEntries(lerpFields(a, b, 0.3).levels.map(({ level, alpha }) => [level, alpha]));
  assert.deepEqual(alphas, { 1: 0.7, 2: 1, 3: 1, 4: 0.3 });
});

test("pairs of another number are shown at once", () => {
  const b = shownOf(fieldWith({}, { points: Int16Array.of(1, 1) }));
  assert.equal(lerpFields(shownOf(fieldWith()), b, 0.1).pairs, b.pairs);
});

test("numbers are written with four digits, and powers of ten where they are long", () => {
  const cases = { 0: "0", 1.23456: "1.235", "-0.5": "−0.5000", 123456: "1.235·10⁵", "-0.00012": "−1.200·10⁻⁴", NaN: "–", Infinity: "∞", "-Infinity": "−∞" };
  for (const [number, text] of Object.entries(cases)) assert.equal(numberText(Number(number)), text);
});

test("with the zoom arrows are halved in distance as soon as there is room", () => {
  for (const zoom of [1, 1.5, 2, 3, 4, 8, 16]) {
    const { step } = arrowNodes(101, { side: 440, zoom });
    const pixels = (440 * zoom * step) / 100;
    assert.ok(Number.isInteger(step) && pixels >= 24);
    if (step > 1) assert.ok(pixels / 2 < 24 * 1.4, `${zoom}: ${pixels}`);
  }
});
