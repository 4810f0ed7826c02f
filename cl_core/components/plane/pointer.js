/** Fingers, mouse and keys on the plane. */

const SLOP = 5; // CSS pixels that a press may move and still be one
const GRACE = 300; // ms after the page has scrolled during which the wheel still belongs to the page

/**
 * @typedef {object} Hand  what the plane lets itself be told
 * @property {import("./view.js").View} view
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
  const on = (name, handler, options = {}) => canvas.addEventListener(name, handler, { signal, ...options });
  listenToPointers(canvas, hand, on);
  listenToWheel(canvas, hand, on, signal);
  on("blur", hand.leave);
  on("dblclick", () => {
    hand.undo();
    hand.reset();
  });
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = keyAction(event.key, event.shiftKey ? 10 : 1, hand);
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });
}

function listenToPointers(canvas, hand, on) {
  /** @type {Map<number, {x: number, y: number}>} */
  const fingers = new Map();
  let start = null; // where a press began, while it may still be one
  let pressed = null; // where one has just ended
  on("pointerdown", (event) => {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    const place = pointOf(event, canvas);
    fingers.set(event.pointerId, place);
    start = fingers.size === 1 ? place : null;
    hand.grip(true);
    hand.point(place.x, place.y);
  });
  on("pointermove", (event) => {
    const now = pointOf(event, canvas);
    const before = fingers.get(event.pointerId);
    if (!before) return hand.point(now.x, now.y);
    if (start && Math.hypot(now.x - start.x, now.y - start.y) < SLOP) return;
    start = null;
    const others = [...fingers].filter(([id]) => id !== event.pointerId).map(([, place]) => place);
    fingers.set(event.pointerId, now);
    if (others.length) return pinch(hand, others[0], before, now);
    if (!hand.view.held) return hand.point(now.x, now.y);
    canvas.classList.add("dragged");
    hand.view.pan(now.x - before.x, now.y - before.y);
    hand.moved();
  });
  const up = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    pressed = event.type === "pointerup" && !fingers.size ? start : null;
    start = null;
    if (fingers.size) return;
    canvas.classList.remove("dragged");
    hand.grip(false);
  };
  on("pointerup", up);
  on("pointercancel", up);
  on("click", (event) => {
    if (pressed && event.detail < 2) hand.press(pressed.x, pressed.y); // of a double click only the first counts
  });
  on("pointerleave", (event) => event.pointerType !== "touch" && hand.leave());
}

/** Two fingers: their distance zooms, their middle pans. */
function pinch(hand, other, before, now) {
  const distance = (place) => Math.max(Math.hypot(place.x - other.x, place.y - other.y), 1);
  hand.view.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  hand.view.zoomAt(distance(now) / distance(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  hand.moved();
}

/** The wheel zooms, but leaves alone a page that is being scrolled past, and zooming out of the whole plane. */
function listenToWheel(canvas, hand, on, signal) {
  let scrolled = -Infinity;
  const noticed = (event) => {
    scrolled = event.timeStamp;
  };
  document.addEventListener("scroll", noticed, { signal, capture: true, passive: true });
  const turned = (event) => {
    const whole = !hand.view.held && event.deltaY > 0 && !event.ctrlKey;
    if (whole || event.timeStamp - scrolled < GRACE) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
    const { x, y } = pointOf(event, canvas);
    // a pinch on a touch pad arrives as a wheel with the control key, in small numbers
    hand.view.zoomAt(Math.exp(-Math.max(-120, Math.min(pixels, 120)) * (event.ctrlKey ? 0.01 : 0.0022)), x, y);
    hand.moved();
    hand.point(x, y);
  };
  on("wheel", turned, { passive: false });
}

/** What a key does on the plane, or nothing. */
function keyAction(key, far, hand) {
  const zoom = (factor) => () => {
    hand.view.zoomAt(factor);
    hand.moved();
  };
  return {
    "+": zoom(1.25),
    "=": zoom(1.25),
    "-": zoom(0.8),
    0: hand.reset,
    ArrowLeft: () => hand.step(-far, 0),
    ArrowRight: () => hand.step(far, 0),
    ArrowUp: () => hand.step(0, far),
    ArrowDown: () => hand.step(0, -far),
    Enter: hand.choose,
    " ": hand.choose,
    Escape: hand.release,
  }[key];
}

/** Where an event is on an element, in CSS pixels. */
function pointOf(event, element) {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
