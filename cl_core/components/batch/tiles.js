/** The images as tiles: a digit's strokes in the colour of its class, on a sheet of their own. */

import { context2d, decodePng, spritePlace } from "../_shared/canvas.js";
import { classColour, css, luminance, mix, ringColour } from "../_shared/colour.js";
import { sameBytes } from "../_shared/envelope.js";

/**
 * @import { SpriteLayout } from "../_shared/canvas.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const TILE_TINT = 0.14; // share of the class's colour behind an image
const TEXT_SHARE = 0.4; // share of the text's colour in the strokes, so that they can be read

export class Tiles {
  /** @type {Uint8Array | null} */
  #source = null;
  /** @type {ImageBitmap | null} the sheet as it came */
  #grey = null;
  /** @type {HTMLCanvasElement | null} the sheet in the classes' colours, on a transparent ground */
  #sheet = null;
  /** @type {SpriteLayout} */
  #layout = { columns: 1, w: 1, h: 1 };
  #painted = ""; // theme and labels of the sheet

  /**
   * Decode a sprite sheet, unless it is the known one.
   * @param {Uint8Array} sprite
   * @returns {Promise<void>} resolves when it can be drawn
   */
  async load(sprite) {
    if (this.#source && sameBytes(this.#source, sprite)) return;
    this.#source = sprite;
    this.#grey = null;
    this.#sheet = null;
    this.#painted = "";
    if (!sprite.length) return;
    const grey = await decodePng(sprite);
    if (this.#source === sprite) this.#grey = grey;
  }

  /**
   * Colour the sheet for a theme: light strokes on a dark ground become coloured strokes on none.
   * @param {SpriteLayout} layout
   * @param {Uint8Array} labels
   * @param {Theme} theme
   */
  paint(layout, labels, theme) {
    const wanted = `${theme.source} ${labels}`;
    if (!this.#grey || this.#painted === wanted) return;
    this.#painted = wanted;
    this.#layout = layout;
    const { width, height } = this.#grey;
    const sheet = (this.#sheet ??= document.createElement("canvas"));
    sheet.width = width;
    sheet.height = height;
    const context = context2d(sheet, { willReadFrequently: true });
    context.drawImage(this.#grey, 0, 0);
    const image = context.getImageData(0, 0, width, height);
    const colours = theme.classes.map((colour) => mix(colour, theme.text, TEXT_SHARE));
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const i = Math.floor(y / layout.h) * layout.columns + Math.floor(x / layout.w);
        const [red, green, blue] = classColour(colours, labels[i]) ?? theme.text;
        const p = 4 * (y * width + x);
        image.data[p + 3] = image.data[p];
        image.data[p] = red;
        image.data[p + 1] = green;
        image.data[p + 2] = blue;
      }
    }
    context.putImageData(image, 0, 0);
  }

  /**
   * Draw an image, centred.
   * @param {CanvasRenderingContext2D} context
   * @param {number} index
   * @param {number} label
   * @param {number} x
   * @param {number} y
   * @param {number} size
   * @param {Theme} theme
   * @param {{name?: string, frame?: number}} [look]  `name` stands in for an image that there is not
   */
  draw(context, index, label, x, y, size, theme, { name = "", frame = 1.25 } = {}) {
    const colour = classColour(theme.classes, label);
    const half = size / 2;
    context.beginPath();
    context.roundRect(x - half, y - half, size, size, size * 0.2);
    context.fillStyle = css(mix(theme.background, colour, TILE_TINT));
    context.fill();
    if (this.#sheet) {
      const { w, h } = this.#layout;
      const { left, top } = spritePlace(index, this.#layout);
      const inner = size - 2;
      context.imageSmoothingQuality = "high";
      context.drawImage(this.#sheet, left, top, w, h, x - inner / 2, y - inner / 2, inner, inner);
    } else if (!this.#source?.length) {
      context.fillStyle = css(mix(colour, theme.text, TEXT_SHARE));
      context.font = `700 ${Math.round(size * 0.55)}px ${theme.font}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(name.slice(0, 2), x, y + 1);
    }
    context.lineWidth = frame;
    context.strokeStyle = css(ringColour(colour, theme));
    context.stroke();
  }
}

/**
 * Draw a class weight: a diamond in its colour, with its name on it where that is short.
 * @param {CanvasRenderingContext2D} context
 * @param {number} label
 * @param {number} x
 * @param {number} y
 * @param {number} size
 * @param {Theme} theme
 * @param {{name?: string, frame?: number, rim?: number[]}} [look]
 */
export function drawPrototype(context, label, x, y, size, theme, { name = "", frame = 2, rim = theme.background } = {}) {
  const colour = classColour(theme.classes, label);
  const half = size / 2;
  context.beginPath();
  context.moveTo(x, y - half);
  context.lineTo(x + half, y);
  context.lineTo(x, y + half);
  context.lineTo(x - half, y);
  context.closePath();
  context.fillStyle = css(colour);
  context.fill();
  context.lineWidth = frame;
  context.strokeStyle = css(rim);
  context.stroke();
  if (!fitsTile(name)) return;
  context.font = `800 ${Math.max(Math.round(size * 0.45), 13)}px ${theme.font}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = luminance(colour) > 140 ? "#111" : "#fff";
  context.fillText(name, x, y + 1);
}

/**
 * Return whether the name of a class can be written on a tile.
 * @param {string} name
 */
export function fitsTile(name) {
  return name.length <= 2;
}
