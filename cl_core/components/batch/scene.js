/** The batch in the plane: pictures, the force on each as an arrow, and the bonds of the one that is looked at. */

import { keepApart } from "../_shared/_old/labels.js";
import { css, mix } from "../_shared/_old/theme.js";
import { isShort } from "./tiles.js";

const TILE = 26; // CSS pixels of a picture in a plane of 460
const DIAMOND = 1.25; // the diagonal of a class weight in tiles
const LONG = 0.2; // of the extent: longer arrows begin to be shortened,
const LONGEST = 0.25; // and none is longer than this
const BROAD = 6.5; // CSS pixels of the strongest bond
const SHORTEST = 3; // CSS pixels of an arrow that is drawn at all

export class Scene {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.x = [];
    this.y = [];
    this.arrows = [];
    this.names = []; // the class weights' names that stand beside them
  }

  /** Fit the canvas to that size, with `ratio` pixels to each of the page. */
  resize(width, height, ratio) {
    this.ratio = ratio;
    this.width = width;
    this.height = height;
    this.canvas.width = Math.max(Math.round(width * this.ratio), 1);
    this.canvas.height = Math.max(Math.round(height * this.ratio), 1);
  }

  /**
   * Draw one moment.
   * @param {Record<string, Float32Array>} now  points, arrows, trail, weights, extent
   * @param {{bonds: import("./bonds.js").Bonds, camera: import("./camera.js").Camera,
   *   theme: import("../_shared/_old/theme.js").Theme, tiles: import("./tiles.js").Tiles, inks: {pull: number[], push: number[]},
   *   classes: string[], circle: boolean}} look
   * @param {{anchor: number, partner: number, chosen: boolean, pinned: boolean}} focus  -1 for none
   */
  draw(now, look, focus) {
    Object.assign(this, look);
    const { context, camera } = this;
    camera.width = this.width;
    camera.height = this.height;
    camera.aim(now.extent);
    this.size = TILE * Math.min(Math.max(camera.unit / 460, 0.8), 1.2) * Math.min(Math.max(camera.zoom, 0.7), 5) ** 0.6;
    this.#project(now);
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.fillStyle = css(this.theme.paper);
    context.fillRect(0, 0, this.width, this.height);
    if (this.circle) this.#drawCircle();
    this.strengths = this.#strengthsOf(now, focus.anchor);
    this.#drawTrails(now, focus);
    if (focus.anchor >= 0) this.#drawBonds(now, focus);
    this.#drawNodes(focus);
    return this.arrows.some((arrow) => arrow.capped);
  }

  /** The node drawn nearest to (x, y), if (x, y) is within its picture or `reach` CSS pixels around it; else -1. */
  nearest(x, y, reach) {
    let best = -1;
    let least = Infinity;
    for (let i = 0; i < this.x.length; i++) {
      const [dx, dy] = [Math.abs(this.x[i] - x), Math.abs(this.y[i] - y)];
      const distance = Math.hypot(dx, dy);
      if (Math.max(dx, dy) <= this.size / 2 + reach && distance < least) [best, least] = [i, distance];
    }
    return best;
  }

  #project({ points, arrows, extent }) {
    const { camera } = this;
    const span = Math.min(extent[1] - extent[0], extent[3] - extent[2]) * camera.scale;
    const count = points.length / 2;
    this.x.length = this.y.length = this.arrows.length = count;
    for (let i = 0; i < count; i++) {
      [this.x[i], this.y[i]] = camera.place(points[2 * i], points[2 * i + 1]);
      this.arrows[i] = shortened(arrows[2 * i] * camera.scale, -arrows[2 * i + 1] * camera.scale, span);
    }
  }

  /** How strongly each node is bound to the anchor, 0 to 1; without an anchor nothing is. */
  #strengthsOf(now, anchor) {
    const { bonds } = this;
    return Array.from(this.x, (_, i) =>
      anchor < 0 ? 0 : Math.min(Math.abs(bonds.total(anchor, i, now.weights)) / bonds.strongestTotal, 1),
    );
  }

  #drawCircle() {
    const { context, camera, theme } = this;
    const [x, y] = camera.place(0, 0);
    context.beginPath();
    context.arc(x, y, camera.scale, 0, 2 * Math.PI);
    context.lineWidth = 1;
    context.strokeStyle = css(mix(theme.paper, theme.text, 0.25));
    context.stroke();
  }

  /** Where each picture has been. */
  #drawTrails({ trail }, { anchor }) {
    const { context, camera, theme, bonds } = this;
    const steps = trail.length / (2 * bonds.n);
    if (!steps) return;
    context.lineWidth = 1.25;
    for (let i = 0; i < bonds.n; i++) {
      context.strokeStyle = css(theme.classes[bonds.labels[i] % theme.classes.length]);
      context.globalAlpha = anchor < 0 || anchor === i ? 0.55 : 0.15;
      context.beginPath();
      for (let k = 0; k < steps; k++) {
        const p = 2 * (k * bonds.n + i);
        context.lineTo(...camera.place(trail[p], trail[p + 1]));
      }
      context.lineTo(this.x[i], this.y[i]);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  /** Lines from the anchor to every other, the weakest first. */
  #drawBonds(now, { anchor, partner, chosen }) {
    const { strengths } = this;
    const others = strengths.map((_, i) => i).filter((i) => i !== anchor && strengths[i] > 0.002);
    others.sort((a, b) => strengths[a] - strengths[b]);
    for (const i of others) {
      const faint = chosen && i !== partner ? 0.3 : 1;
      this.#drawBond(anchor, i, strengths[i], this.bonds.total(anchor, i, now.weights) < 0, faint);
    }
  }

  #drawBond(a, b, strength, pulls, faint) {
    const { context, inks } = this;
    const broad = Math.max(BROAD * strength, 0.9);
    context.lineWidth = broad;
    context.strokeStyle = css(pulls ? inks.pull : inks.push);
    context.globalAlpha = Math.min(0.35 + 4 * strength, 0.9) * faint;
    context.setLineDash(pulls ? [] : [4 + 1.6 * broad, 3 + broad]);
    context.beginPath();
    context.moveTo(this.x[a], this.y[a]);
    context.lineTo(this.x[b], this.y[b]);
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /** Pictures and their arrows; what is looked at comes last, on top of the others. */
  #drawNodes({ anchor, partner, chosen, pinned }) {
    const { context, strengths } = this;
    const roleOf = (i) => (i === anchor ? (pinned ? "pinned" : "anchor") : i === partner ? "partner" : "");
    const rank = (i) => (i === anchor ? 3 : i === partner ? 2 : strengths[i]);
    const order = strengths.map((_, i) => i);
    if (anchor >= 0) order.sort((a, b) => rank(a) - rank(b));
    for (const i of order) {
      const on = anchor < 0 || i === anchor || i === partner;
      context.globalAlpha = on ? 1 : chosen ? 0.3 : 0.3 + 0.7 * Math.min(Math.sqrt(strengths[i]) * 1.3, 1);
      this.#drawNode(i, roleOf(i));
    }
    this.#nameWeights(order, (i) => anchor < 0 || i === anchor || i === partner);
    for (const i of order) {
      context.globalAlpha = anchor < 0 || i === anchor ? 1 : 0.16;
      this.#drawArrow(i, roleOf(i));
    }
    context.globalAlpha = 1;
  }

  #drawNode(i, role) {
    const { context, bonds, tiles, theme, classes } = this;
    const label = bonds.labelOf(i);
    if (!Number.isFinite(this.x[i])) return;
    if (bonds.isPrototype(i)) return this.#drawPrototype(i, label, role);
    const size = this.#sizeOf(i, role);
    if (role) this.#halo(i, size, role);
    const frame = role ? 2.5 : 1.25;
    tiles.draw(context, i, label, this.x[i], this.y[i], size, theme, { name: classes[label], frame });
  }

  /** How wide a node is drawn; what is looked at is a little larger. */
  #sizeOf(i, role) {
    return this.size * (this.bonds.isPrototype(i) ? DIAMOND : 1) * (role ? 1.25 : 1);
  }

  /** Around what is looked at: paper, and a ring around the anchor, stronger while it is kept. */
  #halo(i, size, role) {
    const { context, theme } = this;
    const ring = (grown, width, colour) => {
      const half = size / 2 + grown;
      context.beginPath();
      context.roundRect(this.x[i] - half, this.y[i] - half, 2 * half, 2 * half, size * 0.2 + grown);
      context.lineWidth = width;
      context.strokeStyle = css(colour);
      context.stroke();
    };
    ring(2.5, 4, theme.paper);
    if (role === "anchor") ring(3, 2, theme.text);
    if (role === "pinned") ring(4, 4, theme.text);
  }

  #drawPrototype(i, label, role) {
    const { context, tiles, theme, classes } = this;
    const looks = { "": {}, partner: {}, anchor: { frame: 2.5, rim: theme.text }, pinned: { frame: 4, rim: theme.text } };
    const look = { name: classes[label], ...looks[role] };
    tiles.drawPrototype(context, label, this.x[i], this.y[i], this.#sizeOf(i, role), theme, look);
  }

  /** The class weights' names that were too long to be written on them, beside them and apart from each other. */
  #nameWeights(order, on) {
    const { context, bonds, theme, classes } = this;
    context.font = `700 ${14 * theme.scale}px ${theme.font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    this.names = [];
    for (const i of order) {
      const c = bonds.labelOf(i);
      if (!bonds.isPrototype(i) || isShort(classes[c]) || !Number.isFinite(this.x[i])) continue;
      const y = this.y[i] - this.#sizeOf(i, "") / 2 - 8 * theme.scale;
      const w = context.measureText(classes[c]).width + 6;
      this.names.push({ name: classes[c], c, i, x: this.x[i], y, w, h: 16 * theme.scale });
    }
    keepApart(this.names, this.width, this.height);
    for (const { name, c, i, x, y } of this.names) {
      context.globalAlpha = on(i) ? 1 : 0.4;
      context.lineWidth = 4;
      context.strokeStyle = css(theme.paper);
      context.strokeText(name, x, y);
      context.fillStyle = css(mix(theme.classes[c % theme.classes.length], theme.text, 0.45));
      context.fillText(name, x, y);
    }
  }

  /** The force on a node, from the rim of its picture outwards. */
  #drawArrow(i, role) {
    const { x: dx, y: dy, capped } = this.arrows[i];
    const length = Math.hypot(dx, dy);
    if (!(length >= SHORTEST)) return;
    const [ux, uy] = [dx / length, dy / length];
    const [ax, ay] = [Math.abs(ux), Math.abs(uy)];
    const half = this.#sizeOf(i, role) / 2 + { "": 1.5, partner: 3, anchor: 5, pinned: 7 }[role];
    const rim = half / (this.bonds.isPrototype(i) ? ax + ay : Math.max(ax, ay));
    const [x, y] = [this.x[i] + ux * rim, this.y[i] + uy * rim];
    const head = Math.min(7.5, 2.5 + length * 0.3);
    const end = Math.max(length - head * 0.8, 0);
    const { context, theme } = this;
    for (const [width, colour] of [
      [3, theme.paper],
      [1.6, theme.text],
    ]) {
      context.strokeStyle = context.fillStyle = css(colour);
      context.lineWidth = width;
      context.lineJoin = "round";
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(x + ux * end, y + uy * end);
      context.stroke();
      for (const back of capped ? [0, head * 1.05] : [0]) {
        const [tx, ty] = [x + ux * (length - back), y + uy * (length - back)];
        context.beginPath();
        context.moveTo(tx, ty);
        context.lineTo(tx - ux * head - uy * head * 0.48, ty - uy * head + ux * head * 0.48);
        context.lineTo(tx - ux * head + uy * head * 0.48, ty - uy * head - ux * head * 0.48);
        context.closePath();
        if (colour === theme.paper) context.stroke();
        else context.fill();
      }
    }
  }
}

/** An arrow on the screen, bent towards the longest that is drawn; `capped` where it has become shorter by that. */
function shortened(x, y, span) {
  const length = Math.hypot(x, y);
  const [free, most] = [LONG * span, LONGEST * span];
  if (!(length > free)) return { x, y, capped: false };
  const drawn = free + (most - free) * (1 - Math.exp((free - length) / (most - free)));
  return { x: (x / length) * drawn, y: (y / length) * drawn, capped: true };
}
