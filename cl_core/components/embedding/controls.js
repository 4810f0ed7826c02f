/** The texts and controls around the picture: legend, scrubber, and the picture's description. */

import { find, labelButtons, setText } from "../_shared/dom.js";
import { fill } from "../_shared/format.js";
import { Legend } from "../_shared/legend.js";
import { writeRegionsKey } from "../_shared/regions_key.js";

/**
 * @import { Header } from "./picture.js"
 * @import { Player } from "./player.js"
 * @import { Frame } from "./recording.js"
 * @import { RegionShares } from "./regions.js"
 */

const DESCRIPTION_INTERVAL = 2000; // ms between two changes of the description

/**
 * @typedef {object} ControlActions
 * @property {(label: number) => void} toggleClass  a button of the legend
 * @property {(frame: number) => void} scrub
 * @property {() => void} scrubbed  the scrubber has been let go
 */

export class Controls {
  /** @type {Header | null} */
  #header = null;
  #written = ""; // JSON of the texts written
  #describedAt = -DESCRIPTION_INTERVAL;
  /** @type {ReturnType<typeof setTimeout> | 0} */
  #timer = 0;
  /** @type {{shown: Frame | undefined, newest: boolean, shares: RegionShares | null}} what the description is about */
  #subject = { shown: undefined, newest: false, shares: null };

  /**
   * @param {HTMLElement} root
   * @param {ControlActions} actions
   */
  constructor(root, actions) {
    this.root = root;
    this.actions = actions;
    this.canvas = this.#find(".cloud");
    this.legend = new Legend(this.#find(".legend"), actions.toggleClass);
    this.scrubber = find(root, ".scrubber", HTMLInputElement);
    this.scrubber.addEventListener("input", () => actions.scrub(Number(this.scrubber.value)));
    this.scrubber.addEventListener("change", () => actions.scrubbed());
  }

  close() {
    clearTimeout(this.#timer);
  }

  /**
   * Write the texts of a message.
   * @param {Header} header
   * @param {boolean} empty  whether there is no frame
   */
  write(header, empty) {
    const { words, class_names: names } = header;
    this.#header = header;
    setText(this.#find(".placeholder"), header.placeholder);
    this.#find(".placeholder").hidden = !empty;
    this.#find(".tools").hidden = empty;
    this.#find(".time").hidden = !header.timeline;
    this.#find(".legend").hidden = !header.legend;
    const texts = JSON.stringify([words, names]);
    if (texts === this.#written) return;
    this.#written = texts;
    labelButtons(this.root, words);
    for (const group of ["tools", "time", "scrubber"]) {
      this.#find(`.${group}`).setAttribute("aria-label", words[group]);
    }
    this.canvas.setAttribute("aria-description", words.keys);
    this.legend.write(names, words.legend);
  }

  /**
   * @param {string} name
   * @param {boolean} on
   */
  setPressed(name, on) {
    this.#find(`[data-do="${name}"]`).setAttribute("aria-pressed", String(on));
  }

  /**
   * Announce a text through the live region.
   * @param {string} text
   */
  say(text) {
    setText(this.#find(".spoken"), text);
  }

  /**
   * Show the moment.
   * @param {Player} player
   * @param {Frame | undefined} shown
   * @param {RegionShares | null} shares  of the points, where regions are drawn
   */
  report(player, shown, shares) {
    const { scrubber } = this;
    if (!this.#header) return;
    if (scrubber.max !== String(player.last)) scrubber.max = String(player.last);
    if (scrubber.value !== String(player.frame)) scrubber.value = String(player.frame);
    const place = shown && { step: wholeNumber(shown.step), frame: player.frame + 1, frames: player.length };
    const readout = place ? fill(this.#header.words.readout, place) : "";
    setText(this.#find(".readout"), readout);
    scrubber.setAttribute("aria-valuetext", readout);
    scrubber.disabled = player.length < 2;
    this.#enable(player);
    this.#showShares(this.#header, shares);
    this.setPressed("live", player.mode === "live" && player.length > 0);
    this.#describeLater(player, shown, shares);
  }

  /**
   * Show the key of the regions, and how many points are in them.
   * @param {Header} header
   * @param {RegionShares | null} shares
   */
  #showShares({ words, margin, legend }, shares) {
    const line = this.#find(".regions");
    line.hidden = !shares;
    if (!shares) return;
    writeRegionsKey(line, words, { shown: legend, margin });
    const values = { right: percentOf(shares.right), met: percentOf(shares.met) };
    const texts = [fill(words.right, values), ...(margin ? [fill(words.met, values)] : [])];
    setText(find(line, ".region-shares"), texts.join(" · "));
  }

  /** @param {Player} player */
  #enable(player) {
    const disabled = {
      first: player.frame === 0,
      back: player.frame === 0,
      forward: player.frame >= player.last,
      play: player.length < 2,
      live: player.length === 0,
    };
    for (const [name, value] of Object.entries(disabled)) {
      find(this.root, `[data-do="${name}"]`, HTMLButtonElement).disabled = value;
    }
  }

  /**
   * Describe the picture to assistive technology: soon, but not at every frame.
   * @param {Player} player
   * @param {Frame | undefined} shown
   * @param {RegionShares | null} shares
   */
  #describeLater(player, shown, shares) {
    this.#subject = { shown, newest: player.frame === player.last, shares };
    if (this.#timer) return;
    const wait = Math.max(this.#describedAt + DESCRIPTION_INTERVAL - performance.now(), 0);
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#describedAt = performance.now();
      if (this.#header) this.canvas.setAttribute("aria-label", this.#description(this.#header));
    }, wait);
  }

  /** @param {Header} header */
  #description({ title, alt, placeholder, words, margin }) {
    const { shown, newest, shares } = this.#subject;
    if (!shown) return `${title}. ${placeholder}`;
    const place = fill(words.place, { title, step: wholeNumber(shown.step) });
    const scores = newest && alt ? `${place}: ${alt}` : place; // `alt` is about the newest frame only
    if (!shares) return scores;
    const [least, most] = shares.gaps.map((degrees) => degrees.toFixed(0));
    const values = { right: percentOf(shares.right), met: percentOf(shares.met), least, most };
    const regions = fill(margin ? `${words.regions} ${words.wedges}` : words.regions, values);
    return `${scores}${scores.endsWith(".") ? "" : "."} ${regions}`;
  }

  /** @param {string} selector */
  #find(selector) {
    return find(this.root, selector);
  }
}

/** @param {number} share */
function percentOf(share) {
  return `${(100 * share).toFixed(1)} %`;
}

const numbers = new Intl.NumberFormat(document.documentElement.lang || undefined);

/**
 * Write a whole number with separators.
 * @param {number} number
 */
export function wholeNumber(number) {
  return numbers.format(number);
}
