/** Fingers, mouse and keys on the picture, as moves of the camera. */

import { listenerOn, listenToFingers, listenToKeys, listenToWheel, pointOf, zoomKeys } from "../_shared/_old/pointer.js";

const STEP = 40; // CSS pixels that an arrow key moves

/**
 * @typedef {object} Hand  what the picture lets itself be told
 * @property {import("./camera.js").Camera} camera
 * @property {() => boolean} deep  whether it has three dimensions
 * @property {() => void} moved  the camera has moved
 * @property {() => void} reset
 * @property {(x: number, y: number) => void} point  the pointer is at (x, y)
 * @property {() => void} leave  the pointer is gone
 * @property {(by: number) => void} step  go to another point
 * @property {() => void} replay
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Hand} hand
 * @param {AbortSignal} signal  ends it all
 */
export function listen(canvas, hand, signal) {
  const on = listenerOn(canvas, signal);
  const fingers = {
    down: () => canvas.classList.add("dragging"),
    hover: ({ x, y }) => hand.point(x, y),
    drag: (now, before, event) => drag(hand, now.x - before.x, now.y - before.y, event.shiftKey),
    moved: hand.moved,
    up: (event) => {
      if (event.type !== "pointerup" || event.pointerType !== "touch") return;
      const { x, y } = pointOf(event, canvas);
      hand.point(x, y);
    },
    leave: hand.leave,
  };
  listenToFingers(canvas, hand.camera, fingers, on, 0);
  listenToWheel(canvas, hand.camera, hand.moved, signal);
  listenToKeys(on, () => keyActions(hand));
  on("dblclick", hand.reset);
}

function drag(hand, dx, dy, shift) {
  if (!dx && !dy) return;
  if (hand.deep() && !shift) hand.camera.turn(dx, dy);
  else hand.camera.pan(dx, dy);
  hand.moved();
}

/** What the keys do on the picture. */
function keyActions(hand) {
  const { camera } = hand;
  const move = (dx, dy) => () => {
    if (hand.deep()) camera.turn(dx, dy);
    else camera.pan(-dx, -dy);
    hand.moved();
  };
  return {
    ...zoomKeys(hand),
    ArrowLeft: move(-STEP, 0),
    ArrowRight: move(STEP, 0),
    ArrowUp: move(0, -STEP),
    ArrowDown: move(0, STEP),
    n: () => hand.step(1),
    ".": () => hand.step(1),
    p: () => hand.step(-1),
    ",": () => hand.step(-1),
    " ": hand.replay,
    Escape: hand.leave,
  };
}
