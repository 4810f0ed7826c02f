/** From the plane to the screen: the given extent fits, and the viewer may come nearer or look elsewhere. */

const CLOSEST = 30;
const OUTERMOST = 0.4;
const MARGIN = 22; // CSS pixels around the extent, for pictures whose centre is on its edge

export class Camera {
  constructor() {
    this.width = 1;
    this.height = 1;
    this.reset();
  }

  /** Back to the whole extent. */
  reset() {
    this.zoom = 1;
    this.panX = 0; // in units of the shorter side
    this.panY = 0;
    /** The extent that zoom and pan are relative to, once the viewer has taken over. */
    this.held = null;
  }

  get unit() {
    return Math.min(this.width, this.height);
  }

  get middleX() {
    return this.width / 2 + this.panX * this.unit;
  }

  get middleY() {
    return this.height / 2 + this.panY * this.unit;
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

  /** Zoom so that what is at (x, y) stays there. */
  zoomAt(factor, x = this.width / 2, y = this.height / 2) {
    this.held ??= Array.from(this.current);
    const zoom = Math.min(Math.max(this.zoom * factor, OUTERMOST), CLOSEST);
    const ratio = zoom / this.zoom;
    this.zoom = zoom;
    this.panX += ((x - this.middleX) * (1 - ratio)) / this.unit;
    this.panY += ((y - this.middleY) * (1 - ratio)) / this.unit;
  }

  pan(dx, dy) {
    this.held ??= Array.from(this.current);
    this.panX += dx / this.unit;
    this.panY += dy / this.unit;
  }
}
