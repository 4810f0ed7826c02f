/** The axis of training steps: nearly even at first and logarithmic farther out, as early steps matter as much as late ones. */

const BEND = 10; // steps up to which the axis is nearly even
const ROUND_STEPS = [0, 3, 10, 30, 100, 300, 1000, 3000, 10_000];

export class StepAxis {
  /**
   * @param {number} left   place of step 0, in CSS pixels
   * @param {number} right  place of the last step
   * @param {number} last   step
   */
  constructor(left, right, last) {
    this.left = left;
    this.right = right;
    this.last = Math.max(last, 1);
  }

  /** @param {number} step */
  x(step) {
    return this.left + (Math.log1p(step / BEND) / Math.log1p(this.last / BEND)) * (this.right - this.left);
  }

  /**
   * Return the step at a place, between 0 and the last one.
   * @param {number} x
   */
  stepAt(x) {
    const share = Math.min(Math.max((x - this.left) / (this.right - this.left), 0), 1);
    return BEND * Math.expm1(share * Math.log1p(this.last / BEND));
  }

  /**
   * Return 0 and those round steps that are far enough from the one before.
   * @param {number} distance  in CSS pixels, at least
   */
  roundSteps(distance) {
    /** @type {number[]} */
    const found = [];
    for (const step of ROUND_STEPS) {
      if (step > this.last) break;
      if (!found.length || this.x(step) - this.x(found[found.length - 1]) >= distance) found.push(step);
    }
    return found;
  }
}
