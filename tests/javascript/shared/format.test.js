import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, shortNumber, superscript, withCommas, withMinus } from "../../../cl_core/components/_shared/format.js";

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

test("a number is written in plain decimals, and as 0 where it is 0 at their precision", () => {
  const values = [0, 2.98e-27, 5e-324, 2.24e-5, 0.0091, 1.23456, 232.6, 1000, 1.234e9];
  const texts = ["0", "0", "0", "0", "0.0091", "1.23", "232.6", "1,000", "1.23 × 10⁹"];
  assert.deepEqual(values.map((value) => shortNumber(value)), texts);
});

test("more digits, thousands, signs and numbers that are none", () => {
  const values = [2.34567, 12345.67, -1234567, -0.000001, NaN, Infinity, -Infinity];
  const texts = ["2.346", "12,345.7", "-1.235 × 10⁶", "0", "unknown", "infinity", "-infinity"];
  assert.deepEqual(values.map((value) => shortNumber(value, 4)), texts);
  assert.deepEqual(["1", "999", "1000", "-1000", "1234567.1234"].map(withCommas), ["1", "999", "1,000", "-1,000", "1,234,567.1234"]);
});
