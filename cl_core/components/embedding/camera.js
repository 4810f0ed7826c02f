/** From data coordinates to the screen: a flat map in two dimensions, a turntable with mild perspective in three. */

import { ZoomCamera } from "../_shared/_old/camera.js";

const CLOSEST = 60;
const NEAR = 4; // distance of the eye in radii of the cloud: small is dramatic, large is flat
const MARGIN = { side: 18, end: 30 }; // room, on both sides, for the names of the axes, in CSS pixels
const REST = { yaw: -0.6, pitch: 0.32 };

export class Camera extends ZoomCamera {
  constructor() {
    super(CLOSEST);
    this.dims = 2;
    this.centre = [0, 0, 0];
    this.half = [1, 1, 1]; // half the extent along each axis
    this.scale = 1;
    this.radius = 1;
  }

  /** Back to the automatic view. */
  reset() {
    super.reset();
    this.yaw = REST.yaw;
    this.pitch = REST.pitch;
  }

  /** Aim at a part of space, [low, high] along each axis, unless the user holds another one. */
  aim(view, dims) {
    const box = this.held ?? view;
    this.dims = dims;
    this.current = view;
    const half = this.half;
    for (let d = 0; d < dims; d++) {
      this.centre[d] = (box[2 * d] + box[2 * d + 1]) / 2;
      half[d] = (box[2 * d + 1] - box[2 * d]) / 2;
    }
    const width = Math.max(this.width - 2 * MARGIN.side, 40) / 2;
    const height = Math.max(this.height - 2 * MARGIN.end, 40) / 2;
    this.radius = Math.hypot(...half) * 0.76;
    const fit = dims === 3 ? Math.min(width, height) / this.radius : Math.min(width / half[0], height / half[1]);
    this.scale = fit * this.zoom;
    [this.sinYaw, this.cosYaw] = [Math.sin(this.yaw), Math.cos(this.yaw)];
    [this.sinPitch, this.cosPitch] = [Math.sin(this.pitch), Math.cos(this.pitch)];
  }

  /**
   * Project (n * dims) data coordinates to screen coordinates and, in three dimensions, nearness from 0 to 1.
   * @param {ArrayLike<number>} points
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
    const { sinYaw, cosYaw, sinPitch, cosPitch, radius } = this;
    for (let i = 0; i < x.length; i++) {
      const px = points[3 * i] - cx;
      const py = points[3 * i + 1] - cy;
      const pz = points[3 * i + 2] - cz;
      const away = cosYaw * pz - sinYaw * px;
      const depth = (sinPitch * py + cosPitch * away) / radius;
      const size = (scale * NEAR) / Math.max(NEAR - depth, 0.2);
      x[i] = middleX + (cosYaw * px + sinYaw * pz) * size;
      y[i] = middleY - (cosPitch * py - sinPitch * away) * size;
      near[i] = Math.min(Math.max(depth * 0.5 + 0.5, 0), 1);
    }
  }

  /** Screen coordinates of one point. */
  place(...point) {
    const x = new Float32Array(1);
    const y = new Float32Array(1);
    this.project(point, x, y, new Float32Array(1));
    return [x[0], y[0]];
  }

  /** Turn the cloud under the finger; (dx, dy) in CSS pixels. */
  turn(dx, dy) {
    this.yaw += dx * 0.008;
    this.pitch = Math.min(Math.max(this.pitch + dy * 0.008, -1.5), 1.5);
  }
}
