/** Draws the areas with their names, the axes, and the losses between their two lines. */

import { bestPlace } from "../_shared/area_name.js";
import { find } from "../_shared/dom.js";
import { shortNumber } from "../_shared/format.js";
import { createPatterns } from "../_shared/kind_patterns.js";
import { bandPath, curvePath } from "../_shared/paths.js";
import { createSvg, setAttributes } from "../_shared/svg.js";
import { typeScale } from "../_shared/theme.js";
import { Layout, rangeOf, showsFloor } from "./layout.js";

/**
 * @import { Header, Run } from "./shares.js"
 */

export const KINDS = ["easy", "semihard", "hard"]; // in the order of the columns
const STACKED = ["hard", "semihard", "easy"]; // from below
const NAME_SIZES = [
  { size: 18, height: 28, pad: 8 }, // CSS pixels in the usual size of type; the next where this does not fit
  { size: 14, height: 20, pad: 5 },
];
const NUMBER_DISTANCE = 15; // CSS pixels from the axis to its numbers, with half the cursor's knob between them

export class Scene {
  /** @type {Layout | null} null before the first drawing */
  layout = null;
  /** @type {ArrayLike<number>} */
  #losses = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.chart = this.#find(".chart");
    this.dot = this.#find(".dot");
    const { definitions, fills } = createPatterns();
    this.chart.prepend(definitions);
    for (const kind of KINDS) this.#area(kind).setAttribute("fill", fills[kind]);
  }

  /**
   * Draw everything but the cursor.
   * @param {Run} run
   * @param {Header} header
   * @param {number} width
   * @param {number} height
   */
  draw({ steps, shares, losses }, header, width, height) {
    const range = rangeOf(losses, header.collapse, header.floor);
    const layout = new Layout(width, height, steps[steps.length - 1], range, typeScale());
    this.layout = layout;
    this.#losses = losses;
    const names = [];
    const x = steps.map((step) => layout.x(step));
    let under = steps.map(() => 0);
    for (const kind of STACKED) {
      const over = under.map((below, k) => below + shares[3 * k + KINDS.indexOf(kind)]);
      const [low, high] = [under, over].map((edge) => edge.map((share) => layout.y(share)));
      this.#area(kind).setAttribute("d", bandPath(x, low, high));
      names.push(...this.#name(`${header.marks[kind]} ${header.words[kind]}`, x, low, high, layout.scale));
      under = over;
    }
    this.#find(".names").replaceChildren(...names);
    const { guides, captions } = drawGuides(layout, header);
    this.#find(".scale").replaceChildren(...drawAxes(layout, header), ...guides);
    this.#find(".lines").replaceChildren(...captions);
    const heights = range ? Array.from(losses, (loss) => layout.yOfLoss(loss)) : [];
    this.#find(".curve").setAttribute("d", curvePath(x, heights));
  }

  /**
   * Create a name on a plate, in the largest size for which its area has room.
   * @param {string} text
   * @param {number[]} x
   * @param {number[]} under
   * @param {number[]} over
   * @param {number} scale
   * @returns {Element[]}
   */
  #name(text, x, under, over, scale) {
    const name = createSvg("text", { "text-anchor": "middle" }, text);
    this.#find(".names").replaceChildren(name); // to be measured
    for (const lengths of NAME_SIZES) {
      const [size, height, pad] = [lengths.size, lengths.height, lengths.pad].map((length) => length * scale);
      name.style.fontSize = `${size}px`;
      const width = name.getComputedTextLength() + 2 * pad;
      const place = bestPlace(x, under, over, width, height + 4);
      if (!place) continue;
      setAttributes(name, { x: place.x, y: place.y + size * 0.35 });
      return [createSvg("rect", { x: place.x - width / 2, y: place.y - height / 2, width, height, rx: 6 }), name];
    }
    return [];
  }

  /**
   * Draw the cursor at a step, and the dot on the loss of the frame shown.
   * @param {number} step
   * @param {number} frame
   */
  point(step, frame) {
    const { layout } = this;
    if (!layout) return;
    const cursor = find(this.root, ".cursor");
    cursor.style.transform = `translateX(${layout.x(step).toFixed(1)}px)`;
    cursor.style.top = `${layout.top}px`;
    cursor.style.height = `${layout.bottom - layout.top}px`;
    const value = this.#losses[frame];
    const known = layout.range !== null && Number.isFinite(value);
    this.dot.toggleAttribute("hidden", !known);
    if (known) setAttributes(this.dot, { cx: layout.x(step), cy: layout.yOfLoss(value) });
  }

  /** @param {string} kind */
  #area(kind) {
    return this.#find(`[data-area="${kind}"]`);
  }

  /** @param {string} selector */
  #find(selector) {
    return find(this.root, selector, SVGElement);
  }
}

/**
 * Create the numbers, the lines and the names of the axes.
 * @param {Layout} layout
 * @param {Header} header
 */
function drawAxes(layout, header) {
  const { left, right, bottom, base, scale } = layout;
  const shares = [0, 0.5, 1].map((share) => {
    const place = { x: left - NUMBER_DISTANCE, y: layout.y(share) + 5 * scale, "text-anchor": "end" };
    return createSvg("text", place, `${100 * share} %`);
  });
  const ticks = layout.ticks().flatMap((step) => [
    createSvg("line", { x1: layout.x(step), x2: layout.x(step), y1: bottom, y2: bottom + 5 }),
    createSvg("text", { x: layout.x(step), y: bottom + 24 * scale, "text-anchor": "middle" }, String(step)),
  ]);
  const below = { x: (left + right) / 2, y: bottom + 44 * scale, "text-anchor": "middle" };
  const name = createSvg("text", below, header.words.axis);
  const lines = [base, bottom].map((y) => createSvg("line", { x1: left, x2: right, y1: y, y2: y }));
  return [...shares, ...lines, ...ticks, name];
}

/**
 * Create the lines of the two values between which a loss is read, and their captions.
 * @param {Layout} layout
 * @param {Header} header
 */
function drawGuides(layout, header) {
  const { collapse, floor } = header;
  /** @type {Element[]} */
  const guides = [];
  /** @type {Element[]} */
  const captions = [];
  if (!layout.range) return { guides, captions };
  const middle = (layout.base + layout.bottom) / 2 + 14 * layout.scale;
  const beside = { x: layout.left - NUMBER_DISTANCE, y: middle, "text-anchor": "end", class: "caption" };
  captions.push(createSvg("text", beside, header.words.loss));
  /**
   * @param {number} value
   * @param {"collapse" | "floor"} name
   * @param {{x: number, y: number, "text-anchor"?: string}} place  `y`: below the line
   */
  const add = (value, name, place) => {
    const y = layout.yOfLoss(value);
    guides.push(createSvg("line", { class: `guide ${name}`, x1: layout.left, x2: layout.right, y1: y, y2: y }));
    const attributes = { ...place, y: y + place.y * layout.scale, class: "caption" };
    captions.push(createSvg("text", attributes, `${header.words[name]} ${shortNumber(value)}`));
  };
  // where a loss seldom is: late and below its collapse, early and above its floor
  if (collapse !== null) add(collapse, "collapse", { x: layout.right - 4, y: 17, "text-anchor": "end" });
  if (showsFloor(floor, collapse)) add(floor, "floor", { x: layout.left + 8, y: -7 });
  return { guides, captions };
}

/**
 * Write a share; 0 % and 100 % only where it is exactly that.
 * @param {number} share
 */
export function percent(share) {
  if (share > 0 && share < 0.001) return "<0.1 %";
  if (share < 1 && share > 0.999) return ">99.9 %";
  return `${(100 * share).toFixed(1)} %`;
}
