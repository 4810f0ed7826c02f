/** The engine of `cl_core/programs` in the browser: loads it once for a page, and runs programs with it. */

import { textOfError } from "./format.js";
import { aligned, NUMBERS } from "./program_file.js";

/** @import { Numbers, ProgramFile, Slot } from "./program_file.js" */

const PAGE_BYTES = 65536; // of WebAssembly memory
const ENGINES = Symbol.for("contrastive-loss-lab/engines");
/**
 * @typedef {object} Engine  exports of the engine
 * @property {WebAssembly.Memory} memory
 * @property {() => number} heap
 * @property {(words: number, count: number, memory: number) => number} check
 * @property {(words: number, memory: number) => number} run
 */

/**
 * Return the engine's module, which is compiled once for a page.
 * @param {string} url
 * @returns {Promise<WebAssembly.Module>}
 */
export function loadEngine(url) {
  const page = /** @type {Record<symbol, Map<string, Promise<WebAssembly.Module>> | undefined>} */ (
    /** @type {unknown} */ (globalThis)
  );
  const engines = (page[ENGINES] ??= new Map());
  let engine = engines.get(url);
  if (!engine) {
    engine = fetch(url).then(async (response) => {
      if (!response.ok) throw new Error(`The engine could not be loaded: ${response.status}`);
      return compile(await response.arrayBuffer());
    });
    engines.set(url, engine);
    engine.catch(() => engines.delete(url)); // the next picture tries again
  }
  return engine;
}

/** @param {ArrayBuffer} bytes */
async function compile(bytes) {
  try {
    return await WebAssembly.compile(bytes);
  } catch (error) {
    throw new Error(`The engine cannot run here: ${textOfError(error)}`, { cause: error });
  }
}

/** A program in an engine of its own. */
export class Program {
  /** @type {Engine} */
  #engine;
  #words;
  #base;

  /**
   * @param {WebAssembly.Module} module  from `loadEngine`
   * @param {ProgramFile} file           from `readProgram`; the engine refuses one that would leave its memory
   */
  constructor(module, file) {
    this.file = file;
    this.#engine = /** @type {Engine} */ (/** @type {unknown} */ (new WebAssembly.Instance(module).exports));
    const { memory, heap, check } = this.#engine;
    this.#words = aligned(heap());
    this.#base = aligned(this.#words + file.words.byteLength);
    const missing = this.#base + file.memory - memory.buffer.byteLength;
    if (missing > 0) grow(memory, missing);
    new Int32Array(memory.buffer, this.#words, file.words.length).set(file.words);
    for (const { type, address, numbers } of file.constants) {
      new NUMBERS[type](memory.buffer, this.#base + address, numbers.length).set(numbers);
    }
    const reason = check(this.#words, file.words.length, file.memory);
    if (reason) throw new Error(`The engine rejected the program: ${reason}`);
  }

  /**
   * Run the program.
   * @param {Record<string, number | ArrayLike<number>>} inputs  those that are missing keep their numbers
   * @param {string[]} [wanted]  names of outputs; all if missing
   * @returns {Record<string, Numbers>} copies of the outputs
   */
  run(inputs, wanted = this.file.outputs.map(({ name }) => name)) {
    this.write(inputs);
    this.compute();
    return Object.fromEntries(wanted.map((name) => [name, this.output(name).slice()]));
  }

  /** Run the program on the inputs that are set, and leave its outputs in the engine's memory. */
  compute() {
    const reason = this.#engine.run(this.#words, this.#base);
    if (reason) throw new Error(`The program has stopped: ${reason}`);
  }

  /**
   * Return an input in the engine's memory: what is written there counts for the next run and all later ones.
   * @param {string} name
   */
  input(name) {
    return this.#numbersAt(slotOf(this.file.inputs, name));
  }

  /**
   * Return an output in the engine's memory, which the next run changes.
   * @param {string} name
   */
  output(name) {
    return this.#numbersAt(slotOf(this.file.outputs, name));
  }

  /**
   * Set inputs, for the next run and all later ones.
   * @param {Record<string, number | ArrayLike<number>>} inputs
   */
  write(inputs) {
    for (const slot of this.file.inputs) {
      const given = inputs[slot.name];
      if (given !== undefined) this.#numbersAt(slot).set(typeof given === "number" ? [given] : given);
    }
  }

  /**
   * @param {Slot} slot
   * @returns {Numbers}
   */
  #numbersAt({ type, address, shape }) {
    const count = shape.reduce((product, size) => product * size, 1);
    return new NUMBERS[type](this.#engine.memory.buffer, this.#base + address, count);
  }
}

/**
 * @param {WebAssembly.Memory} memory
 * @param {number} bytes
 */
function grow(memory, bytes) {
  try {
    memory.grow(Math.ceil(bytes / PAGE_BYTES));
  } catch (error) {
    throw new Error(`the browser could not provide ${Math.ceil(bytes / 2 ** 20)} MB of memory`, { cause: error });
  }
}

/**
 * @param {Slot[]} slots
 * @param {string} name
 */
function slotOf(slots, name) {
  const slot = slots.find((each) => each.name === name);
  if (!slot) throw new Error(`The program has no ${name}.`);
  return slot;
}
