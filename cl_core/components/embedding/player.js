/** The frame shown at each moment: the newest one, a chosen one, or that of a replay. */

import { FRAMES_PER_SECOND } from "../_shared/playback.js";
import { lerp, linear, quadraticOut, Transition } from "../_shared/transition.js";

const QUICKEST = 120; // ms of the movement to a new frame, at least
const SLOWEST = 600; // and at most, so that the picture is never further behind than this
const FARTHEST = 16; // frames that the picture may be behind; older ones are skipped

export class Player {
  /** Position on the frames: 2.25 is a quarter of the way from frame 2 to frame 3. */
  position = 0;
  length = 0;
  /** @type {"live" | "still" | "replay"} */
  mode = "live";
  /** Whether to jump from frame to frame, for viewers who prefer reduced motion. */
  reducedMotion = false;
  /** @type {Transition<number> | null} movement to the newest frame */
  move = null;
  #arrivedAt = -Infinity; // time of the newest frame
  #tickedAt = 0; // time of a replay's last tick
  #reached = 0; // position of a replay, which is not rounded

  /** Index of the last frame. */
  get last() {
    return Math.max(this.length - 1, 0);
  }

  /** Index of the frame that is shown, or nearly so. */
  get frame() {
    return Math.min(Math.round(this.position), this.last);
  }

  get moving() {
    return this.move !== null || this.mode === "replay";
  }

  /** Begin again without frames. */
  clear() {
    this.position = 0;
    this.length = 0;
    this.mode = "live";
    this.move = null;
    this.#arrivedAt = -Infinity;
  }

  /**
   * Take in the steps of all frames received so far.
   * @param {number[]} steps
   * @param {number} now
   */
  arrive({ length }, now) {
    if (length <= this.length) return;
    const first = this.length === 0;
    const gap = now - this.#arrivedAt;
    this.length = length;
    this.#arrivedAt = now;
    if (this.mode !== "live") return;
    if (first) this.#jump(this.last);
    else this.#moveTo(this.last, Math.min(Math.max(gap * 1.1, QUICKEST), SLOWEST), now, gap > 1000);
  }

  /**
   * Show a frame at once. The newest one is followed from then on.
   * @param {number} frame  may be out of bounds
   */
  seek(frame) {
    this.mode = frame >= this.last ? "live" : "still";
    this.#jump(Math.max(0, Math.min(frame, this.last)));
  }

  /**
   * Show a position at once, in a mode.
   * @param {number} position
   * @param {"still" | "replay"} mode
   */
  stand(position, mode) {
    this.mode = mode;
    this.#jump(position);
  }

  /**
   * Follow the newest frame.
   * @param {number} now
   */
  follow(now) {
    this.mode = "live";
    this.#moveTo(this.last, QUICKEST * 2, now, true);
  }

  /** Be at the newest frame at once if it is followed, as out of sight there is no movement. */
  keepUp() {
    if (this.mode === "live") this.#jump(this.last);
  }

  /**
   * Replay from the frame shown, or from the start if that is the last.
   * @param {number} now
   */
  play(now) {
    if (this.frame >= this.last) this.#jump(0);
    this.mode = "replay";
    this.move = null;
    this.#tickedAt = now;
    this.#reached = this.position;
  }

  /** Stop a replay on the frame that it has reached. */
  pause() {
    if (this.mode === "replay") this.seek(this.frame);
  }

  /**
   * Advance to the time `now`.
   * @param {number} now
   * @returns {boolean} whether the position has changed
   */
  tick(now) {
    const before = this.position;
    if (this.mode === "replay") this.#replay(now);
    else if (this.move) this.#advance(this.move, now);
    return this.position !== before;
  }

  /** @param {number} position */
  #jump(position) {
    this.position = position;
    this.move = null;
  }

  /**
   * @param {number} target
   * @param {number} duration
   * @param {number} now
   * @param {boolean} eased  else at constant speed, as frames arrive one after the other
   */
  #moveTo(target, duration, now, eased) {
    if (this.reducedMotion) return this.#jump(target);
    const from = Math.max(this.position, target - FARTHEST);
    this.move = null;
    if (from === target) return;
    this.move = new Transition(lerp, duration, eased ? quadraticOut : linear);
    this.move.jump(from);
    this.move.start(target, now);
  }

  /**
   * @param {Transition<number>} move
   * @param {number} now
   */
  #advance(move, now) {
    move.tick(now);
    this.position = move.shown ?? this.position;
    if (!move.moving) this.move = null;
  }

  /** @param {number} now */
  #replay(now) {
    const elapsed = Math.max(now - this.#tickedAt, 0) / 1000;
    this.#tickedAt = now;
    this.#reached = Math.min(this.#reached + elapsed * FRAMES_PER_SECOND, this.last);
    this.position = this.reducedMotion ? Math.floor(this.#reached) : this.#reached;
    if (this.#reached === this.last) this.seek(this.last);
  }
}
