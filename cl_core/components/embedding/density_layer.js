/** Draws the densities of the classes over the picture: clouds of colour, contours, and curves along two edges. */

import { densities, gridOver } from "./density.js";
import { context2d } from "../_shared/canvas.js";
import { classColour, css, mix, ringColour } from "../_shared/colour.js";
import { contoursAt } from "../_shared/contours.js";

/**
 * @import { Camera } from "./camera.js"
 * @import { ClassDensity, Grid } from "./density.js"
 * @import { Look } from "./scene.js"
 * @import { Colour } from "../_shared/colour.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const LEVELS = [0.15, 0.4, 0.65, 0.9]; // of a class's highest density
const OPACITY = { middle: 0.6, curve: 0.22 };
export const EDGE = 0.1; // share of the picture that the highest curve takes along an edge
const LINE_WIDTH = 1.25; // CSS pixels
const FADED = 0.25; // share of the text's colour in classes that are not selected

export class DensityLayer {
  #fill = document.createElement("canvas");

  /**
   * Draw the densities of one moment.
   * @param {CanvasRenderingContext2D} context  in CSS pixels
   * @param {{points: Float32Array, labels: Uint8Array | null}} drawn
   * @param {ArrayLike<number>} view  part of the plane that the grid covers
   * @param {Camera} camera
   * @param {Theme} theme
   * @param {Look} look
   */
  draw(context, { points, labels }, view, camera, theme, look) {
    const grid = gridOver(view);
    const found = densities(points, labels ?? new Uint8Array(points.length / 2), look.names.length, grid);
    const faded = mix(theme.background, theme.text, FADED);
    /** @param {number} label */
    const shown = (label) => !look.selected.size || look.selected.has(label);
    const layers = found.map((each) => {
      const own = classColour(theme.classes, each.label);
      return { ...each, colour: shown(each.label) ? own : faded, line: shown(each.label) ? ringColour(own, theme) : faded };
    });
    this.#drawFill(context, layers, grid, camera);
    for (const layer of layers) drawContours(context, layer, grid, camera);
    drawCurves(context, layers, grid, camera);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {(ClassDensity & {colour: Colour})[]} layers
   * @param {Grid} grid
   * @param {Camera} camera
   */
  #drawFill(context, layers, grid, camera) {
    const { columns, rows, cell } = grid;
    const image = new ImageData(columns, rows);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const at = (rows - 1 - r) * columns + c;
        let [sum, most] = [0, 0];
        const mixed = [0, 0, 0];
        for (const { heights, colour } of layers) {
          const height = heights[r * columns + c];
          sum += height;
          most = Math.max(most, height);
          for (let k = 0; k < 3; k++) mixed[k] += height * colour[k];
        }
        if (sum === 0) continue;
        for (let k = 0; k < 3; k++) image.data[4 * at + k] = mixed[k] / sum;
        image.data[4 * at + 3] = 255 * OPACITY.middle * Math.sqrt(most);
      }
    }
    this.#fill.width = columns;
    this.#fill.height = rows;
    context2d(this.#fill).putImageData(image, 0, 0);
    const [left, top] = camera.place([grid.left, grid.bottom + rows * cell]);
    context.imageSmoothingQuality = "high";
    context.drawImage(this.#fill, left, top, columns * cell * camera.scale, rows * cell * camera.scale);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {ClassDensity & {line: Colour}} layer
 * @param {Grid} grid
 * @param {Camera} camera
 */
function drawContours(context, { heights, line }, grid, camera) {
  const [left, bottom] = camera.place([grid.left + grid.cell / 2, grid.bottom + grid.cell / 2]);
  const { columns, rows } = grid;
  const size = grid.cell * camera.scale;
  context.strokeStyle = css(line);
  context.lineWidth = LINE_WIDTH;
  context.beginPath();
  for (const contour of LEVELS.flatMap((level) => contoursAt(heights, columns, rows, level))) {
    for (let k = 0; k < contour.length; k += 2) {
      const [x, y] = [left + contour[k] * (columns - 1) * size, bottom - contour[k + 1] * (rows - 1) * size];
      if (k) context.lineTo(x, y);
      else context.moveTo(x, y);
    }
  }
  context.stroke();
}

/**
 * Draw along the lower edge how many points of each class have that place on the first axis, and along the left edge on
 * the second one.
 * @param {CanvasRenderingContext2D} context
 * @param {(ClassDensity & {colour: Colour, line: Colour})[]} layers
 * @param {Grid} grid
 * @param {Camera} camera
 */
function drawCurves(context, layers, grid, camera) {
  const { height } = camera;
  const [left, bottom] = camera.place([grid.left + grid.cell / 2, grid.bottom + grid.cell / 2]);
  const size = grid.cell * camera.scale;
  const most = Math.max(...layers.flatMap(({ across, upward }) => [...across, ...upward]), Number.MIN_VALUE);
  for (const { across, upward, colour, line } of layers) {
    const below = Array.from(across, (value, c) => [left + c * size, height - (value / most) * EDGE * height]);
    const beside = Array.from(upward, (value, r) => [(value / most) * EDGE * height, bottom - r * size]);
    drawCurve(context, [[below[0][0], height], ...below, [below[below.length - 1][0], height]], colour, line);
    drawCurve(context, [[0, beside[0][1]], ...beside, [0, beside[beside.length - 1][1]]], colour, line);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {number[][]} corners  first and last on the edge
 * @param {Colour} colour
 * @param {Colour} line
 */
function drawCurve(context, corners, colour, line) {
  context.beginPath();
  corners.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.globalAlpha = OPACITY.curve;
  context.fillStyle = css(colour);
  context.fill();
  context.globalAlpha = 1;
  context.strokeStyle = css(line);
  context.lineWidth = LINE_WIDTH;
  context.stroke();
}
