/**
 * Compute the facts of scenes of points in Node, for the test that compares them with Python's: reads a list of scenes from
 * standard input, as JSON, and prints their facts.
 */

import { readFileSync } from "node:fs";

import { sceneFacts } from "../../cl_core/components/points/facts.js";

console.log(JSON.stringify(JSON.parse(readFileSync(0, "utf8")).map(sceneFacts)));
