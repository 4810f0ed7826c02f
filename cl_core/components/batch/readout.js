/** The texts around the picture, and the strip about one pair. */

import { context2d, devicePixels } from "../_shared/canvas.js";
import { css } from "../_shared/colour.js";
import { find, labelButtons, setText } from "../_shared/dom.js";
import { fill } from "../_shared/format.js";
import { setAttributes } from "../_shared/svg.js";
import { signed } from "./matrix.js";

/**
 * @import { Header } from "./batch.js"
 * @import { FocusSummary } from "./focus.js"
 * @import { ForceColours } from "./scene.js"
 * @import { Words } from "../_shared/picture.js"
 */

const IMAGE = 64; // CSS pixels

/** @typedef {"pull" | "push" | "none"} Verdict */

export class Readout {
  /** Pixels of the strip's images for each CSS pixel. */
  ratio = devicePixels();
  /** @type {Words} */
  #words = {};
  #written = ""; // JSON of the texts written

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.strip = this.#find(".readout");
  }

  /**
   * Write the texts of a message.
   * @param {Header} header
   */
  write(header) {
    const { words, title, alt } = header;
    this.#words = words;
    const written = JSON.stringify([words, title, alt, header.prototypes]);
    if (written === this.#written) return;
    this.#written = written;
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
    for (const [selector, text] of Object.entries(texts)) setText(this.#find(selector), text);
    labelButtons(this.root, words);
    this.#find(".stage .tools").setAttribute("aria-label", words.tools);
    const scene = this.#find(".scene");
    scene.setAttribute("aria-label", fill(words.scene, { title, alt }));
    scene.setAttribute("aria-description", words.keys);
    this.#find(".matrix").setAttribute("aria-label", fill(words.matrix, { title }));
  }

  /**
   * Set the colours of pull and push for what is not on a canvas.
   * @param {ForceColours} colours
   */
  restyle({ pull, push }) {
    this.root.style.setProperty("--pull", css(pull));
    this.root.style.setProperty("--push", css(push));
  }

  /**
   * Explain the double heads of arrows that are longer than drawn, if there are any.
   * @param {boolean} capped
   */
  explainCapped(capped) {
    this.#find(".longer").hidden = !capped;
  }

  /**
   * Write what two nodes are to each other; null for none.
   * @param {FocusSummary | null} summary
   */
  show(summary) {
    this.strip.dataset.empty = String(!summary);
    if (!summary) return;
    const words = this.#words;
    const { first, second, rows, pair } = summary;
    const verdict = pair ? verdictOf(pair.total) : "none";
    this.strip.dataset.does = verdict;
    this.strip.dataset.alone = String(!pair);
    setText(this.#find(".names"), `${pair ? fill(words.pair, { first, second }) : first}:`);
    setText(this.#find(".does"), pair ? words[verdict] : words.alone);
    setText(this.#find(".similarity"), pair ? fill(words.similarity, { s: signed(pair.s, 3) }) : "");
    setText(this.#find(".weight"), pair ? fill(words.weight, { w: signed(pair.w, 3) }) : "");
    setText(this.#find(".back"), pair?.back === undefined ? "" : fill(words.back, { w: signed(pair.back, 3) }));
    const images = rows.filter((row) => row >= 0);
    const text = fill(images.length > 1 ? words.rows : words.row, { first: images[0], second: images[1] });
    setText(this.#find(".rows"), images.length ? text : "");
    setText(this.#find(".note"), summary.pinned ? words.pinned : summary.strongest && pair ? words.strongest : "");
    this.#drawBond(verdict);
  }

  /**
   * Announce a pair through the live region.
   * @param {FocusSummary | null} summary
   */
  say(summary) {
    setText(this.#find(".spoken"), summary ? this.#sentence(summary) : "");
  }

  /** @param {FocusSummary} summary */
  #sentence({ first, second, pair }) {
    const words = this.#words;
    if (!pair) return `${first}: ${words.alone}`;
    const s = fill(words.similarity, { s: signed(pair.s, 3) });
    const w = fill(words.weight, { w: signed(pair.w, 3) });
    return fill(words.spoken, { first, second, verdict: words[verdictOf(pair.total)], s, w });
  }

  /**
   * Draw the images of a pair.
   * @param {(context: CanvasRenderingContext2D, which: "first" | "second", size: number) => void} draw  one, centred
   */
  drawImages(draw) {
    const { ratio } = this;
    for (const which of /** @type {const} */ (["first", "second"])) {
      const canvas = find(this.root, `canvas.${which}`, HTMLCanvasElement);
      canvas.width = canvas.height = Math.round(IMAGE * ratio);
      const context = context2d(canvas);
      context.setTransform(ratio, 0, 0, ratio, IMAGE * ratio * 0.5, IMAGE * ratio * 0.5);
      draw(context, which, IMAGE - 3);
    }
  }

  /** @param {Verdict} verdict */
  #drawBond(verdict) {
    const line = find(this.root, ".bond .line", SVGElement);
    line.setAttribute("stroke-dasharray", verdict === "push" ? "6 4" : "none");
    line.style.visibility = verdict === "none" ? "hidden" : "";
    const inwards = "M20 8 12 3v10zM24 8l8-5v10z";
    const outwards = "M2 8l8-5v10zM42 8l-8-5v10z";
    setAttributes(find(this.root, ".bond .heads", SVGElement), { d: { pull: inwards, push: outwards, none: "" }[verdict] });
  }

  /** @param {string} selector */
  #find(selector) {
    return find(this.root, selector);
  }
}

/**
 * Return what descent does to a pair with this derivative of the loss by its similarity.
 * @param {number} weight
 * @returns {Verdict}
 */
export function verdictOf(weight) {
  return weight < 0 ? "pull" : weight > 0 ? "push" : "none";
}
