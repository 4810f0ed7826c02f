/** The words around the picture: its title, its buttons, and the numbers at the cross-hair. */

import { listenToButtons, nameButtons, setText } from "../_shared/_old/page.js";
import { css } from "../_shared/_old/theme.js";

/**
 * @typedef {object} Reading  what is known of one node
 * @property {number} x
 * @property {number} y
 * @property {number} loss
 * @property {number} dx  derivative of the loss by x
 * @property {number} dy
 * @property {"violated" | "satisfied" | ""} side
 */

export class Panel {
  /**
   * @param {HTMLElement} root
   * @param {(name: string) => void} press  what to do when a button is pressed
   */
  constructor(root, press) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.wording = "";
    listenToButtons(root, press);
  }

  /** The height of all that is not the picture. */
  get chrome() {
    const gaps = 12;
    return this.find(".head").offsetHeight + this.find(".foot").offsetHeight + gaps;
  }

  /** All that a message's header says in words. */
  write(header, hasPairs, hasSides) {
    setText(this.find(".title"), header.title);
    this.find('[data-do="pairs"]').hidden = !hasPairs;
    this.find('[data-cell="side"]').style.visibility = hasSides ? "" : "hidden";
    const canvas = this.find(".sheet");
    canvas.setAttribute("aria-label", header.alt || header.title);
    const { words, names } = header;
    this.words = words;
    this.names = names;
    this.unit = header.unit;
    const wording = JSON.stringify([words, names]);
    if (wording === this.wording) return;
    this.wording = wording;
    canvas.setAttribute("aria-description", words.keys);
    nameButtons(this.root, words);
    for (const group of ["tools", "layers"]) this.find(`.${group}`).setAttribute("aria-label", words[group]);
    setText(this.find(".hint"), words.hint);
    for (const [cell, name] of Object.entries(this.#cellNames())) setText(this.find(`[data-cell="${cell}"] dt`), name);
  }

  #cellNames() {
    const [loss, x, y] = this.names;
    return { x, y, loss, dx: `∂${loss}/∂${x}`, dy: `∂${loss}/∂${y}` };
  }

  paint(theme) {
    this.root.style.setProperty("--satisfied", css(theme.classes[0]));
    this.root.style.setProperty("--violated", css(theme.classes[1]));
  }

  press(name, on) {
    this.find(`[data-do="${name}"]`).setAttribute("aria-pressed", String(on));
  }

  enable(name, on) {
    this.find(`[data-do="${name}"]`).disabled = !on;
  }

  /** @param {Reading | null} reading */
  read(reading) {
    if (!reading) return;
    for (const [cell, text] of Object.entries(this.#texts(reading))) setText(this.find(`[data-cell="${cell}"] dd`), text);
    this.find('[data-cell="side"]').dataset.side = reading.side;
  }

  #texts({ x, y, loss, dx, dy, side }) {
    return {
      x: placeText(x) + this.unit,
      y: placeText(y) + this.unit,
      side: side ? this.words[side] : "",
      loss: numberText(loss),
      dx: numberText(dx),
      dy: numberText(dy),
    };
  }

  /** Say aloud, to those who listen, what is read; with a word of what has happened to it. */
  say(reading, word = "") {
    const names = this.#cellNames();
    const { side, ...numbers } = reading ? this.#texts(reading) : { side: "" };
    const said = Object.entries(numbers).map(([cell, text]) => `${names[cell]} ${text}`);
    setText(this.find(".spoken"), [...said, side, word].filter(Boolean).join(", "));
  }
}

/** A coordinate, as short as it is. */
function placeText(number) {
  return String(Number(number.toFixed(4))).replace("-", "−");
}

const SUPERSCRIPTS = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** A number with four digits that count. */
function numberText(number) {
  if (number === 0) return "0";
  if (!Number.isFinite(number)) return Number.isNaN(number) ? "–" : number > 0 ? "∞" : "−∞";
  const size = Math.abs(number);
  if (size >= 1e-3 && size < 99995) return number.toPrecision(4).replace("-", "−");
  const [digits, power] = number.toExponential(3).split("e");
  const raised = [...power.replace("+", "")].map((letter) => SUPERSCRIPTS[letter]).join("");
  return `${digits.replace("-", "−")}·10${raised}`;
}
