/** What a network makes of all test images: their nearest neighbours, and where they are drawn. */

import { openEnvelope } from "../_shared/envelope.js";

/**
 * @typedef {{row: number, label: number, cosine: number, right: boolean}} Neighbour
 */

export class NetworkFile {
  /** @param {Uint8Array} bytes  from `encode_network` of message.py */
  constructor(bytes) {
    /** @type {{header: {n: number, k: number, cosine: number}, buffers: Record<string, Int16Array>}} */
    const { header, buffers } = openEnvelope(bytes);
    this.n = header.n;
    this.k = header.k;
    this.labels = buffers.labels;
    this.places = buffers.places;
    this.numbers = buffers.neighbours;
    this.similarity = buffers.similarity;
    this.unit = header.cosine;
  }

  /**
   * Return the nearest neighbours of an image, the nearest first.
   * @param {number} image
   * @returns {Neighbour[]}
   */
  nearest(image) {
    return Array.from({ length: this.k }, (_, i) => {
      const row = this.numbers[image * this.k + i];
      const label = this.labels[row];
      return { row, label, cosine: this.similarity[image * this.k + i] * this.unit, right: label === this.labels[image] };
    });
  }

  /**
   * Return whether the nearest neighbour of an image is of another class.
   * @param {number} image
   */
  isWrong(image) {
    return this.labels[this.numbers[image * this.k]] !== this.labels[image];
  }

  /**
   * Return the image that is drawn nearest to a place, within a distance; null if there is none.
   * @param {number} x  in units of the file
   * @param {number} y
   * @param {number} distance
   */
  imageAt(x, y, distance) {
    let [best, least] = [-1, distance * distance];
    for (let i = 0; i < this.n; i++) {
      const square = (this.places[2 * i] - x) ** 2 + (this.places[2 * i + 1] - y) ** 2;
      if (square <= least) [best, least] = [i, square];
    }
    return best < 0 ? null : best;
  }
}

/**
 * Return the next image whose nearest neighbour is of another class under one of some networks; after the last comes the
 * first. Return the image itself if there is no other.
 * @param {NetworkFile[]} networks
 * @param {number} image
 * @param {1 | -1} direction
 */
export function nextWrong(networks, image, direction) {
  const n = networks[0].n;
  for (let step = 1; step < n; step++) {
    const next = (image + direction * step + n * step) % n;
    if (networks.some((network) => network.isWrong(next))) return next;
  }
  return image;
}
