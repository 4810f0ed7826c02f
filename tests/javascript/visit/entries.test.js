import assert from "node:assert/strict";
import test from "node:test";

import { Entries } from "../../../cl_core/components/visit/entries.js";

test("what the page writes by itself gets no entry", () => {
  const entries = new Entries();
  assert.equal(entries.take(), false);
});

test("one act gets one entry, however often the address changes after it", () => {
  const entries = new Entries();
  entries.act();
  assert.deepEqual([entries.take(), entries.take(), entries.take()], [true, false, false]);
  entries.act();
  entries.act();
  assert.deepEqual([entries.take(), entries.take()], [true, false]);
});
