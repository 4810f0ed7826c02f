/** Pointer and keys on the plane and on the matrix. */

import { listener, listenToKeys, pointOf } from "../_shared/events.js";
import { listenToPointers, listenToWheel, zoomKeys } from "../_shared/pointer.js";

/**
 * @import { Camera } from "./camera.js"
 * @import { PointerActions } from "../_shared/pointer.js"
 */

const REACH = { touch: 24, other: 4 }; // CSS pixels from the pointer to an image: a finger is broad

/**
 * @typedef {object} PlaneActions
 * @property {Camera} camera
 * @property {() => void} moved  the camera has moved
 * @property {() => void} reset
 * @property {(x: number, y: number, reach: number) => void} hover  the pointer is at (x, y)
 * @property {(x: number, y: number, reach: number, touch: boolean) => void} click
 * @property {() => void} leave  the pointer has left
 * @property {(by: number) => void} step  go to another image
 * @property {() => void} choose  pin the image that the keys have reached
 * @property {() => void} escape
 *
 * @typedef {object} MatrixActions
 * @property {(x: number, y: number) => void} hover
 * @property {(x: number, y: number, touch: boolean) => void} click
 * @property {() => void} leave
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {PlaneActions} actions
 * @param {AbortSignal} signal
 */
export function listenToPlane(canvas, actions, signal) {
  const on = listener(canvas, signal);
  const { camera, moved, leave } = actions;
  /** @type {PointerActions} */
  const pointers = {
    hover: ({ x, y }, event) => actions.hover(x, y, reachOf(event)),
    drag: (at, before) => {
      canvas.classList.add("dragging");
      camera.pan(at.x - before.x, at.y - before.y);
      moved();
    },
    pinched: moved,
    up: (event, at) => {
      if (at) actions.click(at.x, at.y, reachOf(event), event.pointerType === "touch");
    },
    leave,
  };
  listenToPointers(canvas, camera, pointers, on);
  listenToWheel(canvas, camera, moved, signal);
  listenToKeys(on, () => keyActions(actions));
  on("blur", leave);
}

/**
 * Listen to a canvas that cannot be zoomed.
 * @param {HTMLCanvasElement} canvas
 * @param {MatrixActions} actions
 * @param {AbortSignal} signal
 */
export function listenToMatrix(canvas, actions, signal) {
  const on = listener(canvas, signal);
  on("pointermove", (event) => {
    const { x, y } = pointOf(event, canvas);
    actions.hover(x, y);
  });
  on("click", (event) => {
    const { x, y } = pointOf(event, canvas);
    actions.click(x, y, event instanceof PointerEvent && event.pointerType === "touch");
  });
  on("pointerleave", (event) => event.pointerType !== "touch" && actions.leave());
}

/** @param {PointerEvent} event */
function reachOf(event) {
  return event.pointerType === "touch" ? REACH.touch : REACH.other;
}

/**
 * @param {PlaneActions} actions
 * @returns {Record<string, () => void>}
 */
function keyActions({ camera, moved, reset, step, choose, escape }) {
  return {
    ...zoomKeys(camera, moved, reset),
    ArrowRight: () => step(1),
    ArrowDown: () => step(1),
    ArrowLeft: () => step(-1),
    ArrowUp: () => step(-1),
    Enter: choose,
    " ": choose,
    Escape: escape,
  };
}
