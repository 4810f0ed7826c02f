/** Pointer and wheel input, and zoom keys and buttons, of a canvas that can be zoomed and panned. */

import { pointOf } from "./events.js";

/**
 * @import { Zoomable } from "./camera.js"
 * @import { On, Point } from "./events.js"
 */

const CLICK_TOLERANCE = 5; // CSS pixels that a pointer may move and still click
const SCROLL_COOLDOWN = 300; // ms after the page has scrolled in which the wheel still scrolls the page
const ZOOM_STEP = 1.25; // of a key or a button

/**
 * @typedef {object} PointerActions
 * @property {(at: Point) => void} [down]
 * @property {(at: Point, event: PointerEvent) => void} hover  a pointer that is not down
 * @property {(at: Point, before: Point, event: PointerEvent) => void} drag  one pointer
 * @property {() => void} pinched  two pointers have zoomed and panned the view
 * @property {(event: PointerEvent, clicked: Point | null, last: boolean) => void} up  `clicked`: where it went down, if
 *   it was alone and has not moved; `last`: whether no other pointer is down
 * @property {() => void} leave
 */

/**
 * Listen to pointers on a canvas. Two of them pinch; what one of them drags is up to the component.
 * @param {HTMLCanvasElement} canvas
 * @param {Zoomable} view
 * @param {PointerActions} actions
 * @param {On} on
 * @param {number} [tolerance]  CSS pixels that a pointer may move and still click
 */
export function listenToPointers(canvas, view, actions, on, tolerance = CLICK_TOLERANCE) {
  /** @type {Map<number, Point>} where each pointer is, by its id */
  const pointers = new Map();
  /** @type {Point | null} where a press began that may still be a click */
  let start = null;
  on("pointerdown", (event) => {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    const at = pointOf(event, canvas);
    pointers.set(event.pointerId, at);
    start = pointers.size === 1 ? at : null;
    actions.down?.(at);
  });
  on("pointermove", (event) => {
    const at = pointOf(event, canvas);
    const before = pointers.get(event.pointerId);
    if (!before) return actions.hover(at, event);
    if (start && Math.hypot(at.x - start.x, at.y - start.y) < tolerance) return;
    start = null;
    const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
    pointers.set(event.pointerId, at);
    if (!other) return actions.drag(at, before, event);
    pinch(view, other, before, at);
    actions.pinched();
  });
  /** @param {PointerEvent} event */
  const up = (event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (!pointers.size) canvas.classList.remove("dragging");
    const clicked = event.type === "pointerup" ? start : null;
    start = null;
    actions.up(event, clicked, !pointers.size);
  };
  on("pointerup", up);
  on("pointercancel", up);
  on("pointerleave", (event) => event.pointerType !== "touch" && actions.leave());
}

/**
 * Zoom by the distance of two pointers and pan by their middle, after one of them has moved.
 * @param {Zoomable} view
 * @param {Point} other
 * @param {Point} before
 * @param {Point} at
 */
function pinch(view, other, before, at) {
  /** @param {Point} point */
  const distance = (point) => Math.max(Math.hypot(point.x - other.x, point.y - other.y), 1);
  view.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
  view.zoomAt(distance(at) / distance(before), (at.x + other.x) / 2, (at.y + other.y) / 2);
}

/**
 * Zoom with the wheel. It scrolls the page while that is being scrolled, and where it would zoom out of the whole
 * picture.
 * @param {HTMLCanvasElement} canvas
 * @param {Zoomable} view
 * @param {(at: Point) => void} zoomed
 * @param {AbortSignal} signal
 */
export function listenToWheel(canvas, view, zoomed, signal) {
  let scrolledAt = -Infinity;
  /** @param {Event} event */
  const onScroll = (event) => {
    scrolledAt = event.timeStamp;
  };
  /** @param {WheelEvent} event */
  const onWheel = (event) => {
    const outwards = !view.held && event.deltaY > 0 && !event.ctrlKey;
    if (outwards || event.timeStamp - scrolledAt < SCROLL_COOLDOWN) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
    const at = pointOf(event, canvas);
    // a pinch on a touch pad arrives as a wheel with the control key, in small numbers
    view.zoomAt(Math.exp(-Math.max(-120, Math.min(pixels, 120)) * (event.ctrlKey ? 0.01 : 0.0022)), at.x, at.y);
    zoomed(at);
  };
  document.addEventListener("scroll", onScroll, { signal, capture: true, passive: true });
  canvas.addEventListener("wheel", onWheel, { signal, passive: false });
}

/**
 * Return the actions of the keys that zoom.
 * @param {Zoomable} view
 * @param {() => void} zoomed
 * @param {() => void} reset
 * @returns {Record<string, () => void>}
 */
export function zoomKeys(view, zoomed, reset) {
  /** @param {number} factor */
  const zoom = (factor) => () => {
    view.zoomAt(factor);
    zoomed();
  };
  return { "+": zoom(ZOOM_STEP), "=": zoom(ZOOM_STEP), "-": zoom(1 / ZOOM_STEP), 0: reset };
}

/**
 * Zoom as a button of `zoom.html` says; other buttons do nothing here.
 * @param {Zoomable} view
 * @param {string} name
 */
export function pressZoomButton(view, name) {
  if (name === "zoomIn") view.zoomAt(ZOOM_STEP);
  if (name === "zoomOut") view.zoomAt(1 / ZOOM_STEP);
  if (name === "reset") view.reset();
}
