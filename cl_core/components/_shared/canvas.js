/** Helpers for canvases: context, resolution, text with a halo, measured text, images. */

/**
 * Return the 2-D context of a canvas.
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasRenderingContext2DSettings} [settings]
 */
export function context2d(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("this browser has no 2-D canvas");
  return context;
}

/** Return the device's pixels for each CSS pixel. */
export function devicePixels() {
  return window.devicePixelRatio || 1;
}

/**
 * Give a canvas its resolution; this clears it.
 * @param {HTMLCanvasElement} canvas
 * @param {number} width   CSS pixels
 * @param {number} height  CSS pixels
 * @param {number} ratio   pixels for each CSS pixel
 */
export function setResolution(canvas, width, height, ratio) {
  canvas.width = Math.max(Math.round(width * ratio), 1);
  canvas.height = Math.max(Math.round(height * ratio), 1);
}

/**
 * Write text with a halo that keeps it apart from what is behind it. Font and alignment are those of the context.
 * @param {CanvasRenderingContext2D} context
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {{colour: string, halo: string, width: number}} style  `width` of the halo in CSS pixels, both sides together
 */
export function writeWithHalo(context, text, x, y, { colour, halo, width }) {
  context.lineJoin = "round";
  context.lineWidth = width;
  context.strokeStyle = halo;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}

/** @type {CanvasRenderingContext2D | null} context that only measures */
let ruler = null;

/**
 * Return the width of a text in CSS pixels, rounded up.
 * @param {string} text
 * @param {string} type  weight and size in the usual size of type, as in "650 16px"
 * @param {{font: string, scale: number}} theme
 */
export function textWidth(text, type, { font, scale }) {
  ruler ??= context2d(document.createElement("canvas"));
  ruler.font = `${type} ${font}`;
  return Math.ceil(ruler.measureText(text).width * scale);
}

/**
 * Decode a PNG; null where it is none.
 * @param {Uint8Array} bytes
 * @returns {Promise<ImageBitmap | null>}
 */
export function decodePng(bytes) {
  return createImageBitmap(pngBlob(bytes)).catch(() => null);
}

/**
 * A sheet of images in rows.
 * @typedef {object} SpriteLayout
 * @property {number} columns  images in a row
 * @property {number} w  size of an image in pixels
 * @property {number} h
 */

/**
 * Return the upper left corner of an image on its sheet, in pixels.
 * @param {number} index
 * @param {SpriteLayout} layout
 */
export function spritePlace(index, { columns, w, h }) {
  return { left: (index % columns) * w, top: Math.floor(index / columns) * h };
}

/** @param {Uint8Array} bytes */
export function pngBlob(bytes) {
  // a message's buffer is never shared memory, which the type of Blob's parts excludes
  return new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (bytes)], { type: "image/png" });
}
