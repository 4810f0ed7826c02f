/** Zoom and pan: the picture chooses its view until the viewer takes over. */

const LOWEST_ZOOM = 0.4;

/**
 * A view that pointers, keys and buttons can zoom and pan.
 * @typedef {object} Zoomable
 * @property {boolean} held  whether the viewer has zoomed or panned it
 * @property {(dx: number, dy: number) => void} pan  by CSS pixels
 * @property {(factor: number, x?: number, y?: number) => void} zoomAt  keeps what is at (x, y) there
 * @property {() => void} reset
 */

/** @implements {Zoomable} */
export class ZoomCamera {
  /** @type {ArrayLike<number> | null} bounds aimed at last: low and high along each axis; may be written over later */
  current = null;
  /** @type {number[] | null} bounds that zoom and pan are relative to; null before the viewer has taken over */
  heldBounds = null;
  zoom = 1;
  panX = 0; // in units of the shorter side
  panY = 0;
  width = 1;
  height = 1;

  /** @param {number} closest  highest zoom */
  constructor(closest) {
    this.closest = closest;
  }

  /** Return to the automatic view. */
  reset() {
    this.zoom = 1;
    this.panX = 0;
    this.panY = 0;
    this.heldBounds = null;
  }

  get held() {
    return this.heldBounds !== null;
  }

  /** The shorter side, in CSS pixels. */
  get unit() {
    return Math.min(this.width, this.height);
  }

  get middleX() {
    return this.width / 2 + this.panX * this.unit;
  }

  get middleY() {
    return this.height / 2 + this.panY * this.unit;
  }

  /**
   * Zoom so that what is at (x, y) stays there.
   * @param {number} factor
   * @param {number} [x]
   * @param {number} [y]
   */
  zoomAt(factor, x = this.width / 2, y = this.height / 2) {
    this.#hold();
    const zoom = Math.min(Math.max(this.zoom * factor, LOWEST_ZOOM), this.closest);
    const ratio = zoom / this.zoom;
    this.zoom = zoom;
    this.panX += ((x - this.middleX) * (1 - ratio)) / this.unit;
    this.panY += ((y - this.middleY) * (1 - ratio)) / this.unit;
  }

  /**
   * @param {number} dx  CSS pixels
   * @param {number} dy
   */
  pan(dx, dy) {
    this.#hold();
    this.panX += dx / this.unit;
    this.panY += dy / this.unit;
  }

  #hold() {
    this.heldBounds ??= this.current && Array.from(this.current);
  }
}
