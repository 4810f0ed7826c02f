import assert from "node:assert/strict";
import { test } from "node:test";
import { overlap } from "../../../cl_core/components/_shared/boxes.js";
import { columnsOf, lerpColumns, sameColumns } from "../../../cl_core/components/wedge/columns.js";
import { angleOf, keyAngle, listenToAngle, nearestTurn } from "../../../cl_core/components/wedge/handles.js";
import {
  arcPath,
  arrowPath,
  layoutCircle,
  linePath,
  marginPath,
  placeLabels,
  pointAt,
  sectorPath,
} from "../../../cl_core/components/wedge/layout.js";
import { degreesText, wrap } from "../../../cl_core/components/wedge/scene.js";
import { near, randomFrom } from "../random.js";

const layout = layoutCircle(500, 400, 1, 1);
const SIZES = {
  one: { w: 26, h: 25 },
  two: { w: 26, h: 25 },
  between: { w: 54, h: 22 },
  "wedge-one": { w: 40, h: 22 },
  "wedge-two": { w: 40, h: 22 },
  gap: { w: 90, h: 22 },
  "away-one": { w: 80, h: 18 },
  "away-two": { w: 80, h: 18 },
  "bisector-0": { w: 300, h: 18 },
  "bisector-1": { w: 0, h: 18 },
};

test("angles are counted from upright to the left, and read back from their points", () => {
  near(pointAt(layout, 1, 0)[1], layout.y - layout.radius);
  near(pointAt(layout, 1, 90)[0], layout.x - layout.radius);
  for (let degrees = -179; degrees <= 179; degrees += 7) {
    const [x, y] = pointAt(layout, 0.7, degrees);
    near(Math.hypot(x - layout.x, y - layout.y), 0.7 * layout.radius);
    near(angleOf({ x, y }, layout), degrees);
  }
});

test("the circle and the names above it fit any size", () => {
  for (const [width, height] of [[200, 200], [1000, 300], [320, 900], [0, 0]]) {
    for (const scale of [1, 1.25]) {
      const { x, y, radius, floor } = layoutCircle(width, height, 2, scale);
      assert.ok(radius >= 20);
      assert.ok(Number.isFinite(x + y + floor));
      if (width >= 200 && height >= 200) assert.ok(y - radius >= 66 * scale - 1e-9);
    }
  }
});

test("every number of every path is finite, at every angle", () => {
  for (let between = 0; between <= 180; between++) {
    const paths = [
      sectorPath(layout, between / 2, between / 4),
      arcPath(layout, 0.5, between / 2, -between / 2),
      linePath(layout, 0, 1, between / 2),
      arrowPath(layout, between / 2),
      marginPath(layout, between),
    ];
    for (const path of paths) assert.doesNotMatch(path, /NaN|Infinity|undefined/);
  }
});

test("an arc is the large one exactly where it spans more than half a turn", () => {
  const flags = (path) => path.match(/A\S+ \S+ 0 (\d) (\d)/).slice(1).join("");
  assert.equal(flags(arcPath(layout, 1, 10, -10)), "01");
  assert.equal(flags(arcPath(layout, 1, -10, 10)), "00");
  assert.equal(flags(arcPath(layout, 1, 91, -91)), "11");
});

test("labels never overlap nor leave the picture, and those that matter are there", () => {
  for (const [width, height] of [[520, 420], [330, 300], [260, 260]]) {
    const circle = layoutCircle(width, height, 1, 1);
    for (let between = 0; between <= 180; between++) {
      const angles = { between, wedge: between / 3, away: between > 30 ? null : [40, 110] };
      const labels = placeLabels(circle, angles, SIZES);
      const keys = labels.map(({ key }) => key);
      for (const key of ["one", "two", "bisector-0"]) assert.ok(keys.includes(key));
      for (const pair of ["wedge", "away"]) assert.equal(keys.includes(`${pair}-one`), keys.includes(`${pair}-two`));
      const free = labels.filter(({ key }) => !/^(one|two|bisector)/.test(key));
      free.forEach((label) => {
        assert.ok(label.x - label.w / 2 >= 0 && label.x + label.w / 2 <= width);
        for (const other of labels) if (other !== label) assert.ok(!overlap(label, other, 0), `${label.key} on ${other.key}`);
      });
    }
  }
});

test("without a wedge there is neither its number nor the margin's", () => {
  const keys = placeLabels(layout, { between: 20, wedge: null, away: null }, SIZES).map(({ key }) => key);
  assert.ok(!keys.some((key) => key.startsWith("wedge") || key === "gap"));
});

test("the same direction is written with the number nearest to another", () => {
  const random = randomFrom(11);
  for (let k = 0; k < 500; k++) {
    const [degrees, to] = [2000 * random() - 1000, 2000 * random() - 1000];
    const found = nearestTurn(degrees, to);
    assert.ok(Math.abs(found - to) <= 180 + 1e-9);
    near(((((found - degrees) % 360) + 540) % 360) - 180, 0, 1e-6);
  }
});

test("keys step, leap and jump, and others mean nothing", () => {
  const key = (name, shiftKey = false) => keyAngle({ key: name, shiftKey }, 60);
  assert.deepEqual(["ArrowRight", "ArrowDown", "PageUp", "PageDown", "Home", "End"].map((name) => key(name)), [61, 59, 70, 50, 0, 180]);
  assert.equal(key("ArrowUp", true), 70);
  assert.equal(key("a"), null);
});

test("columns fade where a number has no partner, and move where it has", () => {
  const from = columnsOf([[1, null, 3, null]]);
  const to = columnsOf([[2, 4, null, null]]);
  const half = lerpColumns(from, to, 0.5)[0];
  assert.deepEqual(half, [
    { value: 1.5, alpha: 1 },
    { value: 4, alpha: 0.5 },
    { value: 3, alpha: 0.5 },
    { value: null, alpha: 0 },
  ]);
  assert.deepEqual(lerpColumns(from, to, 0)[0].map(({ alpha }) => alpha), [1, 0, 1, 0]);
  assert.ok(sameColumns(from, columnsOf([[1, null, 3, null]])));
  assert.ok(!sameColumns(from, to));
});

test("degrees have at most one decimal and no negative zero", () => {
  assert.equal(degreesText(56.666), "56.7°");
  assert.equal(degreesText(90), "90°");
  assert.equal(degreesText(-3.04), "−3°");
  assert.equal(degreesText(-0.01), "0°");
});

test("a text is broken only where it does not fit, at the best of all places", () => {
  const measure = (text) => text.length;
  assert.deepEqual(wrap("one two three", 20, measure), ["one two three"]);
  assert.deepEqual(wrap("unbreakable", 5, measure), ["unbreakable"]);
  const words = "a bisector at which every prediction of softmax is decided";
  const lines = wrap(words, 30, measure);
  assert.equal(lines.join(" "), words);
  const spaces = [...words.matchAll(/ /g)].map(({ index }) => Math.max(index, words.length - index - 1));
  assert.equal(Math.max(...lines.map(measure)), Math.min(...spaces));
});

/** The points of a path. */
function pointsOf(path) {
  return [...path.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => ({ x: Number(x), y: Number(y) }));
}

test("the head of an arrow is symmetrical about the arrow, with its tip on the circle", () => {
  for (const degrees of [-80, 0, 33]) {
    const [, , tip, left, right] = pointsOf(arrowPath(layout, degrees));
    near(angleOf(tip, layout), degrees, 0.05);
    near(Math.hypot(tip.x - layout.x, tip.y - layout.y), layout.radius, 0.02);
    near(angleOf(left, layout) - degrees, degrees - angleOf(right, layout), 0.05);
    assert.ok(angleOf(left, layout) > degrees);
  }
});

test("the margin's arc has a head at each end that points outwards, where it is long enough", () => {
  const gap = 60;
  const heads = pointsOf(marginPath(layout, gap)).slice(1);
  assert.equal(heads.length, 6);
  for (const [k, side] of [[0, 1], [3, -1]]) {
    const [outer, tip, inner] = heads.slice(k, k + 3).map((point) => ({
      angle: side * angleOf(point, layout),
      r: Math.hypot(point.x - layout.x, point.y - layout.y),
    }));
    near(tip.angle, gap / 2, 0.05);
    assert.ok(outer.angle < tip.angle && inner.angle < tip.angle && outer.angle > gap / 4);
    near(outer.r - tip.r, tip.r - inner.r, 0.1);
  }
  assert.equal(pointsOf(marginPath(layout, 1)).length, 1, "no heads on a short one");
});

test("each name is beyond the head of its class weight, on its own side", () => {
  for (const between of [0, 20, 90, 150]) {
    const labels = placeLabels(layout, { between, wedge: null, away: null }, SIZES);
    const [one, two] = ["one", "two"].map((key) => labels.find((label) => label.key === key));
    assert.ok(one.x <= layout.x - 20 && two.x >= layout.x + 20);
    near(one.x + two.x, 2 * layout.x);
    const expected = pointAt(layout, 1 + 24 / layout.radius, between / 2);
    near(one.y, expected[1]);
    if (between >= 90) near(one.x, expected[0]);
  }
});

test("two lines of text at the bisector are one line apart, larger with the type", () => {
  for (const scale of [1, 1.25]) {
    const sizes = { ...SIZES, "bisector-1": { w: 200, h: 18 } };
    const labels = placeLabels(layoutCircle(500, 400, 2, scale), { between: 60, wedge: null, away: null }, sizes);
    const [first, second] = ["bisector-0", "bisector-1"].map((key) => labels.find((label) => label.key === key));
    near(second.y - first.y, 18 * scale);
    assert.ok(second.y + 9 <= 400);
  }
});

test("the number of a wedge is inside the wedge, nearer to the rim than to the centre", () => {
  const labels = placeLabels(layout, { between: 120, wedge: 40, away: null }, SIZES);
  const label = labels.find(({ key }) => key === "wedge-one");
  near(angleOf(label, layout), 40, 1e-6);
  const r = Math.hypot(label.x - layout.x, label.y - layout.y) / layout.radius;
  assert.ok(r >= 0.58 - 1e-9 && r < 0.95);
});

test("a handle that is dragged turns the angle by twice its own turn, on its own side", () => {
  for (const side of [1, -1]) {
    const sheet = Object.assign(new EventTarget(), { getBoundingClientRect: () => ({ left: 0, top: 0 }) });
    const handle = Object.assign(new EventTarget(), {
      ownerSVGElement: sheet,
      classList: { add: () => {}, remove: () => {} },
      focus: () => {},
      setPointerCapture: () => {},
    });
    let between = 60;
    const actions = {
      circle: () => layout,
      between: () => between,
      turn: (degrees) => (between = degrees),
      release: () => {},
      keyed: () => {},
    };
    listenToAngle(handle, side, actions, new AbortController().signal);
    const send = (type, degrees) => {
      const [clientX, clientY] = pointAt(layout, 0.9, degrees);
      handle.dispatchEvent(Object.assign(new Event(type, { cancelable: true }), { pointerId: 1, button: 0, clientX, clientY }));
    };
    send("pointerdown", side * 32); // two degrees beside the handle
    send("pointermove", side * 47);
    near(between, 90, 1e-6);
    send("pointermove", side * 179);
    send("pointermove", side * 200);
    near(between, 396, 1e-6, "the turn goes on past the half circle");
    send("pointerup", 0);
    between = 4;
    send("pointerdown", 0); // both handles are here
    send("pointermove", -side * 20);
    near(between, 40, 1e-6);
  }
});
