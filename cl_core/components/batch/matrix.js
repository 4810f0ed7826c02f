/** The weights of every pair as a picture: rows and columns by class, with their names along the edges. */

import { css, mix } from "../_shared/_old/theme.js";

const BAR = 5; // CSS pixels of the bars in class colours along the edges
const GAP = 3; // between bar and picture
const TEXT = 13; // CSS pixels where type has its usual size, like the legend
const LEGEND = { wide: 96, tall: 46 };
const NARROW = 480; // below this the legend lies under the picture

export class Matrix {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.cells = document.createElement("canvas");
    this.labels = [];
  }

  /**
   * Lay everything out for a width and the tallest that it may be, with `ratio` pixels to each of the page. Returns
   * the height that it takes.
   */
  layout(width, tallest, bonds, names, theme, ratio) {
    const { context } = this;
    Object.assign(this, { width, bonds, names, theme, ratio });
    this.type = TEXT * theme.scale;
    this.rowBlocks = blocksOf(bonds.rowOrder, bonds);
    this.columnBlocks = blocksOf(bonds.columnOrder, bonds);
    context.font = `600 ${this.type}px ${theme.font}`;
    const longest = (blocks) => Math.max(0, ...blocks.map((b) => context.measureText(names[b.label]).width));
    this.under = width < NARROW * theme.scale;
    this.left = Math.ceil(longest(this.rowBlocks)) + 6 + BAR + GAP;
    const right = this.under ? 1 : Math.round(LEGEND.wide * theme.scale);
    const most = Math.max(width - this.left - right, 60);
    const upright = (size) => this.columnBlocks.every((b) => this.#fits(b, size));
    const rows = bonds.rowOrder.length || 1;
    const columns = bonds.columnOrder.length || 1;
    this.turned = !upright(Math.min(most, tallest));
    this.top = (this.turned ? Math.ceil(longest(this.columnBlocks)) + 6 : Math.ceil(this.type) + 5) + BAR + GAP;
    const bottom = this.under ? Math.round(LEGEND.tall * theme.scale) : 2;
    const room = Math.max(tallest - this.top - bottom, 60);
    this.high = Math.floor(this.under ? Math.min(most * (bonds.prototypes ? 1.2 : 1), 420) : room);
    this.wide = Math.floor(bonds.prototypes ? Math.min(most, this.high * 0.8) : Math.min(most, this.high));
    if (!bonds.prototypes) this.high = this.wide;
    this.cellWidth = this.wide / columns;
    this.cellHeight = this.high / rows;
    this.height = this.top + this.high + bottom;
    this.cells.width = columns;
    this.cells.height = rows;
    this.image = new ImageData(columns, rows);
    this.canvas.width = Math.max(Math.round(width * this.ratio), 1);
    this.canvas.height = Math.max(Math.round(this.height * this.ratio), 1);
    return this.height;
  }

  /** The pair whose cell is at (x, y), as nodes, or null. */
  at(x, y) {
    const column = Math.floor((x - this.left) / this.cellWidth);
    const row = Math.floor((y - this.top) / this.cellHeight);
    const { rowOrder, columnOrder } = this.bonds;
    if (!(row >= 0 && column >= 0 && row < rowOrder.length && column < columnOrder.length)) return null;
    return { anchor: rowOrder[row], partner: columnOrder[column] };
  }

  /** The cell of a pair in CSS pixels, [x, y, width, height]. */
  rect(anchor, partner) {
    const { bonds, left, top, cellWidth, cellHeight } = this;
    const [row, column] = [bonds.rowOf.get(anchor), bonds.columnOf.get(partner)];
    if (row === undefined || column === undefined) return null;
    return [left + column * cellWidth, top + row * cellHeight, cellWidth, cellHeight];
  }

  /** Draw one moment. */
  draw(now, inks, focus) {
    const { context, theme } = this;
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.fillStyle = css(theme.paper);
    context.fillRect(0, 0, this.width, this.height);
    this.#drawCells(now, inks);
    this.#drawBlocks();
    this.#drawFocus(focus);
    this.#drawNames(focus);
    this.#drawLegend(now.largest[0], inks);
  }

  #drawCells(now, inks) {
    const { bonds, theme, image, context } = this;
    const largest = now.largest[0] || 1;
    const [paper, pull, push] = [theme.paper, inks.pull, inks.push];
    let p = 0;
    for (const row of bonds.rowOrder) {
      for (const column of bonds.columnOrder) {
        const weight = now.weights[bonds.cell(row, column)] / largest;
        const share = compress(Math.abs(weight)) || 0; // 0 for what is not a number
        const ink = weight < 0 ? pull : push;
        for (let k = 0; k < 3; k++) image.data[p++] = paper[k] + (ink[k] - paper[k]) * share;
        image.data[p++] = 255;
      }
    }
    this.cells.getContext("2d").putImageData(image, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(this.cells, this.left, this.top, this.wide, this.high);
  }

  /** Thin lines between the classes, a frame, and a bar in its colour for each. */
  #drawBlocks() {
    const { context, theme, left, top, wide, high } = this;
    context.fillStyle = css(mix(theme.paper, theme.text, 0.22));
    const thin = 1 / this.ratio;
    for (const block of this.rowBlocks) this.#fill(left, top + block.start * this.cellHeight, wide, thin);
    for (const block of this.columnBlocks) this.#fill(left + block.start * this.cellWidth, top, thin, high);
    this.#fill(left, top + high, wide, thin);
    this.#fill(left + wide, top, thin, high);
    for (const { label, start, end } of this.rowBlocks) {
      context.fillStyle = css(theme.classes[label % theme.classes.length]);
      const size = (end - start) * this.cellHeight;
      context.fillRect(left - GAP - BAR, top + start * this.cellHeight + 0.75, BAR, size - 1.5);
    }
    for (const { label, start, end } of this.columnBlocks) {
      context.fillStyle = css(theme.classes[label % theme.classes.length]);
      const size = (end - start) * this.cellWidth;
      context.fillRect(left + start * this.cellWidth + 0.75, top - GAP - BAR, size - 1.5, BAR);
    }
  }

  /** A rectangle on whole pixels, so that thin lines are sharp. */
  #fill(x, y, width, height) {
    const whole = (value) => Math.round(value * this.ratio) / this.ratio;
    this.context.fillRect(whole(x), whole(y), width, height);
  }

  /** What is looked at stays; the rest fades. */
  #drawFocus({ anchor, partner, cell }) {
    if (anchor < 0) return;
    const { context, theme, left, top, wide, high, bonds } = this;
    const bands = [];
    const row = bonds.rowOf.get(anchor);
    const column = bonds.columnOf.get(anchor);
    if (row !== undefined) bands.push([left, top + row * this.cellHeight, wide, this.cellHeight]);
    if (column !== undefined) bands.push([left + column * this.cellWidth, top, this.cellWidth, high]);
    context.save();
    context.beginPath();
    context.rect(left - 1, top - 1, wide + 2, high + 2);
    context.clip();
    context.fillStyle = css(theme.paper);
    context.globalAlpha = 0.62;
    this.#around(bands);
    context.restore();
    context.strokeStyle = css(mix(theme.paper, theme.text, 0.75));
    context.lineWidth = 1;
    for (const [x, y, w, h] of bands) context.strokeRect(x - 0.5, y - 0.5, w + 1, h + 1);
    this.#ring(this.rect(anchor, partner), cell ? 2.5 : 2);
    if (!cell) this.#ring(this.rect(partner, anchor), 2);
  }

  /** Fill all but the bands: at most one level and one upright. */
  #around(bands) {
    const { left, top, wide, high } = this;
    const level = bands.find((band) => band[2] === wide);
    const upright = bands.find((band) => band !== level);
    const rows = level
      ? [
          [top, level[1]],
          [level[1] + level[3], top + high],
        ]
      : [[top, top + high]];
    const columns = upright
      ? [
          [left, upright[0]],
          [upright[0] + upright[2], left + wide],
        ]
      : [[left, left + wide]];
    for (const [y, bottom] of rows) {
      for (const [x, right] of columns) this.context.fillRect(x, y, right - x, bottom - y);
    }
  }

  #ring(rect, width) {
    if (!rect) return;
    const { context, theme } = this;
    const [x, y, w, h] = rect;
    const out = width / 2 + 0.5;
    context.lineJoin = "round";
    context.lineWidth = width + 2;
    context.strokeStyle = css(theme.paper);
    context.strokeRect(x - out, y - out, w + 2 * out, h + 2 * out);
    context.lineWidth = width;
    context.strokeStyle = css(theme.text);
    context.strokeRect(x - out, y - out, w + 2 * out, h + 2 * out);
  }

  /** The classes' names along the left and the upper edge. */
  #drawNames({ anchor }) {
    const { context, theme, left, top, bonds, names } = this;
    const own = anchor < 0 ? -1 : bonds.labelOf(anchor);
    this.labels = [];
    context.textBaseline = "middle";
    const write = (label, x, y, where, turned) => {
      context.font = `${label === own ? 800 : 600} ${this.type}px ${theme.font}`;
      context.fillStyle = css(mix(theme.paper, theme.text, label === own ? 1 : 0.72));
      const width = context.measureText(names[label]).width;
      context.save();
      context.translate(x, y);
      if (turned) context.rotate(-Math.PI / 2);
      context.textAlign = turned ? "left" : where === "row" ? "right" : "center";
      context.fillText(names[label], 0, 0);
      context.restore();
      const from = where === "row" ? [x - width, y - this.type / 2] : [x - width / 2, y - this.type / 2];
      const box = turned ? [x - this.type / 2, y - width, this.type, width] : [...from, width, this.type];
      this.labels.push({ text: names[label], where, rect: box });
    };
    let last = -Infinity;
    for (const { label, start, end } of this.rowBlocks) {
      const y = top + ((start + end) / 2) * this.cellHeight;
      if (y - last < this.type) continue; // no room under the name before
      last = y;
      write(label, left - GAP - BAR - 4, y, "row", false);
    }
    last = -Infinity;
    for (const { label, start, end } of this.columnBlocks) {
      const x = left + ((start + end) / 2) * this.cellWidth;
      if (this.turned && x - last < this.type) continue;
      last = x;
      write(label, x, this.turned ? top - GAP - BAR - 4 : top - GAP - BAR - 2.5 - this.type / 2, "column", this.turned);
    }
  }

  #fits({ label, start, end }, size) {
    const { context, bonds, names } = this;
    return context.measureText(names[label]).width + 2 <= ((end - start) * size) / (bonds.columnOrder.length || 1);
  }

  /** The bar of colours with its numbers. */
  #drawLegend(largest, inks) {
    if (!largest) return; // nobody has a weight
    const { context, theme, left, top, high, wide } = this;
    const across = this.under;
    const length = across ? Math.min(wide, 300) : Math.min(high, 260);
    const [x, y] = across ? [left + (wide - length) / 2, top + high + 12] : [left + wide + 16, top];
    const colour = context.createLinearGradient(x, y, across ? x + length : x, across ? y : y + length);
    // from push (1) at the top to pull (-1); lying down from pull at the left to push
    for (let k = 0; k <= 16; k++) {
      const value = across ? k / 8 - 1 : 1 - k / 8;
      colour.addColorStop(k / 16, css(mix(theme.paper, value < 0 ? inks.pull : inks.push, Math.abs(value))));
    }
    context.fillStyle = colour;
    const [barWidth, barHeight] = across ? [length, 10] : [10, length];
    context.fillRect(x, y, barWidth, barHeight);
    context.font = `500 ${this.type}px ${theme.font}`;
    context.fillStyle = css(mix(theme.paper, theme.text, 0.8));
    context.textBaseline = "middle";
    for (const value of [-1, -0.5, 0, 0.5, 1]) {
      const weight = Math.sign(value) * value * value * largest; // `compress` the other way round
      const text = signed(weight, 2);
      const place = (across ? value + 1 : 1 - value) / 2;
      if (across) {
        context.textAlign = value === -1 ? "left" : value === 1 ? "right" : "center";
        if (Math.abs(value) === 0.5 && this.width < 430 * theme.scale) continue;
        context.fillText(text, x + place * length, y + 7 + this.type);
      } else {
        context.textAlign = "left";
        context.fillText(text, x + 15, y + Math.min(Math.max(place * length, this.type / 2), length - this.type / 2));
      }
    }
  }
}

/** How much colour a share of the largest weight gets: small ones remain to be seen. */
export function compress(share) {
  return Math.sqrt(Math.min(share, 1));
}

/** A number to `digits` figures with a real minus, small and large ones with a power of ten. */
export function signed(value, digits) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(Math.abs(value)));
  if (power >= -4 && power < 5) return value.toPrecision(digits).replace("-", "−");
  const [factor, exponent] = value.toExponential(digits - 1).split("e");
  return `${factor.replace("-", "−")} × 10${raised(Number(exponent))}`;
}

function raised(exponent) {
  return String(exponent).replace(/[-\d]/g, (letter) => (letter === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[letter]));
}

/** Runs of one class in an order of nodes. */
function blocksOf(order, bonds) {
  const blocks = [];
  order.forEach((node, place) => {
    const label = bonds.labelOf(node);
    if (blocks.at(-1)?.label === label) blocks.at(-1).end = place + 1;
    else blocks.push({ label, start: place, end: place + 1 });
  });
  return blocks;
}
