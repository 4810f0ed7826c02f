/** What is known of the point under the pointer: its image, its class, its row, its coordinates. */

import { context2d, decodePng, spritePlace } from "../_shared/canvas.js";
import { find, setText } from "../_shared/dom.js";

/** @import { SpriteLayout } from "../_shared/canvas.js" */

const OFFSET = 16; // CSS pixels between point and text

/**
 * @typedef {object} PointInfo
 * @property {number} index
 * @property {number} x  CSS pixels on the stage
 * @property {number} y
 * @property {string} name
 * @property {string} row
 * @property {string} place
 * @property {string} colour
 */

export class Tooltip {
  /** @type {ImageBitmap | null} */
  #sheet = null;
  /** @type {Uint8Array | null} */
  #source = null;
  #paintedIndex = -1;
  /** @type {ImageBitmap | null} */
  #paintedSheet = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.ring = find(root, ".ring");
    this.box = find(root, ".tip");
    this.picture = find(root, ".picture", HTMLCanvasElement);
  }

  /**
   * Decode a sprite sheet, unless it is the known one.
   * @param {Uint8Array | null} sprite
   */
  async load(sprite) {
    if (this.#source === sprite) return;
    this.#source = sprite;
    this.#sheet = null;
    if (!sprite) return;
    const sheet = await decodePng(sprite);
    if (this.#source === sprite) this.#sheet = sheet;
  }

  hide() {
    this.ring.hidden = true;
    this.box.hidden = true;
  }

  /**
   * @param {PointInfo} point
   * @param {SpriteLayout | null} layout
   * @param {{width: number, height: number}} stage
   */
  show(point, layout, stage) {
    const inside = point.x >= 0 && point.y >= 0 && point.x <= stage.width && point.y <= stage.height;
    if (!inside) return this.hide();
    this.#write(point, layout);
    this.ring.hidden = false;
    this.box.hidden = false;
    this.ring.style.transform = `translate(${point.x}px, ${point.y}px)`;
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const right = point.x + OFFSET + width < stage.width;
    const x = right ? point.x + OFFSET : Math.max(point.x - OFFSET - width, 4);
    const y = Math.max(Math.min(point.y - height / 2, stage.height - height - 6), 6);
    this.box.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  /**
   * @param {PointInfo} point
   * @param {SpriteLayout | null} layout
   */
  #write(point, layout) {
    setText(find(this.box, ".tip-name"), point.name);
    setText(find(this.box, ".tip-row"), point.row);
    setText(find(this.box, ".tip-place"), point.place);
    this.box.style.setProperty("--colour", point.colour);
    this.picture.hidden = !(layout && this.#sheet);
    if (layout && this.#sheet) this.#paint(point.index, layout, this.#sheet);
  }

  /**
   * @param {number} index
   * @param {SpriteLayout} layout
   * @param {ImageBitmap} sheet
   */
  #paint(index, layout, sheet) {
    if (this.#paintedIndex === index && this.#paintedSheet === sheet) return;
    this.#paintedIndex = index;
    this.#paintedSheet = sheet;
    const { w, h } = layout;
    const { left, top } = spritePlace(index, layout);
    this.picture.width = w;
    this.picture.height = h;
    context2d(this.picture).drawImage(sheet, left, top, w, h, 0, 0, w, h);
  }
}
