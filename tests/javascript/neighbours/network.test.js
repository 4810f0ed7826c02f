import assert from "node:assert/strict";
import { test } from "node:test";
import { NetworkFile, nextWrong } from "../../../cl_core/components/neighbours/network.js";
import { packEnvelope } from "../../../cl_core/components/_shared/envelope.js";

/**
 * Return the file of four images, each with one neighbour.
 * @param {number[]} nearest
 */
function network(nearest) {
  const buffers = {
    labels: Uint8Array.of(0, 0, 1, 1),
    neighbours: Int16Array.from(nearest),
    similarity: Int16Array.of(100, 100, 50, 0),
    places: Int16Array.of(0, 0, 10, 0, 0, 10, 10, 10),
  };
  return new NetworkFile(packEnvelope({ n: 4, k: 1, cosine: 0.01 }, buffers));
}

test("the next image that is retrieved wrongly is wrong under one of the networks; there may be no other", () => {
  const right = network([1, 0, 3, 2]);
  assert.equal(nextWrong([right], 1, 1), 1);
  assert.equal(nextWrong([right, network([2, 0, 3, 2])], 1, 1), 0);
  assert.equal(nextWrong([right, network([2, 0, 3, 0])], 0, -1), 3);
  assert.equal(nextWrong([network([2, 0, 3, 2])], 0, 1), 0, "itself");
});

test("an image is pointed at within a distance only, and the last of equals is taken", () => {
  const file = network([1, 0, 3, 2]);
  assert.equal(file.imageAt(1, 1, 5), 0);
  assert.equal(file.imageAt(9, 12, 5), 3);
  assert.equal(file.imageAt(-10, -10, 5), null);
  assert.deepEqual(file.nearest(2), [{ row: 3, label: 1, cosine: 0.5, right: true }]);
});
