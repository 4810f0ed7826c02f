/** Draws the batch in the plane: images, the force on each as an arrow, and the bonds of the anchor. */

import { pushApart } from "../_shared/boxes.js";
import { context2d, setResolution, writeWithHalo } from "../_shared/canvas.js";
import { classColour, css, mix, ringColour } from "../_shared/colour.js";
import { drawPrototype, fitsTile } from "./tiles.js";

/**
 * @import { Bonds } from "./bonds.js"
 * @import { Camera } from "./camera.js"
 * @import { Focused } from "./focus.js"
 * @import { Tiles } from "./tiles.js"
 * @import { Tag } from "../_shared/boxes.js"
 * @import { Colour } from "../_shared/colour.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const TILE = 26; // CSS pixels of an image in a plane of 460
const DIAMOND = 1.25; // diagonal of a class weight, in tiles
const FREE_LENGTH = 0.2; // share of the extent from which arrows are shortened,
const LONGEST = 0.25; // and their length at most
const SHORTEST = 3; // CSS pixels of an arrow that is drawn
const WIDEST = 6.5; // CSS pixels of the strongest bond

/**
 * @typedef {"" | "partner" | "anchor" | "pinned"} Role
 * @typedef {{pull: Colour, push: Colour}} ForceColours
 *
 * @typedef {object} Moment  what is shown at this moment, perhaps on its way to what is new
 * @property {Float32Array} points  (nodes, 2)
 * @property {Float32Array} arrows  (nodes, 2) in units of the plane
 * @property {Float32Array} weights
 * @property {Float32Array} extent
 * @property {Float32Array} largest  one number
 *
 * @typedef {object} Look  what does not move
 * @property {Bonds} bonds
 * @property {Camera} camera
 * @property {Theme} theme
 * @property {Tiles} tiles
 * @property {ForceColours} colours
 * @property {string[]} classes  their names
 * @property {boolean} circle  whether the unit circle is drawn
 * @property {Float32Array} trail  (steps, images, 2) where the images were before
 *
 * @typedef {{x: number, y: number, capped: boolean}} Arrow  CSS pixels; `capped`: it is longer than drawn
 */

export class Scene {
  /** @type {number[]} screen coordinates of each node, in CSS pixels */
  x = [];
  /** @type {number[]} */
  y = [];
  /** @type {Arrow[]} */
  arrows = [];
  /** @type {(Tag & {name: string, i: number})[]} names beside the class weights */
  names = [];
  size = TILE; // CSS pixels of an image
  scale = 1; // CSS pixels for a length of 1
  #width = 0;
  #height = 0;
  #ratio = 1;
  /** @type {number[]} how strongly each node is bound to the anchor, 0 to 1 */
  #strengths = [];

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = context2d(canvas, { alpha: false });
  }

  /**
   * @param {number} width   CSS pixels
   * @param {number} height
   * @param {number} ratio   pixels for each CSS pixel
   */
  resize(width, height, ratio) {
    this.#ratio = ratio;
    this.#width = width;
    this.#height = height;
    setResolution(this.canvas, width, height, ratio);
  }

  /**
   * Draw one moment.
   * @param {Moment} moment
   * @param {Look} look
   * @param {Focused} focused
   * @returns {boolean} whether an arrow is longer than drawn
   */
  draw(moment, look, focused) {
    const { context } = this;
    const { camera, theme } = look;
    camera.width = this.#width;
    camera.height = this.#height;
    camera.aim(moment.extent);
    this.scale = camera.scale;
    this.size = TILE * Math.min(Math.max(camera.unit / 460, 0.8), 1.2) * Math.min(Math.max(camera.zoom, 0.7), 5) ** 0.6;
    this.#project(moment, camera);
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    context.fillStyle = css(theme.background);
    context.fillRect(0, 0, this.#width, this.#height);
    if (look.circle) this.#drawCircle(look);
    this.#strengths = strengthsOf(this.x.length, look.bonds, moment.weights, focused.anchor);
    this.#drawTrails(look, focused);
    if (focused.anchor >= 0) this.#drawBonds(moment, look, focused);
    this.#drawNodes(look, focused);
    return this.arrows.some((arrow) => arrow.capped);
  }

  /**
   * Return the node drawn nearest to (x, y), if that is within its image or `reach` CSS pixels around it; else -1.
   * @param {number} x
   * @param {number} y
   * @param {number} reach
   */
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

  /**
   * @param {Moment} moment
   * @param {Camera} camera
   */
  #project({ points, arrows, extent }, camera) {
    const span = Math.min(extent[1] - extent[0], extent[3] - extent[2]) * camera.scale;
    const count = points.length / 2;
    this.x.length = this.y.length = this.arrows.length = count;
    for (let i = 0; i < count; i++) {
      [this.x[i], this.y[i]] = camera.place(points[2 * i], points[2 * i + 1]);
      this.arrows[i] = shortened(arrows[2 * i] * camera.scale, -arrows[2 * i + 1] * camera.scale, span);
    }
  }

  /** @param {Look} look */
  #drawCircle({ camera, theme }) {
    const { context } = this;
    const [x, y] = camera.place(0, 0);
    context.beginPath();
    context.arc(x, y, camera.scale, 0, 2 * Math.PI);
    context.lineWidth = 1;
    context.strokeStyle = css(mix(theme.background, theme.text, 0.25));
    context.stroke();
  }

  /**
   * Draw where each image has been.
   * @param {Look} look
   * @param {Focused} focused
   */
  #drawTrails({ bonds, camera, theme, trail }, { anchor }) {
    const { context } = this;
    const steps = trail.length / (2 * bonds.n);
    if (!steps) return;
    context.lineWidth = 1.25;
    for (let i = 0; i < bonds.n; i++) {
      context.strokeStyle = css(ringColour(classColour(theme.classes, bonds.labels[i]), theme));
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

  /**
   * Draw lines from the anchor to all others, the weakest first.
   * @param {Moment} moment
   * @param {Look} look
   * @param {Focused} focused
   */
  #drawBonds({ weights }, { bonds, colours }, { anchor, partner, chosen }) {
    const { context } = this;
    const strengths = this.#strengths;
    const others = strengths.map((_, i) => i).filter((i) => i !== anchor && strengths[i] > 0.002);
    others.sort((a, b) => strengths[a] - strengths[b]);
    for (const i of others) {
      const pulls = bonds.total(anchor, i, weights) < 0;
      const width = Math.max(WIDEST * strengths[i], 0.9);
      const faint = chosen && i !== partner ? 0.3 : 1;
      context.lineWidth = width;
      context.strokeStyle = css(pulls ? colours.pull : colours.push);
      context.globalAlpha = Math.min(0.35 + 4 * strengths[i], 0.9) * faint;
      context.setLineDash(pulls ? [] : [4 + 1.6 * width, 3 + width]);
      context.beginPath();
      context.moveTo(this.x[anchor], this.y[anchor]);
      context.lineTo(this.x[i], this.y[i]);
      context.stroke();
    }
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /**
   * Draw images and their arrows; what is looked at comes last, on top of the others.
   * @param {Look} look
   * @param {Focused} focused
   */
  #drawNodes(look, { anchor, partner, chosen, pinned }) {
    const { context } = this;
    const strengths = this.#strengths;
    /**
     * @param {number} i
     * @returns {Role}
     */
    const roleOf = (i) => (i === anchor ? (pinned ? "pinned" : "anchor") : i === partner ? "partner" : "");
    /** @param {number} i */
    const rank = (i) => (i === anchor ? 3 : i === partner ? 2 : strengths[i]);
    /** @param {number} i */
    const focused = (i) => anchor < 0 || i === anchor || i === partner;
    const order = strengths.map((_, i) => i);
    if (anchor >= 0) order.sort((a, b) => rank(a) - rank(b));
    for (const i of order) {
      const faded = chosen ? 0.3 : 0.3 + 0.7 * Math.min(Math.sqrt(strengths[i]) * 1.3, 1);
      context.globalAlpha = focused(i) ? 1 : faded;
      this.#drawNode(i, roleOf(i), look);
    }
    this.#drawNames(order, focused, look);
    for (const i of order) {
      context.globalAlpha = anchor < 0 || anchor === i ? 1 : 0.16;
      this.#drawArrow(i, roleOf(i), look);
    }
    context.globalAlpha = 1;
  }

  /**
   * @param {number} i
   * @param {Role} role
   * @param {Look} look
   */
  #drawNode(i, role, { bonds, tiles, theme, classes }) {
    const { context } = this;
    const [x, y] = [this.x[i], this.y[i]];
    if (!Number.isFinite(x)) return;
    const label = bonds.labelOf(i);
    const name = classes[label];
    const size = this.#sizeOf(i, role, bonds);
    if (bonds.isPrototype(i)) {
      const looks = { "": {}, partner: {}, anchor: { frame: 2.5, rim: theme.text }, pinned: { frame: 4, rim: theme.text } };
      drawPrototype(context, label, x, y, size, theme, { name, ...looks[role] });
      return;
    }
    if (role) this.#drawHalo(x, y, size, role, theme);
    tiles.draw(context, i, label, x, y, size, theme, { name, frame: role ? 2.5 : 1.25 });
  }

  /**
   * Return how large a node is drawn; what is looked at is a little larger.
   * @param {number} i
   * @param {Role} role
   * @param {Bonds} bonds
   */
  #sizeOf(i, role, bonds) {
    return this.size * (bonds.isPrototype(i) ? DIAMOND : 1) * (role ? 1.25 : 1);
  }

  /**
   * Draw what surrounds an image that is looked at: background, and a ring around the anchor, thicker while it is pinned.
   * @param {number} x
   * @param {number} y
   * @param {number} size
   * @param {Role} role
   * @param {Theme} theme
   */
  #drawHalo(x, y, size, role, theme) {
    const { context } = this;
    /**
     * @param {number} distance
     * @param {number} width
     * @param {Colour} colour
     */
    const ring = (distance, width, colour) => {
      const half = size / 2 + distance;
      context.beginPath();
      context.roundRect(x - half, y - half, 2 * half, 2 * half, size * 0.2 + distance);
      context.lineWidth = width;
      context.strokeStyle = css(colour);
      context.stroke();
    };
    ring(2.5, 4, theme.background);
    if (role === "anchor") ring(3, 2, theme.text);
    if (role === "pinned") ring(4, 4, theme.text);
  }

  /**
   * Write the names that are too long for their class weights beside them, and apart from each other.
   * @param {number[]} order
   * @param {(i: number) => boolean} focused
   * @param {Look} look
   */
  #drawNames(order, focused, { bonds, theme, classes }) {
    const { context } = this;
    context.font = `700 ${14 * theme.scale}px ${theme.font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    this.names = [];
    for (const i of order) {
      const c = bonds.labelOf(i);
      const name = classes[c];
      if (!bonds.isPrototype(i) || fitsTile(name) || !Number.isFinite(this.x[i])) continue;
      const y = this.y[i] - this.#sizeOf(i, "", bonds) / 2 - 8 * theme.scale;
      this.names.push({ name, c, i, x: this.x[i], y, w: context.measureText(name).width + 6, h: 16 * theme.scale });
    }
    pushApart(this.names, this.#width, this.#height);
    for (const { name, c, i, x, y } of this.names) {
      context.globalAlpha = focused(i) ? 1 : 0.4;
      const colour = css(mix(classColour(theme.classes, c), theme.text, 0.45));
      writeWithHalo(context, name, x, y, { colour, halo: css(theme.background), width: 4 });
    }
  }

  /**
   * Draw the force on a node, from the rim of its image outwards.
   * @param {number} i
   * @param {Role} role
   * @param {Look} look
   */
  #drawArrow(i, role, { bonds, theme }) {
    const { x: dx, y: dy, capped } = this.arrows[i];
    const length = Math.hypot(dx, dy);
    if (!(length >= SHORTEST)) return;
    const [ux, uy] = [dx / length, dy / length];
    const [ax, ay] = [Math.abs(ux), Math.abs(uy)];
    const half = this.#sizeOf(i, role, bonds) / 2 + { "": 1.5, partner: 3, anchor: 5, pinned: 7 }[role];
    const rim = half / (bonds.isPrototype(i) ? ax + ay : Math.max(ax, ay));
    const [x, y] = [this.x[i] + ux * rim, this.y[i] + uy * rim];
    const head = Math.min(7.5, 2.5 + length * 0.3);
    const end = Math.max(length - head * 0.8, 0);
    const { context } = this;
    for (const { width, colour } of [
      { width: 3, colour: theme.background },
      { width: 1.6, colour: theme.text },
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
        if (colour === theme.background) context.stroke();
        else context.fill();
      }
    }
  }
}

/**
 * Return how strongly each node is bound to the anchor, 0 to 1; without an anchor none is.
 * @param {number} count
 * @param {Bonds} bonds
 * @param {Float32Array} weights
 * @param {number} anchor
 */
function strengthsOf(count, bonds, weights, anchor) {
  return Array.from({ length: count }, (_, i) =>
    anchor < 0 ? 0 : Math.min(Math.abs(bonds.total(anchor, i, weights)) / bonds.strongestTotal, 1),
  );
}

/**
 * Shorten an arrow on the screen that is longer than a share of the span, smoothly towards the longest that is drawn.
 * @param {number} x
 * @param {number} y
 * @param {number} span
 * @returns {Arrow}
 */
export function shortened(x, y, span) {
  const length = Math.hypot(x, y);
  const [free, most] = [FREE_LENGTH * span, LONGEST * span];
  if (!(length > free)) return { x, y, capped: false };
  const drawn = free + (most - free) * (1 - Math.exp((free - length) / (most - free)));
  return { x: (x / length) * drawn, y: (y / length) * drawn, capped: true };
}
