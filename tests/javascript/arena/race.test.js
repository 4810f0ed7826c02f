/** Lockstep of a race, with workers that do what a test tells them. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

const workers = [];

/** A worker that answers as worker.js does, when the test lets it. */
class FakeWorker extends EventTarget {
  orders = [];
  run = 0;
  step = 0;
  steps = [];
  axes = [];

  constructor() {
    super();
    workers.push(this);
  }

  postMessage(order) {
    this.orders.push(order);
    if (order.open) {
      this.run = order.open.number;
      this.step = 0;
      this.axes = order.open.lockstep.axes;
      this.frameSteps = order.open.lockstep.frameSteps;
      this.seed = order.open.choice.seed;
    }
  }

  /** The steps that it was last told to train. */
  get told() {
    return this.orders.findLast((order) => "play" in order)?.play;
  }

  send(content) {
    this.dispatchEvent(Object.assign(new Event("message"), { data: { ...content, run: this.run } }));
  }

  frame(losses) {
    const { step } = this;
    const measured = { metrics: { knn: step / 1000 }, probe: step / 100 };
    this.send({ frame: { step, seconds: step, empty: 0, ...measured, views: {}, losses: Float32Array.from(losses) } });
  }

  opens() {
    this.send({ references: { collapse: 1, floor: 0 } });
    this.frame([]);
    this.send({ phase: "paused", text: "" });
  }

  /** Train what it was told, with a frame at each step that has one. */
  trains() {
    this.send({ phase: "running", text: "" });
    const end = this.step + this.told;
    let losses = [];
    while (this.step < end) {
      losses.push(++this.step);
      if (!this.frameSteps.includes(this.step) && this.step < end) continue;
      this.frame(losses);
      losses = [];
    }
    this.send({ phase: "paused", text: "" });
  }

  fails() {
    this.send({ phase: "failed", text: "out of range" });
  }

  terminate() {}
}

const FRAME_STEPS = [1, 2, 3, 5, 8, 12];
const SOURCE = { key: "", engine: "e", worker: "w", images: "i", probes: "p", file: new Uint8Array(), about: {} };
let race;

async function open(contenders = 2, seeds = 1) {
  const { VisitorRace } = await import("../../../cl_core/components/arena/race.js");
  const choices = Array.from({ length: seeds }, (_, seed) => ({ seed, rate: 0.1, theta: {} }));
  race = new VisitorRace({
    key: "race",
    turn: "",
    frameSteps: FRAME_STEPS,
    maxFrames: 100,
    contenders: Array.from({ length: contenders }, () => ({ source: SOURCE, choices })),
  });
  await new Promise(setImmediate); // until all runs have told their workers
  return race;
}

const told = () => workers.map((worker) => worker.told);
const played = () => workers.map(({ orders }) => orders.filter((order) => "play" in order).length);
const goOn = () => workers.forEach((worker) => worker.trains());

beforeEach(() => {
  workers.length = 0;
  globalThis.Worker = FakeWorker;
  globalThis.document = Object.assign(new EventTarget(), { baseURI: "http://localhost/", hidden: false });
});

afterEach(() => {
  race.close();
  delete globalThis.document;
  delete globalThis.Worker;
});

test("a race rests until every run has its first frame", async () => {
  await open();
  race.play(null);
  workers[0].opens();
  assert.equal(race.phase, "loading");
  assert.equal(race.step, -1);
  assert.deepEqual(played(), [0, 0]);
  workers[1].opens();
  assert.equal(race.phase, "running");
  assert.deepEqual(told(), [1, 1]);
});

test("no run begins the next stretch before all have come as far", async () => {
  await open(3);
  workers.forEach((worker) => worker.opens());
  race.setPace({ interval: 1e-9, everyStep: false }); // one frame a stretch
  race.play(null);
  workers[0].trains();
  workers[1].trains();
  assert.deepEqual(played(), [1, 1, 1]);
  assert.equal(race.step, 0);
  assert.deepEqual(
    race.runs.map(([run]) => race.framesOf(run).map(({ step }) => step)),
    [[0], [0], [0]],
  ); // what is ahead is not shown
  workers[2].trains();
  assert.equal(race.step, 1);
  assert.deepEqual(played(), [2, 2, 2]);
});

test("stretches end where frames are due, and exactly at the step asked for", async () => {
  await open();
  workers.forEach((worker) => worker.opens());
  race.setPace({ interval: 1e-9, everyStep: false });
  race.play(6);
  const steps = [];
  while (race.playing || race.phase === "running") {
    goOn();
    steps.push(race.step);
  }
  assert.deepEqual(steps, [1, 2, 3, 5, 6]);
  assert.equal(race.phase, "paused");
  race.play(6); // which has passed
  while (race.step < 12) goOn();
  assert.equal(race.phase, "finished");
  assert.equal(race.ended, true);
});

test("at full speed stretches take in more frames, and none is left out", async () => {
  await open();
  workers.forEach((worker) => worker.opens());
  race.play(null);
  while (race.step < 12) goOn();
  assert.deepEqual(
    race.runs[1][0].frames.map(({ step }) => step),
    [0, ...FRAME_STEPS],
  );
  assert.ok(played()[0] < FRAME_STEPS.length);
});

test("every step has a frame if the pace says so", async () => {
  await open();
  workers.forEach((worker) => worker.opens());
  race.setPace({ interval: 0, everyStep: true });
  race.play(7);
  while (race.step < 7) goOn();
  assert.deepEqual(
    race.runs[0][0].frames.map(({ step }) => step),
    [0, 1, 2, 3, 4, 5, 6, 7],
  );
});

test("a pause ends after the stretch, and a step is one of each run", async () => {
  await open();
  workers.forEach((worker) => worker.opens());
  race.play(null);
  race.pause();
  assert.equal(race.playing, false);
  assert.equal(race.phase, "running");
  goOn();
  assert.equal(race.phase, "paused");
  const at = race.step;
  race.stepOnce();
  assert.deepEqual(told(), [1, 1]);
  goOn();
  assert.equal(race.step, at + 1);
  assert.equal(race.phase, "paused");
});

test("a run that fails drops out, and the others go on", async () => {
  await open(2, 2);
  workers.forEach((worker) => worker.opens());
  race.setPace({ interval: 1e-9, everyStep: false });
  race.play(null);
  goOn();
  const { version } = race;
  workers[1].fails();
  assert.ok(race.version > version);
  for (const index of [0, 2, 3]) workers[index].trains();
  assert.equal(race.step, 2);
  for (const index of [0, 2, 3]) workers[index].trains();
  assert.equal(race.step, 3);
  assert.deepEqual(
    race.framesOf(race.runs[0][1]).map(({ step }) => step),
    [0, 1],
  );
  for (const index of [0, 2, 3]) workers[index].fails();
  assert.equal(race.phase, "failed");
  assert.equal(race.ended, true);
});

test("runs that could not load their examples try again", async () => {
  await open();
  workers.forEach((worker) => worker.opens());
  race.play(null);
  workers[0].trains();
  workers[1].send({ phase: "paused", text: "A file could not be loaded. Press Start to try again." });
  assert.equal(race.playing, false);
  assert.match(race.trouble, /try again/);
  race.play(null);
  assert.deepEqual(played(), [1, 2]);
  workers[1].trains();
  assert.equal(race.step, 1);
  assert.equal(race.trouble, "");
});

test("reset begins anew under another name, with the same seeds", async () => {
  await open(2, 2);
  workers.forEach((worker) => worker.opens());
  race.play(2);
  while (race.step < 2) goOn();
  const { id } = race;
  race.reset();
  await new Promise(setImmediate);
  assert.notEqual(race.id, id);
  assert.equal(race.step, -1);
  workers.forEach((worker) => worker.opens());
  assert.equal(race.step, 0);
  assert.equal(race.phase, "paused");
  assert.equal(race.started, false);
  assert.deepEqual(
    workers.map(({ seed, axes }) => [seed, axes]),
    [0, 1, 0, 1].map((seed) => [seed, seed ? [] : [2]]),
  );
});

test("a report has what the server lacks, and no more", async () => {
  const { encodeReport } = await import("../../../cl_core/components/arena/report.js");
  const { openEnvelope } = await import("../../../cl_core/components/_shared/envelope.js");
  await open();
  workers.forEach((worker) => worker.opens());
  race.play(8);
  while (race.step < 8) goOn();
  const { step, text } = encodeReport(race, 3);
  const { header, buffers } = openEnvelope(new Uint8Array(Buffer.from(text, "base64")));
  assert.equal(step, 8);
  assert.deepEqual([header.after, header.step, header.key, header.race], [3, 8, "race", race.id]);
  assert.deepEqual(header.runs[1], { steps: [5, 8], empty: 0, failure: null, references: [1, 0] });
  assert.deepEqual([...buffers.losses1], [4, 5, 6, 7, 8]);
  assert.deepEqual([...buffers.measures1], [5, 0.05, 0.005, 8, 0.08, 0.008].map(Math.fround));
});
