/** Draws the picture, from the heatmap up to the cross-hair. */

import { drawArrows } from "./arrows.js";
import { drawAxes } from "./axes.js";
import { Heatmap } from "./heatmap.js";
import { labelPicture, onScreen, TYPES } from "./label_requests.js";
import { lerpLabels } from "./labels.js";
import { drawCross, drawMark, drawPairs } from "./marks.js";
import { shownOf } from "./blend.js";
import { context2d, devicePixels, writeWithHalo } from "../_shared/canvas.js";
import { css, mix } from "../_shared/colour.js";
import { contoursAt } from "../_shared/contours.js";

/**
 * @import { Shown } from "./blend.js"
 * @import { Field } from "./field.js"
 * @import { Label, LabelKind } from "./labels.js"
 * @import { Cross } from "./marks.js"
 * @import { View } from "./view.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const NO_PAIRS = new Float32Array(0);
const PLATE_OPACITY = 0.72; // of the plate behind a label
const BOUNDARY = 2; // indices of the colours in the palette
const HIGHEST = 3;

/**
 * @typedef {{arrows: boolean, contours: boolean, pairs: boolean}} Layers  whether they are drawn
 * @typedef {{level: number, alpha: number, lines: Float32Array[]}} Contour
 *
 * @typedef {object} Frame  what one drawing is about
 * @property {Shown} shown
 * @property {Field} field  the newest
 * @property {View} view
 * @property {Theme} theme
 */

export class Scene {
  /** @type {Label[]} as they are placed for the newest field */
  labels = [];
  /** @type {Label[]} as they were before it */
  #leaving = [];
  /** @type {Label[]} as they were drawn last */
  #drawn = [];
  #heatmap = new Heatmap();
  #ratio = 1;
  /** @type {WeakMap<Float32Array, Map<number, Float32Array[]>>} contours of values, by level */
  #lines = new WeakMap();
  /** @type {Map<string, number>} widths of texts, by font and text */
  #widths = new Map();

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = context2d(canvas, { alpha: false });
  }

  /**
   * Fit the canvas to the view.
   * @param {View} view
   * @param {number} [ratio]  pixels for each CSS pixel
   */
  resize(view, ratio = devicePixels()) {
    this.#ratio = ratio;
    this.canvas.style.width = `${view.width}px`;
    this.canvas.style.height = `${view.height}px`;
    this.canvas.width = Math.round(view.width * ratio);
    this.canvas.height = Math.round(view.height * ratio);
  }

  /** @param {Theme} theme */
  restyle(theme) {
    this.#heatmap.restyle(theme, theme.classes[HIGHEST]);
  }

  /**
   * Place the labels of a field.
   * @param {Field} field
   * @param {View} view
   * @param {Theme} theme
   * @param {Layers} layers
   * @param {boolean} moving  whether the picture is still on its way to the field
   */
  placeLabels(field, view, theme, layers, moving) {
    this.#leaving = moving ? this.#drawn : [];
    const shown = shownOf(field);
    if (!layers.pairs) shown.pairs = NO_PAIRS;
    const contours = layers.contours ? this.#contoursOf(shown, field) : [];
    const before = new Map(this.labels.map((label) => [label.key, label]));
    /**
     * @param {string} text
     * @param {LabelKind} kind
     */
    const widthOf = (text, kind) => this.#widthOf(text, fontOf(kind, theme));
    this.labels = labelPicture(shown, field.header.box_label, contours, view, widthOf, before);
  }

  /**
   * @param {Frame} frame
   * @param {number} progress  how much of the way to the field is done
   * @param {Layers} layers
   * @param {Cross | null} cross
   */
  draw(frame, progress, layers, cross) {
    const { context } = this;
    const { shown, field, view, theme } = frame;
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    context.fillStyle = css(theme.background);
    context.fillRect(0, 0, view.width, view.height);
    context.save();
    context.beginPath();
    context.rect(view.left, view.top, view.side, view.side);
    context.clip();
    this.#heatmap.draw(context, tonesOfFrame(frame), view);
    if (layers.contours) this.#drawContours(this.#contoursOf(shown, field), frame);
    if (shown.box) this.#drawBox(shown.box, frame);
    for (const curve of shown.curves) if (curve.role !== "boundary") this.#drawCurve(curve, frame);
    if (layers.arrows) drawArrows(context, shown, field, view, css(mix(theme.background, theme.text, 0.68)));
    if (layers.pairs) drawPairs(context, theme, shown.pairs, field.pairViolated, view);
    this.#drawn = lerpLabels(this.#leaving, this.labels, progress);
    for (const label of this.#drawn) if (label.kind !== "contour") this.#drawPlate(label, frame);
    for (const curve of shown.curves) if (curve.role === "boundary") this.#drawCurve(curve, frame);
    context.restore();
    drawAxes(context, view, field.header, theme);
    for (const label of this.#drawn) this.#drawLeader(label, theme);
    for (const mark of shown.marks) drawMark(context, theme, mark, view);
    for (const label of this.#drawn) this.#drawLabel(label, frame);
    if (cross) drawCross(context, theme, cross, shown, field, view);
  }

  /** Measure all texts anew: a font may have arrived since. */
  forgetWidths() {
    this.#widths.clear();
  }

  /**
   * Return the width of a text. It is kept, since a font that is set makes the browser bring all styles up to date.
   * @param {string} text
   * @param {string} font
   */
  #widthOf(text, font) {
    const key = `${font} ${text}`;
    let width = this.#widths.get(key);
    if (width === undefined) {
      this.context.font = font;
      width = this.context.measureText(text).width;
      this.#widths.set(key, width);
    }
    return width;
  }

  /**
   * Return the contours of values, which are computed once for each level.
   * @param {Shown} shown
   * @param {Field} field
   * @returns {Contour[]}
   */
  #contoursOf({ value, levels }, { nx, ny }) {
    const known = this.#lines.get(value) ?? new Map();
    this.#lines.set(value, known);
    return levels.map(({ level, alpha }) => {
      const lines = known.get(level) ?? contoursAt(value, nx, ny, level);
      known.set(level, lines);
      return { level, alpha, lines };
    });
  }

  /**
   * @param {Contour[]} contours
   * @param {Frame} frame
   */
  #drawContours(contours, { theme, view }) {
    const { context } = this;
    context.strokeStyle = css(mix(mix(theme.background, theme.classes[HIGHEST], 0.8), theme.text, 0.42));
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

  /**
   * @param {number[]} box
   * @param {Frame} frame
   */
  #drawBox([left, right, bottom, top], { theme, view }) {
    const { context } = this;
    const [x, y] = [view.toX(left), view.toY(top)];
    const [width, height] = [view.toX(right) - x, view.toY(bottom) - y];
    context.fillStyle = css(theme.background);
    context.globalAlpha = 0.35;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
    context.strokeStyle = css(mix(theme.background, theme.text, 0.62));
    context.lineWidth = 1.5;
    context.strokeRect(x, y, width, height);
  }

  /**
   * @param {Shown["curves"][number]} curve
   * @param {Frame} frame
   */
  #drawCurve({ role, places, alpha }, { theme, view }) {
    const { context } = this;
    context.lineCap = context.lineJoin = "round";
    context.beginPath();
    trace(context, places, view);
    if (role === "boundary") {
      context.globalAlpha = 0.85 * alpha;
      context.strokeStyle = css(theme.background);
      context.lineWidth = 8;
      context.stroke();
      context.strokeStyle = css(theme.classes[BOUNDARY]);
      context.lineWidth = 4;
    } else if (role === "weight") {
      context.strokeStyle = context.fillStyle = css(mix(theme.background, theme.text, 0.8));
      context.globalAlpha = 0.16 * alpha;
      context.fill();
      context.lineWidth = 1;
    } else {
      context.strokeStyle = css(mix(theme.background, theme.text, role === "guide" ? 0.8 : 0.6));
      context.lineWidth = role === "guide" ? 1.8 : 1.5;
      context.setLineDash(role === "guide" ? [7, 6] : [0.1, 4.5]);
    }
    context.globalAlpha = alpha;
    context.stroke();
    context.setLineDash([]);
    context.globalAlpha = 1;
  }

  /**
   * @param {Label} label
   * @param {Frame} frame
   */
  #drawLabel({ text, kind, x, y, angle, alpha }, frame) {
    const { context } = this;
    const { theme } = frame;
    context.save();
    context.globalAlpha = alpha;
    context.translate(x, y);
    context.rotate(angle);
    context.font = fontOf(kind, theme);
    context.textAlign = "center";
    context.textBaseline = "middle";
    const width = kind === "contour" ? 5 : 4.5;
    writeWithHalo(context, text, 0, 1, { colour: labelColour(kind, theme), halo: this.#colourAt(x, y, frame), width });
    context.restore();
  }

  /**
   * Draw a plate behind a label, so that what is below it shines through less.
   * @param {Label} label
   * @param {Frame} frame
   */
  #drawPlate({ kind, x, y, w, h, alpha }, frame) {
    const { context } = this;
    context.globalAlpha = PLATE_OPACITY * alpha;
    context.fillStyle = this.#colourAt(x, y, frame);
    context.beginPath();
    context.roundRect(x - w / 2 - 1, y - h / 2 - 1, w + 2, h + 2, (TYPES[kind].size * frame.view.scale) / 3);
    context.fill();
    context.globalAlpha = 1;
  }

  /**
   * Draw the line from a mark to its label, up to the label's edge, if it has one.
   * @param {Label} label
   * @param {Theme} theme
   */
  #drawLeader({ from, x, y, w, h, alpha }, theme) {
    if (!from) return;
    const { context } = this;
    const [fromX, fromY] = from;
    const nearX = Math.min(Math.max(fromX, x - w / 2 + 8), x + w / 2 - 8);
    const nearY = y + (Math.sign(fromY - y) * h) / 2;
    for (const { colour, width } of [
      { colour: theme.background, width: 3.5 },
      { colour: theme.text, width: 1.3 },
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

  /**
   * Return the heatmap's colour at a point of the canvas.
   * @param {number} x
   * @param {number} y
   * @param {Frame} frame
   */
  #colourAt(x, y, frame) {
    const [u, v] = frame.view.placeAt(x, y);
    return this.#heatmap.colourAt(u, v, tonesOfFrame(frame));
  }
}

/** @param {Frame} frame */
function tonesOfFrame({ shown, field }) {
  return { tone: shown.tone, nx: field.nx, ny: field.ny };
}

/**
 * @param {LabelKind} kind
 * @param {Theme} theme
 */
function labelColour(kind, theme) {
  if (kind === "boundary") return css(mix(theme.classes[BOUNDARY], theme.text, 0.12));
  return css(kind === "contour" ? mix(theme.background, theme.text, 0.82) : theme.text);
}

/**
 * @param {LabelKind} kind
 * @param {Theme} theme
 */
function fontOf(kind, { font, scale }) {
  const { size, weight } = TYPES[kind];
  return `${weight} ${size * scale}px ${font}`;
}

/**
 * Add a line to the path, except where it has no coordinates.
 * @param {CanvasRenderingContext2D} context
 * @param {Float32Array} places
 * @param {View} view
 */
function trace(context, places, view) {
  for (const run of onScreen(places, view)) {
    context.moveTo(...run[0]);
    for (let i = 1; i < run.length; i++) context.lineTo(...run[i]);
  }
}
