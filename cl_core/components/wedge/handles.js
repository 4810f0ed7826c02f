/** Dragging and keys on the two handles. */

import { listenToHandle } from "../_shared/drag.js";

/** @import { Point } from "../_shared/events.js" */

const INDISTINCT = 26; // CSS pixels between two handles below which a pointer may mean either

/**
 * @typedef {object} AngleActions
 * @property {() => {x: number, y: number, radius: number}} circle  where it is on the picture, in CSS pixels
 * @property {() => number} between  the angle shown, in degrees
 * @property {(between: number) => void} turn  to any number of degrees
 * @property {() => void} release  the angle is final
 * @property {() => void} keyed  a key was pressed, and another may follow
 */

/**
 * @param {SVGGraphicsElement} handle
 * @param {1 | -1} side  1: it is to the left of the bisector
 * @param {AngleActions} actions
 * @param {AbortSignal} signal
 */
export function listenToAngle(handle, side, actions, signal) {
  /** @param {Point} start */
  const grab = (start) => {
    let angle = actions.between() / 2; // of the handle from upright, not bounded
    const distance = 2 * actions.circle().radius * Math.sin((angle * Math.PI) / 180);
    const either = distance < INDISTINCT && angle < 90; // the first move says which handle it is
    const offset = either ? 0 : nearestTurn(angleOf(start, actions.circle()) * side - angle, 0);
    /** @param {Point} at */
    return (at) => {
      const pointed = angleOf(at, actions.circle()) * side - offset;
      angle = nearestTurn(either ? Math.abs(pointed) : pointed, angle);
      actions.turn(2 * angle);
    };
  };
  /** @param {KeyboardEvent} event */
  const key = (event) => {
    const wanted = keyAngle(event, actions.between());
    if (wanted !== null) actions.turn(wanted);
    return wanted !== null;
  };
  const { release, keyed } = actions;
  listenToHandle(handle, { grab, release, key, keyed, blur: release }, signal);
}

/**
 * Return the direction of a point from the circle's centre, in degrees from upright, to the left.
 * @param {Point} point
 * @param {Point} centre
 */
export function angleOf(point, centre) {
  return (Math.atan2(centre.x - point.x, centre.y - point.y) * 180) / Math.PI;
}

/**
 * Return the angle of the same direction that is nearest to another angle.
 * @param {number} degrees
 * @param {number} to
 */
export function nearestTurn(degrees, to) {
  return degrees - 360 * Math.round((degrees - to) / 360);
}

/**
 * Return the angle that a key asks for, or null.
 * @param {{key: string, shiftKey: boolean}} event
 * @param {number} between
 */
export function keyAngle({ key, shiftKey }, between) {
  const step = shiftKey ? 10 : 1;
  /** @type {Record<string, number>} */
  const angles = {
    ArrowRight: between + step,
    ArrowUp: between + step,
    ArrowLeft: between - step,
    ArrowDown: between - step,
    PageUp: between + 10,
    PageDown: between - 10,
    Home: 0,
    End: 180,
  };
  return angles[key] ?? null;
}
