/** Where steps, shares and losses lie in the picture, in CSS pixels. */

const SIDE = { left: 58, right: 20 }; // in the usual size of type, like all that makes room for text
const TOP = 17; // half the cursor's knob, with its ring
const FOOT = 50; // for the steps and the axis's name
const BETWEEN = 22; // from the shares to the losses
const LOSSES = 0.27; // share of the height, where there are losses
const BEND = 10; // steps up to which the axis is nearly even; farther out it is logarithmic
const TICKS = [3, 10, 30, 100, 300, 1000, 3000, 10_000];
const TICK_DISTANCE = 36; // at least

/** @typedef {{low: number, high: number}} Range */

export class Layout {
  /**
   * @param {number} width
   * @param {number} height
   * @param {number} last  step
   * @param {Range | null} range  of the losses
   * @param {number} scale  size of type in units of the usual size
   */
  constructor(width, height, last, range, scale) {
    this.scale = scale;
    this.left = SIDE.left * scale;
    this.right = Math.max(width - SIDE.right * scale, this.left + 40);
    this.last = Math.max(last, 1);
    this.bottom = Math.max(height - FOOT * scale, TOP + 60); // of everything that has steps
    this.top = TOP;
    this.between = BETWEEN * scale;
    const lossHeight = range ? Math.round((this.bottom - TOP) * LOSSES) : 0;
    this.base = range ? this.bottom - lossHeight - this.between : this.bottom; // of the shares
    this.range = range;
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
    const found = [0];
    /**
     * @param {number} a
     * @param {number} b
     */
    const apart = (a, b) => this.x(b) - this.x(a) >= TICK_DISTANCE * this.scale;
    for (const step of TICKS) if (apart(found[found.length - 1], step) && apart(step, this.last)) found.push(step);
    return [...found, this.last];
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
  const known = Array.from(losses).filter(Number.isFinite);
  if (!known.length) return null;
  const lines = [collapse, floor].filter((value) => value !== null && Number.isFinite(value));
  const all = [...known, .../** @type {number[]} */ (lines)];
  const low = Math.min(...all);
  const high = Math.max(...all);
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

/**
 * Return the centre of the place where a label fits best into the area between two edges: where there is most room above
 * and below it; null where it fits nowhere.
 * @param {number[]} x      ascending places
 * @param {number[]} under  y of the lower edge at each
 * @param {number[]} over   y of the upper edge at each
 * @param {number} width    of the label
 * @param {number} height
 * @returns {{x: number, y: number} | null}
 */
export function bestPlace(x, under, over, width, height) {
  /** @type {{room: number, x: number, y: number} | null} */
  let best = null;
  /**
   * @param {number[]} edge
   * @param {number} at
   */
  const interpolate = (edge, at) => {
    const k = Math.max(
      x.findIndex((each) => each >= at),
      1,
    );
    const share = (at - x[k - 1]) / Math.max(x[k] - x[k - 1], 1e-9);
    return edge[k - 1] + (edge[k] - edge[k - 1]) * share;
  };
  for (let left = x[0] + 4; left + width + 4 <= x[x.length - 1]; left += 6) {
    const places = [left, left + width, ...x.filter((each) => each > left && each < left + width)];
    const floor = Math.min(...places.map((at) => interpolate(under, at))); // a smaller y is higher on the screen
    const ceiling = Math.max(...places.map((at) => interpolate(over, at)));
    const room = floor - ceiling;
    if (room >= height && room > (best?.room ?? 0) + 1) best = { room, x: left + width / 2, y: (floor + ceiling) / 2 };
  }
  return best;
}
