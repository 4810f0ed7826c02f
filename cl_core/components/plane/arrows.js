/** Forces as arrows, each at a node of the grid: where descent moves a pair that is there. */

/**
 * @import { Shown } from "./blend.js"
 * @import { Field, Span } from "./field.js"
 * @import { View } from "./view.js"
 */

const ARROW_DISTANCE = 24; // CSS pixels between two arrows, at least
const SHORTEST = 0.14; // of the longest arrow: that of the weakest force
const EXPONENT = 0.4; // of a force in the length of its arrow

/**
 * Choose the nodes that have an arrow: about twelve a side, symmetrical, and more with the zoom.
 * @param {number} n  nodes along a side
 * @param {{side: number, zoom: number}} view
 * @returns {{step: number, first: number}}
 */
export function arrowNodes(n, view) {
  let step = 1;
  while ((view.side * step) / (n - 1) < ARROW_DISTANCE) step *= 2;
  const first = Math.floor(((n - 1) % step) / 2) + step / 2;
  while (step > 1 && (view.side * view.zoom * step) / 2 / (n - 1) >= ARROW_DISTANCE * 1.4) step /= 2;
  return { step, first: Math.floor(first) % step };
}

/**
 * Return the length of an arrow, 0 to 1: longer for a stronger force, and 0 only for no force.
 * @param {number} force
 * @param {number} strongest
 */
export function arrowLength(force, strongest) {
  if (!(force > 0)) return 0;
  return SHORTEST + (1 - SHORTEST) * Math.min(force / (strongest || 1), 1) ** EXPONENT;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Shown} shown
 * @param {Field} field
 * @param {View} view
 * @param {string} colour
 */
export function drawArrows(context, shown, field, view, colour) {
  const columns = arrowNodes(field.nx, view);
  const rows = arrowNodes(field.ny, view);
  const longest = ((view.side * view.zoom * columns.step) / (field.nx - 1)) * 0.86;
  const arrows = new ArrowBatch();
  for (let r = rows.first; r < field.ny; r += rows.step) {
    const y = view.toY(r / (field.ny - 1));
    for (let c = columns.first; c < field.nx; c += columns.step) {
      const x = view.toX(c / (field.nx - 1));
      if (!view.contains(x, y)) continue;
      const i = r * field.nx + c;
      const { dx, dy, force } = directionOf(shown.forceX[i], shown.forceY[i], field.header.span);
      const length = longest * arrowLength(force, shown.strongest);
      if (length) arrows.add(x - (dx * length) / 2, y - (dy * length) / 2, dx, dy, length, 1);
      else arrows.addDot(x, y, 1.7);
    }
  }
  arrows.draw(context, colour, 1.6);
}

/**
 * Return the direction of a force on the screen, of length 1, and its strength.
 * @param {number} forceX
 * @param {number} forceY
 * @param {Span} span
 */
export function directionOf(forceX, forceY, [left, right, bottom, top]) {
  const dx = forceX / (right - left);
  const dy = -forceY / (top - bottom);
  const length = Math.hypot(dx, dy) || 1;
  return { dx: dx / length, dy: dy / length, force: Math.hypot(forceX, forceY) };
}

/** Many arrows that are drawn at once. */
export class ArrowBatch {
  #shafts = new Path2D();
  #heads = new Path2D();

  /**
   * Add an arrow from (x, y) in a direction.
   * @param {number} x
   * @param {number} y
   * @param {number} dx
   * @param {number} dy
   * @param {number} length
   * @param {number} size  of the head
   */
  add(x, y, dx, dy, length, size) {
    const head = Math.min(7.5 * size, length * 0.55);
    const half = head * 0.42;
    const [tipX, tipY] = [x + dx * length, y + dy * length];
    const [neckX, neckY] = [tipX - dx * head, tipY - dy * head];
    this.#shafts.moveTo(x, y);
    this.#shafts.lineTo(neckX, neckY);
    this.#heads.moveTo(tipX, tipY);
    this.#heads.lineTo(neckX - dy * half, neckY + dx * half);
    this.#heads.lineTo(neckX + dy * half, neckY - dx * half);
    this.#heads.closePath();
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} radius
   */
  addDot(x, y, radius) {
    this.#heads.moveTo(x + radius, y);
    this.#heads.arc(x, y, radius, 0, 2 * Math.PI);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {string} colour
   * @param {number} width
   * @param {string} [halo]  colour around the arrows
   * @param {number} [haloWidth]
   */
  draw(context, colour, width, halo = "", haloWidth = 0) {
    context.lineCap = "round";
    context.lineJoin = "round";
    if (halo) {
      context.strokeStyle = halo;
      context.lineWidth = width + 2 * haloWidth;
      context.stroke(this.#shafts);
      context.lineWidth = 2 * haloWidth;
      context.stroke(this.#heads);
    }
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = width;
    context.stroke(this.#shafts);
    context.fill(this.#heads);
  }
}
