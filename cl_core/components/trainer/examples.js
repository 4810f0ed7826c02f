/** Files of examples (`encode_examples` of message.py): downloaded once for a browser, and unpacked once for a worker. */

import { forgetFile, quietly, storedFile, storeFile } from "./store.js";
import { openEnvelope } from "../_shared/envelope.js";
import { textOfError } from "../_shared/format.js";

/** @import { Examples } from "./run.js" */

const GZIP = [0x1f, 0x8b]; // a server may have unpacked the file already, to announce it as compressed content
const REPORT_TIME = 100; // ms between two reports of a download, at least

/** @type {Map<string, Promise<Examples>>} */
const unpackedFiles = new Map();

/**
 * Load a file of examples.
 * @param {string} url  changes with the file, which is therefore never out of date in the browser's storage
 * @param {(share: number) => void} [progress]  called while it is downloaded, with numbers from 0 to 1
 * @returns {Promise<Examples>} rejects with a text for the visitor; the next call tries again
 */
export function loadExamples(url, progress) {
  let examples = unpackedFiles.get(url);
  if (!examples) {
    examples = readExamples(url, progress);
    unpackedFiles.set(url, examples);
    examples.catch(() => unpackedFiles.delete(url));
  }
  return examples;
}

/**
 * @param {string} url
 * @param {((share: number) => void) | undefined} progress
 */
async function readExamples(url, progress) {
  const stored = await quietly(storedFile(url));
  if (stored) {
    try {
      return await unpack(stored);
    } catch {
      await quietly(forgetFile(url));
    }
  }
  const bytes = await download(url, progress);
  const examples = await unpack(bytes);
  quietly(storeFile(url, bytes));
  return examples;
}

/**
 * @param {string} url
 * @param {((share: number) => void) | undefined} progress
 */
async function download(url, progress) {
  try {
    const response = await fetch(url);
    if (!response.ok || !response.body) throw new Error(String(response.status));
    const total = Number(response.headers.get("content-length"));
    /** @type {Uint8Array<ArrayBuffer>[]} */
    const parts = [];
    let [loaded, reported] = [0, 0];
    const reader = response.body.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      parts.push(part.value);
      loaded += part.value.length;
      if (!total || performance.now() - reported < REPORT_TIME) continue;
      progress?.(Math.min(loaded / total, 1)); // the length is that of compressed content
      reported = performance.now();
    }
    return new Uint8Array(await new Blob(parts).arrayBuffer());
  } catch (error) {
    throw new Error(`A file of examples could not be loaded (${textOfError(error)}).`);
  }
}

/**
 * @param {Uint8Array} file
 * @returns {Promise<Examples>}
 */
async function unpack(file) {
  try {
    const packed = GZIP.every((byte, index) => file[index] === byte);
    const whole = new Blob([/** @type {Uint8Array<ArrayBuffer>} */ (file)]).stream();
    const plain = packed ? whole.pipeThrough(new DecompressionStream("gzip")) : whole;
    const message = new Uint8Array(await new Response(plain).arrayBuffer());
    const examples = /** @type {{buffers: Examples}} */ (openEnvelope(message)).buffers;
    if (!examples.labels.length || examples.x.length % examples.labels.length) throw new Error("of another length");
    return examples;
  } catch {
    throw new Error("A file of examples is incomplete or damaged.");
  }
}
