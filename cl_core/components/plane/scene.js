/** The picture itself, from the field of colour up to the cross-hair. */

import { drawArrows } from "./arrows.js";
import { drawAxes } from "./axes.js";
import { contoursAt } from "./contours.js";
import { drawCross, drawMark, drawPairs } from "./glyphs.js";
import { Ground } from "./ground.js";
import { mixLabels } from "./labels.js";
import { nameThings, onScreen, TYPES } from "./naming.js";
import { css, mix } from "../_shared/_old/theme.js";

const NOTHING = new Float32Array(0);
const PLATE = 0.72; // how much of what is behind words they hide
const BOUNDARY = 2; // the places of the colours in the palette
const HIGHEST = 3;

export class Scene {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.ground = new Ground();
    this.labels = []; // as they are placed for the newest field
    this.leaving = []; // as they were before it
    /** @type {WeakMap<Float32Array, Map<number, Float32Array[]>>} */
    this.lines = new WeakMap(); // the contours of values, by level
  }

  /** Fit the pixels to the canvas: as many as the screen has, or `ratio` to each of the page. */
  resize(view, ratio = window.devicePixelRatio || 1) {
    this.ratio = ratio;
    this.canvas.style.width = `${view.width}px`;
    this.canvas.style.height = `${view.height}px`;
    this.canvas.width = Math.round(view.width * ratio);
    this.canvas.height = Math.round(view.height * ratio);
  }

  restyle(theme) {
    this.theme = theme;
    this.ground.restyle(theme, theme.classes[HIGHEST]);
  }

  /** Find places for the labels; `moving` if the picture is on its way there rather than there already. */
  name(field, view, look, moving) {
    this.leaving = moving ? (this.drawn ?? []) : [];
    const target = {
      pairs: look.pairs ? field.pairs : NOTHING,
      value: field.value,
      curves: field.curves,
      marks: field.marks,
      box: field.box,
      levels: field.levels.map((level) => ({ level, alpha: 1 })),
    };
    const contours = look.contours ? this.#contours(target, field) : [];
    const before = new Map(this.labels.map((label) => [label.key, label]));
    const widthOf = (text, kind) => {
      this.context.font = this.#font(kind);
      return this.context.measureText(text).width;
    };
    this.labels = nameThings(target, field, contours, view, widthOf, before);
  }

  /**
   * @param {import("./morph.js").Shown} shown
   * @param {import("./field.js").Field} field
   * @param {number} share  how far on the way to `field` it is
   * @param {import("./view.js").View} view
   * @param {{arrows: boolean, contours: boolean, pairs: boolean}} look
   * @param {import("./glyphs.js").Cross | null} cross
   */
  draw(shown, field, share, view, look, cross) {
    const { context, theme } = this;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.fillStyle = css(theme.paper);
    context.fillRect(0, 0, view.width, view.height);
    context.save();
    context.beginPath();
    context.rect(view.left, view.top, view.side, view.side);
    context.clip();
    this.ground.draw(context, shown.tone, field.nx, field.ny, view);
    if (look.contours) this.#drawContours(this.#contours(shown, field), view);
    if (shown.box) this.#box(shown.box, view);
    for (const curve of shown.curves) if (curve.role !== "boundary") this.#curve(curve, view);
    if (look.arrows) drawArrows(context, shown, field, view, css(mix(theme.paper, theme.text, 0.68)));
    if (look.pairs) drawPairs(context, theme, shown.pairs, field.pairViolated, view);
    this.drawn = mixLabels(this.leaving, this.labels, share);
    for (const label of this.drawn) if (label.kind !== "contour") this.#plate(label, shown, field, view);
    for (const curve of shown.curves) if (curve.role === "boundary") this.#curve(curve, view);
    context.restore();
    drawAxes(context, view, field.header, theme);
    for (const label of this.drawn) if (label.from) this.#leader(label);
    for (const mark of shown.marks) drawMark(context, theme, mark, view);
    for (const label of this.drawn) this.#label(label, shown, field, view);
    if (cross) drawCross(context, theme, cross, shown, field, view);
  }

  // ---- parts

  /** The contours of a field, worked out once for each level. */
  #contours({ value, levels }, { nx, ny }) {
    if (!this.lines.has(value)) this.lines.set(value, new Map());
    const known = this.lines.get(value);
    return levels.map(({ level, alpha }) => {
      if (!known.has(level)) known.set(level, contoursAt(value, nx, ny, level));
      return { level, alpha, lines: known.get(level) };
    });
  }

  #drawContours(contours, view) {
    const { context, theme } = this;
    context.strokeStyle = css(mix(mix(theme.paper, theme.classes[HIGHEST], 0.8), theme.text, 0.42));
    context.lineWidth = 1.1;
    context.lineJoin = "round";
    for (const { lines, alpha } of contours) {
      context.globalAlpha = alpha;
      context.beginPath();
      for (const line of lines) trace(context, line, view);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  #box([left, right, bottom, top], view) {
    const { context, theme } = this;
    const [x, y] = [view.across(left), view.up(top)];
    const [width, height] = [view.across(right) - x, view.up(bottom) - y];
    context.fillStyle = css(theme.paper);
    context.globalAlpha = 0.35;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
    context.strokeStyle = css(mix(theme.paper, theme.text, 0.62));
    context.lineWidth = 1.5;
    context.strokeRect(x, y, width, height);
  }

  #curve({ role, places, alpha }, view) {
    const { context, theme } = this;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    trace(context, places, view);
    if (role === "boundary") {
      context.globalAlpha = 0.85 * alpha;
      context.strokeStyle = css(theme.paper);
      context.lineWidth = 8;
      context.stroke();
      context.strokeStyle = css(theme.classes[BOUNDARY]);
      context.lineWidth = 4;
    } else {
      context.strokeStyle = css(mix(theme.paper, theme.text, role === "guide" ? 0.8 : 0.6));
      context.lineWidth = role === "guide" ? 1.8 : 1.5;
      context.setLineDash(role === "guide" ? [7, 6] : [0.1, 4.5]);
    }
    context.globalAlpha = alpha;
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  #label({ text, kind, x, y, angle, alpha }, shown, field, view) {
    const { context, theme } = this;
    context.save();
    context.globalAlpha = alpha;
    context.translate(x, y);
    context.rotate(angle);
    context.font = this.#font(kind);
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = kind === "contour" ? 5 : 4.5;
    context.strokeStyle = this.#behind(x, y, shown, field, view);
    context.strokeText(text, 0, 1);
    context.fillStyle = css(this.#inkOf(kind, theme));
    context.fillText(text, 0, 1);
    context.restore();
  }

  /** Under words, so that what is there shines through less. */
  #plate({ kind, x, y, w, h, alpha }, shown, field, view) {
    const { context } = this;
    context.globalAlpha = PLATE * alpha;
    context.fillStyle = this.#behind(x, y, shown, field, view);
    context.beginPath();
    context.roundRect(x - w / 2 - 1, y - h / 2 - 1, w + 2, h + 2, (TYPES[kind].size * view.scale) / 3);
    context.fill();
    context.globalAlpha = 1;
  }

  /** A line from a mark to its label, up to the label's edge. */
  #leader({ from: [fromX, fromY], x, y, w, h, alpha }) {
    const { context, theme } = this;
    const nearX = Math.min(Math.max(fromX, x - w / 2 + 8), x + w / 2 - 8);
    const nearY = y + (Math.sign(fromY - y) * h) / 2;
    for (const [colour, width] of [
      [theme.paper, 3.5],
      [theme.text, 1.3],
    ]) {
      context.globalAlpha = alpha;
      context.strokeStyle = css(colour);
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(fromX, fromY);
      context.lineTo(nearX, nearY);
      context.stroke();
    }
    context.globalAlpha = 1;
  }

  /** The colour of the field behind a label. */
  #behind(x, y, shown, field, view) {
    return this.ground.colourAt(...view.placeAt(x, y), { tone: shown.tone, nx: field.nx, ny: field.ny });
  }

  #inkOf(kind, theme) {
    if (kind === "boundary") return mix(theme.classes[BOUNDARY], theme.text, 0.12);
    return kind === "contour" ? mix(theme.paper, theme.text, 0.82) : theme.text;
  }

  #font(kind) {
    const { size, weight } = TYPES[kind];
    return `${weight} ${size * this.theme.scale}px ${this.theme.font}`;
  }
}

/** Draw a line through its places, leaving out what is nowhere. */
function trace(context, places, view) {
  for (const run of onScreen(places, view)) {
    context.moveTo(...run[0]);
    for (let i = 1; i < run.length; i++) context.lineTo(...run[i]);
  }
}
