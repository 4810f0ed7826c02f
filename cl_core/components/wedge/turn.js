/** Mouse, fingers and keys on the two handles. */

const NEAR = 26; // CSS pixels between two handles that cannot be told from each other

/**
 * @typedef {object} Hand  what a handle lets itself be told
 * @property {() => {x: number, y: number, radius: number}} frame  where the circle is, on the picture
 * @property {() => number} between
 * @property {(between: number) => void} turn  degrees, any number
 * @property {() => void} release
 * @property {(on: boolean) => void} grip
 * @property {() => void} pause  a key has been pressed, and another may follow
 */

/**
 * @param {SVGElement} handle
 * @param {1 | -1} side  1: it is to the left of the bisector
 * @param {Hand} hand
 * @param {AbortSignal} signal  ends it all
 */
export function listen(handle, side, hand, signal) {
  const on = (name, handler) => handle.addEventListener(name, handler, { signal });
  listenToPointer(handle, side, hand, on, signal);
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const wanted = keyAngle(event, hand.between());
    if (wanted === null) return;
    event.preventDefault();
    event.stopPropagation();
    hand.turn(wanted);
    hand.pause();
  });
  on("blur", hand.release);
}

function listenToPointer(handle, side, hand, on, signal) {
  let finger = null; // the pointer that has hold of the handle
  let angle = 0; // of the handle from upright, not yet bounded
  let apart = 0; // between the handle and where it was gripped
  let either = false; // the handles lie on each other: the first move says which one it was
  // a finger on a handle does not scroll the page: not every browser heeds touch-action within an SVG
  handle.addEventListener("touchstart", (event) => event.preventDefault(), { signal, passive: false });
  const end = (event) => {
    if (event.pointerId !== finger) return;
    finger = null;
    hand.grip(false);
    hand.release();
  };
  on("pointerdown", (event) => {
    if (event.button > 0 || finger !== null) return;
    event.preventDefault(); // no text is to be selected
    handle.focus({ preventScroll: true, focusVisible: false });
    handle.setPointerCapture(event.pointerId);
    finger = event.pointerId;
    angle = hand.between() / 2;
    apart = nearest(angleOf(event, handle, hand) * side - angle, 0);
    either = 2 * hand.frame().radius * Math.sin((angle * Math.PI) / 180) < NEAR && angle < 90;
    if (either) apart = 0;
    hand.grip(true);
  });
  on("pointermove", (event) => {
    if (event.pointerId !== finger) return;
    const pointed = angleOf(event, handle, hand) * side - apart;
    angle = nearest(either ? Math.abs(pointed) : pointed, angle);
    hand.turn(2 * angle);
  });
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) on(name, end);
}

/** Where a pointer is, in degrees from upright, to the left. */
function angleOf(event, handle, hand) {
  const box = handle.ownerSVGElement.getBoundingClientRect();
  const { x, y } = hand.frame();
  return (Math.atan2(x + box.x - event.clientX, y + box.y - event.clientY) * 180) / Math.PI;
}

/** The same direction, said with the number that is nearest to another. */
function nearest(degrees, to) {
  return degrees - 360 * Math.round((degrees - to) / 360);
}

/** The angle that a key asks for, or null. */
function keyAngle({ key, shiftKey }, between) {
  const far = shiftKey ? 10 : 1;
  return (
    {
      ArrowRight: between + far,
      ArrowUp: between + far,
      ArrowLeft: between - far,
      ArrowDown: between - far,
      PageUp: between + 10,
      PageDown: between - 10,
      Home: 0,
      End: 180,
    }[key] ?? null
  );
}
