/** Fingers, mouse and keys on the plane and on the matrix. */

const SLOP = 5; // CSS pixels that a press may move and still be one
const GRACE = 300; // ms after the page has scrolled during which the wheel still belongs to the page

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
  const on = (name, handler, options = {}) => canvas.addEventListener(name, handler, { signal, ...options });
  listenToPointers(canvas, hand, on);
  listenToWheel(canvas, hand, on, signal);
  on("blur", hand.leave);
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keyAction(event.key, hand);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });
}

/** Pointing at and pressing a canvas that does not move: `point(x, y)`, `press(x, y, touch)`, `leave()`. */
export function listenToMatrix(canvas, hand, signal) {
  const on = (name, handler) => canvas.addEventListener(name, handler, { signal });
  on("pointermove", (event) => {
    const { x, y } = placeOf(event, canvas);
    hand.point(x, y);
  });
  on("click", (event) => {
    const { x, y } = placeOf(event, canvas);
    hand.press(x, y, event.pointerType === "touch");
  });
  on("pointerleave", (event) => event.pointerType !== "touch" && hand.leave());
}

function listenToPointers(canvas, hand, on) {
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  let start = null; // where a press began, null once it has become a drag
  on("pointerdown", (event) => {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    const place = placeOf(event, canvas);
    fingers.set(event.pointerId, place);
    start = fingers.size === 1 ? place : null;
  });
  on("pointermove", (event) => {
    const now = placeOf(event, canvas);
    const before = fingers.get(event.pointerId);
    if (!before) return hand.point(now.x, now.y, reachOf(event));
    if (start && Math.hypot(now.x - start.x, now.y - start.y) < SLOP) return;
    start = null;
    canvas.classList.add("dragged");
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    fingers.set(event.pointerId, now);
    if (other) pinch(hand, other, before, now);
    else hand.camera.pan(now.x - before.x, now.y - before.y);
    hand.moved();
  });
  const up = (event) => {
    const pressed = fingers.delete(event.pointerId) && event.type === "pointerup" && start;
    if (!fingers.size) canvas.classList.remove("dragged");
    start = null;
    if (pressed) hand.press(pressed.x, pressed.y, reachOf(event), event.pointerType === "touch");
  };
  on("pointerup", up);
  on("pointercancel", up);
  on("pointerleave", (event) => event.pointerType !== "touch" && hand.leave());
}

/** How far a picture may be from the pointer: a finger is broad. */
function reachOf(event) {
  return event.pointerType === "touch" ? 24 : 4;
}

/** Two fingers: their distance zooms, their middle pans. */
function pinch(hand, other, before, now) {
  const distance = (place) => Math.max(Math.hypot(place.x - other.x, place.y - other.y), 1);
  hand.camera.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  hand.camera.zoomAt(distance(now) / distance(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
}

/** The wheel zooms, but leaves alone a page that is being scrolled past, and zooming out of the whole picture. */
function listenToWheel(canvas, hand, on, signal) {
  let scrolled = -Infinity;
  const noticed = (event) => {
    scrolled = event.timeStamp;
  };
  document.addEventListener("scroll", noticed, { signal, capture: true, passive: true });
  const turned = (event) => {
    const whole = !hand.camera.held && event.deltaY > 0 && !event.ctrlKey;
    if (whole || event.timeStamp - scrolled < GRACE) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
    const { x, y } = placeOf(event, canvas);
    // a pinch on a touch pad arrives as a wheel with the control key, in small numbers
    hand.camera.zoomAt(Math.exp(-Math.max(-120, Math.min(pixels, 120)) * (event.ctrlKey ? 0.01 : 0.0022)), x, y);
    hand.moved();
  };
  on("wheel", turned, { passive: false });
}

/** What a key does on the plane, or nothing. */
function keyAction(key, hand) {
  const zoom = (factor) => () => {
    hand.camera.zoomAt(factor);
    hand.moved();
  };
  return {
    "+": zoom(1.25),
    "=": zoom(1.25),
    "-": zoom(0.8),
    0: hand.reset,
    ArrowRight: () => hand.step(1),
    ArrowDown: () => hand.step(1),
    ArrowLeft: () => hand.step(-1),
    ArrowUp: () => hand.step(-1),
    Enter: hand.choose,
    " ": hand.choose,
    Escape: hand.escape,
  }[key];
}

/** Where an event is on an element, in CSS pixels. */
function placeOf(event, element) {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
