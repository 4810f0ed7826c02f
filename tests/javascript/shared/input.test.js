/** Pointers, wheel, keys and handles, with elements and events that have no more than these modules use. */

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { listenToHandle } from "../../../cl_core/components/_shared/drag.js";
import { listener, listenToKeys } from "../../../cl_core/components/_shared/events.js";
import {
  listenToPointers,
  listenToWheel,
  pressZoomButton,
  zoomKeys,
} from "../../../cl_core/components/_shared/pointer.js";
import { near } from "../random.js";

class FakeElement extends EventTarget {
  classes = new Set();
  classList = { add: (name) => this.classes.add(name), remove: (name) => this.classes.delete(name) };
  captured = [];
  focused = 0;

  getBoundingClientRect() {
    return { left: 100, top: 50 };
  }

  setPointerCapture(id) {
    this.captured.push(id);
  }

  focus() {
    this.focused += 1;
  }

  /** Dispatch an event; places are given on the element. */
  send(type, { x = 0, y = 0, ...properties } = {}) {
    const event = new Event(type, { cancelable: true });
    const all = { clientX: x + 100, clientY: y + 50, pointerId: 1, pointerType: "mouse", button: 0, ...properties };
    for (const [name, value] of Object.entries(all)) Object.defineProperty(event, name, { value });
    this.dispatchEvent(event);
    return event;
  }
}

class FakeView {
  calls = [];
  held = false;
  pan(dx, dy) {
    this.calls.push(["pan", dx, dy]);
  }
  zoomAt(factor, x, y) {
    this.calls.push(["zoom", factor, x, y]);
  }
  reset() {
    this.calls.push(["reset"]);
  }
}

/** @type {FakeElement} */
let canvas;
/** @type {FakeView} */
let view;
/** @type {unknown[][]} */
let heard;
/** @type {AbortController} */
let ending;

beforeEach(() => {
  [canvas, view, heard, ending] = [new FakeElement(), new FakeView(), [], new AbortController()];
  globalThis.document = new EventTarget();
});

function pointers(tolerance) {
  const actions = {
    down: (at) => heard.push(["down", at.x, at.y]),
    hover: (at) => heard.push(["hover", at.x, at.y]),
    drag: (at, before) => heard.push(["drag", at.x - before.x, at.y - before.y]),
    pinched: () => heard.push(["pinched"]),
    up: (_, clicked, last) => heard.push(["up", clicked && [clicked.x, clicked.y], last]),
    leave: () => heard.push(["leave"]),
  };
  listenToPointers(canvas, view, actions, listener(canvas, ending.signal), tolerance);
}

test("a press that hardly moves is a click where it began", () => {
  pointers();
  canvas.send("pointerdown", { x: 10, y: 20 });
  canvas.send("pointermove", { x: 13, y: 21 });
  canvas.send("pointerup", { x: 13, y: 21 });
  assert.deepEqual(heard, [["down", 10, 20], ["up", [10, 20], true]]);
  assert.deepEqual(canvas.captured, [1]);
});

test("a press that moves is a drag and no click", () => {
  pointers();
  canvas.send("pointerdown", { x: 10, y: 20 });
  canvas.send("pointermove", { x: 18, y: 20 });
  canvas.send("pointermove", { x: 20, y: 23 });
  canvas.send("pointerup", { x: 20, y: 23 });
  assert.deepEqual(heard, [["down", 10, 20], ["drag", 8, 0], ["drag", 2, 3], ["up", null, true]]);
});

test("without tolerance every move drags", () => {
  pointers(0);
  canvas.send("pointerdown", { x: 0, y: 0 });
  canvas.send("pointermove", { x: 1, y: 0 });
  assert.deepEqual(heard.at(-1), ["drag", 1, 0]);
});

test("a pointer that is not down hovers, and leaving is told but of fingers", () => {
  pointers();
  canvas.send("pointermove", { x: 5, y: 6 });
  canvas.send("pointerleave");
  canvas.send("pointerleave", { pointerType: "touch" });
  assert.deepEqual(heard, [["hover", 5, 6], ["leave"]]);
});

test("other buttons than the first do nothing", () => {
  pointers();
  canvas.send("pointerdown", { button: 2 });
  canvas.send("pointerup", { button: 2 });
  assert.deepEqual(heard, []);
});

test("two fingers zoom by their distance and pan by their middle, and are no click", () => {
  pointers();
  canvas.send("pointerdown", { pointerId: 1, x: 100, y: 100 });
  canvas.send("pointerdown", { pointerId: 2, x: 200, y: 100 });
  canvas.send("pointermove", { pointerId: 2, x: 300, y: 100 });
  assert.deepEqual(view.calls, [["pan", 50, 0], ["zoom", 2, 200, 100]]);
  canvas.send("pointerup", { pointerId: 1 });
  canvas.send("pointerup", { pointerId: 2 });
  assert.deepEqual(heard.slice(2), [["pinched"], ["up", null, false], ["up", null, true]]);
});

test("two fingers on one point zoom by a finite factor", () => {
  pointers();
  canvas.send("pointerdown", { pointerId: 1, x: 100, y: 100 });
  canvas.send("pointerdown", { pointerId: 2, x: 100, y: 100 });
  canvas.send("pointermove", { pointerId: 2, x: 100, y: 100 });
  assert.ok(view.calls.flat().every((value) => typeof value === "string" || Number.isFinite(value)));
});

test("a press that the browser takes away is no click", () => {
  pointers();
  canvas.send("pointerdown");
  canvas.send("pointercancel");
  assert.deepEqual(heard.at(-1), ["up", null, true]);
});

test("nothing is heard after the end", () => {
  pointers();
  ending.abort();
  canvas.send("pointerdown");
  canvas.send("pointermove");
  assert.deepEqual(heard, []);
});

const wheel = (properties) => canvas.send("wheel", { deltaY: 0, deltaMode: 0, ctrlKey: false, ...properties });

test("the wheel zooms at the pointer, in and out by the same factor", () => {
  listenToWheel(canvas, view, (at) => heard.push([at.x, at.y]), ending.signal);
  view.held = true;
  const event = wheel({ deltaY: -100, x: 30, y: 40 });
  assert.ok(event.defaultPrevented);
  wheel({ deltaY: 100, x: 30, y: 40 });
  const [[, nearer, x, y], [, farther]] = view.calls;
  assert.ok(nearer > 1);
  near(nearer * farther, 1);
  assert.deepEqual([x, y], [30, 40]);
  assert.deepEqual(heard, [[30, 40], [30, 40]]);
});

test("the wheel leaves the page alone while it is scrolled, and where all is seen already", () => {
  listenToWheel(canvas, view, () => {}, ending.signal);
  assert.ok(!wheel({ deltaY: 100 }).defaultPrevented, "zooming out of the whole picture");
  globalThis.document.dispatchEvent(new Event("scroll"));
  assert.ok(!wheel({ deltaY: -100 }).defaultPrevented, "just after a scroll");
  assert.deepEqual(view.calls, []);
});

test("one step of the wheel is bounded, and lines count as pixels", () => {
  listenToWheel(canvas, view, () => {}, ending.signal);
  wheel({ deltaY: -1e6 });
  wheel({ deltaY: -2, deltaMode: 1 });
  wheel({ deltaY: -60 });
  const factors = view.calls.map(([, factor]) => factor);
  near(factors[0], Math.exp(120 * 0.0022));
  near(factors[1], factors[2]);
});

test("keys run their actions, except as shortcuts of the browser", () => {
  const on = listener(canvas, ending.signal);
  listenToKeys(on, (event) => ({ a: () => heard.push([event.shiftKey ? "A" : "a"]) }));
  const press = (key, modifiers = {}) =>
    canvas.send("keydown", { key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...modifiers });
  assert.ok(press("a").defaultPrevented);
  press("a", { shiftKey: true });
  for (const modifier of ["ctrlKey", "metaKey", "altKey"]) assert.ok(!press("a", { [modifier]: true }).defaultPrevented);
  assert.ok(!press("b").defaultPrevented);
  assert.deepEqual(heard, [["a"], ["A"]]);
});

test("zoom keys and zoom buttons do the same", () => {
  const keys = zoomKeys(view, () => heard.push(["zoomed"]), () => view.reset());
  for (const key of ["+", "=", "-", "0"]) keys[key]();
  for (const name of ["zoomIn", "zoomIn", "zoomOut", "reset", "save"]) pressZoomButton(view, name);
  assert.deepEqual(view.calls.slice(0, 4), view.calls.slice(4));
  near(view.calls[0][1] * view.calls[2][1], 1);
});

function handleWith(changes = {}) {
  const sheet = new FakeElement();
  const handle = Object.assign(new FakeElement(), { ownerSVGElement: sheet });
  const actions = {
    grab: (at) => {
      heard.push(["grab", at.x, at.y]);
      return (to) => heard.push(["move", to.x, to.y]);
    },
    release: () => heard.push(["release"]),
    key: ({ key }) => key === "k",
    keyed: () => heard.push(["keyed"]),
    focus: () => heard.push(["focus"]),
    blur: () => heard.push(["blur"]),
    ...changes,
  };
  listenToHandle(handle, actions, ending.signal);
  return handle;
}

test("a handle is grabbed, moved and released once, by one pointer", () => {
  const handle = handleWith();
  const event = handle.send("pointerdown", { x: 1, y: 2 });
  assert.ok(event.defaultPrevented, "no text is selected");
  assert.equal(handle.focused, 1);
  assert.ok(handle.classes.has("dragging"));
  handle.send("pointerdown", { pointerId: 2 });
  handle.send("pointermove", { x: 3, y: 4 });
  handle.send("pointermove", { pointerId: 2, x: 9, y: 9 });
  handle.send("pointerup", { pointerId: 2 });
  handle.send("pointerup");
  handle.send("lostpointercapture");
  handle.send("pointermove", { x: 5, y: 6 });
  assert.deepEqual(heard, [["grab", 1, 2], ["move", 3, 4], ["release"]]);
  assert.ok(!handle.classes.has("dragging"));
});

test("a finger on a handle does not scroll the page", () => {
  assert.ok(handleWith().send("touchstart").defaultPrevented);
});

test("keys of a handle that mean something are consumed, the others are the page's", () => {
  const handle = handleWith();
  const press = (key, modifiers = {}) =>
    handle.send("keydown", { key, ctrlKey: false, metaKey: false, altKey: false, ...modifiers });
  assert.ok(press("k").defaultPrevented);
  assert.ok(!press("Tab").defaultPrevented);
  assert.ok(!press("k", { ctrlKey: true }).defaultPrevented);
  handle.send("focus");
  handle.send("blur");
  assert.deepEqual(heard, [["keyed"], ["focus"], ["blur"]]);
});
