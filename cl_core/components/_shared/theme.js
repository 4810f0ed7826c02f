/** The theme of the page: colours, typeface and size of type around a picture. */

import { luminance } from "./colour.js";
import { context2d } from "./canvas.js";

/**
 * @typedef {import("./colour.js").Colour} Colour
 *
 * @typedef {{light: string[], dark: string[]}} Palette  CSS colours for a light and for a dark background
 *
 * @typedef {object} Theme
 * @property {string} source  what it was read from: equal sources are equal themes
 * @property {boolean} dark
 * @property {string} font
 * @property {number} scale  size of type in units of the usual size (1rem = 16px)
 * @property {Colour} background
 * @property {Colour} text
 * @property {Colour[]} classes  the palette's colours
 */

/** @type {Palette} palette of a picture that has no colours of its own */
export const NO_CLASSES = { light: [], dark: [] };

/** @type {CanvasRenderingContext2D | null} one pixel that turns CSS colours into numbers */
let probe = null;

/**
 * Read the theme at an element.
 * @param {Element} root
 * @param {Palette} palette
 * @param {Theme | null} known  theme read before
 * @returns {Theme} `known` itself where nothing has changed
 */
export function readTheme(root, palette, known) {
  const style = getComputedStyle(root);
  const background = style.getPropertyValue("--st-background-color").trim();
  const text = style.getPropertyValue("--st-text-color").trim();
  const font = style.getPropertyValue("--st-font").trim() || "sans-serif";
  const scale = typeScale();
  const source = JSON.stringify([background, text, font, scale, palette]);
  if (known?.source === source) return known;
  const backgroundColour = parseColour(background, [255, 255, 255]);
  const dark = luminance(backgroundColour) < 128;
  return {
    source,
    dark,
    font,
    scale,
    background: backgroundColour,
    text: parseColour(text, dark ? [250, 250, 250] : [40, 40, 50]),
    classes: (dark ? palette.dark : palette.light).map((name) => parseColour(name, [128, 128, 128])),
  };
}

/** Return the page's size of type in units of the usual size; drawn text grows with it. */
export function typeScale() {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1;
}

/**
 * Parse any CSS colour.
 * @param {string} name
 * @param {Colour} otherwise  for what is no colour or not opaque
 * @returns {Colour}
 */
function parseColour(name, otherwise) {
  if (!CSS.supports("color", name)) return otherwise;
  probe ??= context2d(document.createElement("canvas"), { willReadFrequently: true });
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = name;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = probe.getImageData(0, 0, 1, 1).data;
  return alpha === 255 ? [red, green, blue] : otherwise;
}
