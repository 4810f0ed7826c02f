/** SVG shapes of both pictures: handles, discs, arrows, circles. */

import { textWidth } from "../_shared/canvas.js";
import { createSvg, hundredths, setAttributes } from "../_shared/svg.js";

/** @import { Attributes } from "../_shared/svg.js" */

/** @typedef {{font: string, scale: number}} Type  typeface, and size of type in units of the usual size */

const HEAD = 12; // CSS pixels from an arrow's point to its wings
const WING = 6.5;
const SHAFT = 2;

/**
 * Create a handle that `moveHandle` places.
 * @param {Attributes} attributes
 * @param {...Element} glyph  what is seen of it
 */
export function createHandle(attributes, ...glyph) {
  const circles = [createSvg("circle", { class: "reach", r: 22 }), createSvg("circle", { class: "glow", r: 17 })];
  return createSvg("g", { tabindex: 0, role: "slider", ...attributes }, ...circles, ...glyph);
}

/** Create the glyph of a negative: a disc that its kind shows empty, half or full. */
export function createDisc() {
  const half = createSvg("path", { class: "half", d: "M0 -9.5A9.5 9.5 0 0 0 0 9.5Z" });
  return [createSvg("circle", { class: "disc", r: 9.5 }), half];
}

/**
 * Create the glyph of the anchor or the positive: a square with a letter.
 * @param {string} letter
 */
export function createTile(letter) {
  const square = createSvg("rect", { class: "tile", x: -11, y: -11, width: 22, height: 22, rx: 5 });
  return [square, createSvg("text", { class: "letter" }, letter)];
}

/**
 * @param {Element} handle
 * @param {[number, number]} place
 * @param {number} scale
 */
export function moveHandle(handle, [x, y], scale) {
  setAttributes(handle, { transform: `translate(${hundredths(x)} ${hundredths(y)}) scale(${scale})` });
}

/**
 * Return the outline of an arrow from a point by a vector, in CSS pixels; "" where it has no length.
 * @param {[number, number]} from
 * @param {[number, number]} by
 */
export function arrowOutline([x, y], [dx, dy]) {
  const length = Math.hypot(dx, dy);
  if (length < 0.5) return "";
  const size = Math.min(length / HEAD, 1);
  const [ux, uy] = [dx / length, dy / length];
  /**
   * @param {number} forward
   * @param {number} left
   */
  const at = (forward, left) => `${hundredths(x + ux * forward + uy * left)} ${hundredths(y + uy * forward - ux * left)}`;
  const neck = length - HEAD * size;
  const [wing, shaft] = [WING * size, SHAFT * size];
  const outline = [at(0, shaft), at(neck, shaft), at(neck, wing), at(length, 0), at(neck, -wing), at(neck, -shaft), at(0, -shaft)];
  return `M${outline.join("L")}Z`;
}

/**
 * Return a circle as a path; "" where it is too small to be seen.
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
export function circlePath(x, y, r) {
  if (r < 0.5) return "";
  const [half, size] = [`a${hundredths(r)} ${hundredths(r)} 0 1 0 `, hundredths(2 * r)];
  return `M${hundredths(x - r)} ${hundredths(y)}${half}${size} 0${half}${-size} 0Z`;
}

/**
 * Return the width of a label with a little room.
 * @param {string} text
 * @param {string} type  weight and size in the usual size of type
 * @param {Type} theme
 */
export function labelWidth(text, type, theme) {
  return textWidth(text, type, theme) + 2;
}
