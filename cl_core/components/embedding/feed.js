/** Gives a cloud the frames that a run in this browser has got since the last time, in the place of Python. */

import { loadBytes } from "../_shared/load_bytes.js";
import { openEnvelope, packEnvelope } from "../_shared/envelope.js";

/**
 * @import { EmbeddingPicture } from "./picture.js"
 * @import { Frame } from "../trainer/client.js"
 */

/**
 * @typedef {{header: any, buffers: any}} CloudMessage  without frames
 *
 * @typedef {object} FedCloud
 * @property {string} stream   another one for each run
 * @property {2 | 3} axes
 * @property {Frame[]} frames  so far
 * @property {object} fields   of the header of the cloud's message
 */

export class CloudFeed {
  #picture;
  #sent = { stream: "", frames: 0, fields: "" };

  /** @param {EmbeddingPicture} picture */
  constructor(picture) {
    this.#picture = picture;
  }

  /** Send every frame again with the next message. */
  restart() {
    this.#sent = { stream: "", frames: 0, fields: "" };
  }

  /**
   * @param {CloudMessage} base
   * @param {FedCloud} cloud
   * @param {(name: string, value: unknown) => void} setStateValue  called with what the viewer chooses
   */
  show(base, { stream, axes, frames, fields }, setStateValue) {
    const described = JSON.stringify(fields);
    const known = stream === this.#sent.stream && frames.length >= this.#sent.frames;
    const first = known ? this.#sent.frames : 0;
    if (first && first === frames.length && described === this.#sent.fields) return;
    const added = frames.slice(first);
    const drawn = added.map(({ views }) => views[axes]).filter((each) => each !== undefined);
    const header = {
      ...base.header,
      ...fields,
      stream,
      first,
      dims: axes,
      total: frames.length,
      steps: added.map(({ step }) => step),
      shares: drawn.map(({ shares }) => shares),
      scales: drawn.map(({ scale }) => scale),
    };
    const { frames: _, ...constant } = base.buffers;
    const buffers = { frames: joined(drawn.map((each) => each.codes)), ...regionsOf(added), ...(first ? {} : constant) };
    const data = packEnvelope(header, buffers);
    this.#picture.update({ parentElement: this.#picture.root, data, setStateValue, setTriggerValue: () => {} });
    this.#sent = { stream, frames: frames.length, fields: described };
  }
}

/** What clouds show beside their frames: labels, names and small images of all points. */
export class CloudBase {
  /** @type {CloudMessage | null} null until it is there */
  loaded = null;
  #url = "";
  #loading = Promise.resolve();

  /**
   * Load it, unless that was done or begun before.
   * @param {string} url
   */
  load(url) {
    if (url !== this.#url) {
      this.#url = url;
      this.loaded = null;
      this.#loading = this.#load(url);
    }
    return this.#loading;
  }

  /** @param {string} url */
  async #load(url) {
    try {
      const message = openEnvelope(await loadBytes(url));
      if (url === this.#url) this.loaded = /** @type {CloudMessage} */ (message);
    } catch (error) {
      if (url === this.#url) this.#url = ""; // the next call tries again
      throw error;
    }
  }
}

/**
 * Return the regions of frames whose run has them.
 * @param {Frame[]} frames
 * @returns {Record<string, Float32Array>}
 */
function regionsOf(frames) {
  const size = frames.find(({ regions }) => regions)?.regions?.length;
  if (!size) return {};
  const unknown = Array(size).fill(NaN); // of a frame that an older version has stored
  return { regions: Float32Array.from(frames.flatMap(({ regions }) => (regions ? [...regions] : unknown))) };
}

/** @param {Int16Array[]} parts */
function joined(parts) {
  const whole = new Int16Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
