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

/**
 * Write a number in plain decimals with a few digits, as `short_number` in charts/numbers.py does.
 * @param {number} value
 * @param {number} [digits]  significant digits of a number from 0.1 to 100
 */
export function shortNumber(value, digits = 3) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "unknown" : value > 0 ? "infinity" : "-infinity";
  const power = value ? Math.floor(Math.log10(Math.abs(value))) : 0;
  if (power >= 6) return `${Number((value / 10 ** power).toPrecision(digits))} × 10${superscript(power)}`;
  const decimals = Math.min(Math.max(digits - 1 - power, 1), digits + 1);
  return withCommas(String(Number(value.toFixed(decimals))));
}

/**
 * Separate the thousands of a number.
 * @param {string} text  plain decimals
 */
export function withCommas(text) {
  const [whole, ...decimals] = text.split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...decimals].join(".");
}

/**
 * Return what an error says.
 * @param {unknown} error
 */
export function textOfError(error) {
  return error instanceof Error ? error.message : String(error);
}
