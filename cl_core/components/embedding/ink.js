/** A buffer of pixels and the few things drawn into it: small anti-aliased discs, thousands of them in a millisecond. */

const PHASES = 4; // a disc's centre is placed to a quarter of a pixel

/**
 * A disc ready to be stamped, once for each place of its centre within a pixel.
 * @typedef {object} Stamp
 * @property {number} reach   pixels from the centre's to the edge
 * @property {number} side    2 * reach + 1
 * @property {Uint16Array[]} ink    how much colour each pixel takes, 0 to 256
 * @property {Uint16Array[]} cover  how much of what is below it hides, 0 to 256; more than `ink` in the rim
 */

/**
 * @param {number} radius  in pixels
 * @param {number} alpha
 * @param {number} rim     width of a rim of paper around the disc, which keeps neighbours apart
 * @returns {Stamp}
 */
export function makeStamp(radius, alpha, rim) {
  const reach = Math.ceil(radius + rim + 0.5);
  const side = 2 * reach + 1;
  const stamp = { reach, side, ink: [], cover: [] };
  for (let phase = 0; phase < PHASES * PHASES; phase++) {
    const cx = reach + ((phase % PHASES) + 0.5) / PHASES;
    const cy = reach + (Math.floor(phase / PHASES) + 0.5) / PHASES;
    const ink = new Uint16Array(side * side);
    const cover = new Uint16Array(side * side);
    for (let i = 0; i < ink.length; i++) {
      const distance = Math.hypot((i % side) + 0.5 - cx, Math.floor(i / side) + 0.5 - cy);
      const disc = Math.min(Math.max(radius + 0.5 - distance, 0), 1) * alpha;
      const whole = Math.min(Math.max(radius + rim + 0.5 - distance, 0), 1) * alpha * 0.7;
      ink[i] = Math.round(disc * 256);
      cover[i] = Math.max(ink[i], Math.round(whole * 256));
    }
    stamp.ink.push(ink);
    stamp.cover.push(cover);
  }
  return stamp;
}

export class Ink {
  constructor() {
    this.resize(1, 1);
    this.paper = 0xffffffff;
  }

  resize(width, height) {
    this.width = width;
    this.height = height;
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer); // 0xAABBGGRR
  }

  /** A clean sheet. */
  clear(paper) {
    this.paper = paper;
    this.pixels.fill(paper);
  }

  /** A level line, `thick` pixels. */
  row(y, thick, colour) {
    const start = Math.max(Math.round(y - thick / 2), 0);
    const end = Math.min(Math.round(y - thick / 2) + thick, this.height);
    if (end > start) this.pixels.fill(colour, start * this.width, end * this.width);
  }

  /** An upright line, `thick` pixels. */
  column(x, thick, colour) {
    const left = Math.round(x - thick / 2);
    for (let c = Math.max(left, 0); c < Math.min(left + thick, this.width); c++) {
      for (let i = c; i < this.pixels.length; i += this.width) this.pixels[i] = colour;
    }
  }

  /** A line of discs, a pixel apart, through screen points [x, y]. */
  path(points, stamp, colour) {
    for (let i = 1; i < points.length; i++) {
      const [x0, y0] = points[i - 1];
      const [x1, y1] = points[i];
      const steps = Math.max(Math.ceil(Math.hypot(x1 - x0, y1 - y0)), 1);
      if (!Number.isFinite(steps) || steps > 8000) continue;
      for (let s = 0; s < steps; s++) {
        this.disc(x0 + ((x1 - x0) * s) / steps, y0 + ((y1 - y0) * s) / steps, stamp, colour);
      }
    }
  }

  /** One disc. What is partly outside the sheet is left out at the sheet's edge. */
  disc(x, y, stamp, colour) {
    const { reach, side } = stamp;
    const { width, height, pixels, paper } = this;
    const wholeX = Math.floor(x);
    const wholeY = Math.floor(y);
    const left = wholeX - reach;
    const top = wholeY - reach;
    // the comparison is false for NaN too: a point that is nowhere is not drawn
    if (!(left > -side && top > -side && left < width && top < height)) return;
    const phase = Math.floor((x - wholeX) * PHASES) + PHASES * Math.floor((y - wholeY) * PHASES);
    const ink = stamp.ink[phase];
    const cover = stamp.cover[phase];
    const firstColumn = Math.max(-left, 0);
    const lastColumn = Math.min(width - left, side);
    const lastRow = Math.min(height - top, side);
    // red and blue are blended together in one number, green in another
    const inkRB = colour & 0xff00ff;
    const inkG = (colour >>> 8) & 0xff;
    const paperRB = paper & 0xff00ff;
    const paperG = (paper >>> 8) & 0xff;
    for (let r = Math.max(-top, 0); r < lastRow; r++) {
      let from = r * side + firstColumn;
      let to = (top + r) * width + left + firstColumn;
      for (let c = firstColumn; c < lastColumn; c++, from++, to++) {
        const hides = cover[from];
        if (hides === 0) continue;
        const below = pixels[to];
        const takes = ink[from];
        const rim = hides - takes;
        const keeps = 256 - hides;
        const rb =
          ((Math.imul(inkRB, takes) + Math.imul(paperRB, rim) + Math.imul(below & 0xff00ff, keeps)) >>> 8) & 0xff00ff;
        const g = (inkG * takes + paperG * rim + ((below >>> 8) & 0xff) * keeps) & 0xff00;
        pixels[to] = (0xff000000 | rb | g) >>> 0;
      }
    }
  }
}
