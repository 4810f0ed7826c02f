/**
 * From the plane to the screen. A place on the plane is (u, v), both from 0 to 1 over its extent; on the screen it is in
 * CSS pixels from the canvas's upper left corner. The view never goes beyond the plane.
 */

/** @import { Zoomable } from "../_shared/camera.js" */

const CLOSEST = 16; // highest zoom
const MARGINS = { left: 60, right: 14, top: 10, bottom: 50 }; // CSS pixels for the axes, in the usual size of type
const SMALLEST = 160; // CSS pixels of the square's side

/** @implements {Zoomable} */
export class View {
  side = SMALLEST;
  zoom = 1;
  u = 0.5; // place in the middle of the square
  v = 0.5;
  scale = 1;
  left = MARGINS.left;
  top = MARGINS.top;
  #marginX = MARGINS.left + MARGINS.right;
  #marginY = MARGINS.top + MARGINS.bottom;

  /**
   * Make room for axes in another size of type.
   * @param {number} scale  in units of the usual size
   */
  rescale(scale) {
    this.scale = scale;
    this.left = Math.round(MARGINS.left * scale);
    this.top = Math.round(MARGINS.top * scale);
    this.#marginX = this.left + Math.round(MARGINS.right * scale);
    this.#marginY = this.top + Math.round(MARGINS.bottom * scale);
  }

  reset() {
    this.zoom = 1;
    this.u = 0.5;
    this.v = 0.5;
  }

  get closest() {
    return CLOSEST;
  }

  /** Whether less than the whole plane is seen. */
  get held() {
    return this.zoom > 1;
  }

  get width() {
    return this.side + this.#marginX;
  }

  get height() {
    return this.side + this.#marginY;
  }

  /**
   * Fit the square and its axes into a canvas of at most this size.
   * @param {number} width
   * @param {number} height
   */
  fit(width, height) {
    this.side = Math.max(Math.min(width - this.#marginX, height - this.#marginY), SMALLEST);
  }

  /**
   * Return the width of a canvas of this height.
   * @param {number} height
   */
  widthAt(height) {
    return height - this.#marginY + this.#marginX;
  }

  /** @param {number} u */
  toX(u) {
    return this.left + ((u - this.u) * this.zoom + 0.5) * this.side;
  }

  /** @param {number} v */
  toY(v) {
    return this.top + (0.5 - (v - this.v) * this.zoom) * this.side;
  }

  /**
   * Return the place on the plane that is seen at (x, y).
   * @param {number} x
   * @param {number} y
   * @returns {[number, number]}
   */
  placeAt(x, y) {
    return [
      this.u + ((x - this.left) / this.side - 0.5) / this.zoom,
      this.v + (0.5 - (y - this.top) / this.side) / this.zoom,
    ];
  }

  /**
   * Return whether (x, y) is on the square, or at most `slack` beside it.
   * @param {number} x
   * @param {number} y
   * @param {number} [slack]
   */
  contains(x, y, slack = 0) {
    const { left, top, side } = this;
    return x >= left - slack && y >= top - slack && x <= left + side + slack && y <= top + side + slack;
  }

  /**
   * Zoom so that what is at (x, y) stays there.
   * @param {number} factor
   * @param {number} [x]
   * @param {number} [y]
   */
  zoomAt(factor, x = this.left + this.side / 2, y = this.top + this.side / 2) {
    const [u, v] = this.placeAt(x, y);
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), CLOSEST);
    if (this.zoom < 1.001) this.zoom = 1;
    const [nowU, nowV] = this.placeAt(x, y);
    this.#centre(this.u + u - nowU, this.v + v - nowV);
  }

  /**
   * Move the plane with a pointer.
   * @param {number} dx  CSS pixels
   * @param {number} dy
   */
  pan(dx, dy) {
    const unit = this.side * this.zoom;
    this.#centre(this.u - dx / unit, this.v + dy / unit);
  }

  /**
   * Pan as far as it takes to see a place.
   * @param {number} u
   * @param {number} v
   */
  follow(u, v) {
    const half = 0.46 / this.zoom;
    /**
     * @param {number} middle
     * @param {number} place
     */
    const near = (middle, place) => Math.min(Math.max(middle, place - half), place + half);
    this.#centre(near(this.u, u), near(this.v, v));
  }

  /**
   * @param {number} u
   * @param {number} v
   */
  #centre(u, v) {
    const half = 0.5 / this.zoom;
    this.u = Math.min(Math.max(u, half), 1 - half);
    this.v = Math.min(Math.max(v, half), 1 - half);
  }
}
