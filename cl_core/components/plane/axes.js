/** What is around the square: its edge, ticks with their numbers, and the names of the two axes. */

import { roundStep } from "./levels.js";
import { css, mix } from "../_shared/_old/theme.js";

const TICKS_APART = 58; // CSS pixels between two ticks, about
const DEGREES_APART = 44;
const TICK = 5;
const DEGREES = [1, 2, 5, 10, 15, 30, 45, 90, 180];

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./view.js").View} view
 * @param {any} header  of a field
 * @param {import("../_shared/_old/theme.js").Theme} theme
 */
export function drawAxes(context, view, header, theme) {
  const { left, top, side } = view;
  const [x0, x1, y0, y1] = header.span;
  const bottom = top + side;
  context.strokeStyle = css(mix(theme.paper, theme.text, 0.55));
  context.lineWidth = 1;
  context.strokeRect(left, top, side, side);
  context.beginPath();
  context.fillStyle = css(mix(theme.paper, theme.text, 0.86));
  context.font = `500 ${14 * theme.scale}px ${theme.font}`;
  context.textBaseline = "top";
  context.textAlign = "center";
  for (const tick of ticks(x0, x1, view, header.unit)) {
    const x = view.across((tick - x0) / (x1 - x0));
    if (x < left - 0.5 || x > left + side + 0.5) continue;
    context.moveTo(x, bottom);
    context.lineTo(x, bottom + TICK);
    context.fillText(tickText(tick, header.unit), x, bottom + TICK + 4);
  }
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const tick of ticks(y0, y1, view, header.unit)) {
    const y = view.up((tick - y0) / (y1 - y0));
    if (y < top - 0.5 || y > bottom + 0.5) continue;
    context.moveTo(left, y);
    context.lineTo(left - TICK, y);
    context.fillText(tickText(tick, header.unit), left - TICK - 4, y + 1);
  }
  context.stroke();
  drawNames(context, view, header.axes, theme);
}

function drawNames(context, view, [across, up], theme) {
  const { left, top, side } = view;
  context.fillStyle = css(theme.text);
  context.textAlign = "center";
  context.textBaseline = "middle";
  fitFont(context, [across, up], side + 24, theme);
  context.fillText(across, left + side / 2, top + side + 38 * theme.scale);
  context.save();
  context.translate(12 * theme.scale, top + side / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(up, 0, 0);
  context.restore();
}

/** The largest type, within reason, in which all texts fit a width. */
function fitFont(context, texts, width, { font, scale }) {
  for (let size = 16; size >= 13; size--) {
    context.font = `600 ${size * scale}px ${font}`;
    if (texts.every((text) => context.measureText(text).width <= width)) return;
  }
}

function ticks(low, high, view, unit) {
  const round = unit === "°";
  const least = ((high - low) * (round ? DEGREES_APART : TICKS_APART) * view.scale) / (view.side * view.zoom);
  const step = (round && DEGREES.find((degrees) => degrees >= least)) || roundStep(least);
  const [k0, k1] = [Math.ceil(low / step - 1e-6), Math.floor(high / step + 1e-6)];
  return Array.from({ length: k1 - k0 + 1 }, (_, k) => Number(((k0 + k) * step).toPrecision(9)));
}

function tickText(tick, unit) {
  return String(tick).replace("-", "−") + unit;
}
