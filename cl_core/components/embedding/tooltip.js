/** What is known of the point under the pointer: its picture, its class, its row, its coordinates. */

import { setText } from "../_shared/_old/page.js";

const BESIDE = 16; // CSS pixels between point and text

export class Tooltip {
  /** @param {Element} root */
  constructor(root) {
    this.ring = root.querySelector(".ring");
    this.box = root.querySelector(".tip");
    this.picture = root.querySelector(".picture");
    this.sheet = null;
    this.source = null;
  }

  /** Unpack the sheet of small pictures, once. */
  async load(sprite) {
    if (this.source === sprite) return;
    this.source = sprite;
    this.sheet = null;
    if (!sprite) return;
    const sheet = await createImageBitmap(new Blob([sprite], { type: "image/png" })).catch(() => null);
    if (this.source === sprite) this.sheet = sheet;
  }

  hide() {
    this.ring.hidden = true;
    this.box.hidden = true;
  }

  /**
   * @param {{index: number, x: number, y: number, name: string, row: string, place: string, colour: string}} point
   * @param {{columns: number, w: number, h: number} | null} layout  of the sheet
   * @param {{width: number, height: number}} stage
   */
  show(point, layout, stage) {
    const inside = point.x >= 0 && point.y >= 0 && point.x <= stage.width && point.y <= stage.height;
    if (!inside) return this.hide();
    this.#fill(point, layout);
    this.ring.hidden = false;
    this.box.hidden = false;
    this.ring.style.transform = `translate(${point.x}px, ${point.y}px)`;
    const { offsetWidth: width, offsetHeight: height } = this.box;
    const right = point.x + BESIDE + width < stage.width;
    const x = right ? point.x + BESIDE : Math.max(point.x - BESIDE - width, 4);
    const y = Math.max(Math.min(point.y - height / 2, stage.height - height - 6), 6);
    this.box.style.transform = `translate(${Math.round(x)}px, ${Math.round(y)}px)`;
  }

  #fill(point, layout) {
    setText(this.box.querySelector(".tip-name"), point.name);
    setText(this.box.querySelector(".tip-row"), point.row);
    setText(this.box.querySelector(".tip-place"), point.place);
    this.box.style.setProperty("--colour", point.colour);
    this.picture.hidden = !(layout && this.sheet);
    if (!this.picture.hidden) this.#paint(point.index, layout);
  }

  #paint(index, { columns, w, h }) {
    if (this.painted === index && this.paintedFrom === this.sheet) return;
    this.painted = index;
    this.paintedFrom = this.sheet;
    this.picture.width = w;
    this.picture.height = h;
    const [column, row] = [index % columns, Math.floor(index / columns)];
    this.picture.getContext("2d").drawImage(this.sheet, column * w, row * h, w, h, 0, 0, w, h);
  }
}
