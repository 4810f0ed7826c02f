/** Around the square: its edge, ticks with their numbers, and the names of the two axes. */

import { css, mix } from "../_shared/colour.js";
import { withMinus } from "../_shared/format.js";
import { multiplesWithin, roundStep } from "../_shared/ticks.js";

/**
 * @import { Header } from "./field.js"
 * @import { View } from "./view.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const TICK_DISTANCE = 58; // CSS pixels between two ticks, about
const DEGREE_DISTANCE = 44;
const TICK = 5; // CSS pixels
const DEGREES = [1, 2, 5, 10, 15, 30, 45, 90, 180];

/**
 * @param {CanvasRenderingContext2D} context
 * @param {View} view
 * @param {Header} header
 * @param {Theme} theme
 */
export function drawAxes(context, view, header, theme) {
  const { left, top, side } = view;
  const [x0, x1, y0, y1] = header.span;
  const bottom = top + side;
  context.strokeStyle = css(mix(theme.background, theme.text, 0.55));
  context.lineWidth = 1;
  context.strokeRect(left, top, side, side);
  context.beginPath();
  context.fillStyle = css(mix(theme.background, theme.text, 0.86));
  context.font = `500 ${14 * theme.scale}px ${theme.font}`;
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const tick of ticksOf(x0, x1, view, header.unit)) {
    const x = view.toX((tick - x0) / (x1 - x0));
    if (x < left - 0.5 || x > left + side + 0.5) continue;
    context.moveTo(x, bottom);
    context.lineTo(x, bottom + TICK);
    context.fillText(tickText(tick, header.unit), x, bottom + TICK + 4);
  }
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const tick of ticksOf(y0, y1, view, header.unit)) {
    const y = view.toY((tick - y0) / (y1 - y0));
    if (y < top - 0.5 || y > bottom + 0.5) continue;
    context.moveTo(left, y);
    context.lineTo(left - TICK, y);
    context.fillText(tickText(tick, header.unit), left - TICK - 4, y + 1);
  }
  context.stroke();
  drawNames(context, view, header.axes, theme);
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {View} view
 * @param {[string, string]} axes
 * @param {Theme} theme
 */
function drawNames(context, view, [xName, yName], theme) {
  const { left, top, side } = view;
  context.fillStyle = css(theme.text);
  context.textAlign = "center";
  context.textBaseline = "middle";
  fitFont(context, [xName, yName], side + 24, theme);
  context.fillText(xName, left + side / 2, top + side + 38 * theme.scale);
  context.save();
  context.translate(12 * theme.scale, top + side / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(yName, 0, 0);
  context.restore();
}

/**
 * Set the largest of a few sizes in which all texts fit a width.
 * @param {CanvasRenderingContext2D} context
 * @param {string[]} texts
 * @param {number} width
 * @param {Theme} theme
 */
function fitFont(context, texts, width, { font, scale }) {
  for (let size = 16; size >= 13; size--) {
    context.font = `600 ${size * scale}px ${font}`;
    if (texts.every((text) => context.measureText(text).width <= width)) return;
  }
}

/**
 * Return the ticks of an axis; some of them may be outside the view.
 * @param {number} low
 * @param {number} high
 * @param {{side: number, zoom: number, scale: number}} view
 * @param {string} unit
 */
export function ticksOf(low, high, view, unit) {
  const degrees = unit === "°";
  const distance = (degrees ? DEGREE_DISTANCE : TICK_DISTANCE) * view.scale;
  const least = ((high - low) * distance) / (view.side * view.zoom);
  const step = (degrees && DEGREES.find((each) => each >= least)) || roundStep(least);
  return multiplesWithin(low, high, step);
}

/**
 * @param {number} tick
 * @param {string} unit
 */
function tickText(tick, unit) {
  return withMinus(String(tick)) + unit;
}
