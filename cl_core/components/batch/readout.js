/** The words around the picture, and the strip that says what one pair is to each other. */

import { filled, listenToButtons, nameButtons, setText } from "../_shared/_old/page.js";
import { css } from "../_shared/_old/theme.js";
import { signed } from "./matrix.js";

const PICTURE = 64; // CSS pixels

export class Readout {
  /**
   * @param {HTMLElement} root
   * @param {(name: string) => void} press  what a button does
   */
  constructor(root, press) {
    this.root = root;
    this.find = (selector) => root.querySelector(selector);
    this.strip = this.find(".readout");
    this.wording = "";
    this.ratio = 1; // pixels of its pictures to each of the page
    listenToButtons(root, press);
  }

  /** All that a message's header says in words. */
  write(header) {
    const { words, title, alt } = header;
    this.words = words;
    const wording = JSON.stringify([words, title, alt, header.prototypes]);
    if (wording === this.wording) return;
    this.wording = wording;
    const texts = {
      ".title": title,
      ".pull i": words.pull,
      ".push i": words.push,
      ".force i": words.force,
      ".longer i": words.longer,
      ".plane figcaption": words.sceneCaption,
      ".weights figcaption": header.prototypes ? words.prototypeCaption : words.matrixCaption,
      ".hint": words.hint,
    };
    for (const [selector, text] of Object.entries(texts)) setText(this.find(selector), text);
    nameButtons(this.root, words);
    this.find(".stage .tools").setAttribute("aria-label", words.tools);
    const scene = this.find(".scene");
    scene.setAttribute("aria-label", filled(words.scene, { title, alt }));
    scene.setAttribute("aria-description", words.keys);
    this.find(".matrix").setAttribute("aria-label", filled(words.matrix, { title }));
  }

  /** Colours of pull and push for all that is not on a canvas. */
  paint(inks) {
    this.root.style.setProperty("--pull", css(inks.pull));
    this.root.style.setProperty("--push", css(inks.push));
  }

  mark(capped) {
    this.find(".longer").hidden = !capped;
  }

  /**
   * What two nodes are to each other; null for none. `pair` is null where a node is bound to nobody.
   * @param {{first: string, second: string, rows: number[], strongest: boolean, pinned: boolean,
   *   pair: ReturnType<import("./bonds.js").Bonds["pair"]> | null} | null} told
   */
  tell(told) {
    this.strip.dataset.empty = String(!told);
    if (!told) return;
    const { words, find } = this;
    const { first, second, rows, pair } = told;
    const does = pair ? verdict(pair.total) : "none";
    this.strip.dataset.does = does;
    this.strip.dataset.alone = String(!pair);
    setText(find(".names"), `${pair ? filled(words.pair, { first, second }) : first}:`);
    setText(find(".does"), pair ? words[does] : words.alone);
    setText(find(".similarity"), pair ? filled(words.similarity, { s: signed(pair.s, 3) }) : "");
    setText(find(".weight"), pair ? filled(words.weight, { w: signed(pair.w, 3) }) : "");
    setText(find(".back"), pair?.back === undefined ? "" : filled(words.back, { w: signed(pair.back, 3) }));
    const known = rows.filter((row) => row >= 0);
    const images = filled(known.length > 1 ? words.rows : words.row, { first: known[0], second: known[1] });
    setText(find(".rows"), known.length ? images : "");
    setText(find(".note"), told.pinned ? words.pinned : told.strongest && pair ? words.strongest : "");
    this.#drawBond(does);
  }

  /** Say a pair aloud, to those who listen. */
  say(told) {
    const { words } = this;
    if (!told) return setText(this.find(".spoken"), "");
    const { first, second, pair } = told;
    if (!pair) return setText(this.find(".spoken"), `${first}: ${words.alone}`);
    const s = filled(words.similarity, { s: signed(pair.s, 3) });
    const w = filled(words.weight, { w: signed(pair.w, 3) });
    setText(this.find(".spoken"), filled(words.spoken, { first, second, verdict: words[verdict(pair.total)], s, w }));
  }

  /** Draw the two pictures; `paint(context, which, size)` draws one, centred. */
  show(paint) {
    const { ratio } = this;
    for (const which of ["first", "second"]) {
      const canvas = this.find(`canvas.${which}`);
      canvas.width = canvas.height = Math.round(PICTURE * ratio);
      const context = canvas.getContext("2d");
      context.setTransform(ratio, 0, 0, ratio, PICTURE * ratio * 0.5, PICTURE * ratio * 0.5);
      paint(context, which, PICTURE - 3);
    }
  }

  #drawBond(does) {
    const line = this.find(".bond .line");
    line.setAttribute("stroke-dasharray", does === "push" ? "6 4" : "none");
    const together = "M20 8 12 3v10zM24 8l8-5v10z";
    const apart = "M2 8l8-5v10zM42 8l-8-5v10z";
    this.find(".bond .heads").setAttribute("d", { pull: together, push: apart, none: "" }[does]);
    this.find(".bond .line").style.visibility = does === "none" ? "hidden" : "";
  }
}

/** What a derivative of the loss by a similarity does to the pair, as descent goes down it. */
function verdict(weight) {
  return weight < 0 ? "pull" : weight > 0 ? "push" : "none";
}
