/** The bar above a picture of training: buttons, state, notices, and the download of training examples. */

import { find, findByData, setText } from "./dom.js";
import { fill } from "./format.js";
import { listenToPageKeys } from "./page_keys.js";

/** @import { Words } from "./picture.js" */

/**
 * @typedef {"play" | "step" | "reset" | "reseed" | "apply" | "restart"} RunOrder
 *
 * How the page's settings differ from those of the run: not, in what it can take over as it goes on, or in more.
 * @typedef {"" | "applicable" | "other"} Difference
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
 * @property {Difference} changed
 */

export class RunBar {
  /**
   * @param {HTMLElement} root  of the component
   * @param {(name: RunOrder) => void} order
   * @param {AbortSignal} signal
   */
  constructor(root, order, signal) {
    this.root = root;
    this.buttons = findByData(root, "run", HTMLButtonElement);
    for (const [name, button] of Object.entries(this.buttons)) {
      button.addEventListener("click", () => order(/** @type {RunOrder} */ (name)));
    }
    listenToPageKeys(() => (this.buttons.play.disabled ? {} : { " ": () => order("play") }), signal);
  }

  /** @param {Words} words */
  write(words) {
    find(this.root, ".bar .buttons").setAttribute("aria-label", words.buttons);
    setText(find(this.root, ".changed-text"), words.changed);
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
    const waits = waiting ? fill(words.waiting, { share: (100 * loaded).toFixed(0) }) : "";
    setText(find(this.root, ".state .numbers"), [waits, ...numbers].filter(Boolean).join(" · "));
    setText(find(this.buttons.play, "span"), play);
    this.buttons.play.disabled = !canPlay;
    this.buttons.step.disabled = !canStep;
    const download = find(this.root, ".download", HTMLProgressElement);
    download.hidden = !waiting;
    download.value = loaded;
    download.setAttribute("aria-label", words.download);
    const trouble = find(this.root, ".trouble");
    setText(trouble, notices.filter(Boolean).join(" "));
    trouble.hidden = !trouble.textContent;
    const notice = find(this.root, ".changed");
    const { activeElement } = /** @type {Document | ShadowRoot} */ (this.root.getRootNode());
    if (!changed && notice.contains(activeElement)) this.buttons.play.focus(); // else the focus would be lost with it
    notice.hidden = !changed;
    this.buttons.apply.hidden = changed !== "applicable";
  }
}
