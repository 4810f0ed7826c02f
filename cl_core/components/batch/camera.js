/** From the plane to the screen: the extent fits, until the viewer zooms or pans. */

import { ZoomCamera } from "../_shared/camera.js";

const CLOSEST = 30; // highest zoom
const MARGIN = 22; // CSS pixels around the extent, for images whose centre is on its edge

export class Camera extends ZoomCamera {
  scale = 1; // CSS pixels for a length of 1
  #centre = [0, 0];

  constructor() {
    super(CLOSEST);
  }

  /**
   * Aim at an extent, unless the viewer holds another one.
   * @param {ArrayLike<number>} extent  lowest and highest x, lowest and highest y
   */
  aim(extent) {
    this.current = extent;
    const [left, right, low, high] = Array.from(this.heldBounds ?? extent);
    this.#centre = [(left + right) / 2, (low + high) / 2];
    /**
     * @param {number} length
     * @param {number} size
     */
    const fit = (length, size) => Math.max(size - 2 * MARGIN, 40) / length;
    this.scale = Math.min(fit(right - left, this.width), fit(high - low, this.height)) * this.zoom;
  }

  /**
   * Return the screen coordinates of a point.
   * @param {number} x
   * @param {number} y
   * @returns {[number, number]}
   */
  place(x, y) {
    const [centreX, centreY] = this.#centre;
    return [this.middleX + (x - centreX) * this.scale, this.middleY - (y - centreY) * this.scale];
  }
}
