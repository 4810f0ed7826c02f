/**
 * The random numbers of the library: numpy's seeds, and PyTorch's generator on a CPU, bit for bit.
 *
 * Sources: numpy/random/bit_generator.pyx (SeedSequence); ATen/core/MT19937RNGEngine.h, DistributionsHelper.h,
 * TransformationHelper.h and native/cpu/DistributionTemplates.h of PyTorch.
 */

/** What random numbers are for, as in cl_core/training/rng.py: each has its own stream. */
export const PURPOSES = { WEIGHTS: 0, ORDER: 1, NOISE: 2, CLASSIFIER: 3, CLASS_ORDER: 4, IMAGE_ORDER: 5 };

const POOL_WORDS = 4; // of a SeedSequence
const TWISTER_WORDS = 624;
const TWISTER_SHIFT = 397;
const MAX_SHUFFLED = Math.floor(2 ** 32 / 20); // from there on PyTorch draws 64 bits for each row
const NORMALS_PER_BLOCK = 16; // PyTorch draws fewer normals than that one by one, in float64

/**
 * @typedef {import("../_shared/engine.js").Program} Program
 *
 * @typedef {object} Draw  a part of the vector of weights, see cl_core/programs/initial_weights.py
 * @property {number} start
 * @property {number} count
 * @property {string} kind   "zeros", "uniform" from -scale to scale, or "normal" with the standard deviation scale
 * @property {number} scale
 *
 * @typedef {object} InitialWeights
 * @property {number} size
 * @property {Draw[]} draws
 */

/**
 * Return a hash of numpy's SeedSequence, whose constant changes with each number.
 * @param {number} constant
 * @param {number} multiplier
 */
function seedHash(constant, multiplier) {
  let current = constant;
  /** @param {number} word */
  return (word) => {
    const mixed = word ^ current;
    current = Math.imul(current, multiplier);
    const product = Math.imul(mixed, current);
    return product ^ (product >>> 16);
  };
}

/**
 * @param {number} x
 * @param {number} y
 */
function mixWords(x, y) {
  const mixed = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
  return mixed ^ (mixed >>> 16);
}

/**
 * Return the seed of a stream of random numbers: the 32 low bits, which are all that PyTorch's generator takes, of
 * `SeedSequence([seed, purpose, number]).generate_state(1, uint64) >> 1`.
 * @param {number} seed     whole, from 0 to 2^32 - 1, as are the two others
 * @param {number} purpose  one of PURPOSES
 * @param {number} number   counter within the purpose, such as an epoch
 */
export function streamSeed(seed, purpose, number) {
  const entropy = [seed, purpose, number];
  if (entropy.some((word) => word !== word >>> 0)) {
    throw new RangeError(`${entropy.join(", ")}: a seed takes whole numbers from 0 to 2^32 - 1`);
  }
  const hash = seedHash(0x43b0d7e5, 0x931e8875);
  const pool = Array.from({ length: POOL_WORDS }, (_, index) => hash(entropy[index] ?? 0));
  for (let source = 0; source < POOL_WORDS; source++) {
    for (let target = 0; target < POOL_WORDS; target++) {
      if (source !== target) pool[target] = mixWords(pool[target], hash(pool[source]));
    }
  }
  const [low, high] = pool.slice(0, 2).map(seedHash(0x8b51f9dd, 0x58f38ded));
  return ((low >>> 1) | (high << 31)) >>> 0;
}

/** PyTorch's generator on a CPU, mt19937 (Matsumoto and Nishimura 1998). */
export class MersenneTwister {
  #state = new Uint32Array(TWISTER_WORDS);
  #next = TWISTER_WORDS;

  /** @param {number} seed  32 bits */
  constructor(seed) {
    const state = this.#state;
    state[0] = seed;
    for (let index = 1; index < TWISTER_WORDS; index++) {
      const last = state[index - 1];
      state[index] = Math.imul(1812433253, last ^ (last >>> 30)) + index;
    }
  }

  /** Return the next whole number from 0 to 2^32 - 1. */
  next() {
    if (this.#next === TWISTER_WORDS) this.#twist();
    let word = this.#state[this.#next++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /** Return the next float32 from 0 to 1, without 1: 24 bits. */
  single() {
    return (this.next() & 0xffffff) / 2 ** 24;
  }

  /** Return the next float64 from 0 to 1, without 1: 53 bits of two draws, the first of which has the high ones. */
  double() {
    const high = this.next() & 0x1fffff;
    return (high * 2 ** 32 + this.next()) / 2 ** 53;
  }

  #twist() {
    const state = this.#state;
    for (let index = 0; index < TWISTER_WORDS; index++) {
      const word = (state[index] & 0x80000000) | (state[(index + 1) % TWISTER_WORDS] & 0x7fffffff);
      state[index] = state[(index + TWISTER_SHIFT) % TWISTER_WORDS] ^ (word >>> 1) ^ (word & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }
}

/**
 * Return the generator of one purpose at one time, as `rng.generator` does.
 * @param {number} seed
 * @param {number} purpose  one of PURPOSES
 * @param {number} [number]
 */
export function randomStream(seed, purpose, number = 0) {
  return new MersenneTwister(streamSeed(seed, purpose, number));
}

/**
 * Return the order of the rows in one epoch, as `rng.permutation` does.
 * @param {number} seed
 * @param {number} epoch
 * @param {number} n         number of rows, below 2^32 / 20
 * @param {number} [purpose]
 */
export function permutation(seed, epoch, n, purpose = PURPOSES.ORDER) {
  if (n >= MAX_SHUFFLED) throw new RangeError(`${n} rows are too many to shuffle`);
  const stream = randomStream(seed, purpose, epoch);
  const rows = Int32Array.from({ length: n }, (_, row) => row);
  for (let place = 0; place < n - 1; place++) {
    const other = place + (stream.next() % (n - place));
    [rows[place], rows[other]] = [rows[other], rows[place]];
  }
  return rows;
}

/**
 * Return uniform numbers from 0 to 1, as `torch.rand` does.
 * @param {MersenneTwister} stream
 * @param {number} count
 */
export function uniforms(stream, count) {
  const drawn = new Float32Array(count);
  for (let index = 0; index < count; index++) drawn[index] = stream.single();
  return drawn;
}

/**
 * Return normal numbers of mean 0, as `torch.randn` does up to the last bits; the same bits in every browser.
 *
 * After fewer than 16 numbers of an odd count, PyTorch keeps one for the next such call; here it is left out.
 * @param {MersenneTwister} stream
 * @param {number} count
 * @param {number} std       their standard deviation
 * @param {Program} program  `normal_program` of cl_core/programs/initial_weights.py
 */
export function normals(stream, count, std, program) {
  if (count < NORMALS_PER_BLOCK) {
    const pairs = Float64Array.from({ length: 2 * Math.ceil(count / 2) }, () => stream.double());
    return Float32Array.from(program.run({ pairs }).few.slice(0, count), (number) => number * std);
  }
  const drawn = uniforms(stream, count);
  const found = new Float32Array(count);
  const inBlocks = count - (count % NORMALS_PER_BLOCK);
  transformBlocks(drawn.subarray(0, inBlocks), found, program);
  if (inBlocks < count) {
    // PyTorch draws the last block anew where the count is no multiple of a block
    transformBlocks(uniforms(stream, NORMALS_PER_BLOCK), found.subarray(count - NORMALS_PER_BLOCK), program);
  }
  const scale = Math.fround(std);
  for (let index = 0; index < count; index++) found[index] *= scale;
  return found;
}

/**
 * @param {Float32Array} drawn  whole blocks of uniform numbers
 * @param {Float32Array} found  gets their normal numbers
 * @param {Program} program
 */
function transformBlocks(drawn, found, program) {
  const [{ shape }] = program.file.inputs;
  const size = shape[0] * shape[1];
  for (let start = 0; start < drawn.length; start += size) {
    const part = drawn.subarray(start, start + size);
    found.set(program.run({ uniforms: part }).normals.subarray(0, part.length), start);
  }
}

/**
 * Return the vector of the first state of a run, as `training.start` makes it: weights, and moments of 0.
 *
 * Uniform weights have the bits of PyTorch on a processor with fused multiply-adds, as nearly all have. Without them,
 * PyTorch rounds twice.
 * @param {number} seed               of the run
 * @param {InitialWeights} weights    of `initial_weights`
 * @param {Program} [program]         of `normal_program`, for a loss with class weights
 */
export function initialVector(seed, weights, program) {
  const stream = randomStream(seed, PURPOSES.WEIGHTS);
  const vector = new Float32Array(weights.size);
  for (const { start, count, kind, scale } of weights.draws) {
    const part = vector.subarray(start, start + count);
    if (kind === "zeros") {
      part.fill(0);
    } else if (kind === "uniform") {
      const width = 2 * Math.fround(scale);
      // exact in float64, so rounded once: when it is stored
      for (let index = 0; index < count; index++) part[index] = width * (stream.single() - 0.5);
    } else if (kind === "normal" && program) {
      part.set(normals(stream, count, scale, program));
    } else {
      throw new Error(`no way to draw ${kind} weights`);
    }
  }
  return vector;
}
