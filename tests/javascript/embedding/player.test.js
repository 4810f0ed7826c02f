import assert from "node:assert/strict";
import { test } from "node:test";
import { Playback } from "../../../cl_core/components/_shared/playback.js";
import { Player } from "../../../cl_core/components/embedding/player.js";
import { SharedPlayer } from "../../../cl_core/components/embedding/shared_player.js";
import { near, randomFrom } from "../random.js";

const steps = (count) => Array.from({ length: count }, (_, k) => 10 * k);

function playerWith(count, now = 0) {
  const player = new Player();
  player.arrive(steps(count), now);
  return player;
}

test("the first frames are shown at once, later ones are moved to", () => {
  const player = playerWith(5);
  assert.equal(player.position, 4);
  assert.ok(!player.moving);
  player.arrive(steps(6), 500);
  assert.equal(player.position, 4);
  assert.ok(player.moving);
  for (let now = 500; player.moving; now += 20) player.tick(now);
  assert.equal(player.position, 5);
});

test("the picture never runs ahead, back, nor far behind", () => {
  const random = randomFrom(27);
  const player = playerWith(1);
  let [count, now, before] = [1, 0, 0];
  for (let k = 0; k < 400; k++) {
    now += 60 * random();
    if (random() < 0.3) player.arrive(steps((count += Math.floor(6 * random()))), now);
    player.tick(now);
    assert.ok(player.position <= player.last && player.position >= Math.min(before, player.last - 16));
    before = player.position;
  }
  for (let k = 0; k < 700; k += 20) player.tick(now + k);
  assert.equal(player.position, player.last, "600 ms at most");
});

test("frames that are known already change nothing", () => {
  const player = playerWith(5);
  player.arrive(steps(5), 1000);
  player.arrive(steps(3), 1000);
  assert.equal(player.length, 5);
  assert.ok(!player.moving);
});

test("a frame that was chosen stays while new ones arrive, the last is followed", () => {
  const player = playerWith(5);
  player.seek(2);
  assert.equal(player.mode, "still");
  player.arrive(steps(9), 100);
  player.tick(1000);
  assert.equal(player.position, 2);
  player.seek(99);
  assert.equal(player.mode, "live");
  assert.equal(player.position, 8);
  player.seek(-3);
  assert.equal(player.position, 0);
});

test("a replay shows eight frames a second and ends live", () => {
  const player = playerWith(20);
  player.play(1000);
  assert.equal(player.position, 0, "from the start, as it was at the end");
  player.tick(1500);
  near(player.position, 4);
  player.tick(1400);
  near(player.position, 4, 1e-9, "time never runs back");
  player.tick(10_000);
  assert.deepEqual([player.position, player.mode, player.moving], [19, "live", false]);
});

test("a replay that is paused stops on a frame", () => {
  const player = playerWith(20);
  player.seek(3);
  player.play(0);
  player.tick(700);
  player.pause();
  assert.ok(Number.isInteger(player.position));
  assert.equal(player.mode, "still");
});

test("with reduced motion there is nothing between two frames", () => {
  const player = playerWith(5);
  player.reducedMotion = true;
  player.arrive(steps(7), 100);
  assert.deepEqual([player.position, player.moving], [6, false]);
  player.play(0);
  for (let now = 0; now < 700; now += 33) {
    player.tick(now);
    assert.ok(Number.isInteger(player.position));
  }
});

test("without frames nothing moves", () => {
  const player = new Player();
  assert.deepEqual([player.frame, player.last, player.tick(5)], [0, 0, false]);
  player.follow(0);
  player.tick(1000);
  assert.equal(player.position, 0);
});

test("a cleared player begins again", () => {
  const player = playerWith(9);
  player.seek(2);
  player.clear();
  player.arrive(steps(3), 50);
  assert.deepEqual([player.position, player.mode], [2, "live"]);
});

function shared(count, other) {
  const playback = new Playback("");
  playback.setFrames({}, other);
  const player = new SharedPlayer(playback, {});
  playback.addEventListener("change", () => player.synchronise());
  player.arrive(steps(count), 0);
  return { playback, player };
}

test("a shared player shows the moment of its group, and sets it", () => {
  const { playback, player } = shared(5, [0, 15, 40]);
  playback.seek(15);
  assert.equal(player.position, 1);
  assert.equal(player.mode, "still");
  player.seek(3);
  assert.equal(playback.step, 30);
  player.follow(0);
  assert.equal(playback.step, null);
  assert.equal(player.mode, "live");
  player.seek(99);
  assert.equal(playback.step, null);
});

test("a shared replay glides between its own frames and ends for all", () => {
  const { playback, player } = shared(5, [0, 40]);
  player.play(0);
  assert.equal(player.mode, "replay");
  assert.ok(player.tick(300));
  near(player.position, playback.step / 10);
  player.pause();
  assert.equal(player.mode, "still");
  assert.ok(Number.isInteger(player.position));
  player.play(1000);
  player.tick(60_000);
  assert.equal(player.mode, "live");
  assert.equal(playback.playing, false);
});
