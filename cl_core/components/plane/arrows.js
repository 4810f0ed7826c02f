/** Forces as arrows, each at a node of the grid: where descent moves a pair that is there. */

const ARROWS_APART = 24; // CSS pixels between two arrows, at least
const LEAST = 0.14; // of the longest arrow: the weakest force that is one
const SOFT = 0.4; // the power of a force that is the length of its arrow

/**
 * The nodes that have an arrow: about twelve a side, symmetrical, and more as one comes nearer.
 * @param {number} n  nodes along a side
 * @param {import("./view.js").View} view
 * @returns {{step: number, first: number}}
 */
export function arrowNodes(n, view) {
  let step = 1;
  while ((view.side * step) / (n - 1) < ARROWS_APART) step *= 2;
  let first = Math.floor(((n - 1) % step) / 2) + step / 2;
  while (step > 1 && (view.side * view.zoom * step) / 2 / (n - 1) >= ARROWS_APART * 1.4) step /= 2;
  return { step, first: Math.floor(first) % step };
}

/** The length of an arrow, 0 to 1: longer for a stronger force, and 0 for none alone. */
export function reachOf(force, strongest) {
  if (!(force > 0)) return 0;
  return LEAST + (1 - LEAST) * Math.min(force / (strongest || 1), 1) ** SOFT;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./morph.js").Shown} shown
 * @param {{nx: number, ny: number, header: any}} field
 * @param {import("./view.js").View} view
 * @param {string} colour
 */
export function drawArrows(context, shown, field, view, colour) {
  const across = arrowNodes(field.nx, view);
  const up = arrowNodes(field.ny, view);
  const longest = ((view.side * view.zoom * across.step) / (field.nx - 1)) * 0.86;
  const quiver = new Quiver();
  for (let r = up.first; r < field.ny; r += up.step) {
    const y = view.up(r / (field.ny - 1));
    for (let c = across.first; c < field.nx; c += across.step) {
      const x = view.across(c / (field.nx - 1));
      if (!view.holds(x, y)) continue;
      const i = r * field.nx + c;
      const [dx, dy, force] = directionOf(shown.forceX[i], shown.forceY[i], field.header.span);
      const length = longest * reachOf(force, shown.strongest);
      if (length) quiver.arrow(x - (dx * length) / 2, y - (dy * length) / 2, dx, dy, length, 1);
      else quiver.dot(x, y, 1.7);
    }
  }
  quiver.draw(context, colour, 1.6);
}

/** Which way a force points on the screen, and how strong it is. */
export function directionOf(forceX, forceY, [left, right, bottom, top]) {
  const dx = forceX / (right - left);
  const dy = -forceY / (top - bottom);
  const far = Math.hypot(dx, dy) || 1;
  return [dx / far, dy / far, Math.hypot(forceX, forceY)];
}

/** Many arrows in one stroke. */
export class Quiver {
  constructor() {
    this.shafts = new Path2D();
    this.heads = new Path2D();
  }

  /** An arrow from (x, y), `length` long. */
  arrow(x, y, dx, dy, length, size) {
    const head = Math.min(7.5 * size, length * 0.55);
    const half = head * 0.42;
    const [tipX, tipY] = [x + dx * length, y + dy * length];
    const [neckX, neckY] = [tipX - dx * head, tipY - dy * head];
    this.shafts.moveTo(x, y);
    this.shafts.lineTo(neckX, neckY);
    this.heads.moveTo(tipX, tipY);
    this.heads.lineTo(neckX - dy * half, neckY + dx * half);
    this.heads.lineTo(neckX + dy * half, neckY - dx * half);
    this.heads.closePath();
  }

  dot(x, y, radius) {
    this.heads.moveTo(x + radius, y);
    this.heads.arc(x, y, radius, 0, 2 * Math.PI);
  }

  draw(context, colour, width, halo = "", rim = 0) {
    context.lineCap = "round";
    context.lineJoin = "round";
    if (halo) {
      context.strokeStyle = halo;
      context.lineWidth = width + 2 * rim;
      context.stroke(this.shafts);
      context.lineWidth = 2 * rim;
      context.stroke(this.heads);
    }
    context.strokeStyle = colour;
    context.fillStyle = colour;
    context.lineWidth = width;
    context.stroke(this.shafts);
    context.fill(this.heads);
  }
}
