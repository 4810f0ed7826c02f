/** The words and controls around the picture: legend, buttons, scrubber, and the picture's description in words. */

import { filled, listenToButtons, nameButtons, setText } from "../_shared/_old/page.js";
import { css } from "../_shared/_old/theme.js";

const QUIET = 2000; // ms between two changes of the description in words

export class Controls {
  /**
   * @param {HTMLElement} root
   * @param {{press: (name: string) => void, light: (c: number) => void, scrub: (frame: number) => void,
   *   scrubbed: () => void}} act  what the controls do
   */
  constructor(root, act) {
    this.root = root;
    this.act = act;
    this.find = (selector) => root.querySelector(selector);
    this.canvas = this.find(".cloud");
    this.scrubber = this.find(".scrubber");
    this.wording = "";
    this.spoken = -QUIET;
    this.speaking = 0;
    listenToButtons(root, act.press);
    this.scrubber.addEventListener("input", () => act.scrub(Number(this.scrubber.value)));
    this.scrubber.addEventListener("change", () => act.scrubbed());
  }

  close() {
    clearTimeout(this.speaking);
  }

  /** All that a message's header says in words. */
  write(header, empty) {
    const { words } = header;
    this.header = header;
    this.root.style.height = `${header.height}px`;
    setText(this.find(".placeholder"), header.placeholder);
    this.find(".placeholder").hidden = !empty;
    this.find(".tools").hidden = empty;
    this.find(".time").hidden = !header.timeline;
    const wording = JSON.stringify([words, header.class_names]);
    if (wording === this.wording) return;
    this.wording = wording;
    nameButtons(this.root, words);
    for (const group of ["legend", "tools", "time", "scrubber"]) {
      this.find(`.${group}`).setAttribute("aria-label", words[group]);
    }
    this.canvas.setAttribute("aria-description", words.keys);
    this.#writeLegend(header.class_names);
  }

  #writeLegend(names) {
    const buttons = names.map((name, c) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(document.createElement("i"), name);
      button.onclick = () => this.act.light(c);
      return button;
    });
    this.find(".legend").replaceChildren(...buttons);
  }

  /** Colour the legend, and mark the classes that are shown alone. */
  paintLegend(lit, theme) {
    const legend = this.find(".legend");
    legend.classList.toggle("some", lit.size > 0);
    [...legend.children].forEach((button, c) => {
      button.setAttribute("aria-pressed", String(lit.has(c)));
      button.style.setProperty("--colour", css(theme.classes[c % theme.classes.length]));
    });
  }

  press(name, on) {
    this.find(`[data-do="${name}"]`).setAttribute("aria-pressed", String(on));
  }

  /** Say aloud, to those who listen. */
  say(text) {
    setText(this.find(".spoken"), text);
  }

  /** Show where on the film we are. `shown` is the frame, if there is one. */
  report(player, shown) {
    const { scrubber, header } = this;
    if (scrubber.max !== String(player.last)) scrubber.max = String(player.last);
    if (scrubber.value !== String(player.frame)) scrubber.value = String(player.frame);
    const place = shown && { step: count(shown.step), frame: player.frame + 1, frames: player.length };
    const readout = place ? filled(header.words.readout, place) : "";
    setText(this.find(".readout"), readout);
    scrubber.setAttribute("aria-valuetext", readout);
    scrubber.disabled = player.length < 2;
    this.#enable(player);
    this.press("live", player.mode === "live" && player.length > 0);
    this.#describeLater(player, shown);
  }

  #enable(player) {
    const off = {
      first: player.frame === 0,
      back: player.frame === 0,
      forward: player.frame >= player.last,
      play: player.length < 2,
      live: player.length === 0,
    };
    for (const [name, value] of Object.entries(off)) this.find(`[data-do="${name}"]`).disabled = value;
  }

  /** The picture in words, for those who do not see it: soon, but not at every frame. */
  #describeLater(player, shown) {
    this.described = [shown, player.frame === player.last];
    if (this.speaking) return;
    const wait = Math.max(this.spoken + QUIET - performance.now(), 0);
    this.speaking = setTimeout(() => {
      this.speaking = 0;
      this.spoken = performance.now();
      this.canvas.setAttribute("aria-label", this.#description());
    }, wait);
  }

  #description() {
    const { title, alt, placeholder, words } = this.header;
    const [shown, newest] = this.described;
    if (!shown) return `${title}. ${placeholder}`;
    const place = filled(words.place, { title, step: count(shown.step) });
    return newest && alt ? `${place}: ${alt}` : place; // `alt` speaks of the newest frame only
  }
}

const numbers = new Intl.NumberFormat(document.documentElement.lang || undefined);

/** A whole number as people write it. */
export function count(number) {
  return numbers.format(number);
}
