/** One of the charts of a run: its title with read-outs, its scale, and what lies over its steps. */

import { setText } from "../_shared/dom.js";
import { heightOfWindow } from "../_shared/height.js";
import { createSvg, setAttributes } from "../_shared/svg.js";
import { placeGuideLabels } from "./curve_scales.js";
import { CURVE_WORDS } from "./curve_words.js";

/**
 * @import { Attributes } from "../_shared/svg.js"
 * @import { StepAxis } from "../_shared/step_axis.js"
 * @import { Guide, Scale } from "./curve_scales.js"
 */

const PLOT_EDGE = 9; // CSS pixels above and below the plot, for half a number
const GUIDE_LABEL = { height: 16, letter: 8, inset: 4 };
const SCALE_NUMBER = { distance: 8, drop: 4.5 }; // from the plot to the numbers, and down to their base line

export class CurveChart {
  /** @type {Record<string, Element>} values of the read-outs, by name */
  #readings = {};
  #height = 0;

  /**
   * @param {string} name
   * @param {{name: string, swatch?: string}[]} readings  with the fill of a sample of what they belong to
   * @param {number} height  of the plot in the usual size of type
   */
  constructor(name, readings, height) {
    this.height = height;
    this.figure = document.createElement("figure");
    this.figure.dataset.chart = name;
    const caption = document.createElement("figcaption");
    const title = document.createElement("strong");
    title.textContent = CURVE_WORDS[/** @type {"loss"} */ (name)];
    caption.append(title, ...readings.map((reading) => this.#createReading(reading)));
    this.sheet = createSvg("svg", { role: "img" });
    this.grid = createSvg("g", { class: "grid" });
    this.numbers = createSvg("g", { class: "numbers" });
    this.content = createSvg("g", { class: "content" });
    this.guides = createSvg("g", { class: "guides" });
    this.changes = createSvg("g", { class: "changes" });
    this.labels = createSvg("g", { class: "labels" });
    this.hover = createSvg("line", { class: "hover" });
    this.cursor = createSvg("line", { class: "cursor" });
    this.dots = createSvg("g", { class: "dots" });
    const { grid, numbers, content, guides, changes, hover, cursor, labels, dots } = this;
    this.sheet.append(grid, numbers, content, guides, changes, labels, hover, cursor, dots);
    this.figure.append(caption, this.sheet);
  }

  get top() {
    return PLOT_EDGE;
  }

  get bottom() {
    return this.#height - PLOT_EDGE;
  }

  /**
   * @param {{name: string, swatch?: string}} reading
   */
  #createReading({ name, swatch }) {
    const reading = document.createElement("span");
    reading.dataset.reading = name;
    const value = document.createElement("b");
    this.#readings[name] = value;
    if (swatch) {
      const sample = createSvg("svg", { class: "swatch" }, createSvg("rect", { width: "100%", height: "100%", fill: swatch }));
      reading.append(sample, CURVE_WORDS[/** @type {"knn"} */ (name)], " ");
    }
    reading.append(value);
    return reading;
  }

  /**
   * Fit the chart to the window, if that is higher than usual.
   * @param {number} scale  size of type
   */
  resize(scale) {
    this.#height = this.height * scale * heightOfWindow(1) + 2 * PLOT_EDGE;
    setAttributes(this.sheet, { height: this.#height });
  }

  /**
   * Draw the scale, the lines to compare with and the marks of changes.
   * @param {StepAxis} axis
   * @param {Scale} scale
   * @param {Guide[]} guides
   * @param {{x: number[], y: number[]}[]} curves  that the labels of these lines leave visible
   * @param {number[]} changes  places
   * @param {number} size  of type
   */
  draw({ left, right }, scale, guides, curves, changes, size) {
    const { top, bottom } = this;
    const ticks = scale.ticks.map(({ value, text }) => ({ y: scale.y(value), text }));
    const across = { x1: left, x2: right };
    updateChildren(this.grid, "line", ticks.map(({ y }) => ({ ...across, y1: y, y2: y })));
    const [x, drop] = [left - SCALE_NUMBER.distance * size, SCALE_NUMBER.drop * size];
    updateChildren(this.numbers, "text", ticks.map(({ y, text }) => ({ x, y: y + drop, "text-anchor": "end", text })));
    const lines = guides.map(({ value, dash }) => ({
      ...across,
      y1: scale.y(value),
      y2: scale.y(value),
      "stroke-dasharray": dash.join(" "),
    }));
    updateChildren(this.guides, "line", lines);
    const type = { letter: GUIDE_LABEL.letter * size, height: GUIDE_LABEL.height * size };
    const places = placeGuideLabels(guides, scale, curves, { left, right, top, bottom }, type);
    const labels = places.map(({ y, right: atRight }, k) => ({
      x: atRight ? right - GUIDE_LABEL.inset : left + GUIDE_LABEL.inset,
      y,
      "text-anchor": atRight ? "end" : "start",
      text: guides[k].label,
    }));
    updateChildren(this.labels, "text", labels);
    updateChildren(this.changes, "line", changes.map((at) => ({ x1: at, x2: at, y1: top, y2: bottom })));
  }

  /**
   * Move the cursor, the line under the pointer and the dots on the curves, and write the read-outs.
   * @param {number} cursor  place
   * @param {number | null} hover  place; null without a pointer
   * @param {{y: number, fill: string}[]} dots
   * @param {Record<string, string>} readings
   * @param {string} alt
   */
  point(cursor, hover, dots, readings, alt) {
    const ends = { y1: this.top, y2: this.bottom };
    setAttributes(this.cursor, { x1: cursor, x2: cursor, ...ends });
    const at = hover ?? cursor;
    setAttributes(this.hover, { x1: at, x2: at, ...ends, visibility: hover === null ? "hidden" : "visible" });
    updateChildren(this.dots, "circle", dots.map(({ y, fill }) => ({ cx: at, cy: y, r: 4, fill })));
    for (const [name, value] of Object.entries(this.#readings)) setText(value, readings[name]);
    setAttributes(this.sheet, { "aria-label": alt });
  }
}

/**
 * Give a group as many elements as there are items, and each its attributes; elements are used again.
 * @param {Element} group
 * @param {keyof SVGElementTagNameMap} name
 * @param {(Attributes & {text?: string})[]} items
 */
export function updateChildren(group, name, items) {
  while (group.childElementCount > items.length) group.lastElementChild?.remove();
  while (group.childElementCount < items.length) group.append(createSvg(name));
  items.forEach(({ text, ...attributes }, k) => {
    setAttributes(group.children[k], attributes);
    if (text !== undefined) setText(group.children[k], text);
  });
}
