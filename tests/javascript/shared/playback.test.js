import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAMES_PER_SECOND, joinPlayback, Playback, positionOf } from "../../../cl_core/components/_shared/playback.js";
import { near, randomFrom } from "../random.js";

test("a position on steps is the inverse of interpolating them", () => {
  const steps = [0, 1, 5, 20, 100];
  for (let position = 0; position < steps.length - 1; position += 0.13) {
    const k = Math.floor(position);
    near(positionOf(steps, steps[k] + (position - k) * (steps[k + 1] - steps[k])), position);
  }
  assert.equal(positionOf(steps, -5), 0);
  assert.equal(positionOf(steps, 100), 4);
  assert.equal(positionOf(steps, 1e9), 4);
  assert.equal(positionOf([], 3), 0);
  assert.equal(positionOf([7], 3), 0);
});

test("each picture shows its last frame up to the step", () => {
  const random = randomFrom(7);
  const playback = new Playback("");
  playback.setFrames({}, [1000]);
  for (let round = 0; round < 200; round++) {
    const steps = [...new Set(Array.from({ length: 6 }, () => Math.floor(100 * random())))].sort((a, b) => a - b);
    playback.seek(Math.floor(100 * random()));
    let expected = 0;
    steps.forEach((step, k) => {
      if (step <= playback.step) expected = k;
    });
    assert.equal(playback.frameOf(steps), expected);
  }
});

test("the newest frame is followed from the last step on", () => {
  const playback = new Playback("");
  const member = {};
  playback.setFrames(member, [0, 10, 20]);
  assert.equal(playback.step, null);
  assert.equal(playback.frameOf([0, 10, 20]), 2);
  playback.seek(10);
  assert.equal(playback.step, 10);
  playback.seek(20);
  assert.equal(playback.step, null);
  playback.seek(-5);
  assert.equal(playback.step, 0);
  playback.forget(member);
  assert.equal(playback.last, 0);
});

test("a replay shows as many frames a second as it should, however often it is asked", () => {
  for (const gap of [5, 16, 90]) {
    const playback = new Playback("");
    const steps = [0, 3, 4, 50, 60, 200, 300, 301];
    playback.setFrames({}, steps);
    playback.play(1000);
    assert.equal(playback.step, 0, "from the start, since the newest was shown");
    for (let now = 1000; now <= 1500; now += gap) {
      playback.tick(now);
      playback.tick(now); // a second member at the same frame
      near(positionOf(steps, playback.step), ((now - 1000) / 1000) * FRAMES_PER_SECOND, 1e-9);
    }
  }
});

test("a replay ends at the newest frame, tells it once and stops", () => {
  const playback = new Playback("");
  const heard = [];
  for (const type of ["change", "settle"]) playback.addEventListener(type, () => heard.push(type));
  playback.setFrames({}, [0, 1, 2]);
  playback.play(0);
  playback.tick(10_000);
  assert.equal(playback.playing, false);
  assert.equal(playback.step, null);
  assert.equal(heard.filter((type) => type === "settle").length, 1);
  heard.length = 0;
  playback.tick(20_000);
  assert.deepEqual(heard, []);
});

test("a pause stops on a frame, and time that runs back moves nothing", () => {
  const playback = new Playback("");
  playback.setFrames({}, [0, 10, 20, 30]);
  playback.play(1000);
  playback.tick(1200);
  const { step } = playback;
  playback.tick(900);
  assert.equal(playback.step, step);
  playback.pause();
  assert.equal(playback.step, 10);
  assert.equal(playback.playing, false);
});

test("frames of two runs are merged, and one that leaves takes its frames along", () => {
  const [a, b] = [{}, {}];
  const { group, leave } = joinPlayback("merge", a, {});
  const other = joinPlayback("merge", b, {});
  assert.equal(other.group, group);
  group.setFrames(a, [0, 100]);
  group.setFrames(b, [0, 50]);
  assert.equal(group.last, 100);
  leave();
  assert.equal(group.last, 50);
  other.leave();
});
