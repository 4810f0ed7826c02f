import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTile } from "../../../cl_core/components/ranking/keys.js";
import { KINDS, Order } from "../../../cl_core/components/ranking/order.js";
import { bandEdges } from "../../../cl_core/components/ranking/ruler.js";
import { shortDistance } from "../../../cl_core/components/ranking/text.js";
import { countsOf, viewFrom } from "../../../cl_core/components/ranking/view.js";
import { randomFrom } from "../random.js";

const NO_KINDS = {
  hard: new Uint8Array(0),
  easy: new Uint8Array(0),
  edge_high: new Uint32Array(0),
  edge_low: new Uint32Array(0),
};

/** A batch as plain arrays, and the `Order` of its message. */
function batch(n, classes, margin, random) {
  const labels = Uint8Array.from({ length: n }, () => Math.floor(classes * random()));
  const d = Array.from({ length: n }, () => Array.from({ length: n }, () => Math.floor(8 * random()) * 2 ** 38 + Math.floor(3 * random())));
  const steps = d.flat();
  const positive = (a, p) => a !== p && labels[a] === labels[p];
  const picks = new Set();
  const [rows, hard, easy, edges] = [[], [], [], []];
  for (let a = 0; a < n; a++) {
    for (let p = 0; p < n; p++) {
      if (!positive(a, p)) continue;
      const bits = Array.from({ length: 3 }, () => new Uint8Array(Math.ceil(n / 8)));
      for (let k = 0; k < n; k++) {
        const bit = 128 >> (k & 7);
        if (d[a][k] <= d[a][p]) bits[1][k >> 3] |= bit;
        else if (d[a][k] >= d[a][p] + margin) bits[2][k >> 3] |= bit;
        if (labels[k] === labels[a] || random() < 0.7) continue;
        picks.add(`${a} ${p} ${k}`);
        bits[0][k >> 3] |= bit;
      }
      [rows, hard, easy].forEach((all, i) => all.push(...bits[i]));
      edges.push(d[a][p] + margin);
    }
  }
  const buffers = {
    high: Uint32Array.from(steps, (step) => Math.floor(step / 2 ** 32)),
    low: Uint32Array.from(steps, (step) => step % 2 ** 32),
    labels,
    rows: Uint32Array.from({ length: n }, (_, i) => i + 100),
    picked: Uint8Array.from(rows),
    hard: Uint8Array.from(hard),
    easy: Uint8Array.from(easy),
    edge_high: Uint32Array.from(edges, (step) => Math.floor(step / 2 ** 32)),
    edge_low: Uint32Array.from(edges, (step) => step % 2 ** 32),
  };
  return { d, labels, positive, picks, order: new Order({ n }, buffers) };
}

test("a program's outputs count for the anchor that they are of", () => {
  const random = randomFrom(36);
  const n = 9;
  const { d, labels, order } = batch(n, 3, 2 ** 38, random);
  const before = batch(n, 3, 2 ** 38, randomFrom(36)).order;
  const anchor = 4;
  const { distances, positives, negatives } = order.inputsOf(anchor);
  assert.deepEqual([...distances], d[anchor]);
  for (let i = 0; i < n; i++) {
    assert.equal(positives[i], Number(i !== anchor && labels[i] === labels[anchor]));
    assert.equal(negatives[i], Number(labels[i] !== labels[anchor]));
  }
  const [hard, easy, picked] = Array.from({ length: 3 }, () => Uint8Array.from({ length: n * n }, () => random() * 2));
  order.follow(anchor, { hard, easy, picked, edge: Float64Array.from(distances, (step) => step + 5) });
  for (let a = 0; a < n; a++) {
    for (const p of order.positives(a)) {
      assert.equal(order.edge(a, p), a === anchor ? d[a][p] + 5 : before.edge(a, p));
      for (const k of order.negatives(a)) {
        const [i, followed] = [p * n + k, a === anchor];
        const kind = hard[i] ? "hard" : easy[i] ? "easy" : "semihard";
        assert.equal(order.kind(a, p, k), followed ? kind : before.kind(a, p, k));
        assert.equal(order.picks(a, p, k), followed ? Boolean(picked[i]) : before.picks(a, p, k));
      }
    }
  }
});

test("distances are whole numbers of up to 52 bits, and come back exactly", () => {
  const random = randomFrom(12);
  const { d, order } = batch(9, 3, 0, random);
  d.forEach((row, a) => row.forEach((step, b) => assert.equal(order.between(a, b), step)));
  const largest = 2 ** 52 - 1;
  const buffers = {
    high: Uint32Array.of(Math.floor(largest / 2 ** 32)),
    low: Uint32Array.of(largest % 2 ** 32),
    labels: Uint8Array.of(0),
    rows: Uint32Array.of(0),
    picked: new Uint8Array(0),
    ...NO_KINDS,
  };
  assert.equal(new Order({ n: 1 }, buffers).between(0, 0), largest);
});

test("order, kinds, edges and picks are those of plain loops", () => {
  const random = randomFrom(13);
  for (const margin of [0, 2 ** 38, 3 * 2 ** 38]) {
    const { d, labels, positive, picks, order } = batch(12, 3, margin, random);
    for (let a = 0; a < 12; a++) {
      const all = [...Array(12).keys()].sort((i, j) => d[a][i] - d[a][j] || i - j);
      assert.deepEqual(order.positives(a), all.filter((i) => positive(a, i)));
      assert.deepEqual(order.negatives(a), all.filter((i) => labels[i] !== labels[a]));
      for (const p of order.positives(a)) {
        assert.equal(order.edge(a, p), d[a][p] + margin);
        for (const n of order.negatives(a)) {
          const kind = d[a][n] <= d[a][p] ? "hard" : d[a][n] - d[a][p] < margin ? "semihard" : "easy";
          assert.equal(order.kind(a, p, n), kind);
          assert.equal(order.picks(a, p, n), picks.has(`${a} ${p} ${n}`));
        }
      }
    }
  }
});

test("what is seen from an anchor divides its negatives and its picks", () => {
  const random = randomFrom(14);
  for (let round = 0; round < 20; round++) {
    const { picks, order } = batch(12, 3, 2 ** 38, random);
    for (let a = 0; a < 12; a++) {
      const positives = order.positives(a);
      for (const wanted of [null, ...positives, 99]) {
        const view = viewFrom(order, a, wanted);
        if (positives.includes(wanted)) assert.equal(view.positive, wanted);
        const zones = KINDS.flatMap((kind) => view.zones[kind]);
        if (view.positive === null) {
          assert.deepEqual([positives.length, zones.length], [0, 0]);
          continue;
        }
        assert.deepEqual(zones, view.negatives, "nearest first, as the kinds are");
        const chosen = (p) => view.negatives.filter((n) => picks.has(`${a} ${p} ${n}`));
        const rest = positives.filter((p) => p !== view.positive).flatMap(chosen);
        assert.deepEqual([...view.picked].sort(), chosen(view.positive).sort());
        assert.equal(view.others, rest.length);
        assert.deepEqual([...view.elsewhere].sort(), [...new Set(rest)].filter((n) => !view.picked.has(n)).sort());
        assert.deepEqual([...view.picking], positives.filter((p) => chosen(p).length));
        if (wanted === null && view.picking.size) assert.ok(view.picking.has(view.positive), "one with which it picks");
        assert.equal(countsOf(view).hard, view.zones.hard.length);
      }
    }
  }
});

test("the bands of the ruler are in order and hold every distance", () => {
  const random = randomFrom(15);
  const { order } = batch(12, 3, 2 ** 38, random);
  for (let a = 0; a < 12; a++) {
    const view = viewFrom(order, a, null);
    if (view.positive === null) continue;
    const edges = bandEdges(view, view.positive, order);
    assert.deepEqual(edges, edges.toSorted((x, y) => x - y));
    for (const i of [...view.positives, ...view.negatives]) assert.ok(order.between(a, i) <= edges[3]);
  }
});

test("a batch that is one point has a ruler of some length", () => {
  const buffers = {
    high: new Uint32Array(4),
    low: new Uint32Array(4),
    labels: Uint8Array.of(0, 0),
    rows: Uint32Array.of(0, 1),
    picked: Uint8Array.of(0, 0),
    ...NO_KINDS,
    edge_high: new Uint32Array(2),
    edge_low: new Uint32Array(2),
  };
  const order = new Order({ n: 2 }, buffers);
  assert.ok(bandEdges(viewFrom(order, 0, null), 1, order)[3] > 0);
});

/** Tiles in rows of three, the last row with one; each 10 wide and high. */
const tiles = Array.from({ length: 7 }, (_, i) => ({
  getBoundingClientRect: () => ({ x: 10 * (i % 3), y: 10 * Math.floor(i / 3) }),
}));

test("arrow keys go along the tiles and to the nearest of the next row", () => {
  const go = (key, from) => tiles.indexOf(nextTile(key, tiles[from], tiles));
  assert.equal(go("ArrowRight", 2), 3);
  assert.equal(go("ArrowLeft", 3), 2);
  assert.equal(go("ArrowDown", 1), 4);
  assert.equal(go("ArrowUp", 5), 2);
  assert.equal(go("ArrowDown", 5), 6, "the nearest there is");
  assert.equal(go("Home", 5), 0);
  assert.equal(go("End", 0), 6);
  for (const [key, from] of [["ArrowRight", 6], ["ArrowLeft", 0], ["ArrowUp", 1], ["ArrowDown", 6], ["x", 0]]) {
    assert.equal(go(key, from), -1, `${key} from ${from}`);
  }
});

test("short distances have about three digits", () => {
  assert.deepEqual([0.0123, 0.5, 12.34, 1234.5].map(shortDistance), ["0.012", "0.50", "12.3", "1235"]);
  assert.equal(shortDistance(0), "0.000");
});
