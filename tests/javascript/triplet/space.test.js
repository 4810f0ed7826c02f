import assert from "node:assert/strict";
import { test } from "node:test";
import {
  angleOf,
  atDistance,
  bounded,
  dropped,
  headingOf,
  measure,
  MOST,
  onCircle,
  OTHER,
  radiusOf,
  stepped,
  ties,
  turnOf,
} from "../../../cl_core/components/triplet/space.js";
import { near, randomFrom } from "../random.js";

const SPAN = 1.25;
const CASES = [
  { distance: "sqeuclidean", circle: false },
  { distance: "euclidean", circle: false },
  { distance: "sqeuclidean", circle: true },
  { distance: "euclidean", circle: true },
  { distance: "cosine", circle: true },
].map((rules) => ({ ...rules, span: SPAN }));

function randomPoints(random, count, circle) {
  const point = () => [2 * random() - 1, 2 * random() - 1];
  return Array.from({ length: count }, () => (circle ? onCircle(point()) : point()));
}

/** The definition of each distance. */
function delta(distance, [ax, ay], [bx, by]) {
  if (distance === "cosine") return 1 - (ax * bx + ay * by) / (Math.hypot(ax, ay) * Math.hypot(bx, by));
  const d = Math.hypot(ax - bx, ay - by);
  return distance === "euclidean" ? d : d * d;
}

/** The mean loss over the triplets that have one, with points on the circle normalised. */
function lossOf(points, { distance, margin, circle }) {
  const [a, p, ...negatives] = circle ? points.map(onCircle) : points;
  const losses = negatives.map((n) => Math.max(0, delta(distance, a, p) - delta(distance, a, n) + margin));
  const active = losses.filter((loss) => loss > 0);
  return active.length ? active.reduce((sum, loss) => sum + loss, 0) / active.length : 0;
}

for (const rules of CASES) {
  const name = `${rules.distance}${rules.circle ? " on the circle" : ""}`;

  test(`${name}: kinds, losses and their mean are those of the definition`, () => {
    const random = randomFrom(16);
    for (let round = 0; round < 200; round++) {
      const points = randomPoints(random, 6, rules.circle);
      const margin = random();
      const measured = measure(points, { ...rules, margin });
      const [a, p, ...negatives] = points;
      near(measured.dAp, delta(rules.distance, a, p), 1e-12);
      negatives.forEach((n, k) => {
        const d = delta(rules.distance, a, n);
        near(measured.dAn[k], d, 1e-12);
        const kind = d <= measured.dAp ? "hard" : d < measured.dAp + margin ? "semihard" : "easy";
        assert.equal(measured.kinds[k], kind);
        near(measured.losses[k], Math.max(0, measured.dAp - d + margin), 1e-12);
      });
      near(measured.loss, lossOf(points, { ...rules, margin }), 1e-12);
    }
  });

  test(`${name}: the forces are minus the slopes of the loss`, () => {
    const random = randomFrom(17);
    const h = 1e-6;
    for (let round = 0; round < 60; round++) {
      const points = randomPoints(random, 5, rules.circle);
      const margin = 0.3;
      const measured = measure(points, { ...rules, margin });
      if (measured.losses.some((loss) => loss > 0 && loss < 1e-4)) continue; // at a kink there is no slope
      points.forEach((point, i) => {
        const slopes = [0, 1].map((axis) => {
          const moved = (by) => points.with(i, point.with(axis, point[axis] + by));
          return (lossOf(moved(h), { ...rules, margin }) - lossOf(moved(-h), { ...rules, margin })) / (2 * h);
        });
        near(measured.forces[i][0], -slopes[0], 1e-5);
        near(measured.forces[i][1], -slopes[1], 1e-5);
      });
    }
  });

  test(`${name}: the rings are where the kinds change`, () => {
    const random = randomFrom(18);
    for (let round = 0; round < 100; round++) {
      const [a, p] = randomPoints(random, 2, rules.circle);
      const margin = 0.2 * random();
      const { rings, dAp, edge } = measure([a, p, p], { ...rules, margin });
      for (const [ring, value] of [[rings[0], dAp], [rings[1], edge]]) {
        const on = rules.circle
          ? [Math.cos(angleOf(a) + turnOf(ring)), Math.sin(angleOf(a) + turnOf(ring))]
          : [a[0] + ring, a[1]];
        if (ring < 2 || !rules.circle) near(delta(rules.distance, a, on), value, 1e-9);
      }
    }
  });

  test(`${name}: a point at a distance has that distance, on the side where it was`, () => {
    const random = randomFrom(19);
    for (let round = 0; round < 200; round++) {
      const [a, p, n] = randomPoints(random, 3, rules.circle);
      const heading = headingOf([a, p], n);
      near(Math.hypot(...heading), 1);
      const wanted = Math.min(MOST[rules.distance], 4) * random();
      const found = atDistance(a, heading, wanted, { ...rules, margin: 0 });
      if (rules.circle) near(Math.hypot(...found), 1);
      else assert.ok(found.every((x) => Math.abs(x) <= SPAN + 1e-12));
      const inside = rules.circle || found.every((x) => Math.abs(x) < SPAN - 1e-9);
      if (inside) near(delta(rules.distance, a, found), wanted, 1e-9);
      const side = ([x, y]) => Math.sign(a[0] * y - a[1] * x);
      if (rules.circle && wanted > 1e-3 && wanted < MOST[rules.distance] - 1e-3) {
        assert.equal(side(found), side([heading[0], heading[1]]));
      }
    }
  });
}

test("points in one place have finite forces, and are hard with their margin as the loss", () => {
  for (const rules of CASES) {
    const measured = measure([[0.6, 0.8], [0.6, 0.8], [0.6, 0.8], [-0.6, -0.8]], { ...rules, margin: 0.2 });
    assert.deepEqual(measured.kinds, ["hard", "easy"]);
    near(measured.losses[0], 0.2, 1e-9);
    assert.ok(measured.forces.flat().every((x) => Math.abs(x) < 1e-9));
  }
});

test("decimals that tie on paper tie here", () => {
  const kinds = (points, margin) => measure(points, { distance: "euclidean", circle: false, span: SPAN, margin }).kinds;
  assert.deepEqual(kinds([[0, 0], [0.3, 0], [0, -0.3], [0.4, 0]], 0.1), ["hard", "easy"]);
  assert.ok(ties(0.3 + 0.1, 0.4));
  assert.ok(!ties(0.3, 0.3 + 1e-9));
});

test("each distance is compared with another one", () => {
  for (const [distance, other] of Object.entries(OTHER)) assert.notEqual(distance, other);
  assert.equal(radiusOf("sqeuclidean", 0.25), 0.5);
  assert.equal(radiusOf("euclidean", 0.25), 0.25);
  near(radiusOf("cosine", 2), 2);
});

test("the origin has no direction and is put on the circle all the same", () => {
  assert.deepEqual(onCircle([0, 0]), [1, 0]);
  assert.deepEqual(headingOf([[0, 0], [0, 0]], [0, 0]), [1, 0]);
  assert.deepEqual(headingOf([[0, 0], [0, 1]], [0, 0]), [0, -1], "away from the positive");
});

test("a dragged point stays in the square on ten-thousandths, and on the circle exactly", () => {
  assert.deepEqual(dropped([2, -0.123456], { circle: false, span: SPAN }), [1.25, -0.1235]);
  near(Math.hypot(...dropped([2, -0.1], { circle: true, span: SPAN })), 1, 1e-15);
  assert.deepEqual(bounded([-9, 9], { circle: false, span: SPAN }), [-1.25, 1.25]);
});

test("keys step onto hundredths, along the arrow only, and back", () => {
  const plane = { circle: false, span: SPAN };
  assert.deepEqual(stepped([0.123, 0.456], [1, 0], 0.05, plane), [0.17, 0.456]);
  assert.deepEqual(stepped([1.25, 0], [1, 0], 0.05, plane), [1.25, 0]);
  let point = [0, 0];
  for (let k = 0; k < 10; k++) point = stepped(point, [0, 1], 0.05, plane);
  assert.deepEqual(point, [0, 0.5]);
});

test("keys on the circle turn to the side of the arrow and not past its end", () => {
  const circle = { circle: true, span: SPAN };
  const up = stepped([1, 0], [0, 1], 0.05, circle);
  near(angleOf(up), 0.05);
  assert.deepEqual(stepped([0, 1], [0, 1], 0.05, circle), [0, 1], "it is at the top");
  assert.deepEqual(stepped([1, 0], [-1, 0], 0.05, circle), [1, 0], "the arrow points to neither side");
  let point = [Math.cos(0.1), Math.sin(0.1)];
  for (let k = 0; k < 200; k++) point = stepped(point, [-1, 0], 0.05, circle);
  assert.ok(Math.abs(Math.abs(angleOf(point)) - Math.PI) < 0.05, "it ends at the left");
});
