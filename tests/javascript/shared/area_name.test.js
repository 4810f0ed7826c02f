import assert from "node:assert/strict";
import { test } from "node:test";
import { bestPlace } from "../../../cl_core/components/_shared/area_name.js";
import { randomFrom } from "../random.js";

test("a label is put where it fits, with nearly as much room as anywhere", () => {
  const random = randomFrom(21);
  const [width, height] = [60, 20];
  for (let round = 0; round < 100; round++) {
    const x = Array.from({ length: 12 }, (_, i) => 40 * i);
    const over = x.map(() => 100 * random());
    const under = over.map((y) => y + 80 * random());
    const at = (edge, place) => {
      const k = Math.min(Math.floor(place / 40), 10);
      return edge[k] + ((edge[k + 1] - edge[k]) * (place - x[k])) / 40;
    };
    // by small steps: the free height of a label whose left side is there
    const roomAt = (left) => {
      const places = Array.from({ length: 2 * width + 1 }, (_, i) => left + i / 2);
      return Math.min(...places.map((p) => at(under, p))) - Math.max(...places.map((p) => at(over, p)));
    };
    const most = Math.max(...Array.from({ length: 440 - 8 - width }, (_, i) => roomAt(4 + i)));
    const place = bestPlace(x, under, over, width, height);
    if (!place) {
      assert.ok(most < height + 12, `there is room of ${most}`);
      continue;
    }
    const room = roomAt(place.x - width / 2);
    assert.ok(room >= height - 1e-9);
    assert.ok(room >= most - 13, `${room} of ${most}`); // the places that are tried are 6 pixels apart
  }
});

test("a label that is wider than the picture fits nowhere", () => {
  assert.equal(bestPlace([0, 50], [100, 100], [0, 0], 60, 10), null);
});
