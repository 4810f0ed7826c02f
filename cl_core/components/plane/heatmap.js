/** The field as colours below everything else: the background's where the loss is low, deeper where it is high. */

import { context2d } from "../_shared/canvas.js";
import { css, mix, pixel } from "../_shared/colour.js";

/**
 * @import { View } from "./view.js"
 * @import { Colour } from "../_shared/colour.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const TONES = 256;

/** @typedef {{tone: Float32Array, nx: number, ny: number}} Tones  `tone`: (ny * nx), row 0 has the lowest y */

export class Heatmap {
  #sheet = document.createElement("canvas"); // one pixel for each node, scaled by the browser
  #context = context2d(this.#sheet);
  /** @type {Colour[]} */
  #ramp = [];
  /** @type {number[]} */
  #pixels = [];
  /** @type {Float32Array | null} */
  #painted = null;
  #image = new ImageData(1, 1);

  /**
   * Mix the colours of another theme.
   * @param {Theme} theme
   * @param {Colour} highest  where the loss is highest
   */
  restyle(theme, highest) {
    this.#ramp = Array.from({ length: TONES }, (_, k) => mix(theme.background, highest, k / (TONES - 1)));
    this.#pixels = this.#ramp.map(pixel);
    this.#painted = null;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Tones} tones
   * @param {View} view
   */
  draw(context, tones, view) {
    const { tone, nx, ny } = tones;
    if (this.#painted !== tone) this.#paint(tones);
    const halfU = 0.5 / (nx - 1); // a node is in the middle of its pixel
    const halfV = 0.5 / (ny - 1);
    const left = view.toX(-halfU);
    const top = view.toY(1 + halfV);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.#sheet, left, top, view.toX(1 + halfU) - left, view.toY(-halfV) - top);
  }

  /**
   * Return the colour at a place, for the plate of a label there.
   * @param {number} u
   * @param {number} v
   * @param {Tones} tones
   */
  colourAt(u, v, { tone, nx, ny }) {
    const column = Math.min(Math.max(Math.round(u * (nx - 1)), 0), nx - 1);
    const row = Math.min(Math.max(Math.round(v * (ny - 1)), 0), ny - 1);
    return css(this.#ramp[Math.round(tone[row * nx + column] * (TONES - 1))]);
  }

  /** @param {Tones} tones */
  #paint({ tone, nx, ny }) {
    this.#painted = tone;
    if (this.#image.width !== nx || this.#image.height !== ny) {
      this.#sheet.width = nx;
      this.#sheet.height = ny;
      this.#image = new ImageData(nx, ny);
    }
    const target = new Uint32Array(this.#image.data.buffer);
    for (let r = 0; r < ny; r++) {
      const from = (ny - 1 - r) * nx; // the first row of an image is its highest
      for (let c = 0; c < nx; c++) target[r * nx + c] = this.#pixels[Math.round(tone[from + c] * (TONES - 1))];
    }
    this.#context.putImageData(this.#image, 0, 0);
  }
}
