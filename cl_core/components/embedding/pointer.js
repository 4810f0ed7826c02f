/** Fingers, mouse and keys on the picture, as moves of the camera. */

const STEP = 40; // CSS pixels that an arrow key moves
const GRACE = 300; // ms after the page has scrolled during which the wheel still belongs to the page

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
  const on = (name, handler, options = {}) => canvas.addEventListener(name, handler, { signal, ...options });
  listenToPointers(canvas, hand, on);
  listenToWheel(canvas, hand, on, signal);
  on("dblclick", hand.reset);
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keyAction(event.key, hand);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });
}

function listenToPointers(canvas, hand, on) {
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  on("pointerdown", (event) => {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, placeOf(event, canvas));
    canvas.classList.add("dragged");
  });
  on("pointermove", (event) => {
    const now = placeOf(event, canvas);
    const before = fingers.get(event.pointerId);
    if (!before) return hand.point(now.x, now.y);
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    fingers.set(event.pointerId, now);
    if (others.length) pinch(hand, others[0], before, now);
    else drag(hand, now.x - before.x, now.y - before.y, event.shiftKey);
  });
  const up = (event) => {
    const tapped = fingers.delete(event.pointerId) && event.type === "pointerup" && event.pointerType === "touch";
    if (!fingers.size) canvas.classList.remove("dragged");
    if (tapped) {
      const { x, y } = placeOf(event, canvas);
      hand.point(x, y);
    }
  };
  on("pointerup", up);
  on("pointercancel", up);
  on("pointerleave", (event) => event.pointerType !== "touch" && hand.leave());
}

function drag(hand, dx, dy, shift) {
  if (!dx && !dy) return;
  if (hand.deep() && !shift) hand.camera.turn(dx, dy);
  else hand.camera.pan(dx, dy);
  hand.moved();
}

/** Two fingers: their distance zooms, their middle pans. */
function pinch(hand, other, before, now) {
  const distance = (place) => Math.max(Math.hypot(place.x - other.x, place.y - other.y), 1);
  hand.camera.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  hand.camera.zoomAt(distance(now) / distance(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  hand.moved();
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

/** What a key does on the picture, or nothing. */
function keyAction(key, hand) {
  const { camera } = hand;
  const move = (dx, dy) => () => {
    if (hand.deep()) camera.turn(dx, dy);
    else camera.pan(-dx, -dy);
    hand.moved();
  };
  const zoom = (factor) => () => {
    camera.zoomAt(factor);
    hand.moved();
  };
  return {
    "+": zoom(1.25),
    "=": zoom(1.25),
    "-": zoom(0.8),
    0: hand.reset,
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
  }[key];
}

/** Where an event is on an element, in CSS pixels. */
function placeOf(event, element) {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
