/** Pointer and keys on the picture, as moves of the camera. */

import { listener, listenToKeys, pointOf } from "../_shared/events.js";
import { listenToPointers, listenToWheel, zoomKeys } from "../_shared/pointer.js";

/**
 * @import { Camera } from "./camera.js"
 * @import { PointerActions } from "../_shared/pointer.js"
 */

const STEP = 40; // CSS pixels of an arrow key

/**
 * @typedef {object} InputActions
 * @property {Camera} camera
 * @property {() => boolean} turns  whether dragging turns the points, in three dimensions
 * @property {() => void} moved  the camera has moved
 * @property {() => void} reset
 * @property {(x: number, y: number) => void} point  the pointer is at (x, y)
 * @property {() => void} leave  the pointer has left
 * @property {(by: number) => void} step  go to another point
 * @property {() => void} replay
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {InputActions} actions
 * @param {AbortSignal} signal
 */
export function listenToInput(canvas, actions, signal) {
  const on = listener(canvas, signal);
  const { camera, moved, leave, reset } = actions;
  /** @type {PointerActions} */
  const pointers = {
    down: () => canvas.classList.add("dragging"),
    hover: ({ x, y }) => actions.point(x, y),
    drag: (at, before, event) => {
      const [dx, dy] = [at.x - before.x, at.y - before.y];
      if (!dx && !dy) return;
      if (actions.turns() && !event.shiftKey) camera.turn(dx, dy);
      else camera.pan(dx, dy);
      moved();
    },
    pinched: moved,
    up: (event) => {
      if (event.type !== "pointerup" || event.pointerType !== "touch") return;
      const { x, y } = pointOf(event, canvas);
      actions.point(x, y);
    },
    leave,
  };
  listenToPointers(canvas, camera, pointers, on, 0);
  listenToWheel(canvas, camera, moved, signal);
  listenToKeys(on, () => keyActions(actions));
  on("dblclick", reset);
}

/**
 * @param {InputActions} actions
 * @returns {Record<string, () => void>}
 */
function keyActions({ camera, turns, moved, reset, leave, step, replay }) {
  /**
   * @param {number} dx
   * @param {number} dy
   */
  const move = (dx, dy) => () => {
    if (turns()) camera.turn(dx, dy);
    else camera.pan(-dx, -dy);
    moved();
  };
  return {
    ...zoomKeys(camera, moved, reset),
    ArrowLeft: move(-STEP, 0),
    ArrowRight: move(STEP, 0),
    ArrowUp: move(0, -STEP),
    ArrowDown: move(0, STEP),
    n: () => step(1),
    ".": () => step(1),
    p: () => step(-1),
    ",": () => step(-1),
    " ": replay,
    Escape: leave,
  };
}
