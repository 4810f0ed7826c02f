/** What is drawn at single places of the plane: pairs, marks, and the cross-hair with the force at its node. */

import { ArrowBatch, arrowLength, directionOf } from "./arrows.js";
import { css, mix } from "../_shared/colour.js";

/**
 * @import { Shown } from "./blend.js"
 * @import { Field, MarkRole } from "./field.js"
 * @import { Reading } from "./grid.js"
 * @import { View } from "./view.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const SATISFIED = 0; // indices of the colours in the palette
const VIOLATED = 1;

const LINE = 2.2; // CSS pixels
const HALO = 2.5; // CSS pixels of background around a mark
/** @type {Record<MarkRole, number>} CSS pixels from the middle of a mark to its tips */
const REACH = { target: 10, centre: 6, corner: 4.5 };

/** @typedef {Reading & {kept: boolean}} Cross  the cross-hair's node; `kept`: whether it is pinned */

/**
 * Draw real pairs: full diamonds where violated, rings where satisfied, so that they differ in more than colour.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Float32Array} pairs
 * @param {Uint8Array | null} violated
 * @param {View} view
 */
export function drawPairs(context, theme, pairs, violated, view) {
  const count = pairs.length / 2;
  const radius = pairRadius(count, view);
  const rim = radius < 3.4 ? 0.8 : 2;
  const [diamonds, rings] = [new Path2D(), new Path2D()];
  for (let i = 0; i < count; i++) {
    const [x, y] = [view.toX(pairs[2 * i]), view.toY(pairs[2 * i + 1])];
    if (!view.contains(x, y, radius)) continue;
    if (violated?.[i]) addDiamond(diamonds, x, y, radius * 1.25);
    else addCircle(rings, x, y, radius * 0.9);
  }
  const plain = mix(theme.background, theme.text, 0.8);
  context.lineWidth = 1.7 + rim;
  context.strokeStyle = css(theme.background);
  context.globalAlpha = 0.8;
  context.stroke(rings);
  context.globalAlpha = 1;
  context.fillStyle = css(theme.background);
  context.fill(rings);
  context.lineWidth = radius < 3.4 ? 1.4 : 1.9;
  context.strokeStyle = css(violated ? theme.classes[SATISFIED] : plain);
  context.stroke(rings);
  context.lineWidth = rim;
  context.strokeStyle = css(theme.background);
  context.stroke(diamonds);
  context.fillStyle = css(theme.classes[VIOLATED]);
  context.fill(diamonds);
}

/**
 * Return the side of the square that a mark covers, in CSS pixels.
 * @param {MarkRole} role
 */
export function markSize(role) {
  return 2 * (REACH[role] + HALO);
}

/**
 * Draw a mark: a star, a cross or a dot.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Shown["marks"][number]} mark
 * @param {View} view
 */
export function drawMark(context, theme, { role, u, v, alpha }, view) {
  const [x, y] = [view.toX(u), view.toY(v)];
  if (!view.contains(x, y, 1)) return;
  context.globalAlpha = alpha;
  const shape = new Path2D();
  if (role === "target") addStar(shape, x, y, REACH.target);
  else if (role === "centre") addPlus(shape, x, y, REACH.centre);
  else addCircle(shape, x, y, REACH.corner);
  context.lineJoin = context.lineCap = "round";
  context.strokeStyle = css(theme.background);
  context.lineWidth = 2 * HALO + (role === "centre" ? 1 : 0);
  context.stroke(shape);
  context.strokeStyle = context.fillStyle = css(theme.text);
  context.lineWidth = LINE;
  if (role === "centre") context.stroke(shape);
  else context.fill(shape);
  context.globalAlpha = 1;
}

/**
 * Draw the cross-hair at its node, and the force there.
 * @param {CanvasRenderingContext2D} context
 * @param {Theme} theme
 * @param {Cross} cross
 * @param {Shown} shown
 * @param {Field} field
 * @param {View} view
 */
export function drawCross(context, theme, { i, u, v, kept }, shown, field, view) {
  const [x, y] = [view.toX(u), view.toY(v)];
  if (!view.contains(x, y, 1)) return;
  const text = css(theme.text);
  const background = css(theme.background);
  const hair = new Path2D();
  hair.moveTo(view.left, y);
  hair.lineTo(view.left + view.side, y);
  hair.moveTo(x, view.top);
  hair.lineTo(x, view.top + view.side);
  for (const { colour, width, alpha } of [
    { colour: background, width: 3, alpha: 0.6 },
    { colour: text, width: 1.2, alpha: 0.85 },
  ]) {
    context.globalAlpha = alpha;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(kept || colour === background ? [] : [5, 4]);
    context.stroke(hair);
  }
  context.globalAlpha = 1;
  context.setLineDash([]);
  const { dx, dy, force } = directionOf(shown.forceX[i], shown.forceY[i], field.header.span);
  const length = arrowLength(force, shown.strongest);
  if (length) {
    const arrows = new ArrowBatch();
    const room = Math.max(roomFrom(x, y, dx, dy, view), 24); // the head is to be seen too
    arrows.add(x, y, dx, dy, Math.min(16 + 74 * length, room), 2);
    arrows.draw(context, text, 4, background, 2.5);
  }
  const node = new Path2D();
  const colour = field.violated ? theme.classes[field.violated[i] ? VIOLATED : SATISFIED] : theme.text;
  if (field.violated?.[i]) addDiamond(node, x, y, 8.5);
  else addCircle(node, x, y, 6.5);
  context.strokeStyle = background;
  context.lineWidth = 5;
  context.stroke(node);
  context.fillStyle = css(colour);
  context.fill(node);
  if (!kept) return;
  context.strokeStyle = text;
  context.lineWidth = 2;
  context.stroke(node);
}

/**
 * Return how far one can go from (x, y) in a direction before one leaves the square.
 * @param {number} x
 * @param {number} y
 * @param {number} dx
 * @param {number} dy
 * @param {View} view
 */
function roomFrom(x, y, dx, dy, { left, top, side }) {
  const horizontal = dx > 0 ? (left + side - x) / dx : dx < 0 ? (left - x) / dx : Infinity;
  const vertical = dy > 0 ? (top + side - y) / dy : dy < 0 ? (top - y) / dy : Infinity;
  return Math.min(horizontal, vertical);
}

/**
 * Return the radius of a pair: smaller where they are many, and where there is little room.
 * @param {number} count
 * @param {View} view
 */
function pairRadius(count, view) {
  const radius = 5.4 * (60 / Math.max(count, 60)) ** 0.22 * Math.sqrt(view.side / 440) * view.zoom ** 0.2;
  return Math.min(Math.max(radius, 1.8), 6);
}

/**
 * @param {Path2D} path
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function addCircle(path, x, y, radius) {
  path.moveTo(x + radius, y);
  path.arc(x, y, radius, 0, 2 * Math.PI);
}

/**
 * @param {Path2D} path
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function addDiamond(path, x, y, radius) {
  path.moveTo(x, y - radius);
  path.lineTo(x + radius, y);
  path.lineTo(x, y + radius);
  path.lineTo(x - radius, y);
  path.closePath();
}

/**
 * @param {Path2D} path
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function addPlus(path, x, y, radius) {
  path.moveTo(x - radius, y);
  path.lineTo(x + radius, y);
  path.moveTo(x, y - radius);
  path.lineTo(x, y + radius);
}

/**
 * @param {Path2D} path
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
function addStar(path, x, y, radius) {
  for (let k = 0; k < 10; k++) {
    const distance = k % 2 ? radius * 0.45 : radius;
    const angle = (k * Math.PI) / 5 - Math.PI / 2;
    path.lineTo(x + distance * Math.cos(angle), y + distance * Math.sin(angle));
  }
  path.closePath();
}
