/**
 * Fit linear probes in Node, for the test that compares them with Python's: reads a list of {z, labels} from standard input,
 * as JSON, and prints the accuracies; null for NaN.
 */

import { readFileSync } from "node:fs";

import { linearProbe } from "../../cl_core/components/trainer/linear_probe.js";

const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(({ z, labels }) => linearProbe(Float32Array.from(z), Uint8Array.from(labels)))));
