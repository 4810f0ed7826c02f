/** Legend of the classes, whose buttons show some of them alone. */

import { classColour, css, ringColour } from "./colour.js";
import { setText } from "./dom.js";

/** @import { Theme } from "./theme.js" */

export class Legend {
  #written = ""; // JSON of the names written

  /**
   * @param {HTMLElement} element
   * @param {(label: number) => void} toggle  a button was pressed
   */
  constructor(element, toggle) {
    this.element = element;
    this.toggle = toggle;
  }

  /**
   * @param {string[]} names  of the classes
   * @param {string} title
   */
  write(names, title) {
    this.element.setAttribute("aria-label", title);
    const written = JSON.stringify(names);
    if (written === this.#written) return;
    this.#written = written;
    const buttons = names.map((name, label) => {
      const button = document.createElement("button");
      button.type = "button";
      const text = document.createElement("span");
      setText(text, name);
      button.append(document.createElement("i"), text);
      button.onclick = () => this.toggle(label);
      return button;
    });
    this.element.replaceChildren(...buttons);
  }

  /**
   * Colour the legend, and mark the classes that are shown alone.
   * @param {Set<number>} selected
   * @param {Theme} theme
   */
  paint(selected, theme) {
    this.element.classList.toggle("some", selected.size > 0);
    [...this.element.children].forEach((button, label) => {
      if (!(button instanceof HTMLElement)) return;
      button.setAttribute("aria-pressed", String(selected.has(label)));
      const colour = classColour(theme.classes, label);
      button.style.setProperty("--colour", css(colour));
      button.style.setProperty("--ring", css(ringColour(colour, theme)));
    });
  }
}

/**
 * Show a class alone, or beside the others that are selected; with all or none selected all are shown.
 * @param {Set<number>} selected  changed in place
 * @param {number} label
 * @param {number} classes  number of all classes
 */
export function toggleClass(selected, label, classes) {
  if (!selected.delete(label)) selected.add(label);
  if (selected.size === classes) selected.clear();
}
