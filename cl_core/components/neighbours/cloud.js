/** The cloud of all images under one network, with an image and its neighbours marked. */

import { context2d, devicePixels, setResolution } from "../_shared/canvas.js";
import { css, ringColour } from "../_shared/colour.js";

/**
 * @import { Neighbour, NetworkFile } from "./network.js"
 * @import { Point } from "../_shared/events.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const EDGE = 1.04; // from the middle to the edge, in units of the largest coordinate
const DOT = 1.9; // CSS pixels of the radius of an image
const FADE = 0.55; // opacity of the images that are not marked
const FARTHEST = 30; // CSS pixels from the pointer to an image that it points at
const CLASSES = 10;

export class CloudView {
  /** @type {NetworkFile | null} */
  network = null;
  #sheet = document.createElement("canvas"); // all images, drawn once
  #width = 1;
  #height = 1;
  #unit = 1; // CSS pixels of a unit of the file
  #painted = "";

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.#width = width;
    this.#height = height;
    for (const canvas of [this.canvas, this.#sheet]) setResolution(canvas, width, height, devicePixels());
    this.#painted = "";
  }

  /**
   * Return the image at a point of the picture; null if there is none near.
   * @param {Point} point
   */
  imageAt({ x, y }) {
    const unit = this.#unit;
    return this.network?.imageAt((x - this.#width / 2) / unit, (this.#height / 2 - y) / unit, FARTHEST / unit) ?? null;
  }

  /**
   * @param {number} image
   * @returns {[number, number]} CSS pixels
   */
  #at(image) {
    const places = this.network?.places ?? [];
    const [x, y] = [places[2 * image], places[2 * image + 1]];
    return [this.#width / 2 + x * this.#unit, this.#height / 2 - y * this.#unit];
  }

  /** @param {Theme} theme */
  #paint(theme) {
    const { network } = this;
    const wanted = `${theme.source} ${this.#width} ${this.#height}`;
    if (!network || this.#painted === wanted) return;
    this.#painted = wanted;
    const largest = network.places.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
    this.#unit = Math.min(this.#width, this.#height) / 2 / EDGE / largest;
    const context = context2d(this.#sheet);
    const ratio = devicePixels();
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, this.#width, this.#height);
    context.globalAlpha = FADE;
    for (let label = 0; label < CLASSES; label++) {
      context.fillStyle = css(theme.classes[label]);
      context.beginPath();
      for (let i = 0; i < network.n; i++) {
        if (network.labels[i] !== label) continue;
        const [x, y] = this.#at(i);
        context.moveTo(x + DOT, y);
        context.arc(x, y, DOT, 0, 2 * Math.PI);
      }
      context.fill();
    }
    context.globalAlpha = 1;
  }

  /**
   * @param {Theme} theme
   * @param {number} image
   * @param {Neighbour[]} neighbours
   * @param {number | null} marked  number of a neighbour that is pointed at
   */
  draw(theme, image, neighbours, marked) {
    if (!this.network) return;
    this.#paint(theme);
    const context = context2d(this.canvas);
    const ratio = devicePixels();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.#sheet, 0, 0);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const [right, wrong] = theme.classes.slice(CLASSES).map(css);
    const [x, y] = this.#at(image);
    for (const neighbour of neighbours) {
      const [u, v] = this.#at(neighbour.row);
      context.strokeStyle = neighbour.right ? right : wrong;
      context.lineWidth = neighbour.row === marked ? 3 : 1;
      context.setLineDash(neighbour.right ? [] : [4, 3]);
      context.beginPath();
      context.moveTo(x, y);
      context.lineTo(u, v);
      context.stroke();
    }
    context.setLineDash([]);
    for (const neighbour of neighbours) this.#mark(context, theme, neighbour, neighbour.row === marked);
    this.#disc(context, theme, image, 8);
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Theme} theme
   * @param {Neighbour} neighbour
   * @param {boolean} large
   */
  #mark(context, theme, { row, right }, large) {
    const [x, y] = this.#at(row);
    const size = large ? 8 : 5;
    this.#disc(context, theme, row, size);
    if (right) return;
    const [, wrong] = theme.classes.slice(CLASSES).map(css);
    const arm = size + 3;
    for (const [colour, width] of /** @type {[string, number][]} */ ([
      [css(theme.background), 5],
      [wrong, 2.5],
    ])) {
      context.strokeStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(x - arm, y - arm);
      context.lineTo(x + arm, y + arm);
      context.moveTo(x - arm, y + arm);
      context.lineTo(x + arm, y - arm);
      context.stroke();
    }
  }

  /**
   * @param {CanvasRenderingContext2D} context
   * @param {Theme} theme
   * @param {number} row
   * @param {number} radius
   */
  #disc(context, theme, row, radius) {
    const [x, y] = this.#at(row);
    const colour = theme.classes[this.network?.labels[row] ?? 0];
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.fillStyle = css(colour);
    context.fill();
    context.lineWidth = 4;
    context.strokeStyle = css(theme.background);
    context.stroke();
    context.lineWidth = 2;
    context.strokeStyle = css(ringColour(colour, theme));
    context.stroke();
  }
}
