/**
 * Read the file of a network in Node, for the test that compares it with Python: gets the bytes from standard input, and
 * prints the neighbours of every image, and which images are retrieved wrongly.
 */

import { readFileSync } from "node:fs";

import { NetworkFile, nextWrong } from "../../cl_core/components/neighbours/network.js";

const network = new NetworkFile(new Uint8Array(readFileSync(0)));
const images = Array.from({ length: network.n }, (_, i) => i);
console.log(
  JSON.stringify({
    nearest: images.map((image) => network.nearest(image)),
    next: images.map((image) => nextWrong([network], image, 1)),
    before: images.map((image) => nextWrong([network], image, -1)),
    at: images.map((image) => network.imageAt(network.places[2 * image], network.places[2 * image + 1], 1)),
    far: network.imageAt(1e6, 1e6, 10),
  }),
);
