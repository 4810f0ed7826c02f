/** Draws regions, class weights, points and their nearest neighbours. */

import { atDegrees } from "./facts.js";
import { textWidth } from "../_shared/canvas.js";
import { find, findByData, setText } from "../_shared/dom.js";
import { fill } from "../_shared/format.js";
import { createSvg, hundredths, setAttributes, setViewBox } from "../_shared/svg.js";

/**
 * @import { Facts, Place } from "./facts.js"
 * @import { Point } from "../_shared/events.js"
 * @import { Words } from "../_shared/picture.js"
 *
 * @typedef {object} Drawn
 * @property {Place[]} points
 * @property {number[]} labels
 * @property {number[]} weights
 * @property {Facts} facts
 * @property {Facts["regions"]} decision  regions without a margin
 * @property {boolean} withMargin
 */

const EDGE = 1.33; // from the middle to the edge of the picture: holds every point and its label
const CORNER_STEP = 30; // degrees between two corners of a region's far side, beyond the edge of the picture
const HEAD = 17; // CSS pixels of an arrow's head
const REACH = 14; // CSS pixels around a point that a line to its neighbour leaves free
/** Shapes of the points, which tell the classes apart without colours. */
const SHAPES = [
  "M0 -11A11 11 0 0 0 0 11A11 11 0 0 0 0 -11Z",
  "M-10 -10H10V10H-10Z",
  "M0 -13.5L13.5 0L0 13.5L-13.5 0Z",
];

export class PointsView {
  #width = 1;
  #height = 1;
  #unit = 1; // CSS pixels of a length of 1
  theme = { font: "sans-serif", scale: 1 };
  /** @type {SVGGElement[]} */
  points = [];
  /** @type {SVGGElement[]} */
  weights = [];

  /** @param {HTMLElement} root */
  constructor(root) {
    this.sheet = find(root, ".sheet", SVGElement);
    this.parts = findByData(this.sheet, "part", SVGElement);
  }

  /**
   * Create the elements of points and class weights.
   * @param {number[]} labels
   * @param {number} classes
   * @param {Words} words
   */
  build(labels, classes, words) {
    const names = [...Array(classes).keys()];
    this.points = labels.map((label, i) => {
      const shape = createSvg("path", { class: "disc", d: SHAPES[label] });
      const name = createSvg("text", { class: "letter" }, String(i + 1));
      const mark = createSvg("path", { class: "miss", d: "M10 -17l9 9M19 -17l-9 9" });
      return this.#handle(`handle point c${label}`, shape, name, mark);
    });
    this.weights = names.map((k) => {
      const shaft = createSvg("path", { class: "shaft" });
      const name = createSvg("text", { class: "name" }, fill(words.weight, { n: k + 1 }));
      return createSvg("g", { class: `weight c${k}` }, shaft, this.#handle(`handle c${k}`), name);
    });
    this.parts.points.replaceChildren(...this.points);
    this.parts.weights.replaceChildren(...this.weights);
    this.parts.ground.replaceChildren(
      ...names.map((k) => createSvg("path", { class: `region c${k}` })),
      ...names.map((k) => createSvg("path", { class: `margin c${k}` })),
      ...names.map((k) => createSvg("path", { class: `stripes c${k}` })),
      ...names.map(() => createSvg("path", { class: "boundary" })),
    );
    this.parts.links.replaceChildren(...labels.map(() => createSvg("path", { class: "link" })));
  }

  /**
   * @param {string} kind
   * @param {...Element} glyph
   */
  #handle(kind, ...glyph) {
    const circles = [createSvg("circle", { class: "reach", r: 22 }), createSvg("circle", { class: "glow", r: 17 })];
    return createSvg("g", { tabindex: 0, role: "slider", class: kind }, ...circles, ...glyph);
  }

  /** Return the handles of the class weights. */
  get turns() {
    return this.weights.map((weight) => find(weight, ".handle", SVGGElement));
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.#width = width;
    this.#height = height;
    this.#unit = Math.min(width, height) / 2 / EDGE;
    setViewBox(this.sheet, width, height);
    setAttributes(this.parts.unit, { cx: width / 2, cy: height / 2, r: this.#unit });
  }

  /**
   * Return where a place is, in CSS pixels of the picture.
   * @param {Place} place
   * @returns {Place}
   */
  at([x, y]) {
    return [this.#width / 2 + x * this.#unit, this.#height / 2 - y * this.#unit];
  }

  /**
   * Return the place at a point of the picture.
   * @param {Point} point
   * @returns {Place}
   */
  placeAt({ x, y }) {
    return [(x - this.#width / 2) / this.#unit, (this.#height / 2 - y) / this.#unit];
  }

  /** @param {Drawn} drawn */
  draw({ points, weights, facts, decision, withMargin }) {
    const ground = [...this.parts.ground.children];
    const n = weights.length;
    for (const k of weights.keys()) {
      const margin = withMargin ? this.#cone(weights[k], facts.regions[k]) : "";
      setAttributes(ground[k], { d: this.#cone(weights[k], decision[k]) });
      setAttributes(ground[n + k], { d: margin });
      setAttributes(ground[2 * n + k], { d: margin });
      setAttributes(ground[3 * n + k], { d: this.#edges(weights[k], decision[k]) });
      this.#drawWeight(this.weights[k], weights[k]);
    }
    points.forEach((point, i) => {
      const [x, y] = this.at(point);
      const { scale } = this.theme;
      const handle = this.points[i];
      setAttributes(handle, { transform: `translate(${hundredths(x)} ${hundredths(y)}) scale(${scale})` });
      handle.classList.toggle("missed", !facts.classified[i]);
      const kind = facts.retrieved[i] ? "right" : "wrong";
      const link = this.parts.links.children[i];
      setAttributes(link, { class: `link ${kind}`, d: this.#link(point, points[facts.nearest[i]]) });
    });
  }

  /**
   * @param {SVGGElement} weight
   * @param {number} degrees
   */
  #drawWeight(weight, degrees) {
    const { scale } = this.theme;
    const [ux, uy] = atDegrees(degrees);
    const [x, y] = this.at([ux, uy]);
    const [ox, oy] = this.at([0, 0]);
    const [dx, dy] = [ux, -uy]; // on the picture, y grows downwards
    /**
     * @param {number} back
     * @param {number} side
     */
    const wing = (back, side) => `${hundredths(x - dx * back - dy * side)} ${hundredths(y - dy * back + dx * side)}`;
    const head = `M${hundredths(x)} ${hundredths(y)}L${wing(HEAD, 8)}L${wing(HEAD, -8)}Z`;
    setAttributes(find(weight, ".shaft", SVGElement), { d: `M${ox} ${oy}L${wing(10, 0)}${head}` });
    setAttributes(find(weight, ".handle", SVGElement), { transform: `translate(${hundredths(x)} ${hundredths(y)})` });
    const name = find(weight, ".name", SVGElement);
    const away = 12 * scale + textWidth(name.textContent ?? "", "700 19px", this.theme) / 2;
    setAttributes(name, { x: hundredths(x + dx * away), y: hundredths(y + dy * away) });
  }

  /**
   * Return a region as a cone that reaches beyond the edge of the picture.
   * @param {number} weight
   * @param {[number, number] | null} region
   */
  #cone(weight, region) {
    if (!region) return "";
    const [from, to] = region;
    const far = (2 * Math.hypot(this.#width, this.#height)) / this.#unit;
    const steps = Math.max(Math.ceil((to - from) / CORNER_STEP), 1);
    const corners = Array.from({ length: steps + 1 }, (_, i) => {
      const [x, y] = atDegrees(weight + from + ((to - from) * i) / steps);
      return this.at([far * x, far * y]).map(hundredths).join(" ");
    });
    return `M${this.at([0, 0]).map(hundredths).join(" ")}L${corners.join("L")}Z`;
  }

  /**
   * @param {number} weight
   * @param {[number, number] | null} region
   */
  #edges(weight, region) {
    const far = Math.hypot(this.#width, this.#height) / this.#unit;
    /** @param {number} degrees */
    const line = (degrees) => {
      const [x, y] = atDegrees(weight + degrees);
      return `M${this.at([0, 0]).map(hundredths).join(" ")}L${this.at([far * x, far * y]).map(hundredths).join(" ")}`;
    };
    return region ? region.map(line).join("") : "";
  }

  /**
   * Return an arrow from a point to its neighbour, beside the line: two that are nearest to each other have one each.
   * @param {Place} from
   * @param {Place} to
   */
  #link(from, to) {
    const [[x, y], [u, v]] = [this.at(from), this.at(to)];
    const length = Math.hypot(u - x, v - y);
    const { scale } = this.theme;
    const free = REACH * scale;
    if (length < 2 * free + 6) return "";
    const [dx, dy] = [(u - x) / length, (v - y) / length];
    const side = 3.5 * scale;
    /**
     * @param {number} along
     * @param {number} aside
     */
    const at = (along, aside) => {
      const off = side + aside;
      return `${hundredths(x + dx * along + dy * off)} ${hundredths(y + dy * along - dx * off)}`;
    };
    const end = length - free;
    return `M${at(free, 0)}L${at(end, 0)}M${at(end - 9 * scale, 5 * scale)}L${at(end, 0)}`;
  }
}

/**
 * Write the names of what the picture shows, but for what it does not show now.
 * @param {HTMLElement} root
 * @param {Words} words
 * @param {boolean} withMargin
 */
export function writeKey(root, words, withMargin) {
  for (const [name, entry] of Object.entries(findByData(root, "key", HTMLElement))) {
    setText(find(entry, "span"), words[name]);
    entry.classList.toggle("none", name === "margin" && !withMargin);
  }
}
