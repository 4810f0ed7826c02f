/** From data to the screen: a flat map in two dimensions, a turntable with mild perspective in three. */

import { ZoomCamera } from "../_shared/camera.js";

const CLOSEST = 60; // highest zoom
const EYE_DISTANCE = 4; // in radii of the points: small is dramatic, large is flat
const TURNS = 48; // rotations about the upright axis in which a box is measured
const MARGIN = { side: 18, end: 30 }; // CSS pixels on both sides, for the names of the axes
const REST = { yaw: -0.6, pitch: 0.32 }; // radians

export class Camera extends ZoomCamera {
  dims = 2;
  centre = [0, 0, 0];
  half = [1, 1, 1]; // half the extent along each axis
  scale = 1; // CSS pixels for a length of 1
  radius = 1;
  edge = 0; // share of the picture that is left free along each edge, besides the room for the names of the axes
  yaw = REST.yaw;
  pitch = REST.pitch;
  #sinYaw = 0;
  #cosYaw = 1;
  #sinPitch = 0;
  #cosPitch = 1;

  constructor() {
    super(CLOSEST);
  }

  /** Return to the automatic view. */
  reset() {
    super.reset();
    this.yaw = REST.yaw;
    this.pitch = REST.pitch;
  }

  /**
   * Aim at a part of space, unless the viewer holds another one.
   * @param {ArrayLike<number>} bounds  low and high along each axis
   * @param {number} dims
   */
  aim(bounds, dims) {
    const box = this.heldBounds ?? bounds;
    this.dims = dims;
    this.current = bounds;
    const { half } = this;
    for (let d = 0; d < dims; d++) {
      this.centre[d] = (box[2 * d] + box[2 * d + 1]) / 2;
      half[d] = (box[2 * d + 1] - box[2 * d]) / 2;
    }
    const free = 1 - 2 * this.edge;
    const width = Math.max(this.width * free - 2 * MARGIN.side, 40) / 2;
    const height = Math.max(this.height * free - 2 * MARGIN.end, 40) / 2;
    this.radius = Math.hypot(...half) * 0.76;
    [this.#sinYaw, this.#cosYaw] = [Math.sin(this.yaw), Math.cos(this.yaw)];
    [this.#sinPitch, this.#cosPitch] = [Math.sin(this.pitch), Math.cos(this.pitch)];
    const [x, y] = dims === 3 ? this.#extent() : half;
    this.scale = Math.min(width / x, height / y) * this.zoom;
  }

  /**
   * Return how far the box reaches to the side and upward at this pitch, in the rotation in which it reaches farthest:
   * the picture keeps its size while it is turned.
   */
  #extent() {
    const [halfX, halfY, halfZ] = this.half;
    const around = Math.hypot(halfX, halfZ); // from the upright axis to every corner
    let [width, height] = [0, 0];
    for (let turn = 0; turn < TURNS; turn++) {
      const angle = (2 * Math.PI * turn) / TURNS;
      const [x, away] = [around * Math.sin(angle), around * Math.cos(angle)];
      for (const y of [-halfY, halfY]) {
        const depth = (this.#sinPitch * y + this.#cosPitch * away) / this.radius;
        const size = EYE_DISTANCE / (EYE_DISTANCE - depth);
        width = Math.max(width, Math.abs(x) * size);
        height = Math.max(height, Math.abs(this.#cosPitch * y - this.#sinPitch * away) * size);
      }
    }
    return [width, height];
  }

  /**
   * Project points to screen coordinates and, in three dimensions, nearness from 0 to 1.
   * @param {ArrayLike<number>} points  (n * dims)
   * @param {Float32Array} x
   * @param {Float32Array} y
   * @param {Float32Array} near
   */
  project(points, x, y, near) {
    const { scale, middleX, middleY } = this;
    const [cx, cy, cz] = this.centre;
    if (this.dims === 2) {
      for (let i = 0; i < x.length; i++) {
        x[i] = middleX + (points[2 * i] - cx) * scale;
        y[i] = middleY - (points[2 * i + 1] - cy) * scale;
      }
      return;
    }
    const { radius } = this;
    const [sinYaw, cosYaw, sinPitch, cosPitch] = [this.#sinYaw, this.#cosYaw, this.#sinPitch, this.#cosPitch];
    for (let i = 0; i < x.length; i++) {
      const px = points[3 * i] - cx;
      const py = points[3 * i + 1] - cy;
      const pz = points[3 * i + 2] - cz;
      const away = cosYaw * pz - sinYaw * px;
      const depth = (sinPitch * py + cosPitch * away) / radius;
      const size = (scale * EYE_DISTANCE) / Math.max(EYE_DISTANCE - depth, 0.2);
      x[i] = middleX + (cosYaw * px + sinYaw * pz) * size;
      y[i] = middleY - (cosPitch * py - sinPitch * away) * size;
      near[i] = Math.min(Math.max(depth * 0.5 + 0.5, 0), 1);
    }
  }

  /**
   * Return the screen coordinates of one point.
   * @param {ArrayLike<number>} point
   * @returns {[number, number]}
   */
  place(point) {
    const x = new Float32Array(1);
    const y = new Float32Array(1);
    this.project(point, x, y, new Float32Array(1));
    return [x[0], y[0]];
  }

  /**
   * Turn the points as a pointer moves.
   * @param {number} dx  CSS pixels
   * @param {number} dy
   */
  turn(dx, dy) {
    this.yaw += dx * 0.008;
    this.pitch = Math.min(Math.max(this.pitch + dy * 0.008, -1.5), 1.5);
  }
}
