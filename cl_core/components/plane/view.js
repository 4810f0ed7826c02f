/**
 * From the plane to the screen. A place on the plane is (u, v), both from 0 to 1 over its whole extent; on the screen
 * it is in CSS pixels from the canvas's upper left corner. One never sees beyond the plane.
 */

const CLOSEST = 16;
const ROOM = { left: 60, right: 14, top: 10, bottom: 50 }; // for the axes, in CSS pixels where type has its usual size
const SMALLEST = 160;

export class View {
  constructor() {
    this.rescale(1);
    this.side = SMALLEST;
    this.reset();
  }

  /** Make room for axes whose type is so much larger than usual. */
  rescale(scale) {
    this.scale = scale;
    this.left = Math.round(ROOM.left * scale);
    this.top = Math.round(ROOM.top * scale);
    this.roomAcross = this.left + Math.round(ROOM.right * scale);
    this.roomUp = this.top + Math.round(ROOM.bottom * scale);
  }

  reset() {
    this.zoom = 1;
    this.u = 0.5; // what is in the middle
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
    return this.side + this.roomAcross;
  }

  get height() {
    return this.side + this.roomUp;
  }

  /** Fit the square and its axes into a sheet of at most this size. */
  fit(width, height) {
    this.side = Math.max(Math.min(width - this.roomAcross, height - this.roomUp), SMALLEST);
  }

  /** The width of a sheet of this height. */
  widthAt(height) {
    return height - this.roomUp + this.roomAcross;
  }

  across(u) {
    return this.left + ((u - this.u) * this.zoom + 0.5) * this.side;
  }

  up(v) {
    return this.top + (0.5 - (v - this.v) * this.zoom) * this.side;
  }

  /** The place on the plane that is seen at (x, y). */
  placeAt(x, y) {
    return [
      this.u + ((x - this.left) / this.side - 0.5) / this.zoom,
      this.v + (0.5 - (y - this.top) / this.side) / this.zoom,
    ];
  }

  /** Whether (x, y) is on the square, or at most `slack` beside it. */
  holds(x, y, slack = 0) {
    const { left, top, side } = this;
    return x >= left - slack && y >= top - slack && x <= left + side + slack && y <= top + side + slack;
  }

  /** Zoom so that what is at (x, y) stays there. */
  zoomAt(factor, x = this.left + this.side / 2, y = this.top + this.side / 2) {
    const [u, v] = this.placeAt(x, y);
    this.zoom = Math.min(Math.max(this.zoom * factor, 1), CLOSEST);
    if (this.zoom < 1.001) this.zoom = 1;
    const [nowU, nowV] = this.placeAt(x, y);
    this.#look(this.u + u - nowU, this.v + v - nowV);
  }

  /** Move the plane under the hand, by CSS pixels. */
  pan(dx, dy) {
    const unit = this.side * this.zoom;
    this.#look(this.u - dx / unit, this.v + dy / unit);
  }

  /** Come along so that a place is seen. */
  follow(u, v) {
    const half = 0.46 / this.zoom;
    const near = (middle, place) => Math.min(Math.max(middle, place - half), place + half);
    this.#look(near(this.u, u), near(this.v, v));
  }

  #look(u, v) {
    const half = 0.5 / this.zoom;
    this.u = Math.min(Math.max(u, half), 1 - half);
    this.v = Math.min(Math.max(v, half), 1 - half);
  }
}
