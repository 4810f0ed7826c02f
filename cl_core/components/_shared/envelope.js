/** Reader of the binary messages that `envelope.py` packs: a JSON header, then arrays as plain bytes. */

/** The int16 that stands for a coordinate that is not finite. */
export const NOT_FINITE = -32768;

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
