/** A player that shows the moment of its group. */

import { positionOf } from "../_shared/playback.js";
import { Player } from "./player.js";

/** @import { Playback } from "../_shared/playback.js" */

export class SharedPlayer extends Player {
  /** @type {number[]} */
  #steps = [];

  /**
   * @param {Playback} playback
   * @param {object} member  of the playback's group
   */
  constructor(playback, member) {
    super();
    this.playback = playback;
    this.member = member;
  }

  /**
   * @param {number[]} steps
   * @param {number} now
   */
  arrive(steps, now) {
    this.#steps = steps;
    this.playback.setFrames(this.member, steps);
    super.arrive(steps, now);
    this.synchronise();
  }

  /** @param {number} frame */
  seek(frame) {
    this.playback.seek(this.#steps[Math.max(0, Math.min(frame, this.last))] ?? 0);
  }

  follow() {
    this.playback.seek(Infinity);
  }

  /** @param {number} now */
  play(now) {
    this.playback.play(now);
  }

  pause() {
    this.playback.pause();
  }

  /** @param {number} now */
  tick(now) {
    const before = this.position;
    this.playback.tick(now);
    if (this.mode === "live") super.tick(now);
    return this.position !== before;
  }

  /** Show what the group shows. */
  synchronise() {
    const { step, playing } = this.playback;
    if (step === null) {
      if (this.mode !== "live") super.follow(performance.now());
      return;
    }
    const position = positionOf(this.#steps, step);
    const gliding = playing && !this.reducedMotion;
    this.stand(gliding ? position : Math.floor(position), playing ? "replay" : "still");
  }
}
