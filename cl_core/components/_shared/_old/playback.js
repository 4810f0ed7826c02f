/**
 * The moment that the pictures of a page show together, where they have the same group. It is a step of training, so
 * that runs whose frames lie at other steps go together too: each shows its last frame until then.
 */

import { Group, groupOf, partFrom } from "./group.js";

export const REPLAY = 8; // frames a second

class Time extends Group {
  /** The step that is shown, between two frames with a fraction; null while each picture shows its newest frame. */
  step = null;
  playing = false;
  begun = false; // whether anyone has chosen a moment

  /** @type {Map<object, number[]>} the steps at which each picture has frames */
  #frames = new Map();
  #steps = []; // of all of them, ascending
  #place = 0; // on these steps while it plays
  #ticked = 0;

  get last() {
    return this.#steps.at(-1) ?? 0;
  }

  /** A picture has frames at these steps, ascending. */
  has(by, steps) {
    this.#frames.set(by, steps);
    this.#gather();
  }

  /** Show this step; from the last one on, whatever is newest. */
  seek(step) {
    this.#show(step < this.last ? Math.max(step, 0) : null, false);
  }

  /** The hand has let go, or a replay has ended. */
  settle() {
    this.tell("settle");
  }

  /** Replay from here, or from the start if this is the end. */
  play(now) {
    if (this.step === null) this.step = 0;
    this.#place = placeOf(this.#steps, this.step);
    this.#ticked = now;
    this.#show(this.step, true);
  }

  /** Stop a replay on the last frame that it has reached. */
  pause() {
    if (this.playing) this.seek(this.#steps[Math.floor(this.#place)]);
  }

  /** Move on to this moment, whichever picture asks first. */
  tick(now) {
    if (!this.playing) return;
    const longest = Math.max(...[...this.#frames.values()].map((steps) => steps.length), 1);
    const speed = (REPLAY * this.#steps.length) / longest; // frames of many pictures take no longer than of one
    this.#place += (Math.max(now - this.#ticked, 0) / 1000) * speed;
    this.#ticked = Math.max(now, this.#ticked);
    const k = Math.floor(this.#place);
    if (k >= this.#steps.length - 1) {
      this.seek(this.last);
      this.settle();
      return;
    }
    this.#show(this.#steps[k] + (this.#place - k) * (this.#steps[k + 1] - this.#steps[k]), true);
  }

  /** Which of these steps is shown: the number of the last one up to the moment. */
  frameOf(steps) {
    if (this.step === null) return steps.length - 1;
    return Math.max(
      steps.findLastIndex((step) => step <= this.step),
      0,
    );
  }

  part(by) {
    this.#frames.delete(by);
    this.#gather();
    partFrom("time", this);
  }

  #gather() {
    this.#steps = [...new Set([...this.#frames.values()].flat())].sort((a, b) => a - b);
    if (this.playing) this.#place = placeOf(this.#steps, this.step);
  }

  #show(step, playing) {
    this.begun = true;
    if (step === this.step && playing === this.playing) return;
    this.step = step;
    this.playing = playing;
    this.tell();
  }
}

/** Become a member of the group of that name, or of one of its own for a picture without. */
export function joinGroup(name) {
  return groupOf("time", name, () => new Time(name));
}

/** Be a member of it, and hear what it tells, by event, until `leave()`. */
export function memberOf(name, by, hear) {
  const time = joinGroup(name);
  const joined = new AbortController();
  for (const [what, heard] of Object.entries(hear)) time.addEventListener(what, heard, { signal: joined.signal });
  const leave = () => {
    joined.abort();
    time.part(by);
  };
  return { time, leave };
}

/** Where a step lies among ascending ones: 2.25 is a quarter of the way from number 2 to number 3. */
export function placeOf(steps, step) {
  const next = steps.findIndex((each) => each > step);
  if (next < 0) return Math.max(steps.length - 1, 0);
  if (next === 0) return 0;
  return next - 1 + (step - steps[next - 1]) / (steps[next] - steps[next - 1]);
}
