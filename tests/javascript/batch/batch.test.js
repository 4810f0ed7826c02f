import assert from "node:assert/strict";
import { test } from "node:test";
import { Bonds } from "../../../cl_core/components/batch/bonds.js";
import { Focus } from "../../../cl_core/components/batch/focus.js";
import { blocksOf, compress, signed } from "../../../cl_core/components/batch/matrix.js";
import { verdictOf } from "../../../cl_core/components/batch/readout.js";
import { shortened } from "../../../cl_core/components/batch/scene.js";
import { near, randomFrom } from "../random.js";

const [N, CLASSES] = [7, 3];

function bondsWith({ prototypes = false, largest = null, seed = 36, weights } = {}) {
  const random = randomFrom(seed);
  const columns = prototypes ? CLASSES : N;
  const buffers = {
    weights: weights ?? Float32Array.from({ length: N * columns }, () => 2 * random() - 1),
    similarity: Float32Array.from({ length: N * columns }, random),
    labels: Uint8Array.from({ length: N }, () => Math.floor(CLASSES * random())),
    rows: Uint32Array.from({ length: N }, (_, i) => 100 + 3 * i),
  };
  const bonds = new Bonds({ n: N, class_names: ["a", "b", "c"], prototypes, largest }, buffers);
  return { bonds, buffers, columns };
}

test("a pair of images has its weights both ways round, and an image none with itself", () => {
  const { bonds, buffers } = bondsWith();
  for (let a = 0; a < N; a++) {
    for (let b = 0; b < N; b++) {
      assert.equal(bonds.joined(a, b), a !== b);
      if (a === b) continue;
      const { s, w, back, total } = bonds.pair(a, b);
      assert.equal(s, buffers.similarity[a * N + b]);
      assert.equal(w, buffers.weights[a * N + b]);
      assert.equal(back, buffers.weights[b * N + a]);
      near(total, w + back);
      assert.equal(bonds.total(a, b), bonds.total(b, a));
    }
  }
});

test("with class weights images are compared with those only, and a class weight is no anchor", () => {
  const { bonds, buffers } = bondsWith({ prototypes: true });
  assert.equal(bonds.nodes, N + CLASSES);
  assert.ok(!bonds.joined(0, 1));
  assert.ok(!bonds.joined(N, N + 1));
  for (let i = 0; i < N; i++) {
    for (let c = 0; c < CLASSES; c++) {
      const pair = bonds.pair(i, N + c);
      assert.equal(pair.w, buffers.weights[i * CLASSES + c]);
      assert.equal(pair.back, undefined);
      assert.deepEqual(bonds.pair(N + c, i), pair);
    }
  }
  assert.deepEqual([bonds.labelOf(N + 2), bonds.isPrototype(N + 2), bonds.isPrototype(N - 1)], [2, true, false]);
});

test("the strongest partner is that of a search through all", () => {
  for (const prototypes of [false, true]) {
    const { bonds } = bondsWith({ prototypes });
    for (let a = 0; a < bonds.nodes; a++) {
      const others = [...Array(bonds.nodes).keys()].filter((b) => b !== a && bonds.joined(a, b));
      const best = others.reduce((x, y) => (Math.abs(bonds.total(a, y)) > Math.abs(bonds.total(a, x)) ? y : x));
      assert.equal(bonds.strongest(a), best);
    }
  }
});

test("rows and columns are ordered by class, and their places are the inverse", () => {
  for (const prototypes of [false, true]) {
    const { bonds } = bondsWith({ prototypes });
    assert.deepEqual(bonds.rowOrder.toSorted((a, b) => a - b), [...Array(N).keys()]);
    for (const order of [bonds.rowOrder, bonds.columnOrder]) {
      const labels = order.map((node) => bonds.labelOf(node));
      assert.deepEqual(labels, labels.toSorted((a, b) => a - b));
    }
    bonds.rowOrder.forEach((node, place) => assert.equal(bonds.rowOf.get(node), place));
    bonds.columnOrder.forEach((node, place) => assert.equal(bonds.columnOf.get(node), place));
    assert.equal(new Set(bonds.tabOrder).size, bonds.nodes);
  }
});

test("ids tell images and class weights apart in any batch", () => {
  const { bonds } = bondsWith({ prototypes: true });
  const ids = [...Array(bonds.nodes).keys()].map((node) => bonds.idOf(node));
  assert.equal(new Set(ids).size, bonds.nodes);
  assert.deepEqual(ids.slice(N), [-1, -2, -3]);
});

test("weights that are not finite count as none", () => {
  const weights = new Float32Array(N * N).fill(NaN);
  weights[1] = Infinity;
  const { bonds } = bondsWith({ weights });
  assert.equal(bonds.largest, 0);
  assert.equal(bonds.strongestTotal, 1, "it is divided by");
  assert.equal(bonds.strongest(0), -1);
  assert.equal(bonds.total(0, 1), 0);
});

test("a largest weight that is given is used, for both ways round", () => {
  assert.deepEqual([bondsWith({ largest: 0.5 }).bonds.largest, bondsWith({ largest: 0.5 }).bonds.strongestTotal], [0.5, 1]);
  assert.equal(bondsWith({ largest: 0.5, prototypes: true }).bonds.strongestTotal, 0.5);
});

function focusOn(group, { bonds } = bondsWith(), anchor = null) {
  let changes = 0;
  const focus = new Focus(() => (changes += 1));
  focus.update(bonds, { group, anchor, class_names: ["a", "b", "c"], words: { prototype: "weight of {name}" } });
  return { focus, bonds, changes: () => changes };
}

test("what is hovered is seen with its strongest partner", () => {
  const { focus, bonds } = focusOn("");
  assert.equal(focus.focused.anchor, -1);
  assert.equal(focus.summary(), null);
  focus.hover(2);
  assert.deepEqual([focus.focused.anchor, focus.focused.partner, focus.focused.chosen], [2, bonds.strongest(2), false]);
  const summary = focus.summary();
  assert.deepEqual(summary.rows, [106, 100 + 3 * bonds.strongest(2)]);
  assert.equal(summary.first, ["a", "b", "c"][bonds.labelOf(2)]);
  focus.leave();
  assert.equal(focus.focused.anchor, -1);
});

test("with a pinned anchor what is hovered is its partner", () => {
  const { focus } = focusOn("");
  assert.deepEqual(focus.pin(1), { index: 1, id: 103 });
  focus.hover(4);
  const { anchor, partner, chosen, pinned } = focus.focused;
  assert.deepEqual([anchor, partner, chosen, pinned], [1, 4, true, true]);
  assert.deepEqual(focus.pin(1), { index: null, id: null }, "it is unpinned");
  assert.equal(focus.pinned, -1);
  assert.equal(focus.pin(-1), null, "nothing changes");
});

test("the cell of a pair is the pair, whatever is pinned", () => {
  const { focus } = focusOn("");
  focus.pin(1);
  focus.hover(3, 5);
  const { anchor, partner, cell } = focus.focused;
  assert.deepEqual([anchor, partner, cell], [3, 5, true]);
});

test("keys go through all nodes by class, and around", () => {
  const { focus, bonds } = focusOn("");
  const seen = [];
  for (let k = 0; k < bonds.tabOrder.length; k++) {
    focus.step(1);
    seen.push(focus.current);
  }
  assert.deepEqual(seen, bonds.tabOrder);
  focus.step(1);
  assert.equal(focus.current, bonds.tabOrder[0]);
  focus.step(-1);
  assert.equal(focus.current, bonds.tabOrder.at(-1));
});

test("scenes of a group look at the same image, those of other images do not", () => {
  const [left, right] = [focusOn("g1"), focusOn("g1")];
  const other = bondsWith();
  other.bonds.images = other.bonds.images.map((row) => row + 1);
  const stranger = focusOn("g1", other);
  left.focus.hover(2);
  assert.equal(right.focus.focused.anchor, 2);
  assert.ok(right.changes() > 0);
  assert.equal(stranger.focus.focused.anchor, -1);
  left.focus.close();
  assert.equal(right.focus.focused.anchor, -1, "its pointer has gone with it");
});

test("what was pinned is still pinned when the last scene has gone, and a message does not undo it", () => {
  const first = focusOn("g2", bondsWith(), 3);
  assert.equal(first.focus.pinned, 3, "known to Python");
  first.focus.pin(5);
  first.focus.close();
  const second = focusOn("g2", bondsWith(), 3);
  assert.equal(second.focus.pinned, 5);
});

test("runs of one class are blocks that cover the order", () => {
  const labels = [0, 0, 1, 2, 2, 2];
  const blocks = blocksOf([0, 1, 2, 3, 4, 5], { labelOf: (node) => labels[node] });
  assert.deepEqual(blocks, [
    { label: 0, start: 0, end: 2 },
    { label: 1, start: 2, end: 3 },
    { label: 2, start: 3, end: 6 },
  ]);
  assert.deepEqual(blocksOf([], { labelOf: () => 0 }), []);
});

test("short arrows stay, long ones are shortened smoothly and not turned", () => {
  const span = 100;
  assert.deepEqual(shortened(3, 4, span), { x: 3, y: 4, capped: false });
  let before = 0;
  for (let length = 1; length < 500; length += 0.5) {
    const { x, y, capped } = shortened(0.6 * length, 0.8 * length, span);
    const drawn = Math.hypot(x, y);
    near(x * 0.8, y * 0.6, 1e-9);
    assert.ok(drawn > before - 1e-9 && drawn <= 25 + 1e-9);
    assert.ok(drawn - before <= 0.5 + (length === 1 ? 1 : 1e-9), "never longer than the force");
    assert.equal(capped, length > 20);
    before = drawn;
  }
  assert.deepEqual(shortened(NaN, 1, span).capped, false);
});

test("small weights remain visible, and the legend inverts the scale", () => {
  assert.deepEqual([compress(0), compress(0.25), compress(1), compress(7)], [0, 0.5, 1, 1]);
});

test("numbers have their sign, their digits and a power of ten where they are small or large", () => {
  const cases = { 0: "0", 0.12345: "0.123", "-2": "−2.00", 0.0000123: "1.23 × 10⁻⁵", "-1234567": "−1.23 × 10⁶", NaN: "–" };
  for (const [number, text] of Object.entries(cases)) assert.equal(signed(Number(number), 3), text);
});

test("a negative derivative pulls, a positive one pushes", () => {
  assert.deepEqual([-1, 1, 0, NaN].map(verdictOf), ["pull", "push", "none", "none"]);
});

test("images of one class keep the order of the batch", () => {
  const { bonds } = bondsWith();
  bonds.rowOrder.slice(1).forEach((node, k) => {
    const before = bonds.rowOrder[k];
    if (bonds.labelOf(node) === bonds.labelOf(before)) assert.ok(node > before);
  });
});

test("the first image can be looked at like any other", () => {
  const { focus } = focusOn("");
  focus.hover(0, 3);
  assert.deepEqual([focus.focused.anchor, focus.focused.partner, focus.focused.cell], [0, 3, true]);
  focus.hover(3, 0);
  assert.deepEqual([focus.focused.anchor, focus.focused.partner], [3, 0]);
  focus.leave();
  focus.pin(0);
  focus.hover(2);
  assert.deepEqual([focus.focused.anchor, focus.focused.partner, focus.focused.pinned], [0, 2, true]);
});
