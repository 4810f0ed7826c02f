/** Helpers for the elements of a component: look-up, text, data attributes, buttons. */

/**
 * Return the first element that matches a selector; the markup of the component always has one.
 * @overload
 * @param {ParentNode} root
 * @param {string} selector
 * @returns {HTMLElement}
 */
/**
 * @template {Element} E
 * @overload
 * @param {ParentNode} root
 * @param {string} selector
 * @param {{new (): E, prototype: E}} kind  class of the element
 * @returns {E}
 */
/**
 * @param {ParentNode} root
 * @param {string} selector
 * @param {{new (): Element}} [kind]
 */
export function find(root, selector, kind = HTMLElement) {
  const element = root.querySelector(selector);
  if (!(element instanceof kind)) throw new Error(`the component has no ${kind.name} "${selector}"`);
  return element;
}

/**
 * Return the elements that have a data attribute, by its value.
 * @template {HTMLElement | SVGElement} E
 * @param {ParentNode} root
 * @param {string} name  of the attribute, without "data-"
 * @param {{new (): E, prototype: E}} kind  class of the elements
 * @returns {Record<string, E>}
 */
export function findByData(root, name, kind) {
  /** @type {Record<string, E>} */
  const found = {};
  for (const element of root.querySelectorAll(`[data-${name}]`)) {
    if (element instanceof kind) found[element.dataset[name] ?? ""] = element;
  }
  return found;
}

/**
 * Call `press(name)` for each click on a button `data-do="name"`.
 * @param {HTMLElement} root
 * @param {(name: string) => void} press
 */
export function listenToButtons(root, press) {
  root.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-do]");
    if (button instanceof HTMLElement) press(button.dataset.do ?? "");
  });
}

/**
 * Label each button `data-do="name"`: its tooltip, its accessible name and its <span>, if it has one.
 * @param {HTMLElement} root
 * @param {Record<string, string>} words
 */
export function labelButtons(root, words) {
  for (const [name, button] of Object.entries(findByData(root, "do", HTMLElement))) {
    const word = words[name];
    const text = button.querySelector("span");
    if (text) setText(text, word);
    button.title = word;
    button.setAttribute("aria-label", word);
  }
}

/**
 * Set data attributes; an undefined value removes the attribute. Only changes are written.
 * @param {HTMLElement} element
 * @param {Record<string, string | number | boolean | undefined>} values
 */
export function setData(element, values) {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete element.dataset[name];
    else if (element.dataset[name] !== String(value)) element.dataset[name] = String(value);
  }
}

/**
 * Set the text of an element, if it has another one.
 * @param {Element} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
