/** Texts of the charts of a run; those of charts/curves.py and charts/alt_text.py, which a test compares them with. */

import { fill, shortNumber, withCommas } from "../_shared/format.js";

/**
 * @import { Change, Metrics, RunReferences } from "./curves.js"
 */

export const CURVE_WORDS = {
  loss: "loss",
  accuracy: "accuracy",
  triplets: "triplets",
  knn: "kNN in the full space",
  drawn: "1-NN in the picture",
  hard: "● hard",
  semihard: "◐ semi-hard",
  easy: "○ easy",
  collapse: "all points coincide {value}",
  floor: "lowest possible {value}",
  knnRaw: "raw pixels {value}",
  untrained: "untrained net {value}",
  step: "step {step}",
  placeholder: "Scores appear with the first frame.",
  slider: "Training step",
  keys: "Arrow keys move by one frame, Page Up and Page Down by ten, Home and End go to the first and the last frame.",
  spoken: "step {step}: loss {loss}, kNN {knn}, 1-NN {drawn}, hard {hard}, semi-hard {semihard}, easy {easy}",
  changed: "settings changed at step {step}: {text}",
  lossAt: "The loss is {loss} at step {step}; it began at {first}, and its minimum is {least} at step {leastStep}. {references}",
  noLoss: "No loss yet at step {step}. {references}",
  references: "If all points coincide it is {collapse}, the lowest possible loss {floor}.",
  onlyCollapse: "If all points coincide it is {collapse}.",
  accuracyAt: "At step {step}, kNN accuracy is {knn} in the full space, 1-NN accuracy {drawn} in the picture; {compared}.",
  compared: "raw pixels have {raw}, the untrained net {untrained}",
  onlyUntrained: "the untrained net has {untrained}",
  tripletsAt: "Triplets at step {step}: {hard} hard, {semihard} semi-hard, {easy} easy.",
};

/**
 * Write a share as a percentage.
 * @param {number} share
 * @param {number} digits  decimals
 */
export function asPercent(share, digits) {
  return Number.isFinite(share) ? `${(100 * share).toFixed(digits)}%` : shortNumber(share);
}

/** @param {number} step */
export const stepText = (step) => withCommas(String(step));

/**
 * Return the loss at a step: before the first one the first, after the last one the last; NaN where there is none.
 * @param {ArrayLike<number>} losses
 * @param {number} step
 */
export function lossAt(losses, step) {
  return losses.length ? losses[Math.min(Math.max(step, 1), losses.length) - 1] : NaN;
}

/**
 * Describe the loss chart at a step.
 * @param {RunReferences | null} references
 * @param {ArrayLike<number>} losses
 * @param {number} step
 */
export function describeLoss(references, losses, step) {
  const { collapse, floor } = references ?? { collapse: NaN, floor: NaN };
  const known = { collapse: shortNumber(collapse), floor: shortNumber(floor) };
  const compared = fill(floor < collapse ? CURVE_WORDS.references : CURVE_WORDS.onlyCollapse, known);
  if (!losses.length) return fill(CURVE_WORDS.noLoss, { step: stepText(step), references: compared });
  let least = 0;
  for (let k = 1; k < losses.length; k++) if (losses[k] < losses[least]) least = k;
  return fill(CURVE_WORDS.lossAt, {
    loss: shortNumber(lossAt(losses, step), 4),
    step: stepText(Math.max(step, 1)),
    first: shortNumber(losses[0], 4),
    least: shortNumber(losses[least], 4),
    leastStep: stepText(least + 1),
    references: compared,
  });
}

/**
 * Describe the chart of accuracies at a frame.
 * @param {number} step
 * @param {Metrics} metrics
 * @param {number} raw  kNN accuracy of raw pixels; NaN if it is not known
 * @param {number} untrained  kNN accuracy of the first frame
 */
export function describeAccuracy(step, { knn, drawn }, raw, untrained) {
  const compared = fill(Number.isFinite(raw) ? CURVE_WORDS.compared : CURVE_WORDS.onlyUntrained, {
    raw: asPercent(raw, 1),
    untrained: asPercent(untrained, 1),
  });
  const values = { step: stepText(step), knn: asPercent(knn, 1), drawn: asPercent(drawn, 1), compared };
  return fill(CURVE_WORDS.accuracyAt, values);
}

/**
 * Describe the chart of triplets at a frame.
 * @param {number} step
 * @param {Metrics} metrics
 */
export function describeTriplets(step, { hard, semihard, easy }) {
  const [a, b, c] = [hard, semihard, easy].map((share) => asPercent(share, 2));
  return fill(CURVE_WORDS.tripletsAt, { step: stepText(step), hard: a, semihard: b, easy: c });
}

/**
 * Return what is written beside the titles of the charts, by name.
 * @param {number} step
 * @param {Metrics} metrics
 * @param {ArrayLike<number>} losses
 * @returns {Record<string, string>}
 */
export function readingsAt(step, metrics, losses) {
  return {
    step: fill(CURVE_WORDS.step, { step: stepText(step) }),
    loss: losses.length && step ? shortNumber(lossAt(losses, step), 4) : "–",
    knn: asPercent(metrics.knn, 1),
    drawn: asPercent(metrics.drawn, 1),
    hard: asPercent(metrics.hard, 1),
    semihard: asPercent(metrics.semihard, 1),
    easy: asPercent(metrics.easy, 1),
  };
}

/**
 * Return what is read aloud at a step: its numbers, and the settings changed at it.
 * @param {number} step
 * @param {Record<string, string>} readings
 * @param {Change[]} changes
 */
export function spokenAt(step, readings, changes) {
  return [fill(CURVE_WORDS.spoken, { ...readings, step: stepText(step) }), ...changes.map(changeText)].join("; ");
}

/** @param {Change} change */
export function changeText({ step, text }) {
  return fill(CURVE_WORDS.changed, { step: stepText(step), text });
}
