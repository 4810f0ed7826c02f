/** What both pictures are made of: an SVG, handles for the points, and labels. */

import { LabelPlacer } from "./labels.js";
import { labelWidth } from "./shapes.js";
import { find, findByData } from "../_shared/dom.js";

/**
 * @import { Type } from "./shapes.js"
 * @import { Words } from "../_shared/picture.js"
 */

const TYPES = { name: "650 16px", zone: "650 15px", ring: "500 13.5px" }; // as triplet.css has them where a rem is 16px

/** @typedef {keyof typeof TYPES} LabelStyle */

export class PaneView {
  /** @type {string[]} names of the negatives */
  names = [];
  /** @type {Words} */
  words = {};
  /** @type {Record<string, SVGTextElement>} labels by key */
  texts = {};
  /** @type {SVGGElement[]} */
  handles = [];
  /** @type {Type} */
  theme = { font: "sans-serif", scale: 1 };
  placer = new LabelPlacer();

  /** @param {HTMLElement} pane */
  constructor(pane) {
    this.sheet = find(pane, ".sheet", SVGElement);
    this.parts = findByData(this.sheet, "part", SVGElement);
  }

  /**
   * Return the width of a label, in CSS pixels.
   * @param {string} key
   * @param {LabelStyle} style
   */
  widthOf(key, style) {
    return labelWidth(this.texts[key].textContent ?? "", TYPES[style], this.theme);
  }
}
