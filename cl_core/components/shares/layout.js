/** Where steps, shares and losses lie in the picture, in CSS pixels. */

const SIDE = { left: 58, right: 20 }; // where type has its usual size, as all that is for words
const TOP = 17; // half the cursor's knob, with its ring
const FOOT = 50; // for the steps and the axis's name
const BETWEEN = 22; // from the shares to the losses
const LOSSES = 0.27; // of the height, where there are any
const BEND = 10; // steps; up to here the axis is nearly even, farther out logarithmic
const TICKS = [3, 10, 30, 100, 300, 1000, 3000, 10_000];
const APART = 36; // least, from tick to tick

export class Layout {
  /**
   * @param {number} width
   * @param {number} height
   * @param {number} last  step
   * @param {{low: number, high: number}?} range
   * @param {number} scale  how much larger than usual type is
   */
  constructor(width, height, last, range, scale) {
    this.scale = scale;
    this.left = SIDE.left * scale;
    this.right = Math.max(width - SIDE.right * scale, this.left + 40);
    this.last = Math.max(last, 1);
    this.bottom = Math.max(height - FOOT * scale, TOP + 60); // of everything that has steps
    const part = range ? Math.round((this.bottom - TOP) * LOSSES) : 0;
    this.top = TOP;
    this.between = BETWEEN * scale;
    this.base = range ? this.bottom - part - this.between : this.bottom; // of the shares
    this.range = range;
  }

  x(step) {
    return this.left + (Math.log1p(step / BEND) / Math.log1p(this.last / BEND)) * (this.right - this.left);
  }

  /** The step at a place, between 0 and the last one. */
  stepAt(x) {
    const share = Math.min(Math.max((x - this.left) / (this.right - this.left), 0), 1);
    return BEND * Math.expm1(share * Math.log1p(this.last / BEND));
  }

  /** Of a share counted from below, 0 to 1. */
  y(share) {
    return this.base - share * (this.base - this.top);
  }

  yOfLoss(value) {
    const { low, high } = this.range;
    const top = this.base + this.between;
    return this.bottom - 4 - ((value - low) / (high - low)) * (this.bottom - top - 8);
  }

  /** Steps to be written under the axis: the first, the last, and as many round ones as there is room for. */
  ticks() {
    const found = [0];
    const apart = (a, b) => this.x(b) - this.x(a) >= APART * this.scale;
    for (const step of TICKS) if (apart(found.at(-1), step) && apart(step, this.last)) found.push(step);
    return [...found, this.last];
  }
}

/** What the loss's track reaches from and to, with the two lines in it; null where no loss is known. */
export function rangeOf(losses, collapse, floor) {
  const known = [...losses].filter(Number.isFinite);
  if (!known.length) return null;
  const all = [...known, collapse, floor].filter(Number.isFinite);
  const low = Math.min(...all);
  const high = Math.max(...all);
  return { low, high: high > low ? high : low + 1 };
}

/**
 * The place where a name fits best into an area between two edges: as much room as there is above and below it.
 * @param {number[]} x      ascending places
 * @param {number[]} under  height of the lower edge at each
 * @param {number[]} over   height of the upper edge
 * @returns {{x: number, y: number} | null} its middle; null where it fits nowhere
 */
export function roomFor(x, under, over, width, height) {
  let best = null;
  const between = (edge, at) => {
    const k = Math.max(x.findIndex((each) => each >= at), 1);
    const t = (at - x[k - 1]) / Math.max(x[k] - x[k - 1], 1e-9);
    return edge[k - 1] + (edge[k] - edge[k - 1]) * t;
  };
  for (let left = x[0] + 4; left + width + 4 <= x.at(-1); left += 6) {
    const places = [left, left + width, ...x.filter((each) => each > left && each < left + width)];
    const floor = Math.min(...places.map((at) => between(under, at))); // screen: a smaller y is higher
    const ceiling = Math.max(...places.map((at) => between(over, at)));
    const room = floor - ceiling;
    if (room >= height && room > (best?.room ?? 0) + 1) best = { room, x: left + width / 2, y: (floor + ceiling) / 2 };
  }
  return best;
}
