/** Dragging of a handle in an SVG by pointer, and moving it by keys. */

import { consume, hasModifier, listener, pointOf } from "./events.js";

/** @import { Point } from "./events.js" */

/**
 * @typedef {object} HandleActions
 * @property {(at: Point) => (at: Point) => void} grab  the handle is taken at a point of the SVG; returns what each move
 *   of the pointer does
 * @property {() => void} release  the pointer has let go
 * @property {(event: KeyboardEvent) => boolean} key  returns whether the key means anything
 * @property {() => void} keyed  such a key was pressed, and another may follow
 * @property {() => void} [focus]
 * @property {() => void} blur
 */

/**
 * @param {SVGGraphicsElement} handle
 * @param {HandleActions} actions
 * @param {AbortSignal} signal
 */
export function listenToHandle(handle, actions, signal) {
  const on = listener(handle, signal);
  /** @type {number | null} id of the pointer that drags */
  let pointer = null;
  /** @type {((at: Point) => void) | null} */
  let move = null;
  const sheet = handle.ownerSVGElement ?? handle;
  // keeps a finger on a handle from scrolling the page: not every browser heeds touch-action within an SVG
  handle.addEventListener("touchstart", (event) => event.preventDefault(), { signal, passive: false });
  on("pointerdown", (event) => {
    if (event.button > 0 || pointer !== null) return;
    event.preventDefault(); // else text would be selected
    focusQuietly(handle);
    handle.setPointerCapture(event.pointerId);
    pointer = event.pointerId;
    move = actions.grab(pointOf(event, sheet));
    handle.classList.add("dragging");
  });
  on("pointermove", (event) => event.pointerId === pointer && move?.(pointOf(event, sheet)));
  /** @param {PointerEvent} event */
  const end = (event) => {
    if (event.pointerId !== pointer) return;
    pointer = null;
    handle.classList.remove("dragging");
    actions.release();
  };
  on("pointerup", end);
  on("pointercancel", end);
  on("lostpointercapture", end);
  on("keydown", (event) => {
    if (hasModifier(event) || !actions.key(event)) return;
    consume(event);
    actions.keyed();
  });
  on("focus", () => actions.focus?.());
  on("blur", () => actions.blur());
}

/**
 * Focus an element without scrolling to it and without a focus ring.
 * @param {HTMLElement | SVGElement} element
 */
export function focusQuietly(element) {
  /** @type {FocusOptions & {focusVisible: boolean}} the type of the platform lacks focusVisible */
  const options = { preventScroll: true, focusVisible: false };
  element.focus(options);
}
