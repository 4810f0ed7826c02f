/**
 * The moment that pictures of one group show together: a training step, so that runs whose frames lie at other steps
 * stay together too. Each shows its last frame up to that step.
 */

import { Group, joinGroup } from "./group.js";

export const FRAMES_PER_SECOND = 8; // of a replay

export class Playback extends Group {
  /**
   * The step shown, with a fraction between two frames; null while each picture follows its newest frame.
   * @type {number | null}
   */
  step = null;
  playing = false;
  started = false; // whether a moment has ever been chosen
  /** @type {Set<number>} classes that are shown alone; none: all are shown. Its changes are events "select" */
  selected = new Set();

  /** @type {Map<object, number[]>} steps of each picture's frames */
  #frames = new Map();
  /** @type {number[]} steps of all frames, ascending */
  #steps = [];
  #position = 0; // of the replay on these steps, with a fraction
  #ticked = 0; // time of the last tick

  get last() {
    return this.#steps.at(-1) ?? 0;
  }

  /**
   * Set the steps at which a picture has frames, ascending.
   * @param {object} member
   * @param {number[]} steps
   */
  setFrames(member, steps) {
    this.#frames.set(member, steps);
    this.#merge();
  }

  /**
   * Show a step; from the last one on the newest frames are followed.
   * @param {number} step
   */
  seek(step) {
    this.#show(step < this.last ? Math.max(step, 0) : null, false);
  }

  /** Tell the members that the moment is final: the pointer has let go, or a replay has ended. */
  settle() {
    this.notify("settle");
  }

  /**
   * Replay from the step shown, or from the start if that is the newest.
   * @param {number} now
   */
  play(now) {
    if (this.step === null) this.step = 0;
    this.#position = positionOf(this.#steps, this.step);
    this.#ticked = now;
    this.#show(this.step, true);
  }

  /** Stop a replay on the last frame that it has reached. */
  pause() {
    if (this.playing) this.seek(this.#steps[Math.floor(this.#position)]);
  }

  /**
   * Advance a replay; every member calls this at each of its frames.
   * @param {number} now
   */
  tick(now) {
    if (!this.playing) return;
    const longest = Math.max(...[...this.#frames.values()].map((steps) => steps.length), 1);
    const speed = (FRAMES_PER_SECOND * this.#steps.length) / longest; // many runs take no longer than one
    this.#position += (Math.max(now - this.#ticked, 0) / 1000) * speed;
    this.#ticked = Math.max(now, this.#ticked);
    const k = Math.floor(this.#position);
    if (k >= this.#steps.length - 1) {
      this.seek(this.last);
      this.settle();
      return;
    }
    this.#show(this.#steps[k] + (this.#position - k) * (this.#steps[k + 1] - this.#steps[k]), true);
  }

  /**
   * Return the index of the frame shown by a picture with frames at these steps: the last one up to the moment.
   * @param {number[]} steps
   */
  frameOf(steps) {
    const { step } = this;
    if (step === null) return steps.length - 1;
    return Math.max(
      steps.findLastIndex((each) => each <= step),
      0,
    );
  }

  /** @param {object} member */
  forget(member) {
    this.#frames.delete(member);
    this.#merge();
  }

  #merge() {
    this.#steps = [...new Set([...this.#frames.values()].flat())].sort((a, b) => a - b);
    if (this.playing && this.step !== null) this.#position = positionOf(this.#steps, this.step);
  }

  /**
   * @param {number | null} step
   * @param {boolean} playing
   */
  #show(step, playing) {
    this.started = true;
    if (step === this.step && playing === this.playing) return;
    this.step = step;
    this.playing = playing;
    this.notify();
  }
}

/**
 * Join the playback group of that name.
 * @param {string} name
 * @param {object} member
 * @param {{change?: () => void, settle?: () => void, select?: () => void}} listeners
 */
export function joinPlayback(name, member, listeners) {
  return joinGroup("playback", name, () => new Playback(name), member, listeners);
}

/**
 * Return the position of a step on ascending ones: 2.25 is a quarter of the way from index 2 to index 3.
 * @param {number[]} steps
 * @param {number} step
 */
export function positionOf(steps, step) {
  const next = steps.findIndex((each) => each > step);
  if (next < 0) return Math.max(steps.length - 1, 0);
  if (next === 0) return 0;
  return next - 1 + (step - steps[next - 1]) / (steps[next] - steps[next - 1]);
}
