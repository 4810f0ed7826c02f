/** How far what is shown is still behind what is so: after a new setting the picture follows within a moment. */

const TIME = 350; // ms

export class Lag {
  constructor() {
    this.calm = false; // whether motion is not wanted
    this.share = 0; // of the way that is still to go
    /** @type {number[]} */
    this.behind = [];
  }

  get moving() {
    return this.share > 0;
  }

  /** What was shown as `before` is now `after`; lists of another length begin afresh. */
  start(before, after, now) {
    this.behind = after.map((value, i) => before[i] - value);
    const far = this.behind.some((by) => Math.abs(by) > 1e-9);
    this.share = !this.calm && far && before.length === after.length ? 1 : 0;
    this.began = now;
  }

  tick(now) {
    if (this.moving) this.share = Math.max(1 - (now - this.began) / TIME, 0) ** 3;
  }

  /** Arrive at once: a hand takes hold. */
  stop() {
    this.share = 0;
  }

  /** @param {number[]} numbers  what is so  @returns {number[]} what is shown of it */
  shown(numbers) {
    return this.moving ? numbers.map((value, i) => value + this.behind[i] * this.share) : numbers;
  }
}
