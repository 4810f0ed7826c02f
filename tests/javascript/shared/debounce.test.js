import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { debounce } from "../../../cl_core/components/_shared/debounce.js";

test("the action runs once, after the last call, with its arguments", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const action = mock.fn();
  const call = debounce(action, 100, new AbortController().signal);
  call(1);
  mock.timers.tick(99);
  call(2);
  mock.timers.tick(99);
  assert.equal(action.mock.callCount(), 0);
  mock.timers.tick(1);
  assert.deepEqual(action.mock.calls.map((each) => each.arguments), [[2]]);
  mock.timers.reset();
});

test("a pending run is dropped by cancel, and by the signal for good", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  const action = mock.fn();
  const ending = new AbortController();
  const call = debounce(action, 100, ending.signal);
  call();
  call.cancel();
  mock.timers.tick(1000);
  call();
  ending.abort();
  mock.timers.tick(1000);
  call();
  mock.timers.tick(1000);
  assert.equal(action.mock.callCount(), 0);
  mock.timers.reset();
});
