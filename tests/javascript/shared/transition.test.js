import assert from "node:assert/strict";
import { test } from "node:test";
import {
  cubicOut,
  lerp,
  lerpArrays,
  linear,
  quadraticOut,
  sameNumbers,
  smoothstep,
  Transition,
} from "../../../cl_core/components/_shared/transition.js";
import { near, randomFrom } from "../random.js";

const EASINGS = { linear, quadraticOut, cubicOut, smoothstep };

for (const [name, easing] of Object.entries(EASINGS)) {
  test(`${name} goes from 0 to 1 and never back`, () => {
    assert.equal(easing(0), 0);
    assert.equal(easing(1), 1);
    for (let k = 1; k <= 1000; k++) assert.ok(easing(k / 1000) >= easing((k - 1) / 1000));
  });

  test(`a transition with ${name} never overshoots and ends exactly at its target`, () => {
    const random = randomFrom(3);
    for (let round = 0; round < 50; round++) {
      const [from, to, duration] = [random() - 0.5, random() - 0.5, 1 + 400 * random()];
      const transition = new Transition(lerp, duration, easing);
      transition.jump(from);
      transition.start(to, 1000);
      let before = from;
      for (let now = 1000 - 50; transition.moving; now += 40 * random()) {
        transition.tick(now);
        const { shown } = transition;
        assert.ok(Math.min(from, to) <= shown && shown <= Math.max(from, to));
        assert.ok(Math.abs(to - shown) <= Math.abs(to - before) + 1e-15, "no way back");
        before = shown;
      }
      assert.equal(transition.shown, to);
      assert.equal(transition.progress, 1);
      assert.equal(transition.tick(1e9), false, "nothing more to do");
    }
  });
}

test("the first value is shown at once", () => {
  const transition = new Transition(lerp, 100);
  transition.start(5, 0);
  assert.equal(transition.shown, 5);
  assert.ok(!transition.moving);
});

test("with reduced motion every value is shown at once", () => {
  const transition = new Transition(lerp, 100);
  transition.jump(0);
  transition.reducedMotion = true;
  transition.start(5, 0);
  assert.equal(transition.shown, 5);
  assert.ok(!transition.moving);
});

test("a new target starts from the value shown", () => {
  const transition = new Transition(lerp, 100, linear);
  transition.jump(0);
  transition.start(10, 0);
  transition.tick(50);
  assert.equal(transition.shown, 5);
  transition.start(0, 50);
  assert.equal(transition.shown, 5);
  transition.tick(100);
  assert.equal(transition.shown, 2.5);
});

test("a target that is replaced keeps the progress, and is shown at once where nothing moves", () => {
  const transition = new Transition(lerp, 100, linear);
  transition.retarget(1);
  assert.equal(transition.shown, 1);
  transition.start(11, 0);
  transition.tick(50);
  transition.retarget(21);
  assert.equal(transition.shown, 11);
  transition.tick(100);
  assert.equal(transition.shown, 21);
  transition.start(0, 200);
  transition.finish();
  assert.equal(transition.shown, 0);
  assert.ok(!transition.moving);
});

test("finishing before the first target does nothing", () => {
  const transition = new Transition(lerp, 100);
  transition.finish();
  assert.equal(transition.shown, null);
});

test("arrays are interpolated number by number", () => {
  const random = randomFrom(4);
  const from = Float32Array.from({ length: 20 }, random);
  const to = Float32Array.from({ length: 20 }, random);
  for (const share of [0, 0.3, 1]) {
    lerpArrays(from, to, share).forEach((value, i) => near(value, from[i] * (1 - share) + to[i] * share, 1e-6));
  }
});

test("where one of two numbers is not finite the target counts", () => {
  const mixed = lerpArrays([NaN, 1, Infinity, 1, NaN], [2, NaN, 3, Infinity, NaN], 0.5);
  assert.deepEqual([...mixed], [2, NaN, 3, Infinity, NaN]);
});

test("same numbers are the same in order, length and NaN", () => {
  assert.ok(sameNumbers([1, NaN], Float64Array.of(1, NaN)));
  assert.ok(sameNumbers([], []));
  assert.ok(!sameNumbers([1], [1, 2]));
  assert.ok(!sameNumbers([1, 2], [2, 1]));
});
