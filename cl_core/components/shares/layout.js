/** Where steps, shares and losses lie in the picture, in CSS pixels. */

import { StepAxis } from "../_shared/step_axis.js";
import { spanOf } from "../_shared/ticks.js";

const SIDE = { left: 58, right: 20 }; // in the usual size of type, like all that makes room for text
const TOP = 17; // half the cursor's knob, with its ring
const FOOT = 50; // for the steps and the axis's name
const BETWEEN = 22; // from the shares to the losses
const LOSSES = 0.27; // share of the height, where there are losses
const TICK_DISTANCE = 36; // at least

/** @import { Range } from "../_shared/ticks.js" */

export class Layout extends StepAxis {
  /**
   * @param {number} width
   * @param {number} height
   * @param {number} last  step
   * @param {Range | null} range  of the losses
   * @param {number} scale  size of type in units of the usual size
   */
  constructor(width, height, last, range, scale) {
    const left = SIDE.left * scale;
    super(left, Math.max(width - SIDE.right * scale, left + 40), last);
    this.scale = scale;
    this.bottom = Math.max(height - FOOT * scale, TOP + 60); // of everything that has steps
    this.top = TOP;
    this.between = BETWEEN * scale;
    const lossHeight = range ? Math.round((this.bottom - TOP) * LOSSES) : 0;
    this.base = range ? this.bottom - lossHeight - this.between : this.bottom; // of the shares
    this.range = range;
  }

  /** @param {number} share  counted from below, 0 to 1 */
  y(share) {
    return this.base - share * (this.base - this.top);
  }

  /** @param {number} value */
  yOfLoss(value) {
    const { low, high } = this.range ?? { low: 0, high: 1 };
    const top = this.base + this.between;
    return this.bottom - 4 - ((value - low) / (high - low)) * (this.bottom - top - 8);
  }

  /** Return the steps written below the axis: the first, the last, and as many round ones as there is room for. */
  ticks() {
    const distance = TICK_DISTANCE * this.scale;
    const inner = this.roundSteps(distance).filter((step) => this.x(this.last) - this.x(step) >= distance);
    return [0, ...inner.slice(1), this.last];
  }
}

/**
 * Return the range of the losses and of the two lines between them; null where no loss is known.
 * @param {ArrayLike<number>} losses
 * @param {number | null} collapse
 * @param {number | null} floor
 * @returns {Range | null}
 */
export function rangeOf(losses, collapse, floor) {
  const known = spanOf(losses);
  if (!known) return null;
  const { low, high } = spanOf([known.low, known.high, collapse ?? NaN, floor ?? NaN]) ?? known;
  return { low, high: high > low ? high : low + 1 };
}

/**
 * Return whether the lowest possible loss gets a line: where it is known, and below the loss of total collapse.
 * @param {number | null} floor
 * @param {number | null} collapse  null where it is not known
 * @returns {floor is number}
 */
export function showsFloor(floor, collapse) {
  return floor !== null && (collapse === null || floor < collapse);
}
