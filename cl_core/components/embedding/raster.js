/** Drawing into a buffer of pixels: lines, and small anti-aliased discs, thousands of them in a millisecond. */

const PHASES = 4; // a disc's centre is placed to a quarter of a pixel

/**
 * A disc ready to be drawn, once for each place of its centre within a pixel.
 * @typedef {object} Stamp
 * @property {number} reach   pixels from the centre's pixel to the edge
 * @property {number} side    2 * reach + 1
 * @property {Uint16Array[]} tint   share of the disc's colour in each pixel, 0 to 256
 * @property {Uint16Array[]} cover  share of the pixel that disc and ring hide, 0 to 256; above `tint` in the ring
 */

/**
 * @param {number} radius  pixels
 * @param {number} alpha
 * @param {number} ring    width of a ring around the disc
 * @returns {Stamp}
 */
export function makeStamp(radius, alpha, ring) {
  const reach = Math.ceil(radius + ring + 0.5);
  const side = 2 * reach + 1;
  /** @type {Stamp} */
  const stamp = { reach, side, tint: [], cover: [] };
  for (let phase = 0; phase < PHASES * PHASES; phase++) {
    const cx = reach + ((phase % PHASES) + 0.5) / PHASES;
    const cy = reach + (Math.floor(phase / PHASES) + 0.5) / PHASES;
    const tint = new Uint16Array(side * side);
    const cover = new Uint16Array(side * side);
    for (let i = 0; i < tint.length; i++) {
      const distance = Math.hypot((i % side) + 0.5 - cx, Math.floor(i / side) + 0.5 - cy);
      const disc = Math.min(Math.max(radius + 0.5 - distance, 0), 1) * alpha;
      const whole = Math.min(Math.max(radius + ring + 0.5 - distance, 0), 1) * alpha;
      tint[i] = Math.round(disc * 256);
      cover[i] = Math.max(tint[i], Math.round(whole * 256));
    }
    stamp.tint.push(tint);
    stamp.cover.push(cover);
  }
  return stamp;
}

/** Colours are pixels: 0xAABBGGRR. */
export class Raster {
  width = 1;
  height = 1;
  data = new Uint8ClampedArray(4); // red, green, blue, alpha of each pixel
  #pixels = new Uint32Array(this.data.buffer);

  /**
   * @param {number} width  pixels
   * @param {number} height
   */
  resize(width, height) {
    this.width = width;
    this.height = height;
    this.data = new Uint8ClampedArray(4 * width * height);
    this.#pixels = new Uint32Array(this.data.buffer);
  }

  /** @param {number} background */
  clear(background) {
    this.#pixels.fill(background);
  }

  /**
   * Draw a horizontal line.
   * @param {number} y
   * @param {number} thickness  whole pixels
   * @param {number} colour
   */
  row(y, thickness, colour) {
    const start = Math.max(Math.round(y - thickness / 2), 0);
    const end = Math.min(Math.round(y - thickness / 2) + thickness, this.height);
    if (end > start) this.#pixels.fill(colour, start * this.width, end * this.width);
  }

  /**
   * Draw a vertical line.
   * @param {number} x
   * @param {number} thickness  whole pixels
   * @param {number} colour
   */
  column(x, thickness, colour) {
    const left = Math.round(x - thickness / 2);
    for (let c = Math.max(left, 0); c < Math.min(left + thickness, this.width); c++) {
      for (let i = c; i < this.#pixels.length; i += this.width) this.#pixels[i] = colour;
    }
  }

  /**
   * Fill a convex polygon, with soft edges to the left and right.
   * @param {[number, number][]} corners
   * @param {number} colour
   */
  polygon(corners, colour) {
    if (corners.length < 3) return;
    const heights = corners.map(([, y]) => y);
    const last = Math.min(Math.ceil(Math.max(...heights)), this.height);
    for (let r = Math.max(Math.floor(Math.min(...heights)), 0); r < last; r++) {
      const [left, right] = spanAt(corners, r + 0.5);
      if (!(right > left)) continue;
      const start = Math.max(Math.ceil(left), 0);
      const end = Math.min(Math.floor(right), this.width);
      const row = r * this.width;
      if (end > start) this.#pixels.fill(colour, row + start, row + end);
      if (left > 0 && start - left > 0) this.#blend(row + start - 1, colour, start - left);
      if (right < this.width && right - end > 0) this.#blend(row + end, colour, right - end);
    }
  }

  /**
   * Mix a colour into a pixel.
   * @param {number} i
   * @param {number} colour
   * @param {number} share  0 to 1
   */
  #blend(i, colour, share) {
    const below = this.#pixels[i];
    const [takes, keeps] = [Math.round(256 * share), 256 - Math.round(256 * share)];
    const rb = ((Math.imul(colour & 0xff00ff, takes) + Math.imul(below & 0xff00ff, keeps)) >>> 8) & 0xff00ff;
    const g = (((colour >>> 8) & 0xff) * takes + ((below >>> 8) & 0xff) * keeps) & 0xff00;
    this.#pixels[i] = (0xff000000 | rb | g) >>> 0;
  }

  /**
   * Draw a line of discs, a pixel apart.
   * @param {[number, number][]} points
   * @param {Stamp} stamp
   * @param {number} colour
   */
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

  /**
   * Draw one disc; it is clipped at the edge.
   * @param {number} x
   * @param {number} y
   * @param {Stamp} stamp
   * @param {number} colour
   * @param {number} [ringColour]  of the stamp's ring
   */
  disc(x, y, stamp, colour, ringColour = colour) {
    const { reach, side } = stamp;
    const { width, height } = this;
    const pixels = this.#pixels;
    const wholeX = Math.floor(x);
    const wholeY = Math.floor(y);
    const left = wholeX - reach;
    const top = wholeY - reach;
    // the comparison is false for NaN too: a point without coordinates is not drawn
    if (!(left > -side && top > -side && left < width && top < height)) return;
    const phase = Math.floor((x - wholeX) * PHASES) + PHASES * Math.floor((y - wholeY) * PHASES);
    const tint = stamp.tint[phase];
    const cover = stamp.cover[phase];
    const firstColumn = Math.max(-left, 0);
    const lastColumn = Math.min(width - left, side);
    const lastRow = Math.min(height - top, side);
    // red and blue are blended together in one number, green in another
    const colourRB = colour & 0xff00ff;
    const colourG = (colour >>> 8) & 0xff;
    const ringRB = ringColour & 0xff00ff;
    const ringG = (ringColour >>> 8) & 0xff;
    for (let r = Math.max(-top, 0); r < lastRow; r++) {
      let from = r * side + firstColumn;
      let to = (top + r) * width + left + firstColumn;
      for (let c = firstColumn; c < lastColumn; c++, from++, to++) {
        const hides = cover[from];
        if (hides === 0) continue;
        const below = pixels[to];
        const takes = tint[from];
        const ring = hides - takes;
        const keeps = 256 - hides;
        const rb =
          ((Math.imul(colourRB, takes) + Math.imul(ringRB, ring) + Math.imul(below & 0xff00ff, keeps)) >>> 8) & 0xff00ff;
        const g = (colourG * takes + ringG * ring + ((below >>> 8) & 0xff) * keeps) & 0xff00;
        pixels[to] = (0xff000000 | rb | g) >>> 0;
      }
    }
  }
}

/**
 * Return where a horizontal line enters and leaves a convex polygon; from Infinity to -Infinity where it misses it.
 * @param {[number, number][]} corners
 * @param {number} y
 */
function spanAt(corners, y) {
  let [left, right] = [Infinity, -Infinity];
  corners.forEach(([x0, y0], i) => {
    const [x1, y1] = corners[(i + 1) % corners.length];
    if (y0 <= y === y1 <= y) return;
    const x = x0 + ((x1 - x0) * (y - y0)) / (y1 - y0);
    left = Math.min(left, x);
    right = Math.max(right, x);
  });
  return [left, right];
}
