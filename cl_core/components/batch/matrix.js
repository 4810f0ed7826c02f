/** The weights of all pairs as an image: rows and columns by class, with the names along the edges. */

import { context2d, setResolution } from "../_shared/canvas.js";
import { classColour, css, mix } from "../_shared/colour.js";
import { superscript, withMinus } from "../_shared/format.js";

/**
 * @import { Bonds } from "./bonds.js"
 * @import { Focused } from "./focus.js"
 * @import { ForceColours, Moment } from "./scene.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const BAR = 5; // CSS pixels of the bars in the classes' colours
const GAP = 3; // CSS pixels between bar and image
const TEXT = 13; // CSS pixels in the usual size of type, like the legend
const LEGEND = { width: 96, height: 46 };
const NARROW = 480; // CSS pixels below which the legend lies below the image

/**
 * @typedef {{label: number, start: number, end: number}} Block  a run of one class in an order of nodes
 * @typedef {[number, number, number, number]} Rect  left, top, width, height in CSS pixels
 *
 * @typedef {object} Content
 * @property {Bonds} bonds
 * @property {string[]} names  of the classes
 * @property {Theme} theme
 */

export class Matrix {
  cellWidth = 1;
  cellHeight = 1;
  /** @type {{text: string, where: "row" | "column", rect: Rect}[]} names as they are written */
  labels = [];
  /** @type {Content | null} null before the first layout */
  #content = null;
  #width = 0;
  #height = 0;
  #ratio = 1;
  #type = TEXT;
  #legendBelow = false;
  #rotated = false; // whether the names of the columns are rotated
  #left = 0; // of the image, in CSS pixels
  #top = 0;
  #imageWidth = 0;
  #imageHeight = 0;
  /** @type {Block[]} */
  #rowBlocks = [];
  /** @type {Block[]} */
  #columnBlocks = [];
  #cells = document.createElement("canvas"); // one pixel for each pair
  #image = new ImageData(1, 1);

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = context2d(canvas, { alpha: false });
  }

  /**
   * The image's area on the canvas.
   * @returns {Rect}
   */
  get area() {
    return [this.#left, this.#top, this.#imageWidth, this.#imageHeight];
  }

  /**
   * Lay everything out for a width and the largest height allowed.
   * @param {number} width
   * @param {number} tallest
   * @param {Content} content
   * @param {number} ratio  pixels for each CSS pixel
   * @returns {number} height that it takes
   */
  layout(width, tallest, content, ratio) {
    const { context } = this;
    const { bonds, names, theme } = content;
    this.#content = content;
    this.#width = width;
    this.#ratio = ratio;
    this.#type = TEXT * theme.scale;
    this.#rowBlocks = blocksOf(bonds.rowOrder, bonds);
    this.#columnBlocks = blocksOf(bonds.columnOrder, bonds);
    context.font = `600 ${this.#type}px ${theme.font}`;
    /** @param {Block[]} blocks */
    const longest = (blocks) => Math.max(0, ...blocks.map(({ label }) => context.measureText(names[label]).width));
    const columns = bonds.columnOrder.length || 1;
    const rows = bonds.rowOrder.length || 1;
    /** @param {number} size */
    const namesFit = (size) =>
      this.#columnBlocks.every(({ label, start, end }) => {
        return context.measureText(names[label]).width + 2 <= ((end - start) * size) / columns;
      });
    this.#legendBelow = width < NARROW * theme.scale;
    this.#left = Math.ceil(longest(this.#rowBlocks)) + 6 + BAR + GAP;
    const right = this.#legendBelow ? 1 : Math.round(LEGEND.width * theme.scale);
    const most = Math.max(width - this.#left - right, 60);
    this.#rotated = !namesFit(Math.min(most, tallest));
    const nameHeight = this.#rotated ? Math.ceil(longest(this.#columnBlocks)) + 6 : Math.ceil(this.#type) + 5;
    this.#top = nameHeight + BAR + GAP;
    const bottom = this.#legendBelow ? Math.round(LEGEND.height * theme.scale) : 2;
    const room = Math.max(tallest - this.#top - bottom, 60);
    const high = Math.floor(this.#legendBelow ? Math.min(most * (bonds.prototypes ? 1.2 : 1), 420) : room);
    this.#imageWidth = Math.floor(bonds.prototypes ? Math.min(most, high * 0.8) : Math.min(most, high));
    this.#imageHeight = bonds.prototypes ? high : this.#imageWidth;
    this.cellWidth = this.#imageWidth / columns;
    this.cellHeight = this.#imageHeight / rows;
    this.#height = this.#top + this.#imageHeight + bottom;
    this.#cells.width = columns;
    this.#cells.height = rows;
    this.#image = new ImageData(columns, rows);
    setResolution(this.canvas, width, this.#height, ratio);
    return this.#height;
  }

  /**
   * Return the pair whose cell is at (x, y), as nodes, or null.
   * @param {number} x
   * @param {number} y
   */
  at(x, y) {
    if (!this.#content) return null;
    const { rowOrder, columnOrder } = this.#content.bonds;
    const column = Math.floor((x - this.#left) / this.cellWidth);
    const row = Math.floor((y - this.#top) / this.cellHeight);
    if (!(row >= 0 && column >= 0 && row < rowOrder.length && column < columnOrder.length)) return null;
    return { anchor: rowOrder[row], partner: columnOrder[column] };
  }

  /**
   * Return the cell of a pair, or null.
   * @param {Bonds} bonds
   * @param {number} anchor
   * @param {number} partner
   * @returns {Rect | null}
   */
  #cellOf(bonds, anchor, partner) {
    const [row, column] = [bonds.rowOf.get(anchor), bonds.columnOf.get(partner)];
    if (row === undefined || column === undefined) return null;
    return [this.#left + column * this.cellWidth, this.#top + row * this.cellHeight, this.cellWidth, this.cellHeight];
  }

  /**
   * Draw one moment.
   * @param {Moment} moment
   * @param {ForceColours} colours
   * @param {Focused} focused
   */
  draw(moment, colours, focused) {
    const content = this.#content;
    if (!content) return;
    const { context } = this;
    context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    context.fillStyle = css(content.theme.background);
    context.fillRect(0, 0, this.#width, this.#height);
    this.#drawCells(moment, colours, content);
    this.#drawBlocks(content.theme);
    this.#drawFocus(focused, content);
    this.#drawNames(focused, content);
    this.#drawLegend(moment.largest[0], colours, content.theme);
  }

  /**
   * @param {Moment} moment
   * @param {ForceColours} colours
   * @param {Content} content
   */
  #drawCells(moment, { pull, push }, { bonds, theme }) {
    const { context } = this;
    const { data } = this.#image;
    const largest = moment.largest[0] || 1;
    let p = 0;
    for (const row of bonds.rowOrder) {
      for (const column of bonds.columnOrder) {
        const weight = moment.weights[bonds.cell(row, column)] / largest;
        const share = compress(Math.abs(weight)) || 0; // 0 for what is not a number
        const colour = weight < 0 ? pull : push;
        for (let k = 0; k < 3; k++) data[p++] = theme.background[k] + (colour[k] - theme.background[k]) * share;
        data[p++] = 255;
      }
    }
    context2d(this.#cells).putImageData(this.#image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.#cells, this.#left, this.#top, this.#imageWidth, this.#imageHeight);
  }

  /**
   * Draw thin lines between the classes, a frame, and a bar in its colour for each class.
   * @param {Theme} theme
   */
  #drawBlocks(theme) {
    const { context } = this;
    const [left, top, width, height] = this.area;
    context.fillStyle = css(mix(theme.background, theme.text, 0.22));
    const thin = 1 / this.#ratio;
    for (const { start } of this.#rowBlocks) this.#fillSharply(left, top + start * this.cellHeight, width, thin);
    for (const { start } of this.#columnBlocks) this.#fillSharply(left + start * this.cellWidth, top, thin, height);
    this.#fillSharply(left, top + height, width, thin);
    this.#fillSharply(left + width, top, thin, height);
    for (const { label, start, end } of this.#rowBlocks) {
      context.fillStyle = css(classColour(theme.classes, label));
      const size = (end - start) * this.cellHeight;
      context.fillRect(left - GAP - BAR, top + start * this.cellHeight + 0.75, BAR, size - 1.5);
    }
    for (const { label, start, end } of this.#columnBlocks) {
      context.fillStyle = css(classColour(theme.classes, label));
      const size = (end - start) * this.cellWidth;
      context.fillRect(left + start * this.cellWidth + 0.75, top - GAP - BAR, size - 1.5, BAR);
    }
  }

  /**
   * Fill a rectangle on whole pixels, so that thin lines are sharp.
   * @param {number} x
   * @param {number} y
   * @param {number} width
   * @param {number} height
   */
  #fillSharply(x, y, width, height) {
    /** @param {number} value */
    const whole = (value) => Math.round(value * this.#ratio) / this.#ratio;
    this.context.fillRect(whole(x), whole(y), width, height);
  }

  /**
   * Fade everything but row and column of the anchor, and ring the pair.
   * @param {Focused} focused
   * @param {Content} content
   */
  #drawFocus({ anchor, partner, cell }, { bonds, theme }) {
    if (anchor < 0) return;
    const { context } = this;
    const [left, top, width, height] = this.area;
    const row = bonds.rowOf.get(anchor);
    const column = bonds.columnOf.get(anchor);
    /** @type {Rect | null} */
    const rowBand = row === undefined ? null : [left, top + row * this.cellHeight, width, this.cellHeight];
    /** @type {Rect | null} */
    const columnBand = column === undefined ? null : [left + column * this.cellWidth, top, this.cellWidth, height];
    context.save();
    context.beginPath();
    context.rect(left - 1, top - 1, width + 2, height + 2);
    context.clip();
    context.fillStyle = css(theme.background);
    context.globalAlpha = 0.62;
    for (const [y, bottom] of around(top, height, rowBand && [rowBand[1], rowBand[3]])) {
      for (const [x, right] of around(left, width, columnBand && [columnBand[0], columnBand[2]])) {
        context.fillRect(x, y, right - x, bottom - y);
      }
    }
    context.restore();
    context.strokeStyle = css(mix(theme.background, theme.text, 0.75));
    context.lineWidth = 1;
    for (const band of [rowBand, columnBand]) {
      if (band) context.strokeRect(band[0] - 0.5, band[1] - 0.5, band[2] + 1, band[3] + 1);
    }
    this.#drawRing(this.#cellOf(bonds, anchor, partner), cell ? 2.5 : 2, theme);
    if (!cell) this.#drawRing(this.#cellOf(bonds, partner, anchor), 2, theme);
  }

  /**
   * @param {Rect | null} rect
   * @param {number} width
   * @param {Theme} theme
   */
  #drawRing(rect, width, theme) {
    if (!rect) return;
    const { context } = this;
    const [x, y, w, h] = rect;
    const out = width / 2 + 0.5;
    context.lineJoin = "round";
    context.lineWidth = width + 2;
    context.strokeStyle = css(theme.background);
    context.strokeRect(x - out, y - out, w + 2 * out, h + 2 * out);
    context.lineWidth = width;
    context.strokeStyle = css(theme.text);
    context.strokeRect(x - out, y - out, w + 2 * out, h + 2 * out);
  }

  /**
   * Write the classes' names along the left and the upper edge, where there is room.
   * @param {Focused} focused
   * @param {Content} content
   */
  #drawNames({ anchor }, { bonds, names, theme }) {
    const type = this.#type;
    const own = anchor < 0 ? -1 : bonds.labelOf(anchor);
    this.labels = [];
    let last = -Infinity;
    for (const { label, start, end } of this.#rowBlocks) {
      const y = this.#top + ((start + end) / 2) * this.cellHeight;
      if (y - last < type) continue; // no room below the name before
      last = y;
      this.#writeName(names[label], this.#left - GAP - BAR - 4, y, "row", label === own, theme);
    }
    last = -Infinity;
    for (const { label, start, end } of this.#columnBlocks) {
      const x = this.#left + ((start + end) / 2) * this.cellWidth;
      if (this.#rotated && x - last < type) continue;
      last = x;
      const bottom = this.#top - GAP - BAR;
      this.#writeName(names[label], x, this.#rotated ? bottom - 4 : bottom - 2.5 - type / 2, "column", label === own, theme);
    }
  }

  /**
   * @param {string} text
   * @param {number} x
   * @param {number} y
   * @param {"row" | "column"} where
   * @param {boolean} strong
   * @param {Theme} theme
   */
  #writeName(text, x, y, where, strong, theme) {
    const { context } = this;
    const type = this.#type;
    const rotated = where === "column" && this.#rotated;
    context.font = `${strong ? 800 : 600} ${type}px ${theme.font}`;
    context.fillStyle = css(mix(theme.background, theme.text, strong ? 1 : 0.72));
    context.textBaseline = "middle";
    const width = context.measureText(text).width;
    context.save();
    context.translate(x, y);
    if (rotated) context.rotate(-Math.PI / 2);
    context.textAlign = rotated ? "left" : where === "row" ? "right" : "center";
    context.fillText(text, 0, 0);
    context.restore();
    const left = where === "row" ? x - width : x - width / 2;
    this.labels.push({
      text,
      where,
      rect: rotated ? [x - type / 2, y - width, type, width] : [left, y - type / 2, width, type],
    });
  }

  /**
   * Draw the bar of colours with its numbers.
   * @param {number} largest
   * @param {ForceColours} colours
   * @param {Theme} theme
   */
  #drawLegend(largest, { pull, push }, theme) {
    if (!largest) return; // there are no weights
    const { context } = this;
    const type = this.#type;
    const [left, top, width, height] = this.area;
    const level = this.#legendBelow;
    const length = level ? Math.min(width, 300) : Math.min(height, 260);
    const [x, y] = level ? [left + (width - length) / 2, top + height + 12] : [left + width + 16, top];
    const gradient = context.createLinearGradient(x, y, level ? x + length : x, level ? y : y + length);
    // from push (1) at the top to pull (-1); when it lies, from pull at the left to push
    for (let k = 0; k <= 16; k++) {
      const value = level ? k / 8 - 1 : 1 - k / 8;
      gradient.addColorStop(k / 16, css(mix(theme.background, value < 0 ? pull : push, Math.abs(value))));
    }
    context.fillStyle = gradient;
    const [barWidth, barHeight] = level ? [length, 10] : [10, length];
    context.fillRect(x, y, barWidth, barHeight);
    context.font = `500 ${type}px ${theme.font}`;
    context.fillStyle = css(mix(theme.background, theme.text, 0.8));
    context.textBaseline = "middle";
    for (const value of [-1, -0.5, 0, 0.5, 1]) {
      const weight = Math.sign(value) * value * value * largest; // the inverse of `compress`
      const text = signed(weight, 2);
      const place = (level ? value + 1 : 1 - value) / 2;
      if (level) {
        context.textAlign = value === -1 ? "left" : value === 1 ? "right" : "center";
        if (Math.abs(value) === 0.5 && this.#width < 430 * theme.scale) continue;
        context.fillText(text, x + place * length, y + 7 + type);
      } else {
        context.textAlign = "left";
        context.fillText(text, x + 15, y + Math.min(Math.max(place * length, type / 2), length - type / 2));
      }
    }
  }
}

/**
 * Return the parts of an interval outside a band.
 * @param {number} start
 * @param {number} length
 * @param {[number, number] | null} band  start and length
 */
function around(start, length, band) {
  if (!band) return [[start, start + length]];
  return [
    [start, band[0]],
    [band[0] + band[1], start + length],
  ];
}

/**
 * Return how much colour a share of the largest weight gets: small ones must remain visible.
 * @param {number} share
 */
export function compress(share) {
  return Math.sqrt(Math.min(share, 1));
}

/**
 * Write a number to a number of significant digits with a minus sign, small and large ones with a power of ten.
 * @param {number} value
 * @param {number} digits
 */
export function signed(value, digits) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(Math.abs(value)));
  if (power >= -4 && power < 5) return withMinus(value.toPrecision(digits));
  const [factor, exponent] = value.toExponential(digits - 1).split("e");
  return `${withMinus(factor)} × 10${superscript(Number(exponent))}`;
}

/**
 * Return the runs of one class in an order of nodes.
 * @param {number[]} order
 * @param {{labelOf: (node: number) => number}} bonds
 */
export function blocksOf(order, bonds) {
  /** @type {Block[]} */
  const blocks = [];
  order.forEach((node, place) => {
    const label = bonds.labelOf(node);
    const last = blocks.at(-1);
    if (last?.label === label) last.end = place + 1;
    else blocks.push({ label, start: place, end: place + 1 });
  });
  return blocks;
}
