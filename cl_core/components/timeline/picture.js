/**
 * A time slider for all pictures of a group (`_shared/playback.js`), and the legend of their classes.
 *
 * The root element says in its data attributes what is shown.
 */

import { find, labelButtons, setData, setText } from "../_shared/dom.js";
import { fill } from "../_shared/format.js";
import { Legend, toggleClass } from "../_shared/legend.js";
import { listenToPageKeys } from "../_shared/page_keys.js";
import { Picture } from "../_shared/picture.js";
import { joinPlayback } from "../_shared/playback.js";

/**
 * @import { Words } from "../_shared/picture.js"
 * @import { Playback } from "../_shared/playback.js"
 * @import { Palette } from "../_shared/theme.js"
 */

/**
 * Header of a message; there are no buffers.
 * @typedef {object} Header
 * @property {string} stream
 * @property {number[]} steps  of the frames, ascending
 * @property {string} group
 * @property {string[]} class_names
 * @property {Palette} palette  of the classes
 * @property {Words} words
 */

/** @extends {Picture<Header>} */
export class TimelinePicture extends Picture {
  /** @type {Playback | null} */
  #playback = null;
  #leave = () => {};
  #sent = "null"; // JSON of what Python knows of

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.legend = new Legend(find(root, ".legend"), (label) => this.#toggleClass(label));
    this.scrubber = find(root, ".scrubber", HTMLInputElement);
    this.scrubber.addEventListener("input", () => {
      const step = this.header?.steps[Number(this.scrubber.value)];
      if (step !== undefined) this.#playback?.seek(step);
    });
    this.scrubber.addEventListener("change", () => this.#playback?.settle());
    const keys = { ArrowLeft: () => this.#step(-1), ArrowRight: () => this.#step(1) };
    listenToPageKeys(() => (this.header?.steps.length ? keys : {}), this.signal);
  }

  close() {
    super.close();
    this.#leave();
  }

  /**
   * @param {Header} header
   * @param {{}} _buffers
   * @param {Header | null} previous
   */
  receive(header, _buffers, previous) {
    if (!this.#playback || this.#playback.name !== header.group) {
      this.#leave();
      const listeners = {
        change: () => this.#write(),
        settle: () => this.#send(),
        select: () => this.#paintLegend(),
      };
      ({ group: this.#playback, leave: this.#leave } = joinPlayback(header.group, this, listeners));
    }
    if (previous && previous.stream !== header.stream) this.#playback.seek(Infinity); // a new stream is followed
    this.#playback.setFrames(this, header.steps);
    this.legend.write(header.class_names, header.words.legend);
    this.#paintLegend();
    this.#write();
  }

  restyle() {
    this.#paintLegend();
  }

  /** @param {number} label */
  #toggleClass(label) {
    if (!this.header || !this.#playback) return;
    toggleClass(this.#playback.selected, label, this.header.class_names.length);
    this.#playback.notify("select");
  }

  #paintLegend() {
    if (this.theme && this.#playback) this.legend.paint(this.#playback.selected, this.theme);
  }

  /** @param {string} name */
  press(name) {
    const playback = this.#playback;
    if (!playback) return;
    if (name === "live") playback.seek(Infinity);
    else if (playback.playing) playback.pause();
    else playback.play(performance.now());
    if (!playback.playing) playback.settle();
  }

  /** @param {number} by  frames */
  #step(by) {
    if (!this.header || !this.#playback) return;
    const { steps } = this.header;
    this.#playback.seek(steps[Math.max(this.#playback.frameOf(steps) + by, 0)] ?? Infinity);
    this.#playback.settle();
  }

  /** Send the step that is shown to Python, if it has changed. */
  #send() {
    if (!this.header || !this.#playback) return;
    const { stream, steps } = this.header;
    const chosen = this.#playback.step === null ? null : { stream, step: steps[this.#playback.frameOf(steps)] };
    if (JSON.stringify(chosen) === this.#sent) return;
    this.#sent = JSON.stringify(chosen);
    this.setState("step", chosen);
  }

  #write() {
    if (!this.header || !this.#playback) return;
    const { root, scrubber } = this;
    const { words, steps } = this.header;
    const { step, playing } = this.#playback;
    const frame = this.#playback.frameOf(steps);
    labelButtons(root, words);
    root.setAttribute("aria-label", words.time);
    scrubber.setAttribute("aria-label", words.scrubber);
    scrubber.max = String(Math.max(steps.length - 1, 0));
    scrubber.value = String(frame);
    scrubber.disabled = steps.length < 2;
    const place = { step: (steps[frame] ?? 0).toLocaleString(), frame: frame + 1, frames: steps.length };
    const readout = steps.length ? fill(words.readout, place) : "";
    setText(find(root, ".readout"), readout);
    scrubber.setAttribute("aria-valuetext", readout);
    find(root, "[data-do=play]", HTMLButtonElement).disabled = steps.length < 2;
    find(root, "[data-do=live]").setAttribute("aria-pressed", String(step === null));
    setData(root, { frames: steps.length, step: steps[frame] ?? -1, live: step === null, replay: playing });
  }
}
