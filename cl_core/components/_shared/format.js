/** Numbers and sentences as text. */

/**
 * Replace each {name} in a sentence by its value; names without a value stay.
 * @param {string} sentence
 * @param {Record<string, string | number | undefined>} values
 */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
}

/**
 * Replace the hyphen of a number by a minus sign.
 * @param {string} text
 */
export function withMinus(text) {
  return text.replace("-", "−");
}

/**
 * Return a whole number in superscript.
 * @param {number} exponent
 */
export function superscript(exponent) {
  return String(exponent).replace(/[-\d]/g, (letter) => (letter === "-" ? "⁻" : "⁰¹²³⁴⁵⁶⁷⁸⁹"[Number(letter)]));
}

/**
 * Return the opposite of a number, without a negative zero.
 * @param {number} number
 */
export function negated(number) {
  return number === 0 ? 0 : -number;
}
