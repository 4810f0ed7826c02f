/** The field of colour below everything else: the paper where the loss is low, deeper where it is high. */

import { css, mix, pixel } from "../_shared/_old/theme.js";

const TONES = 256;

export class Ground {
  constructor() {
    this.sheet = document.createElement("canvas"); // one pixel a node, drawn larger by the browser
    this.context = this.sheet.getContext("2d");
    this.ramp = [];
    this.painted = null;
  }

  /** Mix the colours anew. */
  restyle(theme, highest) {
    this.ramp = Array.from({ length: TONES }, (_, k) => mix(theme.paper, highest, k / (TONES - 1)));
    this.pixels = this.ramp.map(pixel);
    this.painted = null;
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Float32Array} tone  (ny * nx)
   * @param {number} nx
   * @param {number} ny
   * @param {import("./view.js").View} view
   */
  draw(context, tone, nx, ny, view) {
    if (this.painted !== tone) this.#paint(tone, nx, ny);
    const halfU = 0.5 / (nx - 1); // a node is in the middle of its pixel
    const halfV = 0.5 / (ny - 1);
    const left = view.across(-halfU);
    const top = view.up(1 + halfV);
    context.imageSmoothingEnabled = true;
    context.imageSmoothingQuality = "high";
    context.drawImage(this.sheet, left, top, view.across(1 + halfU) - left, view.up(-halfV) - top);
  }

  /** The colour at a place, for what is written on it. */
  colourAt(u, v, shape) {
    const { tone, nx, ny } = shape;
    const column = Math.min(Math.max(Math.round(u * (nx - 1)), 0), nx - 1);
    const row = Math.min(Math.max(Math.round(v * (ny - 1)), 0), ny - 1);
    return css(this.ramp[Math.round(tone[row * nx + column] * (TONES - 1))]);
  }

  #paint(tone, nx, ny) {
    this.painted = tone;
    if (this.image?.width !== nx || this.image?.height !== ny) {
      this.sheet.width = nx;
      this.sheet.height = ny;
      this.image = new ImageData(nx, ny);
    }
    const target = new Uint32Array(this.image.data.buffer);
    for (let r = 0; r < ny; r++) {
      const from = (ny - 1 - r) * nx; // the first row of an image is its highest
      for (let c = 0; c < nx; c++) target[r * nx + c] = this.pixels[Math.round(tone[from + c] * (TONES - 1))];
    }
    this.context.putImageData(this.image, 0, 0);
  }
}
