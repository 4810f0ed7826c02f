/** Elements of drawings, and their attributes. */

/** A new SVG element; children may be elements or text. */
export function make(name, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  setAttributes(element, attributes);
  element.append(...children);
  return element;
}

/** Give an element attributes, which costs nothing where it has them already. */
export function setAttributes(element, values) {
  for (const [name, value] of Object.entries(values)) {
    const text = String(value);
    if (element.getAttribute(name) !== text) element.setAttribute(name, text);
  }
}
