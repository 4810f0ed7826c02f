/** Heights of pictures, which follow the window and the size of type. */

import { typeScale } from "./theme.js";

const USUAL_WINDOW = 900; // CSS pixels of the height of a window in which a picture is as high as Python asks for
const LOWEST_SHARE = 0.7; // of that height, in a low window
const PHONE_WIDTH = 640; // CSS pixels of the width of a phone, on which the width limits pictures, and pages scroll anyway

/**
 * Return the height of a picture in this window.
 * @param {number} height  CSS pixels that it has in a window of `USUAL_WINDOW`, in the usual size of type
 */
export function heightInWindow(height) {
  return Math.round(height * typeScale() * heightOfWindow(innerWidth < PHONE_WIDTH ? 1 : LOWEST_SHARE));
}

/**
 * Return the height of this window in units of the usual one.
 * @param {number} least
 */
export function heightOfWindow(least) {
  return Math.max(innerHeight / USUAL_WINDOW, least);
}
