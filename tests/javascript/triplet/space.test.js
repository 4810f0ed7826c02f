import assert from "node:assert/strict";
import { test } from "node:test";
import {
  angleOf,
  atAngle,
  bounded,
  dropped,
  headingOf,
  onCircle,
  onRing,
  stepped,
  turnOf,
} from "../../../cl_core/components/triplet/space.js";
import { near, randomFrom } from "../random.js";

const SPAN = 1.25;

for (const circle of [false, true]) {
  test(`a point on a ring has its radius, on the side where it was${circle ? ", on the circle" : ""}`, () => {
    const random = randomFrom(19);
    const randomPoint = () => {
      const point = [2 * random() - 1, 2 * random() - 1];
      return circle ? onCircle(point) : point;
    };
    for (let round = 0; round < 200; round++) {
      const [a, p, n] = [randomPoint(), randomPoint(), randomPoint()];
      const heading = headingOf([a, p], n);
      near(Math.hypot(...heading), 1);
      const wanted = 2 * random();
      const found = onRing(a, heading, wanted, { circle, span: SPAN });
      if (circle) near(Math.hypot(...found), 1);
      else assert.ok(found.every((x) => Math.abs(x) <= SPAN + 1e-12));
      const inside = circle || found.every((x) => Math.abs(x) < SPAN - 1e-9);
      if (inside) near(Math.hypot(found[0] - a[0], found[1] - a[1]), wanted, 1e-9);
      const side = ([x, y]) => Math.sign(a[0] * y - a[1] * x);
      if (circle && wanted > 1e-3 && wanted < 2 - 1e-3) assert.equal(side(found), side(heading));
    }
  });
}

test("a ring meets the unit circle at a turn from its middle, and beyond it nowhere", () => {
  for (const radius of [0, 0.3, 1, 1.9, 2]) {
    const [x, y] = atAngle(0.7 + turnOf(radius));
    near(Math.hypot(x - Math.cos(0.7), y - Math.sin(0.7)), radius, 1e-9);
  }
  assert.equal(turnOf(2.5), Math.PI);
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
