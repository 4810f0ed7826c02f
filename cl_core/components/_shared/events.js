/** Events of elements: listeners, keys, coordinates. */

/**
 * @typedef {{x: number, y: number}} Point  CSS pixels from the upper left corner of an element
 *
 * @typedef {<K extends keyof HTMLElementEventMap>(type: K, listener: (event: HTMLElementEventMap[K]) => void) => void} On
 *   adds a listener to one element
 */

/**
 * Return a function that adds listeners to an element, until `signal` aborts.
 * @param {HTMLElement | SVGElement} element
 * @param {AbortSignal} signal
 * @returns {On}
 */
export function listener(element, signal) {
  return (type, handler) => {
    // HTML and SVG elements have the same events, but TypeScript has no common signature for them
    const target = /** @type {HTMLElement} */ (element);
    target.addEventListener(type, handler, { signal });
  };
}

/**
 * Run the action of each key pressed, unless it is a shortcut of the browser.
 * @param {On} on
 * @param {(event: KeyboardEvent) => Record<string, () => void>} actions  by the name of the key
 */
export function listenToKeys(on, actions) {
  on("keydown", (event) => {
    if (hasModifier(event)) return;
    const action = actions(event)[event.key];
    if (!action) return;
    consume(event);
    action();
  });
}

/**
 * Return whether a key belongs to a shortcut of the browser; shift does not.
 * @param {KeyboardEvent} event
 */
export function hasModifier(event) {
  return event.ctrlKey || event.metaKey || event.altKey;
}

/**
 * Keep an event from the browser and from the elements around.
 * @param {Event} event
 */
export function consume(event) {
  event.preventDefault();
  event.stopPropagation();
}

/**
 * Return where an event is on an element.
 * @param {MouseEvent} event
 * @param {Element} element
 * @returns {Point}
 */
export function pointOf(event, element) {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
