/** Colours as [red, green, blue], 0 to 255 each. */

/** @typedef {number[]} Colour */

/**
 * Mix two colours; 0 is the first, 1 the second.
 * @param {Colour} a
 * @param {Colour} b
 * @param {number} share
 * @returns {Colour}
 */
export function mix(a, b, share) {
  return a.map((value, i) => Math.round(value * (1 - share) + b[i] * share));
}

const RING_INK = 0.45; // share of the text's colour in a ring; `palette.py` has the same

/**
 * Return the colour of the ring around a point, of thin lines and of text of a class: it stands out where its own is pale.
 * @param {Colour} colour
 * @param {{text: Colour}} theme
 */
export function ringColour(colour, { text }) {
  return mix(colour, text, RING_INK);
}

/**
 * Return a colour as CSS has it.
 * @param {Colour} colour
 */
export function css([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}

/**
 * Return a colour as a pixel of ImageData, read as a little-endian number: 0xAABBGGRR.
 * @param {Colour} colour
 */
export function pixel([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/**
 * Parse #rrggbb.
 * @param {string} hex
 * @returns {Colour}
 */
export function parseHex(hex) {
  return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
}

/**
 * Return how bright a colour looks, 0 to 255.
 * @param {Colour} colour
 */
export function luminance([red, green, blue]) {
  return 0.3 * red + 0.6 * green + 0.1 * blue;
}

/**
 * Return the colour of a class; with more classes than colours they repeat.
 * @param {Colour[]} colours
 * @param {number} label
 */
export function classColour(colours, label) {
  return colours[label % colours.length];
}
