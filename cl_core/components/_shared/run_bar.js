/** The bar above a picture of training: buttons, state, notices, and the download of training examples. */

import { find, findByData, setText } from "./dom.js";
import { fill } from "./format.js";

/** @import { Words } from "./picture.js" */

/**
 * @typedef {"play" | "step" | "reset" | "reseed"} RunOrder
 *
 * @typedef {object} RunState
 * @property {string} phase        a name in the words
 * @property {string[]} numbers    that follow it
 * @property {string} play         label of the button that starts and pauses
 * @property {boolean} canPlay
 * @property {boolean} canStep
 * @property {number} loaded       share of the training examples that is there, 0 to 1
 * @property {boolean} waiting     whether training waits for them
 * @property {string[]} notices    "" for none
 * @property {boolean} changed     whether the page's settings are those of another run
 */

export class RunBar {
  /**
   * @param {HTMLElement} root  of the component
   * @param {(name: RunOrder) => void} order
   */
  constructor(root, order) {
    this.root = root;
    this.buttons = findByData(root, "run", HTMLButtonElement);
    for (const [name, button] of Object.entries(this.buttons)) {
      button.addEventListener("click", () => order(/** @type {RunOrder} */ (name)));
    }
  }

  /** @param {Words} words */
  write(words) {
    find(this.root, ".bar .buttons").setAttribute("aria-label", words.buttons);
    for (const [name, button] of Object.entries(this.buttons)) {
      if (name !== "play") setText(find(button, "span"), words[name]);
      button.title = words[`${name}Help`];
    }
  }

  /**
   * @param {RunState} state
   * @param {Words} words
   */
  show({ phase, numbers, play, canPlay, canStep, loaded, waiting, notices, changed }, words) {
    setText(find(this.root, ".phase"), words[phase]);
    setText(find(this.root, ".state .numbers"), numbers.join(" · "));
    setText(find(this.buttons.play, "span"), play);
    this.buttons.play.disabled = !canPlay;
    this.buttons.step.disabled = !canStep;
    const download = find(this.root, ".download", HTMLProgressElement);
    download.hidden = !waiting;
    download.value = loaded;
    download.setAttribute("aria-label", words.download);
    const waits = waiting ? fill(words.waiting, { share: (100 * loaded).toFixed(0) }) : "";
    const trouble = find(this.root, ".trouble");
    setText(trouble, [...notices, waits].filter(Boolean).join(" "));
    trouble.hidden = !trouble.textContent;
    const other = find(this.root, ".changed");
    other.hidden = !changed;
    setText(other, words.changed);
  }
}
