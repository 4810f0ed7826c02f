/** A picture that follows the page's sliders: the browser computes it, with the program that Python sends. */

import { loadEngine, Program } from "./engine.js";
import { sameBytes } from "./envelope.js";
import { readProgram } from "./program_file.js";
import { followSliders, sliderValue } from "./sliders.js";

/**
 * @import { Numbers } from "./program_file.js"
 *
 * @typedef {object} Live  of a message's header; null for a picture that does not follow sliders
 * @property {string} engine                    URL
 * @property {Record<string, string>} sliders   input of the program -> Streamlit's key of its slider
 * @property {Record<string, number>} values    of all inputs, as Python knows them
 */

export class LiveProgram {
  /** @type {Live | null} of the newest message from Python */
  #live = null;
  /** @type {Program | null} null until the engine is there, and where it cannot be */
  #program = null;
  /** @type {Record<string, number | ArrayLike<number>>} of all inputs, as the picture shows them */
  #values = {};
  /** @type {Uint8Array | null} file of that program */
  #file = null;
  /** Whether the sliders have moved on from the values of the newest message, so that others will follow it. */
  #ahead = false;
  #show;

  /**
   * @param {(numbers: Record<string, Numbers>) => void} show  called with the program's outputs at every move of a slider
   * @param {AbortSignal} signal
   */
  constructor(show, signal) {
    this.#show = show;
    followSliders(
      () => Object.values(this.#live?.sliders ?? {}),
      () => this.#follow(),
      signal,
    );
  }

  /** Whether the picture follows the sliders by now. */
  get ready() {
    return this.#program !== null;
  }

  /**
   * Take in what a message from Python says. Where the engine cannot be had, the picture changes with messages alone.
   *
   * A message that answers an earlier value of a slider that has moved on does not move the picture back to it.
   * @param {Live | null} live
   * @param {{program?: Uint8Array}} buffers  of the message: `live_x` has the numbers of the input x
   * @param {() => void} onReady
   */
  async receive(live, buffers, onReady) {
    this.#live = live;
    this.#values = { ...live?.values, ...arraysOf(buffers) };
    const file = buffers.program ?? null;
    if (!file || !sameBytes(file, this.#file)) this.#program = null;
    this.#file = file;
    if (!live || !file) return;
    try {
      const program = this.#program ?? new Program(await loadEngine(live.engine), readProgram(file));
      if (live !== this.#live) return;
      this.#program = program;
      onReady();
      this.#ahead &&= this.#readSliders();
      if (this.#ahead) this.#show(program.run(this.#values));
    } catch (error) {
      console.warn("The picture follows its sliders only when they are released.", error);
    }
  }

  /**
   * Run the program with other numbers in the place of some inputs.
   * @param {Record<string, number | ArrayLike<number>>} inputs
   * @returns {Record<string, Numbers> | null} its outputs; null where the picture changes with messages alone
   */
  run(inputs) {
    return this.#program?.run({ ...this.#values, ...inputs }) ?? null;
  }

  #follow() {
    if (!this.#live || !this.#program) return;
    this.#ahead = this.#readSliders();
    this.#show(this.#program.run(this.#values));
  }

  /**
   * Take the values that the sliders show.
   * @returns {boolean} whether one of them is another than Python has sent
   */
  #readSliders() {
    const { sliders = {}, values = {} } = this.#live ?? {};
    const shown = Object.entries(sliders).map(([input, key]) => ({ input, value: sliderValue(key) ?? values[input] }));
    for (const { input, value } of shown) this.#values[input] = value;
    return shown.some(({ input, value }) => value !== values[input]);
  }
}

/**
 * Return the numbers of inputs that are arrays.
 * @param {object} buffers
 * @returns {Record<string, ArrayLike<number>>}
 */
function arraysOf(buffers) {
  const named = Object.entries(buffers).filter(([name]) => name.startsWith("live_"));
  return Object.fromEntries(named.map(([name, numbers]) => [name.slice("live_".length), numbers]));
}
