/** The browser's end of `envelope.py`: a header in words, then arrays as plain bytes. */

/** The int16 that stands for a coordinate that is not finite. */
export const NOWHERE = -32768;

const ARRAYS = {
  uint8: Uint8Array,
  int16: Int16Array,
  uint32: Uint32Array,
  float32: Float32Array,
};

/** Whether two messages are the same. */
export function sameBytes(a, b) {
  return a.length === b?.length && a.every((value, i) => value === b[i]);
}

/**
 * Take a message apart. The arrays are views on one fresh copy of the message.
 * @param {Uint8Array} message
 * @returns {{header: any, buffers: Record<string, any>}}
 */
export function openEnvelope(message) {
  const bytes = message.slice(); // starts at 0, so that every buffer is aligned
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + length)));
  /** @type {Record<string, any>} */
  const buffers = {};
  let start = 4 + length;
  for (const [name, kind, count] of header.buffers) {
    buffers[name] = new ARRAYS[kind](bytes.buffer, start, count);
    start += Math.ceil(buffers[name].byteLength / 4) * 4;
  }
  return { header, buffers };
}
