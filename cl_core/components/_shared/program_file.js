/** The file of a program, as `cl_core/programs/program.py` and `packing.py` write it. */

const MAGIC = 0x504c4c43; // "CLLP"
const VERSION = 2;
const HEADER_BYTES = 12; // magic, version, and the checksum of what follows
const ALIGNMENT = 64;
const STRAIGHT = 4; // added to a type: the numbers are a straight line with corrections, else they follow as they are
const BITS = [Int32Array, BigInt64Array, Int32Array, Uint8Array]; // of the numbers of a type
const CHECKSUMS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let sum = byte;
  for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1;
  return sum;
});

/** Arrays of the types of numbers, in their order. */
export const NUMBERS = [Float32Array, Float64Array, Int32Array, Uint8Array];

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
 * @property {{type: number, address: number, numbers: Numbers}[]} constants
 * @property {number} memory
 * @property {Slot[]} inputs
 * @property {Slot[]} outputs
 */

/**
 * Read the file of a program; throws where it is none, or is damaged.
 * @param {Uint8Array} file
 * @returns {ProgramFile}
 */
export function readProgram(file) {
  const raw = new Uint8Array(file); // a copy that starts where its memory does
  const view = new DataView(raw.buffer);
  if (raw.length < HEADER_BYTES || view.getUint32(0, true) !== MAGIC) throw new Error("This is not a program.");
  if (view.getUint32(4, true) !== VERSION) throw new Error("The program has another version than the engine.");
  if (view.getUint32(8, true) !== checksumOf(raw.subarray(HEADER_BYTES))) throw new Error("The program is damaged.");
  const reader = new Reader(raw, HEADER_BYTES);
  const [inputs, outputs, words, constants, constantsAt, memory] = reader.integers(6);
  const slots = Array.from({ length: inputs + outputs }, () => readSlot(reader));
  let address = constantsAt;
  return {
    inputs: slots.slice(0, inputs),
    outputs: slots.slice(inputs),
    words: Int32Array.from(reader.integers(words)),
    constants: Array.from({ length: constants }, () => {
      const constant = { address, ...readConstant(reader) };
      address = aligned(address + constant.numbers.byteLength);
      return constant;
    }),
    memory,
  };
}

/**
 * Return the next multiple of the alignment.
 * @param {number} address
 */
export function aligned(address) {
  return Math.ceil(address / ALIGNMENT) * ALIGNMENT;
}

class Reader {
  #raw;
  #at;

  /**
   * @param {Uint8Array<ArrayBuffer>} raw
   * @param {number} start
   */
  constructor(raw, start) {
    this.#raw = raw;
    this.#at = start;
  }

  /**
   * Return the next bytes.
   * @param {number} count
   */
  take(count) {
    this.#at += count;
    return this.#raw.slice(this.#at - count, this.#at);
  }

  /** Return a whole number: groups of seven bits, the lowest first; a set eighth bit says that more follow. */
  integer() {
    for (let number = 0, unit = 1; ; unit *= 128) {
      const byte = this.#raw[this.#at++];
      number += (byte & 127) * unit;
      if (!(byte & 128)) return number;
    }
  }

  /** @param {number} count */
  integers(count) {
    return Array.from({ length: count }, () => this.integer());
  }

  /**
   * Return numbers of a type.
   * @param {number} type
   * @param {number} count
   */
  numbers(type, count) {
    const Type = NUMBERS[type];
    return new Type(this.take(count * Type.BYTES_PER_ELEMENT).buffer);
  }
}

/**
 * @param {Reader} reader
 * @returns {Slot}
 */
function readSlot(reader) {
  const [type, length] = reader.integers(2);
  const name = new TextDecoder().decode(reader.take(length));
  const [address, axes] = reader.integers(2);
  return { name, type, address, shape: reader.integers(axes) };
}

/** @param {Reader} reader */
function readConstant(reader) {
  const [kind, count] = reader.integers(2);
  const type = kind % STRAIGHT;
  if (kind < STRAIGHT) return { type, numbers: reader.numbers(type, count) };
  // with the roundings of packing.py: a straight line from the nearer end, as PyTorch has it
  const [first, last] = reader.numbers(type, 2);
  const step = (last - first) / Math.max(count - 1, 1);
  const numbers = new NUMBERS[type](count);
  for (let i = 0; i < count; i++) {
    const number = i < Math.floor(count / 2) ? first + i * step : last - (count - 1 - i) * step;
    numbers[i] = type < 2 ? number : Math.floor(number + 0.5);
  }
  const bits = new BITS[type](numbers.buffer);
  let at = 0;
  for (let corrections = reader.integer(); corrections > 0; corrections--) {
    at += reader.integer();
    const folded = reader.integer();
    const change = folded % 2 ? -(folded + 1) / 2 : folded / 2;
    if (!folded) numbers.set(reader.numbers(type, 1), at);
    else if (bits instanceof BigInt64Array) bits[at] += BigInt(change);
    else bits[at] += change;
  }
  return { type, numbers };
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
