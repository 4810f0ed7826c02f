/** Small things that both pictures are made of: discs by kind, arrows, and how wide a word is. */

import { make, setAttributes } from "../_shared/_old/svg.js";

const HEAD = 12; // CSS pixels from an arrow's point to its wings
const WING = 6.5;
const SHAFT = 2;

const pen = document.createElement("canvas").getContext("2d");

/** The elements within `root` that have a `data-part`, by its name. */
export function partsOf(root) {
  return Object.fromEntries([...root.querySelectorAll("[data-part]")].map((element) => [element.dataset.part, element]));
}

/** Something to take hold of, to be moved by `placeHandle`; `glyph` is what is seen of it. */
export function makeHandle(attributes, ...glyph) {
  const round = [make("circle", { class: "reach", r: 22 }), make("circle", { class: "glow", r: 17 })];
  return make("g", { tabindex: 0, role: "slider", ...attributes }, ...round, ...glyph);
}

/** A negative: a disc that its class shows empty, half or full. */
export function disc() {
  return [make("circle", { class: "disc", r: 9.5 }), make("path", { class: "half", d: "M0 -9.5A9.5 9.5 0 0 0 0 9.5Z" })];
}

/** The anchor or the positive: a square with its letter. */
export function tile(letter) {
  const text = make("text", { class: "letter" });
  text.textContent = letter;
  return [make("rect", { class: "tile", x: -11, y: -11, width: 22, height: 22, rx: 5 }), text];
}

/** Put a handle there, so many times as large as usual. */
export function placeHandle(handle, [x, y], scale) {
  setAttributes(handle, { transform: `translate(${pixels(x)} ${pixels(y)}) scale(${scale})` });
}

/** The outline of an arrow from one place by (dx, dy), all in CSS pixels; nothing where it has no length. */
export function arrowOutline([x, y], [dx, dy]) {
  const length = Math.hypot(dx, dy);
  if (length < 0.5) return "";
  const size = Math.min(length / HEAD, 1);
  const [ux, uy] = [dx / length, dy / length];
  const at = (forward, left) => `${pixels(x + ux * forward + uy * left)} ${pixels(y + uy * forward - ux * left)}`;
  const neck = length - HEAD * size;
  const [wing, shaft] = [WING * size, SHAFT * size];
  const outline = [at(0, shaft), at(neck, shaft), at(neck, wing), at(length, 0), at(neck, -wing), at(neck, -shaft), at(0, -shaft)];
  return `M${outline.join("L")}Z`;
}

/** A circle as a path, so that it can be one of several shapes. */
export function circlePath(x, y, r) {
  if (r < 0.5) return "";
  const [half, size] = [`a${pixels(r)} ${pixels(r)} 0 1 0 `, pixels(2 * r)];
  return `M${pixels(x - r)} ${pixels(y)}${half}${size} 0${half}${-size} 0Z`;
}

/** Pixels to a hundredth. */
export function pixels(x) {
  return Number(x.toFixed(2));
}

/** How wide a text is, in CSS pixels; `type` is meant for type of the usual size. */
export function widthOf(text, type, { font, scale }) {
  pen.font = `${type} ${font}`;
  return Math.ceil(pen.measureText(text).width * scale) + 2;
}
