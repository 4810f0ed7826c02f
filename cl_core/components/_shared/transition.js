/** Movement from one value to another within a fixed time: timing, easing, interpolation. */

/** @param {number} t */
export const linear = (t) => t;
/** @param {number} t */
export const quadraticOut = (t) => 1 - (1 - t) ** 2;
/** @param {number} t */
export const cubicOut = (t) => 1 - (1 - t) ** 3;
/** @param {number} t */
export const smoothstep = (t) => t * t * (3 - 2 * t);

/**
 * The value shown while it moves towards a target.
 * @template T
 */
export class Transition {
  /** Whether to jump to each target, for viewers who prefer reduced motion. */
  reducedMotion = false;
  /** How much of the way is done, eased: 0 at the start, 1 at the end. */
  progress = 1;
  /** @type {T | null} value on the way; null before the first target */
  shown = null;
  /** @type {T | null} */
  target = null;
  /** @type {T | null} */
  #from = null;
  #startedAt = 0;

  /**
   * @param {(from: T, to: T, progress: number) => T} interpolate  must return a new value and leave `from` as it is
   * @param {number} duration  milliseconds
   * @param {(t: number) => number} [easing]
   */
  constructor(interpolate, duration, easing = cubicOut) {
    this.interpolate = interpolate;
    this.duration = duration;
    this.easing = easing;
  }

  get moving() {
    return this.progress < 1;
  }

  /**
   * Show a value at once.
   * @param {T} target
   */
  jump(target) {
    this.shown = this.target = target;
    this.#from = null;
    this.progress = 1;
  }

  /**
   * Move to a target from the value shown; the first one is shown at once.
   * @param {T} target
   * @param {number} now
   */
  start(target, now) {
    if (this.shown === null || this.reducedMotion) return this.jump(target);
    this.target = target;
    this.#from = this.shown;
    this.#startedAt = now;
    this.progress = 0;
    this.shown = this.interpolate(this.#from, target, 0);
  }

  /**
   * Replace the target without a new start: what is done of the way stays done.
   * @param {T} target
   */
  retarget(target) {
    this.target = target;
    this.#update();
  }

  /** End at the target at once. */
  finish() {
    if (this.target !== null) this.jump(this.target);
  }

  /**
   * Advance to the time `now`.
   * @param {number} now
   * @returns {boolean} whether the value shown may have changed
   */
  tick(now) {
    if (!this.moving) return false;
    this.progress = this.easing(Math.min(Math.max((now - this.#startedAt) / this.duration, 0), 1));
    this.#update();
    return true;
  }

  #update() {
    const { target, progress } = this;
    if (this.#from === null || target === null || !this.moving) this.finish();
    else this.shown = this.interpolate(this.#from, target, progress);
  }
}

/**
 * @param {number} from
 * @param {number} to
 * @param {number} share  0 to 1
 */
export function lerp(from, to, share) {
  return from + (to - from) * share;
}

/**
 * Interpolate the numbers of `to`; one that is not finite on either side is that of `to`.
 * @param {ArrayLike<number>} from  as many numbers
 * @param {ArrayLike<number>} to
 * @param {number} share
 */
export function lerpArrays(from, to, share) {
  const between = new Float32Array(to.length);
  for (let i = 0; i < to.length; i++) {
    const value = lerp(from[i], to[i], share);
    between[i] = Number.isFinite(value) ? value : to[i];
  }
  return between;
}

/**
 * Return whether two lists hold the same numbers; NaN equals NaN.
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
export function sameNumbers(a, b) {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return false;
  return true;
}
