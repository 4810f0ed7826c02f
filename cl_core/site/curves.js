/** Two small charts below the picture, over the same steps: the loss of each batch, and the accuracy of the probe images. */

import { createSvg } from "../components/_shared/svg.js";
import { multiplesWithin, roundStep } from "../components/_shared/ticks.js";

/** @import { Frame, References } from "../components/trainer/run.js" */

const HEIGHT = 130;
const LEFT = 56;
const RIGHT = 16;
const BOTTOM = 26;
const TOP = 10;
const LABEL = 13; // from a line down to its name
const DRAWN = 600; // points of a curve, at most
const TICKS = { x: 120, y: 30 }; // CSS pixels from one to the next, about

/**
 * @typedef {object} Series
 * @property {string} name
 * @property {[number, number][]} points  step and value
 * @property {(value: number) => string} format
 * @property {number} [top]  highest value; that of the curve if missing
 * @property {{name: string, value: number}[]} lines  to compare with
 */

export class Curves {
  #root;
  /** @type {Series} */
  #loss = { name: "loss of the batch", points: [], format: (value) => String(value), lines: [] };
  /** @type {Series} */
  #knn = { name: "kNN accuracy", points: [], format: (value) => `${(100 * value).toFixed(0)} %`, top: 1, lines: [] };

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.clear();
    new ResizeObserver(() => this.draw()).observe(root);
  }

  clear() {
    this.#loss.points = [];
    this.#knn.points = [];
    this.draw();
  }

  /** @param {Frame} frame */
  add({ step, losses, metrics }) {
    const first = step - losses.length;
    losses.forEach((loss, index) => this.#loss.points.push([first + index, loss]));
    this.#knn.points.push([step, metrics.knn]);
    this.draw();
  }

  /** @param {References} references */
  compare({ collapse, floor }) {
    const lines = [
      { name: "all in one point", value: collapse },
      { name: "perfect classes", value: floor },
    ];
    this.#loss.lines = lines.filter(({ value }) => Number.isFinite(value));
    this.draw();
  }

  draw() {
    const steps = Math.max(this.#knn.points.at(-1)?.[0] ?? 0, 10);
    this.#root.replaceChildren(...[this.#loss, this.#knn].map((series) => chartOf(series, steps, this.#root.clientWidth || 720)));
  }
}

/**
 * @param {Series} series
 * @param {number} steps  at the right end
 * @param {number} width  CSS pixels
 */
function chartOf({ name, points, format, top, lines }, steps, width) {
  const values = [...points.map(([, value]) => value), ...lines.map(({ value }) => value)];
  const highest = top ?? (Math.max(...values, 0) || 1);
  const lowest = Math.min(...values, 0);
  const x = (/** @type {number} */ step) => LEFT + ((width - LEFT - RIGHT) * step) / steps;
  const y = (/** @type {number} */ value) =>
    HEIGHT - BOTTOM - ((HEIGHT - BOTTOM - TOP) * (value - lowest)) / (highest - lowest);
  const figure = document.createElement("figure");
  const caption = Object.assign(document.createElement("figcaption"), { textContent: name });
  const latest = points.at(-1);
  const compared = lines.map(({ name, value }) => `; ${name}: ${format(Number(value.toPrecision(3)))}`).join("");
  const label = latest ? `${name}: ${format(Number(latest[1].toPrecision(3)))} at step ${latest[0]}` : `${name}: no steps yet`;

  const chart = createSvg("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label + compared });
  for (const value of multiplesWithin(lowest, highest, roundStep(((highest - lowest) * TICKS.y) / (HEIGHT - BOTTOM - TOP)))) {
    chart.append(createSvg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }));
    chart.append(createSvg("text", { x: LEFT - 6, y: y(value) + 4, "text-anchor": "end" }, format(value)));
  }
  for (const step of multiplesWithin(0, steps, Math.max(roundStep((steps * TICKS.x) / width), 1))) {
    chart.append(createSvg("text", { x: x(step), y: HEIGHT - 6, "text-anchor": "middle" }, step.toLocaleString("en")));
  }
  for (const { value } of lines) {
    chart.append(createSvg("line", { class: "compared", x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value) }));
  }
  const line = thinned(points).map(([step, value]) => `${x(step).toFixed(1)},${y(value).toFixed(1)}`);
  chart.append(createSvg("polyline", { points: line.join(" ") }));
  for (const { name, value } of lines) {
    const below = y(value) < HEIGHT - BOTTOM - LABEL; // else it would lie on the numbers of the axis
    const place = { x: width - RIGHT, y: y(value) + (below ? LABEL : -4), "text-anchor": "end" };
    chart.append(createSvg("text", place, name));
  }
  figure.append(caption, chart);
  return figure;
}

/**
 * Return means of neighbours where there are too many points to draw.
 * @param {[number, number][]} points
 */
function thinned(points) {
  const size = Math.ceil(points.length / DRAWN);
  if (size <= 1) return points;
  return Array.from({ length: Math.ceil(points.length / size) }, (_, part) => {
    const some = points.slice(part * size, (part + 1) * size);
    /** @param {0 | 1} axis */
    const mean = (axis) => some.reduce((total, point) => total + point[axis], 0) / some.length;
    return [mean(0), mean(1)];
  });
}
