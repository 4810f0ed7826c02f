/** Fingers, mouse, wheel and keys on a canvas that can be zoomed and moved. */

const SLOP = 5; // CSS pixels that a press may move and still be one
const GRACE = 300; // ms after the page has scrolled during which the wheel still belongs to the page

/**
 * @typedef {{x: number, y: number}} Point  on the canvas, in CSS pixels
 *
 * @typedef {object} Lens  where the canvas looks
 * @property {unknown} held  whether the viewer has zoomed or moved it
 * @property {(dx: number, dy: number) => void} pan
 * @property {(factor: number, x?: number, y?: number) => void} zoomAt
 *
 * @typedef {object} Fingers  what becomes of them
 * @property {(now: Point) => void} [down]
 * @property {(now: Point, event: PointerEvent) => void} hover  a pointer that is not down
 * @property {(now: Point, before: Point, event: PointerEvent) => void} drag  one finger
 * @property {() => void} moved  two fingers have zoomed and moved the lens
 * @property {(event: PointerEvent, pressed: Point | null, last: boolean) => void} up  `pressed`: where it went down, if
 *   it was alone and has not moved
 * @property {() => void} leave
 */

/** Listen to an element until `signal` ends it. */
export function listenerOn(element, signal) {
  return (name, handler, options = {}) => element.addEventListener(name, handler, { signal, ...options });
}

/**
 * Two fingers pinch, one is the component's own; `slop`: how far it may go and not have moved.
 * @param {HTMLCanvasElement} canvas
 * @param {Lens} lens
 * @param {Fingers} hand
 */
export function listenToFingers(canvas, lens, hand, on, slop = SLOP) {
  /** @type {Map<number, Point>} */
  const fingers = new Map();
  let start = null; // where a press began, while it may still be one
  on("pointerdown", (event) => {
    if (event.button > 0) return;
    canvas.setPointerCapture(event.pointerId);
    const place = pointOf(event, canvas);
    fingers.set(event.pointerId, place);
    start = fingers.size === 1 ? place : null;
    hand.down?.(place);
  });
  on("pointermove", (event) => {
    const now = pointOf(event, canvas);
    const before = fingers.get(event.pointerId);
    if (!before) return hand.hover(now, event);
    if (start && Math.hypot(now.x - start.x, now.y - start.y) < slop) return;
    start = null;
    const other = [...fingers].find(([id]) => id !== event.pointerId)?.[1];
    fingers.set(event.pointerId, now);
    if (!other) return hand.drag(now, before, event);
    pinch(lens, other, before, now);
    hand.moved();
  });
  const up = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    if (!fingers.size) canvas.classList.remove("dragging");
    const pressed = event.type === "pointerup" ? start : null;
    start = null;
    hand.up(event, pressed, !fingers.size);
  };
  on("pointerup", up);
  on("pointercancel", up);
  on("pointerleave", (event) => event.pointerType !== "touch" && hand.leave());
}

/** Two fingers: their distance zooms, their middle pans. */
function pinch(lens, other, before, now) {
  const distance = (place) => Math.max(Math.hypot(place.x - other.x, place.y - other.y), 1);
  lens.pan((now.x - before.x) / 2, (now.y - before.y) / 2);
  lens.zoomAt(distance(now) / distance(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
}

/**
 * The wheel zooms, but leaves alone a page that is being scrolled past, and zooming out of the whole picture.
 * @param {HTMLCanvasElement} canvas
 * @param {Lens} lens
 * @param {(at: Point) => void} moved
 */
export function listenToWheel(canvas, lens, moved, signal) {
  let scrolled = -Infinity;
  const noticed = (event) => {
    scrolled = event.timeStamp;
  };
  document.addEventListener("scroll", noticed, { signal, capture: true, passive: true });
  const turned = (event) => {
    const whole = !lens.held && event.deltaY > 0 && !event.ctrlKey;
    if (whole || event.timeStamp - scrolled < GRACE) return;
    event.preventDefault();
    const pixels = event.deltaY * (event.deltaMode === 1 ? 30 : 1);
    const at = pointOf(event, canvas);
    // a pinch on a touch pad arrives as a wheel with the control key, in small numbers
    lens.zoomAt(Math.exp(-Math.max(-120, Math.min(pixels, 120)) * (event.ctrlKey ? 0.01 : 0.0022)), at.x, at.y);
    moved(at);
  };
  canvas.addEventListener("wheel", turned, { signal, passive: false });
}

/** Keys on the canvas: `actions(event)` says what each of them does. */
export function listenToKeys(on, actions) {
  on("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const action = actions(event)[event.key];
    if (!action) return;
    event.preventDefault();
    event.stopPropagation();
    action();
  });
}

/** The keys that every such canvas knows. */
export function zoomKeys({ camera, moved, reset }) {
  const zoom = (factor) => () => {
    camera.zoomAt(factor);
    moved();
  };
  return { "+": zoom(1.25), "=": zoom(1.25), "-": zoom(0.8), 0: reset };
}

/** Where an event is on an element, in CSS pixels. */
export function pointOf(event, element) {
  const box = element.getBoundingClientRect();
  return { x: event.clientX - box.left, y: event.clientY - box.top };
}
