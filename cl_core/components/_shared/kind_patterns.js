/** Fills of the three kinds of triplets: the harder, the denser the stripes, so that they are told apart without colour. */

import { createSvg } from "./svg.js";

const STRIPES = { semihard: { distance: 16, width: 2.5 }, hard: { distance: 6, width: 2.5 } };

let created = 0; // patterns are found by id, and two pictures may share a document

/**
 * Create the patterns of the kinds in the colours --hard, --semihard and --easy.
 * @returns {{definitions: SVGElement, fills: Record<string, string>}} what the SVG must contain, and the fill of each kind
 */
export function createPatterns() {
  const definitions = createSvg("defs");
  /** @type {Record<string, string>} */
  const fills = { easy: "var(--easy)" };
  const number = ++created;
  for (const [kind, { distance, width }] of Object.entries(STRIPES)) {
    const id = `${kind}-${number}`;
    const ground = createSvg("rect", { width: distance, height: distance, fill: `var(--${kind})` });
    const stripe = createSvg("rect", { width, height: distance, fill: "#000", "fill-opacity": 0.32 });
    const size = { width: distance, height: distance, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
    definitions.append(createSvg("pattern", { id, ...size }, ground, stripe));
    fills[kind] = `url(#${id})`;
  }
  return { definitions, fills };
}
