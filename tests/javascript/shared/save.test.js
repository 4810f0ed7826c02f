import assert from "node:assert/strict";
import { test } from "node:test";
import { fileName, legendPlaces } from "../../../cl_core/components/_shared/save.js";

test("a title becomes the name of a file", () => {
  assert.equal(fileName("PCA view of 2,000 test images, step 20"), "pca-view-of-2000-test-images-step-20");
  assert.equal(fileName("δ²!"), "picture");
  assert.equal(fileName(""), "picture");
  assert.equal(fileName("../../etc/passwd"), "etc-passwd");
});

test("entries of a legend stand in rows within the width, and do not overlap", () => {
  const widths = [30, 80, 10, 120, 60, 60, 5];
  const places = legendPlaces(widths, 260);
  assert.equal(places.length, widths.length);
  places.forEach(({ x, y }, i) => {
    assert.ok(x >= 16);
    assert.ok(x === 16 || x + 18 + widths[i] <= 260 - 16);
    const before = places[i - 1];
    if (before) assert.ok(y > before.y || x >= before.x + 18 + widths[i - 1]);
  });
  assert.deepEqual(legendPlaces([], 100), []);
});
