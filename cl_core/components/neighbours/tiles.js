/** An image and its nearest neighbours as pictures. */

import { context2d, spritePlace } from "../_shared/canvas.js";
import { setText } from "../_shared/dom.js";
import { fill, withMinus } from "../_shared/format.js";
import { setAttributes } from "../_shared/svg.js";

/**
 * @import { Neighbour } from "./network.js"
 * @import { SpriteLayout } from "../_shared/canvas.js"
 * @import { Words } from "../_shared/picture.js"
 *
 * @typedef {object} TileActions
 * @property {(row: number | null) => void} point   a neighbour is pointed at, or none
 * @property {(row: number) => void} choose  a neighbour was pressed
 */

export class NeighbourTiles {
  /** @type {{button: HTMLButtonElement, canvas: HTMLCanvasElement, text: HTMLElement}[]} */
  #tiles = [];
  /** @type {Neighbour[]} */
  #shown = [];

  /**
   * @param {HTMLElement} list
   * @param {number} count  of neighbours
   * @param {SpriteLayout} layout
   * @param {TileActions} actions
   */
  constructor(list, count, layout, actions) {
    this.layout = layout;
    this.asked = createImage(layout);
    const first = document.createElement("li");
    first.className = "asked";
    this.caption = document.createElement("span");
    first.append(this.asked, this.caption);
    this.asked.setAttribute("role", "img");
    this.#tiles = Array.from({ length: count }, (_, i) => {
      const button = document.createElement("button");
      button.type = "button";
      const canvas = createImage(layout);
      const text = document.createElement("span");
      button.append(canvas, text);
      button.addEventListener("pointerenter", () => actions.point(this.#shown[i]?.row ?? null));
      button.addEventListener("pointerleave", () => actions.point(null));
      button.addEventListener("focus", () => actions.point(this.#shown[i]?.row ?? null));
      button.addEventListener("blur", () => actions.point(null));
      button.addEventListener("click", () => this.#shown[i] && actions.choose(this.#shown[i].row));
      return { button, canvas, text };
    });
    const items = this.#tiles.map(({ button }) => {
      const item = document.createElement("li");
      item.append(button);
      return item;
    });
    list.replaceChildren(first, ...items);
  }

  /**
   * @param {CanvasImageSource | null} sheet
   * @param {number} image
   * @param {string} own  name of its class
   * @param {Neighbour[]} neighbours
   * @param {string[]} names  of the classes
   * @param {Words} words
   */
  write(sheet, image, own, neighbours, names, words) {
    this.#shown = neighbours;
    drawImage(this.asked, sheet, image, this.layout);
    const asked = fill(words.image, { row: image, name: own });
    setAttributes(this.asked, { "aria-label": asked });
    setText(this.caption, asked);
    this.#tiles.forEach(({ button, canvas, text }, i) => {
      const { row, label, cosine, right } = neighbours[i];
      const similarity = withMinus(cosine.toFixed(3));
      const tile = fill(words.tile, { row, name: names[label], cosine: similarity });
      drawImage(canvas, sheet, row, this.layout);
      setText(text, right ? similarity : `✗ ${names[label]} ${similarity}`);
      setAttributes(button, { "aria-label": right ? tile : fill(words.other, { tile }), class: right ? "" : "wrong" });
    });
  }
}

/** @param {SpriteLayout} layout */
function createImage({ w, h }) {
  const canvas = document.createElement("canvas");
  canvas.width = w;
  canvas.height = h;
  return canvas;
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {CanvasImageSource | null} sheet
 * @param {number} image
 * @param {SpriteLayout} layout
 */
function drawImage(canvas, sheet, image, layout) {
  const { left, top } = spritePlace(image, layout);
  const { w, h } = layout;
  if (sheet) context2d(canvas).drawImage(sheet, left, top, w, h, 0, 0, w, h);
}
