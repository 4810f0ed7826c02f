/** The base class of the pictures, with a browser that has no more than it uses. */

import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

class FakeObserver {
  static made = [];
  observed = [];
  connected = true;
  constructor(callback) {
    this.callback = callback;
    FakeObserver.made.push(this);
  }
  observe(element) {
    this.observed.push(element);
  }
  disconnect() {
    this.connected = false;
  }
}

class FakeElement extends EventTarget {
  style = {};
  dataset = {};
  isConnected = true;
  getRootNode = () => ({});
  querySelector = () => this;
}

let frames = [];
let now = 0;
Object.assign(globalThis, {
  HTMLElement: FakeElement,
  Element: FakeElement,
  ResizeObserver: FakeObserver,
  IntersectionObserver: FakeObserver,
  addEventListener: () => {},
  document: Object.assign(new EventTarget(), { hidden: false }),
  requestAnimationFrame: (callback) => frames.push(callback),
  cancelAnimationFrame: (id) => (frames[id - 1] = null),
});
mock.method(performance, "now", () => now);

const { mount, Picture } = await import("../../../cl_core/components/_shared/picture.js");

/** A message with a header only. */
function message(header) {
  const text = new TextEncoder().encode(JSON.stringify({ ...header, buffers: [] }));
  const padded = Math.ceil(text.length / 4) * 4;
  const bytes = new Uint8Array(4 + padded).fill(32);
  new DataView(bytes.buffer).setUint32(0, padded, true);
  bytes.set(text, 4);
  return bytes;
}

class Counter extends Picture {
  log = [];
  moving = false;
  holding = false;
  get ready() {
    return this.header !== null;
  }
  get held() {
    return this.holding;
  }
  receive(header, _, previous) {
    this.log.push(["receive", header.x, previous?.x]);
  }
  draw(at) {
    this.log.push(["draw", at]);
    return this.moving;
  }
  save() {
    this.log.push(["save"]);
  }
}

const sent = [];
const component = (header, root = new FakeElement()) => ({
  parentElement: root,
  data: header && message(header),
  setStateValue: (...values) => sent.push(["state", ...values]),
  setTriggerValue: (...values) => sent.push(["trigger", ...values]),
});

function nextFrame(milliseconds = 16) {
  now += milliseconds;
  const due = frames;
  frames = [];
  for (const frame of due) frame?.(now);
}

let picture;
beforeEach(() => {
  [frames, now] = [[], 1000];
  sent.length = 0;
  globalThis.document.hidden = false;
  picture = new Counter(new FakeElement());
});

afterEach(() => picture.close());

test("a message is received once, with the header before it", () => {
  picture.update(component({ x: 1 }));
  picture.update(component({ x: 1 }));
  picture.update(component(null));
  picture.update(component({ x: 2 }));
  assert.deepEqual(picture.log, [["receive", 1, undefined], ["receive", 2, 1]]);
});

test("a message that comes while a pointer holds the picture waits; only the newest is received", () => {
  picture.update(component({ x: 1 }));
  picture.holding = true;
  picture.update(component({ x: 2 }));
  picture.update(component({ x: 3 }));
  assert.equal(picture.log.length, 1);
  picture.receiveWaiting();
  assert.equal(picture.log.length, 1, "it still holds");
  picture.holding = false;
  picture.receiveWaiting();
  picture.receiveWaiting();
  assert.deepEqual(picture.log.slice(1), [["receive", 3, 1]]);
});

test("many changes are one frame, and movement goes on until it ends", () => {
  picture.header = {};
  for (let k = 0; k < 5; k++) picture.refresh();
  assert.equal(frames.length, 1);
  picture.moving = true;
  nextFrame();
  nextFrame();
  picture.moving = false;
  nextFrame();
  nextFrame();
  assert.equal(picture.log.length, 3);
});

test("of several reports on visibility that come at once, the newest counts", () => {
  picture.header = {};
  const sight = FakeObserver.made.at(-1);
  sight.callback([{ isIntersecting: true }, { isIntersecting: false }]);
  picture.refresh();
  nextFrame();
  assert.deepEqual(picture.log, []);
  sight.callback([{ isIntersecting: false }, { isIntersecting: true }]);
  nextFrame();
  assert.deepEqual(picture.log, [["draw", 1032]]);
});

test("nothing is drawn before there is something, nor off the page", () => {
  picture.refresh();
  nextFrame();
  picture.header = {};
  picture.root.isConnected = false;
  picture.refresh();
  nextFrame();
  assert.deepEqual(picture.log, []);
});

test("a picture that cannot be seen is drawn when it can be", () => {
  picture.header = {};
  const sight = FakeObserver.made.at(-1);
  sight.callback([{ isIntersecting: false }]);
  picture.refresh();
  assert.equal(frames.length, 0);
  sight.callback([{ isIntersecting: true }]);
  nextFrame();
  assert.equal(picture.log.length, 1);
  globalThis.document.hidden = true;
  picture.refresh();
  assert.equal(frames.length, 0);
  globalThis.document.hidden = false;
  globalThis.document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(frames.length, 1);
});

test("frames are as far apart as asked for", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  picture.header = {};
  picture.frameInterval = 100;
  picture.moving = true;
  picture.refresh();
  nextFrame();
  assert.equal(frames.length, 0, "a timer comes first");
  mock.timers.tick(95);
  assert.equal(frames.length, 0);
  mock.timers.tick(1);
  assert.equal(frames.length, 1);
  mock.timers.reset();
});

test("drawing at once replaces the frame that is pending", () => {
  picture.header = {};
  picture.refresh();
  picture.drawNow();
  nextFrame();
  assert.equal(picture.log.length, 1);
});

test("the end stops everything", () => {
  picture.header = {};
  picture.refresh();
  const observers = FakeObserver.made.slice(-2);
  picture.close();
  nextFrame();
  assert.deepEqual(picture.log, []);
  assert.ok(observers.every(({ connected }) => !connected));
  assert.ok(picture.signal.aborted);
});

test("values are told with the functions of the newest run", () => {
  picture.setState("a", 1); // before the first run: nowhere to tell it
  picture.update(component({ x: 1 }));
  picture.setState("a", 2);
  picture.trigger("b", 3);
  assert.deepEqual(sent, [["state", "a", 2], ["trigger", "b", 3]]);
});

test("the save button saves once a message has been received", () => {
  picture.press("save");
  picture.header = {};
  picture.press("other");
  picture.press("save");
  assert.deepEqual(picture.log, [["save"]]);
});

test("a description is written when it is asked for, if there is one", () => {
  let description;
  picture.answerDescribe("shapes", () => description);
  picture.root.dispatchEvent(new Event("describe"));
  assert.equal(picture.root.dataset.shapes, undefined);
  description = { a: [1] };
  picture.root.dispatchEvent(new Event("describe"));
  assert.equal(picture.root.dataset.shapes, '{"a":[1]}');
});

test("an element has one picture, which is closed only when the element is off the page", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const made = [];
  class Kept extends Counter {
    closed = 0;
    constructor(root) {
      super(root);
      made.push(this);
    }
    close() {
      super.close();
      this.closed += 1;
    }
  }
  const root = new FakeElement();
  const clean = mount(Kept, ".x", component({ x: 1 }, root));
  mount(Kept, ".x", component({ x: 2 }, root));
  assert.equal(made.length, 1);
  assert.equal(made[0].log.length, 2);
  clean();
  mock.timers.tick(1);
  assert.equal(made[0].closed, 0);
  root.isConnected = false;
  clean();
  mock.timers.tick(1);
  assert.equal(made[0].closed, 1);
  root.querySelector = () => null;
  assert.equal(mount(Kept, ".x", component({ x: 1 }, root)), undefined);
  mock.timers.reset();
});
