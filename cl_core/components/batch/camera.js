/** From the plane to the screen: the given extent fits, and the viewer may come nearer or look elsewhere. */

import { ZoomCamera } from "../_shared/_old/camera.js";

const CLOSEST = 30;
const MARGIN = 22; // CSS pixels around the extent, for pictures whose centre is on its edge

export class Camera extends ZoomCamera {
  constructor() {
    super(CLOSEST);
  }

  /** Aim at [x_low, x_high, y_low, y_high], unless the viewer holds another extent. */
  aim(extent) {
    this.current = extent;
    const [left, right, low, high] = this.held ?? extent;
    this.centre = [(left + right) / 2, (low + high) / 2];
    const fit = (length, size) => Math.max(size - 2 * MARGIN, 40) / length;
    this.scale = Math.min(fit(right - left, this.width), fit(high - low, this.height)) * this.zoom;
  }

  /** Screen coordinates of a place in the plane. */
  place(x, y) {
    return [this.middleX + (x - this.centre[0]) * this.scale, this.middleY - (y - this.centre[1]) * this.scale];
  }
}
