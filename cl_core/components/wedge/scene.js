/** The drawing: puts what the layout says into the elements that wedge.html has. */

import { arrowPath, betweenPath, frameOf, labelsOf, linePath, marginPath, placeAt, sectorPath } from "./layout.js";
import { filled, setText } from "../_shared/page.js";
import { setAttributes } from "../_shared/svg.js";

const TYPE = { number: "600 16px", name: "700 19px", quiet: "500 14px" }; // as wedge.css has them where a rem is 16px
const HEIGHT = { number: 22, name: 25, quiet: 18 };

const pen = document.createElement("canvas").getContext("2d");

/**
 * What is to be seen.
 * @typedef {object} Shown
 * @property {number} between
 * @property {number | null} wedge  theta_1*, null if there is none
 * @property {{value: number | null, alpha: number}} sector  what is seen of it, which may be on its way
 * @property {{from: number | null, to: number | null, alpha: number}} away
 */

export class Scene {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.parts = byName(root, "part");
    this.texts = byName(root, "label");
    this.handles = byName(root, "handle");
    this.font = "sans-serif";
    this.scale = 1; // how much larger than usual type is
    this.width = 0;
    this.height = 0;
    /** @type {Map<string, number>} */
    this.widths = new Map();
    this.frame = frameOf(400, 300, 1, this.scale);
  }

  /** @param {Record<string, string>} words */
  write(words) {
    this.words = words;
    setText(this.texts.one, words.one);
    setText(this.texts.two, words.two);
    for (const name of ["away-one", "away-two"]) setText(this.texts[name], words.away);
    this.#fit();
  }

  restyle({ font, scale }) {
    Object.assign(this, { font, scale });
    this.widths.clear();
    this.#fit();
  }

  resize(width, height) {
    this.width = width;
    this.height = height;
    this.#fit();
  }

  #fit() {
    if (!this.width || !this.words) return;
    const room = Math.min(this.width - 16, 420 * this.scale);
    const lines = wrapped(this.words.bisector, room, (text) => this.#measure(text, "quiet"));
    setText(this.texts["bisector-0"], lines[0]);
    setText(this.texts["bisector-1"], lines[1] ?? "");
    this.frame = frameOf(this.width, this.height, lines.length, this.scale);
    for (const sheet of this.root.querySelectorAll(".stage > svg")) {
      setAttributes(sheet, { width: this.width, height: this.height, viewBox: `0 0 ${this.width} ${this.height}` });
    }
    const { x, y, radius } = this.frame;
    setAttributes(this.root.querySelector(".rim"), { cx: x, cy: y, r: radius });
    setAttributes(this.root.querySelector(".centre"), { cx: x, cy: y });
  }

  /** @param {Shown} shown */
  draw(shown) {
    const { frame, parts } = this;
    const { between, sector, away } = shown;
    for (const [name, side] of [
      ["one", 1],
      ["two", -1],
    ]) {
      const own = (side * between) / 2;
      const to = own - side * (sector.value ?? 0);
      this.#sector(parts[name], own, to, sector.alpha, 0, sector.value);
      setAttributes(parts[`edge-${name}`], { d: linePath(frame, 0, 1, to), opacity: sector.alpha });
      const [near, far] = [away.from ?? 0, away.to ?? 0];
      this.#sector(parts[`away-${name}`], own + side * near, own + side * far, away.alpha, minus(away.from), minus(away.to));
      this.#handle(name, own);
    }
    const gap = between - 2 * (sector.value ?? 0);
    const small = sector.value === null || gap < 0.05;
    setAttributes(parts["arc-margin"], { d: small ? "" : marginPath(frame, gap), opacity: sector.alpha });
    setAttributes(parts["arc-between"], { d: betweenPath(frame, between) });
    this.#label(shown);
  }

  /** Words in their places, and the bisector between them. */
  #label({ between, wedge, sector, away }) {
    const { frame, parts, texts, words } = this;
    setText(texts.between, `Θ ${degreesText(between)}`);
    for (const name of ["wedge-one", "wedge-two"]) setText(texts[name], degreesText(sector.value ?? 0));
    setText(texts.gap, filled(words.gap, { n: degreesText(between - 2 * (sector.value ?? 0)) }));
    const sizes = Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, this.#sizeOf(text)]));
    const angles = { between, wedge: wedge === null ? null : sector.value, away: away.alpha < 1 ? null : [away.from, away.to] };
    const labels = labelsOf(frame, angles, sizes);
    const placed = new Map(labels.map((label) => [label.key, label]));
    for (const [key, text] of Object.entries(texts)) {
      const label = placed.get(key);
      text.classList.toggle("out", !label);
      if (label) setAttributes(text, { x: label.x.toFixed(2), y: label.y.toFixed(2) });
    }
    const named = placed.get("gap");
    const top = named ? named.y + named.h / 2 + 1 : frame.y - frame.radius - 30;
    setAttributes(parts.bisector, { d: `M${frame.x} ${frame.floor}V${top.toFixed(2)}` });
  }

  #sector(part, from, to, alpha, dataFrom, dataTo) {
    setAttributes(part, {
      d: alpha > 0 ? sectorPath(this.frame, from, to) : "",
      opacity: alpha,
      "data-from": dataFrom ?? "",
      "data-to": dataTo ?? "",
    });
  }

  #handle(name, degrees) {
    const { frame, parts, handles } = this;
    setAttributes(parts[`shaft-${name}`], { d: arrowPath(frame, degrees) });
    setAttributes(parts[`grip-${name}`], { d: linePath(frame, 0.3, 1, degrees) });
    const [x, y] = placeAt(frame, 1 - 6 / frame.radius, degrees);
    for (const circle of handles[name].querySelectorAll("circle")) setAttributes(circle, { cx: x, cy: y });
  }

  #sizeOf(text) {
    const kind = text.classList[0];
    return { w: text.textContent ? this.#measure(text.textContent, kind) : 0, h: HEIGHT[kind] * this.scale };
  }

  #measure(text, kind) {
    const type = `${TYPE[kind]} ${this.font}`;
    const key = `${kind} ${text}`;
    if (!this.widths.has(key)) {
      if (this.widths.size > 2000) this.widths.clear();
      pen.font = type;
      this.widths.set(key, Math.ceil(pen.measureText(text).width * this.scale) + 1);
    }
    return this.widths.get(key);
  }
}

/** Degrees with one digit behind the point at most. */
export function degreesText(degrees) {
  return `${Number(degrees.toFixed(1)).toString().replace("-", "−")}°`;
}

/** One line if it fits, else two of about the same length. */
function wrapped(words, room, measure) {
  if (measure(words) <= room) return [words];
  const parts = words.split(" ");
  const ways = parts.slice(1).map((_, k) => [parts.slice(0, k + 1).join(" "), parts.slice(k + 1).join(" ")]);
  const widest = (lines) => Math.max(...lines.map(measure));
  return ways.reduce((best, way) => (widest(way) < widest(best) ? way : best), ways[0] ?? [words]);
}

function byName(root, kind) {
  return Object.fromEntries([...root.querySelectorAll(`[data-${kind}]`)].map((element) => [element.dataset[kind], element]));
}

function minus(number) {
  return number === null ? null : number === 0 ? 0 : -number;
}
