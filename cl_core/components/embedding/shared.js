/** A player whose moment is that of its group: what is done to one of them is done to all. */

import { placeOf } from "../_shared/_old/playback.js";
import { Player } from "./player.js";

export class SharedPlayer extends Player {
  /** @param {ReturnType<typeof import("../_shared/_old/playback.js").joinGroup>} time */
  constructor(time) {
    super();
    this.time = time;
    this.steps = [];
  }

  arrive(steps, now) {
    this.steps = steps;
    this.time.has(this, steps);
    super.arrive(steps, now);
    this.heed();
  }

  seek(frame) {
    this.time.seek(this.steps[Math.max(0, Math.min(frame, this.last))] ?? 0);
  }

  follow() {
    this.time.seek(Infinity);
  }

  play(now) {
    this.time.play(now);
  }

  pause() {
    this.time.pause();
  }

  tick(now) {
    const before = this.position;
    this.time.tick(now);
    if (this.mode === "live") super.tick(now);
    return this.position !== before;
  }

  /** Show what the group shows. */
  heed() {
    const { step, playing } = this.time;
    if (step === null) {
      if (this.mode !== "live") super.follow(performance.now());
      return;
    }
    const place = placeOf(this.steps, step);
    this.mode = playing ? "replay" : "still";
    this.move = null;
    this.position = playing && !this.calm ? place : Math.floor(place);
  }
}
