/** Mouse, fingers and keys on something that one can take hold of. */

import { pointOf } from "../_shared/_old/pointer.js";

/**
 * @typedef {object} Hold  what happens to the thing that is held
 * @property {(at: {x: number, y: number}) => (at: {x: number, y: number}) => void} grip  taken there, in CSS pixels of the
 *   picture; says what each move does
 * @property {() => void} release
 * @property {(key: string, step: number) => boolean} press  whether that key means anything; `step` as it asks
 * @property {() => void} pause  a key has been pressed, and another may follow
 * @property {() => void} focus
 */

const STEP = 0.05;
const SMALL = 0.01;

/**
 * @param {SVGGElement} handle
 * @param {Hold} hold
 * @param {AbortSignal} signal  ends it all
 */
export function listenToHandle(handle, hold, signal) {
  const on = (name, heard) => handle.addEventListener(name, heard, { signal });
  let finger = null; // the pointer that has hold of it
  let moved = null;
  const sheet = () => handle.ownerSVGElement;
  // a finger on a handle does not scroll the page: not every browser heeds touch-action within an SVG
  handle.addEventListener("touchstart", (event) => event.preventDefault(), { signal, passive: false });
  on("pointerdown", (event) => {
    if (event.button > 0 || finger !== null) return;
    event.preventDefault(); // no text is to be selected
    handle.focus({ preventScroll: true, focusVisible: false });
    handle.setPointerCapture(event.pointerId);
    finger = event.pointerId;
    moved = hold.grip(pointOf(event, sheet()));
    handle.classList.add("dragging");
  });
  on("pointermove", (event) => event.pointerId === finger && moved(pointOf(event, sheet())));
  const end = (event) => {
    if (event.pointerId !== finger) return;
    finger = null;
    handle.classList.remove("dragging");
    hold.release();
  };
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) on(name, end);
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!hold.press(event.key, event.shiftKey ? SMALL : STEP)) return;
    event.preventDefault();
    event.stopPropagation();
    hold.pause();
  });
  on("focus", hold.focus);
  on("blur", hold.pause);
}
