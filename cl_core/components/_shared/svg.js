/** Helpers for SVG elements. */

/** @typedef {Record<string, string | number>} Attributes */

/**
 * Create an SVG element.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} name
 * @param {Attributes} [attributes]
 * @param {...(Node | string)} children
 */
export function createSvg(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/**
 * Set attributes of an element; only changes are written.
 * @param {Element} element
 * @param {Attributes} values
 */
export function setAttributes(element, values) {
  for (const [name, value] of Object.entries(values)) {
    const text = String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}

/**
 * Give an <svg> the size of its place, in CSS pixels.
 * @param {Element} sheet
 * @param {number} width
 * @param {number} height
 */
export function setViewBox(sheet, width, height) {
  setAttributes(sheet, { width, height, viewBox: `0 0 ${width} ${height}` });
}

/**
 * Round a coordinate to a hundredth of a pixel.
 * @param {number} x
 */
export function hundredths(x) {
  return Number(x.toFixed(2));
}
