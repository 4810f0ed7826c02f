/** Draws the circle, the wedges and the labels with the elements of wedge.html. */

import { arrowPath, betweenPath, layoutCircle, linePath, marginPath, placeLabels, pointAt, sectorPath } from "./layout.js";
import { textWidth } from "../_shared/canvas.js";
import { find, findByData, setText } from "../_shared/dom.js";
import { fill, negated, withMinus } from "../_shared/format.js";
import { setAttributes, setViewBox } from "../_shared/svg.js";

/** @import { Words } from "../_shared/picture.js" */

/** @typedef {"number" | "name" | "quiet"} Style  class of a text */

/** @type {Record<Style, string>} as wedge.css has them where a rem is 16px */
const TYPE = { number: "600 16px", name: "700 19px", quiet: "500 14px" };
/** @type {Record<Style, number>} */
const LINE_HEIGHT = { number: 22, name: 25, quiet: 18 };
const SIDES = /** @type {const} */ ([
  ["one", 1],
  ["two", -1],
]);

/**
 * What is shown at this moment.
 * @typedef {object} Shown
 * @property {number} between
 * @property {number | null} wedge  theta_1*, null if there is none
 * @property {{value: number | null, alpha: number}} sector  the same on its way from the table before
 * @property {{from: number | null, to: number | null, alpha: number}} away
 */

export class Scene {
  /** @type {Words | null} */
  #words = null;
  #font = "sans-serif";
  #scale = 1; // size of type in units of the usual size
  #width = 0;
  #height = 0;
  /** @type {Map<string, number>} widths of texts, by style and text */
  #widths = new Map();
  layout = layoutCircle(400, 300, 1, 1);

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.parts = findByData(root, "part", SVGElement);
    this.texts = findByData(root, "label", SVGTextElement);
    this.handles = findByData(root, "handle", SVGGraphicsElement);
  }

  /** @param {Words} words */
  write(words) {
    this.#words = words;
    setText(this.texts.one, words.one);
    setText(this.texts.two, words.two);
    for (const name of ["away-one", "away-two"]) setText(this.texts[name], words.away);
    this.#fit();
  }

  /** @param {{font: string, scale: number}} theme */
  restyle({ font, scale }) {
    this.#font = font;
    this.#scale = scale;
    this.#widths.clear();
    this.#fit();
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.#width = width;
    this.#height = height;
    this.#fit();
  }

  #fit() {
    if (!this.#width || !this.#words) return;
    const room = Math.min(this.#width - 16, 420 * this.#scale);
    const lines = wrap(this.#words.bisector, room, (text) => this.#measure(text, "quiet"));
    setText(this.texts["bisector-0"], lines[0]);
    setText(this.texts["bisector-1"], lines[1] ?? "");
    this.layout = layoutCircle(this.#width, this.#height, lines.length, this.#scale);
    for (const sheet of this.root.querySelectorAll(".stage > svg")) setViewBox(sheet, this.#width, this.#height);
    const { x, y, radius } = this.layout;
    setAttributes(find(this.root, ".rim", SVGElement), { cx: x, cy: y, r: radius });
    setAttributes(find(this.root, ".centre", SVGElement), { cx: x, cy: y });
  }

  /** @param {Shown} shown */
  draw(shown) {
    const { layout, parts } = this;
    const { between, sector, away } = shown;
    for (const [name, side] of SIDES) {
      const weight = (side * between) / 2; // direction of the class weight
      const edge = weight - side * (sector.value ?? 0);
      this.#drawSector(parts[name], weight, edge, sector.alpha, 0, sector.value, 1);
      setAttributes(parts[`edge-${name}`], { d: linePath(layout, 0, 1, edge), opacity: sector.alpha });
      const [from, to] = [weight + side * (away.from ?? 0), weight + side * (away.to ?? 0)];
      this.#drawSector(parts[`away-${name}`], from, to, away.alpha, away.from, away.to, -1);
      this.#drawHandle(name, weight);
    }
    const gap = between - 2 * (sector.value ?? 0);
    const hidden = sector.value === null || gap < 0.05;
    setAttributes(parts["arc-margin"], { d: hidden ? "" : marginPath(layout, gap), opacity: sector.alpha });
    setAttributes(parts["arc-between"], { d: betweenPath(layout, between) });
    this.#drawLabels(shown);
  }

  /**
   * Put the labels in their places, and the bisector between them.
   * @param {Shown} shown
   */
  #drawLabels({ between, wedge, sector, away }) {
    const { layout, parts, texts } = this;
    const words = this.#words ?? {};
    setText(texts.between, `Θ ${degreesText(between)}`);
    for (const name of ["wedge-one", "wedge-two"]) setText(texts[name], degreesText(sector.value ?? 0));
    setText(texts.gap, fill(words.gap, { n: degreesText(between - 2 * (sector.value ?? 0)) }));
    const sizes = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, this.#sizeOf(text)]));
    const { from, to } = away;
    const labels = placeLabels(
      layout,
      {
        between,
        wedge: wedge === null ? null : sector.value,
        away: away.alpha < 1 || from === null || to === null ? null : [from, to],
      },
      sizes,
    );
    const placed = new Map(labels.map((label) => [label.key, label]));
    for (const [key, text] of Object.entries(texts)) {
      const label = placed.get(key);
      text.classList.toggle("out", !label);
      if (label) setAttributes(text, { x: label.x.toFixed(2), y: label.y.toFixed(2) });
    }
    const gap = placed.get("gap");
    const top = gap ? gap.y + gap.h / 2 + 1 : layout.y - layout.radius - 30;
    setAttributes(parts.bisector, { d: `M${layout.x} ${layout.floor}V${top.toFixed(2)}` });
  }

  /**
   * @param {Element} part
   * @param {number} from
   * @param {number} to
   * @param {number} alpha
   * @param {number | null} start  degrees from the class weight
   * @param {number | null} end
   * @param {1 | -1} towards  1: towards the other class weight
   */
  #drawSector(part, from, to, alpha, start, end, towards) {
    /** @param {number | null} degrees */
    const data = (degrees) => (degrees === null ? "" : towards > 0 ? degrees : negated(degrees));
    setAttributes(part, {
      d: alpha > 0 ? sectorPath(this.layout, from, to) : "",
      opacity: alpha,
      "data-from": data(start),
      "data-to": data(end),
    });
  }

  /**
   * @param {"one" | "two"} name
   * @param {number} degrees
   */
  #drawHandle(name, degrees) {
    const { layout, parts, handles } = this;
    setAttributes(parts[`shaft-${name}`], { d: arrowPath(layout, degrees) });
    setAttributes(parts[`grip-${name}`], { d: linePath(layout, 0.3, 1, degrees) });
    const [x, y] = pointAt(layout, 1 - 6 / layout.radius, degrees);
    for (const circle of handles[name].querySelectorAll("circle")) setAttributes(circle, { cx: x, cy: y });
  }

  /** @param {SVGTextElement} text */
  #sizeOf(text) {
    const style = /** @type {Style} */ (text.classList[0]);
    return {
      w: text.textContent ? this.#measure(text.textContent, style) : 0,
      h: LINE_HEIGHT[style] * this.#scale,
    };
  }

  /**
   * @param {string} text
   * @param {Style} style
   */
  #measure(text, style) {
    const key = `${style} ${text}`;
    const known = this.#widths.get(key);
    if (known !== undefined) return known;
    if (this.#widths.size > 2000) this.#widths.clear();
    const width = textWidth(text, TYPE[style], { font: this.#font, scale: this.#scale }) + 1;
    this.#widths.set(key, width);
    return width;
  }
}

/**
 * Return degrees with at most one decimal.
 * @param {number} degrees
 */
export function degreesText(degrees) {
  return `${withMinus(Number(degrees.toFixed(1)).toString())}°`;
}

/**
 * Break a text that is wider than `room` into two lines of about the same width.
 * @param {string} text
 * @param {number} room
 * @param {(text: string) => number} measure
 */
export function wrap(text, room, measure) {
  if (measure(text) <= room) return [text];
  const words = text.split(" ");
  const ways = words.slice(1).map((_, k) => [words.slice(0, k + 1).join(" "), words.slice(k + 1).join(" ")]);
  /** @param {string[]} lines */
  const widest = (lines) => Math.max(...lines.map(measure));
  return ways.reduce((best, way) => (widest(way) < widest(best) ? way : best), ways[0] ?? [text]);
}
