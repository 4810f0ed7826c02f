/** Gradient steps of the points: where they go, and what stood before the first of them. */

import { dropped } from "./space.js";

/**
 * @import { Measured } from "./measured.js"
 * @import { Bounds, Place } from "./space.js"
 */

export const RATE = 0.01; // learning rate of a step
const STILL = 1e-4; // length of a force below which a point rests

/**
 * Return where a gradient step moves the points.
 * @param {Place[]} points
 * @param {Place[]} forces  minus the gradient
 * @param {Bounds} bounds
 * @returns {Place[]}
 */
export function afterStep(points, forces, bounds) {
  return points.map(([x, y], i) => dropped([x + RATE * forces[i][0], y + RATE * forces[i][1]], bounds));
}

/**
 * Return whether no force moves a point.
 * @param {Place[]} forces
 */
export function atRest(forces) {
  return forces.every((force) => Math.hypot(...force) < STILL);
}

/** Gradient steps since a visitor has placed the points. */
export class Descent {
  steps = 0;
  /** @type {{points: Place[], measured: Measured} | null} before the first step */
  before = null;

  /**
   * Note a step.
   * @param {Place[]} points  before it
   * @param {Measured} measured
   */
  add(points, measured) {
    this.before ??= { points, measured };
    this.steps += 1;
  }

  clear() {
    this.steps = 0;
    this.before = null;
  }
}
