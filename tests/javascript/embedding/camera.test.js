/** The camera of the cloud: what it is aimed at is inside the picture, however the viewer turns it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Camera } from "../../../cl_core/components/embedding/camera.js";

const CORNERS = [-1, 1].flatMap((x) => [-1, 1].flatMap((y) => [-1, 1].map((z) => [x, y, z])));
const SIZES = [[720, 600], [300, 300], [390, 500], [1000, 400]];
const BOXES = [[-1, 1, -1, 1, -1, 1], [2, 4, -7, -1, 0, 0.5], [0, 100, 0, 1, 0, 1]];

/** Return a camera that is aimed at a box in a picture of this size. */
function aimed([width, height], bounds, dims) {
  const camera = new Camera();
  Object.assign(camera, { width, height });
  camera.aim(bounds, dims);
  return camera;
}

test("in every rotation all corners of the box are inside the picture", () => {
  for (const size of SIZES) {
    for (const bounds of BOXES) {
      const camera = aimed(size, bounds, 3);
      const corners = CORNERS.map((signs) => signs.map((sign, d) => bounds[2 * d + (sign + 1) / 2]));
      for (let yaw = 0; yaw < 2 * Math.PI; yaw += Math.PI / 24) {
        for (const pitch of [-1.5, -1, -0.6, -0.3, 0, 0.32, 0.7, 1.2, 1.5]) {
          Object.assign(camera, { yaw, pitch });
          camera.aim(bounds, 3);
          for (const [x, y] of corners.map((corner) => camera.place(corner))) {
            assert.ok(x >= 0 && x <= size[0] && y >= 0 && y <= size[1], `${x}, ${y} in ${size} at ${yaw}, ${pitch}`);
          }
        }
      }
    }
  }
});

test("the cube reaches the room for the names in some rotation, and has the same size in all of one pitch", () => {
  const camera = aimed([600, 600], BOXES[0], 3);
  Object.assign(camera, { yaw: Math.PI / 4, pitch: 0 });
  camera.aim(BOXES[0], 3);
  const across = CORNERS.flatMap((corner) => camera.place(corner));
  assert.ok(Math.max(...across) - Math.min(...across) > 0.85 * 600);
  const { scale } = camera;
  camera.yaw = 1;
  camera.aim(BOXES[0], 3);
  assert.equal(camera.scale, scale);
});

test("in two dimensions the box touches two edges of the picture, but for the room for the names", () => {
  const camera = aimed([720, 600], [-1, 1, -1, 1], 2);
  assert.deepEqual(camera.place([0, 1]), [360, 30]);
  assert.deepEqual(camera.place([0, -1]), [360, 570]);
});
