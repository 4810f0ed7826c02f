/**
 * Describe charts of runs in Node, for the test that they say what the charts of Python say.
 *
 * Argument: a file of cases {references, untrained, losses, frame: {step, metrics}}, with null for NaN. Prints for each what
 * the charts say and compare with, and the thinned losses.
 */

import { readFileSync } from "node:fs";

import { accuracyGuides, errorScale, lossGuides, shareScale, thinLosses } from "../../cl_core/components/trainer/curve_scales.js";
import { CURVE_WORDS, describeAccuracy, describeLoss, describeTriplets } from "../../cl_core/components/trainer/curve_words.js";

const cases = JSON.parse(readFileSync(process.argv[2], "utf8"));

const described = cases.map(({ references, untrained, losses, frame: { step, metrics } }) => {
  const known = Object.fromEntries(Object.entries(references).map(([name, value]) => [name, value ?? NaN]));
  return {
    alts: [
      describeLoss(known, losses, step),
      describeAccuracy(step, metrics, known.knnRaw, untrained),
      describeTriplets(step, metrics),
    ],
    guides: [lossGuides(known), accuracyGuides(known.knnRaw, untrained)],
    losses: thinLosses(losses),
  };
});
const { ticks, y } = errorScale(0, 1);
console.log(JSON.stringify({ described, words: CURVE_WORDS, errors: ticks.map(({ value, text }) => [value, text, y(value)]), shares: shareScale(0, 1).ticks }));
