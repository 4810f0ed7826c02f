/** Which frame is shown at which moment: following the newest, standing still, or replaying. */

import { REPLAY } from "../_shared/_old/playback.js";

const QUICKEST = 120; // ms from one arrival to the next: the motion never takes less,
const SLOWEST = 600; // nor more, so that the picture is never further behind than this
const FARTHEST = 16; // frames the picture may be behind; what is older is skipped

export class Player {
  constructor() {
    /** Position on the film: 2.25 is a quarter of the way from frame 2 to frame 3. */
    this.position = 0;
    this.length = 0;
    /** @type {"live" | "still" | "replay"} */
    this.mode = "live";
    this.calm = false; // true: jump from frame to frame, for people who do not want motion
    this.arrived = -Infinity;
    this.move = null;
    this.replayed = 0; // when the replay last moved on, and where it had got to
    this.reached = 0;
  }

  /** The last frame's number. */
  get last() {
    return Math.max(this.length - 1, 0);
  }

  /** The number of the frame that is shown, or nearly so. */
  get frame() {
    return Math.min(Math.round(this.position), this.last);
  }

  get moving() {
    return this.move !== null || this.mode === "replay";
  }

  /** Begin again with an empty film. */
  clear() {
    this.position = 0;
    this.length = 0;
    this.mode = "live";
    this.move = null;
    this.arrived = -Infinity;
  }

  /** The film now has frames at these steps. */
  arrive({ length }, now) {
    if (length <= this.length) return;
    const first = this.length === 0;
    const gap = now - this.arrived;
    this.length = length;
    this.arrived = now;
    if (this.mode !== "live") return;
    if (first) this.#jump(this.last);
    else this.#moveTo(this.last, Math.min(Math.max(gap * 1.1, QUICKEST), SLOWEST), now, gap > 1000);
  }

  /** Show this very frame, at once. The newest one is followed from then on. */
  seek(frame) {
    this.mode = frame >= this.last ? "live" : "still";
    this.#jump(Math.max(0, Math.min(frame, this.last)));
  }

  /** Follow the newest frame. */
  follow(now) {
    this.mode = "live";
    this.#moveTo(this.last, QUICKEST * 2, now, true);
  }

  /** Replay from here, or from the start if this is the end. */
  play(now) {
    if (this.frame >= this.last) this.#jump(0);
    this.mode = "replay";
    this.move = null;
    this.replayed = now;
    this.reached = this.position;
  }

  /** Stop a replay on the frame it has reached. */
  pause() {
    if (this.mode === "replay") this.seek(this.frame);
  }

  /**
   * Move on to this moment.
   * @returns {boolean} whether the position has changed
   */
  tick(now) {
    const before = this.position;
    if (this.mode === "replay") this.#replay(now);
    else if (this.move) this.#follow(now);
    return this.position !== before;
  }

  #jump(position) {
    this.position = position;
    this.move = null;
  }

  #moveTo(target, duration, now, ease) {
    if (this.calm) return this.#jump(target);
    const from = Math.max(this.position, target - FARTHEST);
    this.move = from === target ? null : { from, target, start: now, duration, ease };
  }

  #follow(now) {
    const { from, target, start, duration, ease } = this.move;
    const t = Math.min(Math.max((now - start) / duration, 0), 1);
    this.position = from + (target - from) * (ease ? 1 - (1 - t) ** 2 : t);
    if (t === 1) this.#jump(target);
  }

  #replay(now) {
    const elapsed = Math.max(now - this.replayed, 0) / 1000;
    this.replayed = now;
    this.reached = Math.min(this.reached + elapsed * REPLAY, this.last);
    this.position = this.calm ? Math.floor(this.reached) : this.reached;
    if (this.reached === this.last) this.seek(this.last);
  }
}
