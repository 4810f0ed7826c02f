/** Fingers, mouse and keys on the plane and on the matrix. */

import { listenerOn, listenToFingers, listenToKeys, listenToWheel, pointOf, zoomKeys } from "../_shared/_old/pointer.js";

/**
 * @typedef {object} Hand  what the plane lets itself be told
 * @property {import("./camera.js").Camera} camera
 * @property {() => void} moved  the camera has moved
 * @property {() => void} reset
 * @property {(x: number, y: number, reach: number) => void} point  the pointer is at (x, y)
 * @property {(x: number, y: number, reach: number, touch: boolean) => void} press
 * @property {() => void} leave  the pointer is gone
 * @property {(by: number) => void} step  go to another picture
 * @property {() => void} choose  keep the one that the keys have gone to
 * @property {() => void} escape
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Hand} hand
 * @param {AbortSignal} signal  ends it all
 */
export function listenToPlane(canvas, hand, signal) {
  const on = listenerOn(canvas, signal);
  const fingers = {
    hover: ({ x, y }, event) => hand.point(x, y, reachOf(event)),
    drag: (now, before) => {
      canvas.classList.add("dragging");
      hand.camera.pan(now.x - before.x, now.y - before.y);
      hand.moved();
    },
    moved: hand.moved,
    up: (event, pressed) => {
      if (pressed) hand.press(pressed.x, pressed.y, reachOf(event), event.pointerType === "touch");
    },
    leave: hand.leave,
  };
  listenToFingers(canvas, hand.camera, fingers, on);
  listenToWheel(canvas, hand.camera, hand.moved, signal);
  listenToKeys(on, () => keyActions(hand));
  on("blur", hand.leave);
}

/** Pointing at and pressing a canvas that does not move: `point(x, y)`, `press(x, y, touch)`, `leave()`. */
export function listenToMatrix(canvas, hand, signal) {
  const on = listenerOn(canvas, signal);
  on("pointermove", (event) => {
    const { x, y } = pointOf(event, canvas);
    hand.point(x, y);
  });
  on("click", (event) => {
    const { x, y } = pointOf(event, canvas);
    hand.press(x, y, event.pointerType === "touch");
  });
  on("pointerleave", (event) => event.pointerType !== "touch" && hand.leave());
}

/** How far a picture may be from the pointer: a finger is broad. */
function reachOf(event) {
  return event.pointerType === "touch" ? 24 : 4;
}

/** What the keys do on the plane. */
function keyActions(hand) {
  return {
    ...zoomKeys(hand),
    ArrowRight: () => hand.step(1),
    ArrowDown: () => hand.step(1),
    ArrowLeft: () => hand.step(-1),
    ArrowUp: () => hand.step(-1),
    Enter: hand.choose,
    " ": hand.choose,
    Escape: hand.escape,
  };
}
