/** Reader of the binary messages that `envelope.py` packs: a JSON header, then arrays as plain bytes. */

/** The int16 that stands for a coordinate that is not finite. */
export const NOT_FINITE = -32768;
const MAX_CODE = 32767; // largest code of a coordinate that is finite
const CHUNK = 2 ** 15; // bytes that become text at once

const ARRAYS = {
  uint8: Uint8Array,
  int16: Int16Array,
  uint32: Uint32Array,
  float32: Float32Array,
};

/** @typedef {Uint8Array | Int16Array | Uint32Array | Float32Array} Buffer */

/**
 * Return whether two messages hold the same bytes.
 * @param {Uint8Array} a
 * @param {Uint8Array | null | undefined} b
 */
export function sameBytes(a, b) {
  return a.length === b?.length && a.every((value, i) => value === b[i]);
}

/**
 * Unpack a message. The arrays are views on one fresh copy of the message.
 *
 * The types of header and buffers are those of the component: Python checks what it packs.
 * @template H, B
 * @param {Uint8Array} message
 * @returns {{header: H, buffers: B}}
 */
export function openEnvelope(message) {
  const bytes = message.slice(); // starts at offset 0, so every buffer is aligned to four bytes
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  /** @type {Record<string, Buffer>} */
  const buffers = {};
  /** @type {[string, keyof typeof ARRAYS, number][]} */
  const listed = header.buffers;
  let start = 4 + length;
  for (const [name, type, count] of listed) {
    buffers[name] = new ARRAYS[type](bytes.buffer, start, count);
    start += Math.ceil(buffers[name].byteLength / 4) * 4;
  }
  return { header, buffers: /** @type {B} */ (buffers) };
}

/**
 * Pack a message as `pack` of `envelope.py` does.
 * @param {object} header
 * @param {Record<string, Buffer>} buffers
 */
export function packEnvelope(header, buffers) {
  const types = /** @type {[keyof typeof ARRAYS, unknown][]} */ (Object.entries(ARRAYS));
  const listed = Object.entries(buffers).map(([name, numbers]) => {
    const type = types.find(([, kind]) => numbers.constructor === kind)?.[0];
    return [name, type, numbers.length];
  });
  const text = new TextEncoder().encode(JSON.stringify({ ...header, buffers: listed }));
  const parts = [text, ...Object.values(buffers).map((n) => new Uint8Array(n.buffer, n.byteOffset, n.byteLength))];
  const sizes = parts.map((part) => Math.ceil(part.length / 4) * 4);
  const message = new Uint8Array(4 + sizes.reduce((total, size) => total + size, 0));
  message.fill(32, 4, 4 + sizes[0]); // JSON may end with blanks
  new DataView(message.buffer).setUint32(0, sizes[0], true);
  let at = 4;
  for (const [index, part] of parts.entries()) {
    message.set(part, at);
    at += sizes[index];
  }
  return message;
}

/**
 * Write a message as text, for Streamlit's values, which are JSON.
 * @param {Uint8Array} message
 */
export function base64(message) {
  const parts = [];
  for (let start = 0; start < message.length; start += CHUNK) {
    parts.push(String.fromCharCode(...message.subarray(start, start + CHUNK)));
  }
  return btoa(parts.join(""));
}

/**
 * Quantise coordinates as `quantise` of `envelope.py` does.
 * @param {ArrayLike<number>} points
 * @returns {{codes: Int16Array, scale: number}}
 */
export function quantise(points) {
  const finite = Array.from(points, (value) => (Number.isFinite(value) ? Math.abs(value) : 0));
  const scale = finite.reduce((a, b) => Math.max(a, b), 0) / MAX_CODE || 1;
  const codes = Int16Array.from(points, (value) => (Number.isFinite(value) ? roundToEven(value / scale) : NOT_FINITE));
  return { codes, scale };
}

/** @param {number} value */
function roundToEven(value) {
  const nearest = Math.round(value);
  return Math.abs(value % 1) === 0.5 && nearest % 2 ? nearest - 1 : nearest;
}
