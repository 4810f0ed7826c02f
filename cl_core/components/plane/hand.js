/** Fingers, mouse and keys on the plane. */

import { listenerOn, listenToFingers, listenToKeys, listenToWheel, zoomKeys } from "../_shared/_old/pointer.js";

/**
 * @typedef {object} Hand  what the plane lets itself be told
 * @property {import("./view.js").View} camera
 * @property {() => void} moved  the view has moved
 * @property {() => void} reset
 * @property {(x: number, y: number) => void} point  the pointer is at (x, y)
 * @property {(x: number, y: number) => void} press  that place has been chosen
 * @property {() => void} leave  the pointer is gone
 * @property {(across: number, up: number) => void} step  move the cross-hair by so many nodes
 * @property {() => void} choose  keep the place of the cross-hair
 * @property {() => void} release
 * @property {() => void} undo  the last press was the first half of something else
 * @property {(on: boolean) => void} grip  the hand has taken hold, or let go
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Hand} hand
 * @param {AbortSignal} signal  ends it all
 */
export function listen(canvas, hand, signal) {
  const on = listenerOn(canvas, signal);
  listenToPointer(canvas, hand, on);
  const zoomed = ({ x, y }) => {
    hand.moved();
    hand.point(x, y);
  };
  listenToWheel(canvas, hand.camera, zoomed, signal);
  listenToKeys(on, (event) => keyActions(hand, event.shiftKey ? 10 : 1));
  on("blur", hand.leave);
  on("dblclick", () => {
    hand.undo();
    hand.reset();
  });
}

function listenToPointer(canvas, hand, on) {
  let pressed = null; // where a press has just ended
  const fingers = {
    down: ({ x, y }) => {
      hand.grip(true);
      hand.point(x, y);
    },
    hover: ({ x, y }) => hand.point(x, y),
    drag: (now, before) => {
      if (!hand.camera.held) return hand.point(now.x, now.y);
      canvas.classList.add("dragging");
      hand.camera.pan(now.x - before.x, now.y - before.y);
      hand.moved();
    },
    moved: hand.moved,
    up: (_, place, last) => {
      pressed = last ? place : null;
      if (last) hand.grip(false);
    },
    leave: hand.leave,
  };
  listenToFingers(canvas, hand.camera, fingers, on);
  on("click", (event) => {
    if (pressed && event.detail < 2) hand.press(pressed.x, pressed.y); // of a double click only the first counts
  });
}

/** What the keys do on the plane, the arrows `far` nodes at a time. */
function keyActions(hand, far) {
  return {
    ...zoomKeys(hand),
    ArrowLeft: () => hand.step(-far, 0),
    ArrowRight: () => hand.step(far, 0),
    ArrowUp: () => hand.step(0, far),
    ArrowDown: () => hand.step(0, -far),
    Enter: hand.choose,
    " ": hand.choose,
    Escape: hand.release,
  };
}
