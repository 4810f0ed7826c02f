/** One button for each image of the batch, which is moved to where the image belongs. */

import { setText } from "../_shared/_old/page.js";

const MOVE = 280; // ms

export class Tiles {
  constructor() {
    this.buttons = [];
    this.calm = false;
  }

  /** Make the buttons of another batch: `name(i)` stands on a picture that is not there. */
  make(n, columns, name) {
    this.n = n;
    this.columns = columns;
    this.name = name;
    this.buttons = Array.from({ length: n }, (_, i) => this.#button(i));
  }

  #button(i) {
    const button = document.createElement("button");
    button.className = "tile";
    button.dataset.index = String(i);
    for (const part of ["face", "value", "check"]) button.append(element(part));
    this.show(button.firstElementChild, i);
    setText(button.lastElementChild, "✓");
    button.lastElementChild.setAttribute("aria-hidden", "true");
    return button;
  }

  /** Show an image, or its class's name, on an element. */
  show(face, i) {
    const { columns } = this;
    const rows = Math.ceil(this.n / columns);
    const place = (at, count) => `${count > 1 ? (100 * at) / (count - 1) : 0}%`;
    face.style.backgroundSize = `${100 * columns}% ${100 * rows}%`;
    face.style.backgroundPosition = `${place(i % columns, columns)} ${place(Math.floor(i / columns), rows)}`;
    setText(face, this.name(i));
  }

  /** Put images into a strip, in this order, unless they are there. */
  fill(strip, indices) {
    const wanted = indices.map((i) => this.buttons[i]);
    if (wanted.length === strip.children.length && wanted.every((tile, k) => tile === strip.children[k])) return;
    strip.replaceChildren(...wanted);
  }

  /** Let `change` move tiles; they glide from where they were, and the one that had the focus keeps it. */
  glide(change) {
    const there = this.buttons.filter((tile) => tile.isConnected);
    const before = this.calm ? [] : there.map((tile) => [tile, tile.getBoundingClientRect()]);
    const focused = there.find((tile) => tile.matches(":focus"));
    change();
    if (focused?.isConnected && !focused.matches(":focus")) focused.focus({ preventScroll: true });
    for (const [tile, was] of before) {
      if (!tile.isConnected) continue;
      const now = tile.getBoundingClientRect();
      const [x, y] = [was.x - now.x, was.y - now.y];
      if (!x && !y) continue;
      tile.animate([{ transform: `translate(${x}px, ${y}px)` }, { transform: "none" }], {
        duration: MOVE,
        easing: "ease-out",
      });
    }
  }
}

function element(name) {
  const span = document.createElement("span");
  span.className = name;
  return span;
}
