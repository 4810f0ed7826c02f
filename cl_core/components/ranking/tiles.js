/** One button for each image of the batch, which moves to where the image belongs. */

import { find, setText } from "../_shared/dom.js";

const DURATION = 280; // ms of a movement

export class Tiles {
  /** @type {HTMLButtonElement[]} */
  buttons = [];
  reducedMotion = false;
  #columns = 1;
  /** @type {(i: number) => string} */
  #text = () => "";

  /**
   * Create the buttons of another batch.
   * @param {number} n
   * @param {number} columns  of the sprite sheet
   * @param {(i: number) => string} text  that stands in for an image
   */
  build(n, columns, text) {
    this.#columns = columns;
    this.#text = text;
    this.buttons = Array.from({ length: n }, () => document.createElement("button"));
    this.buttons.forEach((button, i) => {
      button.className = "tile";
      button.dataset.index = String(i);
      for (const part of ["face", "value", "check"]) {
        const span = document.createElement("span");
        span.className = part;
        button.append(span);
      }
      this.showImage(find(button, ".face"), i);
      const check = find(button, ".check");
      setText(check, "✓");
      check.setAttribute("aria-hidden", "true");
    });
  }

  /**
   * Show an image, or the text that stands in for it, on an element.
   * @param {HTMLElement} face
   * @param {number} i
   */
  showImage(face, i) {
    const columns = this.#columns;
    const rows = Math.ceil(this.buttons.length / columns);
    /**
     * @param {number} at
     * @param {number} count
     */
    const offset = (at, count) => `${count > 1 ? (100 * at) / (count - 1) : 0}%`;
    face.style.backgroundSize = `${100 * columns}% ${100 * rows}%`;
    face.style.backgroundPosition = `${offset(i % columns, columns)} ${offset(Math.floor(i / columns), rows)}`;
    setText(face, this.#text(i));
  }

  /**
   * Put images into a strip, in this order, unless they are there.
   * @param {HTMLElement} strip
   * @param {number[]} indices
   */
  fill(strip, indices) {
    const wanted = indices.map((i) => this.buttons[i]);
    if (wanted.length === strip.children.length && wanted.every((tile, k) => tile === strip.children[k])) return;
    strip.replaceChildren(...wanted);
  }

  /**
   * Let tiles glide from where they were to where a change has put them; the one that has the focus keeps it.
   * @param {() => void} change
   */
  animate(change) {
    const shown = this.buttons.filter((tile) => tile.isConnected);
    /** @type {[HTMLElement, DOMRect][]} */
    const before = this.reducedMotion ? [] : shown.map((tile) => [tile, tile.getBoundingClientRect()]);
    const focused = shown.find((tile) => tile.matches(":focus"));
    change();
    if (focused?.isConnected && !focused.matches(":focus")) focused.focus({ preventScroll: true });
    for (const [tile, was] of before) {
      if (!tile.isConnected) continue;
      const now = tile.getBoundingClientRect();
      const [x, y] = [was.x - now.x, was.y - now.y];
      if (!x && !y) continue;
      tile.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], {
        duration: DURATION,
        easing: "ease-out",
      });
    }
  }
}
