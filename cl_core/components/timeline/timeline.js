/**
 * A time slider for all pictures of a group (`_shared/playback.js`): what is chosen here is seen in each of them.
 *
 * The root element says in its data attributes what is shown.
 */

import { openEnvelope, sameBytes } from "../_shared/_old/envelope.js";
import { memberOf } from "../_shared/_old/playback.js";
import { filled, listenToButtons, nameButtons, setData, setText, shownBy } from "../_shared/_old/page.js";

class Picture {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.scrubber = root.querySelector(".scrubber");
    this.time = null;
    this.told = "null";
    listenToButtons(root, (name) => this.#do(name));
    this.scrubber.addEventListener("input", () => this.time?.seek(this.header.steps[Number(this.scrubber.value)]));
    this.scrubber.addEventListener("change", () => this.time?.settle());
  }

  /** The page's latest data; called for each new message. */
  update({ data, setStateValue }) {
    this.answer = setStateValue;
    if (!data || sameBytes(data, this.message)) return;
    this.message = data;
    const before = this.header?.stream;
    this.header = openEnvelope(data).header;
    if (this.time?.name !== this.header.group) this.#join(this.header.group);
    if (before !== undefined && before !== this.header.stream) this.time.seek(Infinity); // what is new is followed
    this.time.has(this, this.header.steps);
    this.#write();
  }

  close() {
    cancelAnimationFrame(this.due);
    this.leave?.();
  }

  #join(group) {
    this.leave?.();
    const hear = { change: () => this.#write(), settle: () => this.#tell() };
    ({ time: this.time, leave: this.leave } = memberOf(group, this, hear));
  }

  #do(name) {
    if (!this.time) return;
    if (name === "live") this.time.seek(Infinity);
    else if (this.time.playing) this.time.pause();
    else this.time.play(performance.now());
    if (!this.time.playing) this.time.settle();
  }

  /** Tell Python which step is looked at, if that has changed. */
  #tell() {
    const { stream, steps } = this.header;
    const chosen = this.time.step === null ? null : { stream, step: steps[this.time.frameOf(steps)] };
    if (JSON.stringify(chosen) === this.told) return;
    this.told = JSON.stringify(chosen);
    this.answer("step", chosen);
  }

  #write() {
    const { root, header, scrubber, time } = this;
    const { words, steps } = header;
    const frame = time.frameOf(steps);
    nameButtons(root, words);
    root.setAttribute("aria-label", words.time);
    scrubber.setAttribute("aria-label", words.scrubber);
    scrubber.max = String(Math.max(steps.length - 1, 0));
    scrubber.value = String(frame);
    scrubber.disabled = steps.length < 2;
    const place = { step: (steps[frame] ?? 0).toLocaleString(), frame: frame + 1, frames: steps.length };
    const readout = steps.length ? filled(words.readout, place) : "";
    setText(root.querySelector(".readout"), readout);
    scrubber.setAttribute("aria-valuetext", readout);
    root.querySelector("[data-do=play]").disabled = steps.length < 2;
    root.querySelector("[data-do=live]").setAttribute("aria-pressed", String(time.step === null));
    setData(root, { frames: steps.length, step: steps[frame] ?? -1, live: time.step === null, replay: time.playing });
  }
}

export default function timeline(component) {
  return shownBy(Picture, ".timeline", component);
}
