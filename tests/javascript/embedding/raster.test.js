import assert from "node:assert/strict";
import { test } from "node:test";
import { pixel } from "../../../cl_core/components/_shared/colour.js";
import { makeStamp, Raster } from "../../../cl_core/components/embedding/raster.js";
import { randomFrom } from "../random.js";

const [WHITE, RED] = [pixel([255, 255, 255]), pixel([255, 0, 0])];

function rasterOf(width, height) {
  const raster = new Raster();
  raster.resize(width, height);
  raster.clear(WHITE);
  return raster;
}

const at = ({ data, width }, x, y) => Array.from(data.slice(4 * (y * width + x), 4 * (y * width + x) + 3));

test("a disc covers its middle and leaves what is far away", () => {
  const raster = rasterOf(40, 40);
  raster.disc(20.1, 20.2, makeStamp(5, 1, 0), RED);
  const middle = at(raster, 20, 20);
  assert.ok(middle[0] >= 254 && middle[1] <= 1);
  for (let y = 0; y < 40; y++) {
    for (let x = 0; x < 40; x++) {
      const distance = Math.hypot(x + 0.5 - 20.1, y + 0.5 - 20.2);
      if (distance > 6.5) assert.deepEqual(at(raster, x, y), [255, 255, 255]);
      if (distance < 4) assert.ok(at(raster, x, y)[1] <= 1);
    }
  }
});

test("the area of a disc is that of the circle", () => {
  for (const radius of [1.5, 3, 7.25]) {
    const raster = rasterOf(40, 40);
    raster.disc(20.6, 19.7, makeStamp(radius, 1, 0), RED);
    let area = 0;
    for (let i = 1; i < raster.data.length; i += 4) area += 1 - raster.data[i] / 255;
    assert.ok(Math.abs(area / (Math.PI * radius ** 2) - 1) < 0.06, `${area}`);
  }
});

test("a ring around a disc has a colour of its own", () => {
  const raster = rasterOf(40, 40);
  raster.disc(20, 20, makeStamp(4, 1, 2), RED, pixel([0, 0, 255]));
  const near = (colour, wanted) => colour.every((value, k) => Math.abs(value - wanted[k]) <= 1);
  assert.ok(near(at(raster, 20, 20), [255, 0, 0]));
  assert.ok(near(at(raster, 25, 20), [0, 0, 255]));
  assert.deepEqual(at(raster, 28, 20), [255, 255, 255]);
});

test("a disc is clipped at every edge, and writes nothing elsewhere", () => {
  const random = randomFrom(28);
  for (let k = 0; k < 500; k++) {
    const raster = rasterOf(12, 9);
    const [x, y] = [40 * random() - 14, 40 * random() - 14];
    raster.disc(x, y, makeStamp(4, 0.8, 0.7), RED);
    assert.equal(raster.data.length, 12 * 9 * 4);
    for (let row = 0; row < 9; row++) {
      for (let column = 0; column < 12; column++) {
        if (Math.hypot(column + 0.5 - x, row + 0.5 - y) > 7) assert.deepEqual(at(raster, column, row), [255, 255, 255]);
      }
    }
  }
});

test("points without coordinates and far away are not drawn", () => {
  const raster = rasterOf(10, 10);
  for (const [x, y] of [[NaN, 5], [5, NaN], [Infinity, 5], [5, -Infinity], [1e9, 1e9]]) raster.disc(x, y, makeStamp(3, 1, 0), RED);
  raster.path([[0, 0], [NaN, 3], [1e9, 3]], makeStamp(1, 1, 0), RED);
  assert.ok(raster.data.every((value) => value === 255));
});

test("lines fill their rows and columns, also at the edges", () => {
  const raster = rasterOf(10, 8);
  raster.row(3, 2, RED);
  raster.column(9.8, 3, RED);
  raster.row(-5, 2, RED);
  raster.column(50, 2, RED);
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 10; x++) {
      const red = y === 2 || y === 3 || x >= 8;
      assert.equal(at(raster, x, y)[1], red ? 0 : 255, `${x} ${y}`);
    }
  }
});

test("a path goes through its points", () => {
  const raster = rasterOf(30, 30);
  raster.path([[3, 3], [25, 3], [25, 25]], makeStamp(1, 1, 0), RED);
  for (const [x, y] of [[5, 3], [15, 3], [24, 3], [25, 15]]) assert.ok(at(raster, x, y)[1] < 200);
  assert.equal(at(raster, 10, 20)[1], 255);
});

test("a stamp hides at most what it covers", () => {
  const { tint, cover, side } = makeStamp(3, 0.84, 0.7);
  tint.forEach((phase, k) => {
    assert.equal(phase.length, side * side);
    phase.forEach((value, i) => assert.ok(value <= cover[k][i] && cover[k][i] <= 256));
  });
});

test("colours are blended channel by channel, as in floating point", () => {
  const random = randomFrom(38);
  const colours = () => [0, 1, 2].map(() => Math.floor(256 * random()));
  for (let round = 0; round < 200; round++) {
    const [background, first, second, ring] = [colours(), colours(), colours(), colours()];
    const raster = new Raster();
    raster.resize(9, 9);
    raster.clear(pixel(background));
    const stamp = makeStamp(3, 0.6 + 0.4 * random(), 0.7);
    const expected = Array.from({ length: 81 }, () => [...background]);
    for (const [colour, x, y] of [[first, 4.1, 4.6], [second, 5.3, 3.2]]) {
      raster.disc(x, y, stamp, pixel(colour), pixel(ring));
      const phase = Math.floor((x % 1) * 4) + 4 * Math.floor((y % 1) * 4);
      for (let r = 0; r < stamp.side; r++) {
        for (let c = 0; c < stamp.side; c++) {
          const [column, row] = [Math.floor(x) - stamp.reach + c, Math.floor(y) - stamp.reach + r];
          if (column < 0 || row < 0 || column > 8 || row > 8) continue;
          const [tint, cover] = [stamp.tint, stamp.cover].map((layers) => layers[phase][r * stamp.side + c] / 256);
          const below = expected[row * 9 + column];
          for (let k = 0; k < 3; k++) below[k] = colour[k] * tint + ring[k] * (cover - tint) + below[k] * (1 - cover);
        }
      }
    }
    expected.forEach((colour, i) => {
      colour.forEach((value, k) => assert.ok(Math.abs(raster.data[4 * i + k] - value) <= 2.5, `${raster.data[4 * i + k]} ${value}`));
      assert.equal(raster.data[4 * i + 3], 255);
    });
  }
});

test("a polygon fills as many pixels as it is large, wherever it leaves the picture", () => {
  const raster = rasterOf(60, 40);
  raster.polygon([[-20, 10.3], [30.25, -30], [50.5, 30]], RED); // prettier-ignore
  raster.polygon([[5, 5], [6, 6]], RED); // prettier-ignore
  let filled = 0;
  for (let y = 0; y < 40; y++) for (let x = 0; x < 60; x++) filled += (255 - at(raster, x, y)[1]) / 255;
  // by the shoelace formula, clipped to the picture by hand: sums over rows of the exact spans at their middles
  let expected = 0;
  const corners = [[-20, 10.3], [30.25, -30], [50.5, 30]]; // prettier-ignore
  for (let y = 0.5; y < 40; y++) {
    const crossings = corners.flatMap(([x0, y0], i) => {
      const [x1, y1] = corners[(i + 1) % 3];
      return y0 <= y !== y1 <= y ? [x0 + ((x1 - x0) * (y - y0)) / (y1 - y0)] : [];
    });
    if (crossings.length === 2) expected += Math.max(Math.min(Math.max(...crossings), 60) - Math.max(Math.min(...crossings), 0), 0);
  }
  assert.ok(Math.abs(filled - expected) < 2, `${filled} of ${expected}`);
});
