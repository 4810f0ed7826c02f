/** Pointer and keys on the plane. */

import { listener, listenToKeys } from "../_shared/events.js";
import { listenToPointers, listenToWheel, zoomKeys } from "../_shared/pointer.js";

/**
 * @import { View } from "./view.js"
 * @import { On, Point } from "../_shared/events.js"
 * @import { PointerActions } from "../_shared/pointer.js"
 */

/**
 * @typedef {object} InputActions
 * @property {View} view
 * @property {() => void} moved  the view has moved
 * @property {() => void} reset
 * @property {(x: number, y: number) => void} hover  the pointer is at (x, y)
 * @property {(x: number, y: number) => void} click
 * @property {() => void} leave  the pointer has left
 * @property {(columns: number, rows: number) => void} step  move the cross-hair by nodes
 * @property {() => void} choose  pin the cross-hair, or unpin it
 * @property {() => void} release
 * @property {() => void} undo  the last click was the first half of a double click
 * @property {(on: boolean) => void} press  a pointer is down, or all are up
 */

/**
 * @param {HTMLCanvasElement} canvas
 * @param {InputActions} actions
 * @param {AbortSignal} signal
 */
export function listenToInput(canvas, actions, signal) {
  const on = listener(canvas, signal);
  listenToPointer(canvas, actions, on);
  /** @param {Point} at */
  const zoomed = ({ x, y }) => {
    actions.moved();
    actions.hover(x, y);
  };
  listenToWheel(canvas, actions.view, zoomed, signal);
  listenToKeys(on, (event) => keyActions(actions, event.shiftKey ? 10 : 1));
  on("blur", actions.leave);
  on("dblclick", () => {
    actions.undo();
    actions.reset();
  });
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {InputActions} actions
 * @param {On} on
 */
function listenToPointer(canvas, actions, on) {
  const { view } = actions;
  /** @type {Point | null} where a press has just ended that was no drag */
  let pressed = null;
  /** @type {PointerActions} */
  const pointers = {
    down: ({ x, y }) => {
      actions.press(true);
      actions.hover(x, y);
    },
    hover: ({ x, y }) => actions.hover(x, y),
    drag: (at, before) => {
      if (!view.held) return actions.hover(at.x, at.y);
      canvas.classList.add("dragging");
      view.pan(at.x - before.x, at.y - before.y);
      actions.moved();
    },
    pinched: actions.moved,
    up: (_, at, last) => {
      pressed = last ? at : null;
      if (last) actions.press(false);
    },
    leave: actions.leave,
  };
  listenToPointers(canvas, view, pointers, on);
  on("click", (event) => {
    if (pressed && event.detail < 2) actions.click(pressed.x, pressed.y); // only the first of a double click counts
  });
}

/**
 * @param {InputActions} actions
 * @param {number} nodes  that an arrow key moves
 * @returns {Record<string, () => void>}
 */
function keyActions({ view, moved, reset, step, choose, release }, nodes) {
  return {
    ...zoomKeys(view, moved, reset),
    ArrowLeft: () => step(-nodes, 0),
    ArrowRight: () => step(nodes, 0),
    ArrowUp: () => step(0, nodes),
    ArrowDown: () => step(0, -nodes),
    Enter: choose,
    " ": choose,
    Escape: release,
  };
}
