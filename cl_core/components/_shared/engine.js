/** The engine of `cl_core/programs` in the browser: loads it once for a page, and runs programs with it. */

const MAGIC = 0x504c4c43; // "CLLP"
const VERSION = 1;
const HEADER_BYTES = 36;
const PAGE_BYTES = 65536; // of WebAssembly memory
const ALIGNMENT = 64;
const ENGINES = Symbol.for("contrastive-loss-lab/engines");
const NUMBERS = [Float32Array, Float64Array, Int32Array, Uint8Array];
const CHECKSUMS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

/**
 * @typedef {Float32Array | Float64Array | Int32Array | Uint8Array} Numbers
 *
 * @typedef {object} Slot  an input or an output
 * @property {string} name
 * @property {number} type
 * @property {number} address
 * @property {number[]} shape
 *
 * @typedef {object} ProgramFile  see program.py
 * @property {Int32Array} words
 * @property {Uint8Array} constants
 * @property {number} constantsAt
 * @property {number} memory
 * @property {Slot[]} inputs
 * @property {Slot[]} outputs
 *
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
      return WebAssembly.compile(await response.arrayBuffer());
    });
    engines.set(url, engine);
    engine.catch(() => engines.delete(url)); // the next picture tries again
  }
  return engine;
}

/**
 * Read the file of a program; throws where it is none, or is damaged.
 * @param {Uint8Array} file
 * @returns {ProgramFile}
 */
export function readProgram(file) {
  const raw = new Uint8Array(file); // a copy that starts where its memory does
  const view = new DataView(raw.buffer);
  if (raw.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) throw new Error("This is no program.");
  if (view.getUint32(4, true) !== VERSION) throw new Error("The program has another version than the engine.");
  if (view.getUint32(8, true) !== checksumOf(raw.subarray(12))) throw new Error("The program is damaged.");
  const [inputs, outputs, slotBytes, wordCount, constantsAt, memory] = Array.from({ length: 6 }, (_, index) =>
    view.getUint32(12 + 4 * index, true),
  );
  const start = HEADER_BYTES + slotBytes;
  const slots = readSlots(view, inputs + outputs);
  return {
    words: new Int32Array(raw.buffer.slice(start, start + 4 * wordCount)),
    constants: raw.subarray(start + 4 * wordCount),
    constantsAt,
    memory,
    inputs: slots.slice(0, inputs),
    outputs: slots.slice(inputs),
  };
}

/**
 * @param {DataView} view
 * @param {number} count
 * @returns {Slot[]}
 */
function readSlots(view, count) {
  let at = HEADER_BYTES;
  return Array.from({ length: count }, () => {
    const [type, axes, length] = [view.getUint8(at), view.getUint8(at + 1), view.getUint16(at + 2, true)];
    const address = view.getUint32(at + 4, true);
    const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(at + 8 + 4 * axis, true));
    at += 8 + 4 * axes;
    const name = new TextDecoder().decode(new Uint8Array(view.buffer, at, length));
    at += length;
    return { name, type, address, shape };
  });
}

/**
 * Return the CRC-32 of some bytes.
 * @param {Uint8Array} bytes
 */
function checksumOf(bytes) {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = CHECKSUMS[(sum ^ byte) & 255] ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
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
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
    new Int32Array(memory.buffer, this.#words, file.words.length).set(file.words);
    new Uint8Array(memory.buffer, this.#base + file.constantsAt, file.constants.length).set(file.constants);
    const reason = check(this.#words, file.words.length, file.memory);
    if (reason) throw new Error(`The engine refuses the program: ${reason}`);
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
 * @param {Slot[]} slots
 * @param {string} name
 */
function slotOf(slots, name) {
  const slot = slots.find((each) => each.name === name);
  if (!slot) throw new Error(`The program has no ${name}.`);
  return slot;
}

/** @param {number} address */
function aligned(address) {
  return Math.ceil(address / ALIGNMENT) * ALIGNMENT;
}
