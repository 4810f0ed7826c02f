/** What stands at single places of the plane: pairs, marks, and the cross-hair with the force at its node. */

import { directionOf, Quiver, reachOf } from "./arrows.js";
import { css, mix } from "../_shared/_old/theme.js";

const SATISFIED = 0; // the places of the colours in the palette
const VIOLATED = 1;

/**
 * @typedef {object} Cross
 * @property {number} i     the node's number
 * @property {number} u
 * @property {number} v
 * @property {boolean} kept
 */

/** Real pairs: full diamonds where violated, rings where satisfied, so that colour is not alone. */
export function drawPairs(context, theme, pairs, violated, view) {
  const count = pairs.length / 2;
  const radius = pairRadius(count, view);
  const rim = radius < 3.4 ? 0.8 : 2;
  const [fulls, rings] = [new Path2D(), new Path2D()];
  for (let i = 0; i < count; i++) {
    const [x, y] = [view.across(pairs[2 * i]), view.up(pairs[2 * i + 1])];
    if (!view.holds(x, y, radius)) continue;
    if (violated?.[i]) diamond(fulls, x, y, radius * 1.25);
    else circle(rings, x, y, radius * 0.9);
  }
  const plain = mix(theme.paper, theme.text, 0.8);
  context.lineWidth = 1.7 + rim;
  context.strokeStyle = css(theme.paper);
  context.globalAlpha = 0.8;
  context.stroke(rings);
  context.globalAlpha = 1;
  context.fillStyle = css(theme.paper);
  context.fill(rings);
  context.lineWidth = radius < 3.4 ? 1.4 : 1.9;
  context.strokeStyle = css(violated ? theme.classes[SATISFIED] : plain);
  context.stroke(rings);
  context.lineWidth = rim;
  context.strokeStyle = css(theme.paper);
  context.stroke(fulls);
  context.fillStyle = css(theme.classes[VIOLATED]);
  context.fill(fulls);
}

/** A star, a cross or a dot. */
export function drawMark(context, theme, { role, u, v, alpha }, view) {
  const [x, y] = [view.across(u), view.up(v)];
  if (!view.holds(x, y, 1)) return;
  context.globalAlpha = alpha;
  const shape = new Path2D();
  if (role === "target") star(shape, x, y, 10);
  else if (role === "centre") plus(shape, x, y, 6);
  else circle(shape, x, y, 4.5);
  context.lineJoin = context.lineCap = "round";
  context.strokeStyle = css(theme.paper);
  context.lineWidth = role === "centre" ? 6 : 5;
  context.stroke(shape);
  context.strokeStyle = context.fillStyle = css(theme.text);
  context.lineWidth = 2.2;
  if (role === "centre") context.stroke(shape);
  else context.fill(shape);
  context.globalAlpha = 1;
}

/** The cross-hair at its node, and the force there. */
export function drawCross(context, theme, { i, u, v, kept }, shown, field, view) {
  const [x, y] = [view.across(u), view.up(v)];
  if (!view.holds(x, y, 1)) return;
  const ink = css(theme.text);
  const paper = css(theme.paper);
  const hair = new Path2D();
  hair.moveTo(view.left, y);
  hair.lineTo(view.left + view.side, y);
  hair.moveTo(x, view.top);
  hair.lineTo(x, view.top + view.side);
  for (const [colour, width, alpha] of [
    [paper, 3, 0.6],
    [ink, 1.2, 0.85],
  ]) {
    context.globalAlpha = alpha;
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(kept || colour === paper ? [] : [5, 4]);
    context.stroke(hair);
  }
  context.globalAlpha = 1;
  context.setLineDash([]);
  const [dx, dy, force] = directionOf(shown.forceX[i], shown.forceY[i], field.header.span);
  const reach = reachOf(force, shown.strongest);
  if (reach) {
    const quiver = new Quiver();
    const room = Math.max(roomFor(x, y, dx, dy, view), 24); // the head is to be seen too
    quiver.arrow(x, y, dx, dy, Math.min(16 + 74 * reach, room), 2);
    quiver.draw(context, ink, 4, paper, 2.5);
  }
  const node = new Path2D();
  const colour = field.violated ? theme.classes[field.violated[i] ? VIOLATED : SATISFIED] : theme.text;
  if (field.violated?.[i]) diamond(node, x, y, 8.5);
  else circle(node, x, y, 6.5);
  context.strokeStyle = paper;
  context.lineWidth = 5;
  context.stroke(node);
  context.fillStyle = css(colour);
  context.fill(node);
  if (!kept) return;
  context.strokeStyle = ink;
  context.lineWidth = 2;
  context.stroke(node);
}

/** How far one can go from (x, y) before one leaves the square. */
function roomFor(x, y, dx, dy, { left, top, side }) {
  const across = dx > 0 ? (left + side - x) / dx : dx < 0 ? (left - x) / dx : Infinity;
  const down = dy > 0 ? (top + side - y) / dy : dy < 0 ? (top - y) / dy : Infinity;
  return Math.min(across, down);
}

/** Pairs are smaller where they are many, and where there is little room. */
function pairRadius(count, view) {
  const radius = 5.4 * (60 / Math.max(count, 60)) ** 0.22 * Math.sqrt(view.side / 440) * view.zoom ** 0.2;
  return Math.min(Math.max(radius, 1.8), 6);
}

function circle(path, x, y, radius) {
  path.moveTo(x + radius, y);
  path.arc(x, y, radius, 0, 2 * Math.PI);
}

function diamond(path, x, y, radius) {
  path.moveTo(x, y - radius);
  path.lineTo(x + radius, y);
  path.lineTo(x, y + radius);
  path.lineTo(x - radius, y);
  path.closePath();
}

function plus(path, x, y, radius) {
  path.moveTo(x - radius, y);
  path.lineTo(x + radius, y);
  path.moveTo(x, y - radius);
  path.lineTo(x, y + radius);
}

function star(path, x, y, radius) {
  for (let k = 0; k < 10; k++) {
    const far = k % 2 ? radius * 0.45 : radius;
    const angle = (k * Math.PI) / 5 - Math.PI / 2;
    path.lineTo(x + far * Math.cos(angle), y + far * Math.sin(angle));
  }
  path.closePath();
}
