/** Sorting the values of a field, at every move of a slider: by their bits, in a fifth of the time of `sort`. */

const DIGIT = 11; // bits; three digits make a float32
const DIGITS = 1 << DIGIT;
const SIGN = 0x80000000;

/**
 * Return those of some values that are finite, ascending.
 * @param {Float32Array} values
 */
export function sortedFinite(values) {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  let from = new Uint32Array(values.length);
  let to = new Uint32Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    // so changed, the bits of numbers are in their order: negative ones have all bits inverted, the others the sign
    if (Number.isFinite(values[i])) from[count++] = bits[i] >>> 31 ? ~bits[i] : bits[i] ^ SIGN;
  }
  for (let shift = 0; shift < 32; shift += DIGIT) {
    const next = new Uint32Array(DIGITS + 1); // place of the next number with a digit
    for (let i = 0; i < count; i++) next[((from[i] >>> shift) & (DIGITS - 1)) + 1]++;
    for (let digit = 0; digit < DIGITS; digit++) next[digit + 1] += next[digit];
    for (let i = 0; i < count; i++) to[next[(from[i] >>> shift) & (DIGITS - 1)]++] = from[i];
    [from, to] = [to, from];
  }
  for (let i = 0; i < count; i++) from[i] = from[i] >>> 31 ? from[i] ^ SIGN : ~from[i];
  return new Float32Array(from.buffer, 0, count);
}
