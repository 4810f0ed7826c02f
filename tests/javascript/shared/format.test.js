import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, superscript, withMinus } from "../../../cl_core/components/_shared/format.js";

test("each place of a sentence is filled, also twice and with 0", () => {
  assert.equal(fill("{a} of {b}, {a}", { a: 0, b: "two" }), "0 of two, 0");
});

test("a place without a value stays, and a value is not filled again", () => {
  assert.equal(fill("{a} {b}", { a: "{b}" }), "{b} {b}");
  assert.equal(fill("{a}", { a: undefined }), "{a}");
});

test("a negative number gets a minus sign, the others stay", () => {
  assert.equal(withMinus("-1.5"), "−1.5");
  assert.equal(withMinus("1.5"), "1.5");
});

test("exponents are written in superscript", () => {
  assert.equal(superscript(-12), "⁻¹²");
  assert.equal(superscript(34567890), "³⁴⁵⁶⁷⁸⁹⁰");
});
