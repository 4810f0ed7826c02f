import assert from "node:assert/strict";
import { test } from "node:test";
import { measuredOf } from "../../../cl_core/components/triplet/measured.js";
import { decimal, distinct } from "../../../cl_core/components/triplet/readout.js";

const KINDS = ["easy", "semihard", "hard"];
const NUMBERS = {
  d_ap: [0.5], margin: [0.2], edge: [0.7], d_an: [0.4, 0.9], kinds: [2, 0], losses: [0.3, 0], active: [1], loss: [0.3],
  forces: [1, 2, 3, 4, 5, 6, 0, 0], rings: [0.5, 0.7, 0.6], reach: [0.25],
};

test("lists of a message and outputs of a program say the same", () => {
  const outputs = Object.fromEntries(Object.entries(NUMBERS).map(([name, list]) => [name, Float64Array.from(list)]));
  const measured = measuredOf(NUMBERS, KINDS);
  assert.deepEqual(measuredOf(outputs, KINDS), measured);
  assert.deepEqual(measured.kinds, ["hard", "easy"]);
  assert.deepEqual(measured.forces, [[1, 2], [3, 4], [5, 6], [0, 0]]);
  assert.deepEqual([measured.dAp, measured.edge, measured.reach, measured.active], [0.5, 0.7, 0.25, 1]);
});

test("numbers get the decimals that tell them apart, unless they are equal", () => {
  assert.deepEqual(distinct(0.5, 0.5, 0.7), ["0.50", "0.50", "0.70"]);
  assert.deepEqual(distinct(0.5001, 0.5, 0.7), ["0.5001", "0.5000", "0.7000"]);
  assert.equal(decimal(-0.001), "0.00");
});
