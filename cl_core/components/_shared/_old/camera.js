/** A view that one may come nearer to and move: the picture's own until the viewer takes over. */

const OUTERMOST = 0.4;

export class ZoomCamera {
  /** @param {number} closest  the highest zoom */
  constructor(closest) {
    this.closest = closest;
    this.width = 1;
    this.height = 1;
    this.reset();
  }

  /** Back to the automatic view. */
  reset() {
    this.zoom = 1;
    this.panX = 0; // in units of the shorter side
    this.panY = 0;
    /** The part of space that zoom and pan are relative to, once the viewer has taken over; null before. */
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

  /** Zoom so that what is at (x, y) stays there. */
  zoomAt(factor, x = this.width / 2, y = this.height / 2) {
    this.#hold();
    const zoom = Math.min(Math.max(this.zoom * factor, OUTERMOST), this.closest);
    const ratio = zoom / this.zoom;
    this.zoom = zoom;
    this.panX += ((x - this.middleX) * (1 - ratio)) / this.unit;
    this.panY += ((y - this.middleY) * (1 - ratio)) / this.unit;
  }

  pan(dx, dy) {
    this.#hold();
    this.panX += dx / this.unit;
    this.panY += dy / this.unit;
  }

  /** `current` is what the camera was last aimed at: low, high along each axis. It may be written over later. */
  #hold() {
    this.held ??= this.current ? Array.from(this.current) : null;
  }
}
