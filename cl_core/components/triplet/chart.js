/** The right picture: the same negatives by their distances, in the plane of all triplets. */

import { alongLine, around, Labels } from "./labels.js";
import { LETTERS } from "./space.js";
import { disc, makeHandle, partsOf, pixels, placeHandle, widthOf } from "./svg.js";
import { setText } from "../_shared/_old/page.js";
import { make, setAttributes } from "../_shared/_old/svg.js";

const AROUND_PLANE = { left: 46, top: 30, right: 14, bottom: 48 }; // CSS pixels for the axes' words, of the usual size
const TICK = 56; // between two ticks, at least
const TICKS = [0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5];
const RANGES = [0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16];
const SPARE = 1.06; // above the highest of what is shown
/** As triplet.css has them where a rem is 16px. */
const LETTERING = { name: "650 16px", zone: "650 15px", ring: "500 13.5px" };
const REGIONS = ["hard", "easy", "semihard"];
const SLOPE = Math.SQRT1_2; // both axes have one scale: the lines rise at 45 degrees

/**
 * What is to be seen, which may be on its way to what is so.
 * @typedef {object} ChartShown
 * @property {import("./space.js").Rules} rules
 * @property {number} range  the highest value of the upright axis
 * @property {number} margin
 * @property {number} dAp
 * @property {number[]} dAn
 * @property {string[]} kinds
 * @property {number} selected
 */

export class ChartView {
  /** @param {HTMLElement} pane */
  constructor(pane) {
    this.sheet = pane.querySelector(".sheet");
    this.parts = partsOf(this.sheet);
    this.placing = new Labels();
    this.theme = { font: "sans-serif", scale: 1 };
    this.width = 0;
    this.height = 0;
    Object.assign(this, AROUND_PLANE);
    this.scale = 1; // CSS pixels for a distance of 1
    /** @type {SVGGElement[]} */
    this.handles = [];
    this.texts = {};
  }

  /** A handle for each negative, and an element for each word. */
  build(names, words) {
    this.names = names;
    this.words = words;
    this.handles = names.map((name) => makeHandle({ class: "handle negative", "data-dot": name }, ...disc()));
    const text = (key, type) => [key, make("text", { class: type, "data-label": key })];
    this.texts = Object.fromEntries([
      ...names.map((name) => text(name, "name")),
      ...REGIONS.map((kind) => text(kind, `zone ${kind}`)),
      ...["near", "far"].map((key) => text(key, `ring ${key}`)),
      ...["x", "y"].map((key) => text(key, "axis-name")),
    ]);
    this.parts.handles.replaceChildren(...this.handles);
    this.parts.labels.replaceChildren(...Object.values(this.texts));
  }

  resize(width, height) {
    Object.assign(this, { width, height });
    for (const [edge, room] of Object.entries(AROUND_PLANE)) this[edge] = room * this.theme.scale;
    setAttributes(this.sheet, { width, height, viewBox: `0 0 ${width} ${height}` });
    const { wide, high } = this.#plot();
    setAttributes(this.parts.plot, { d: `M${this.left} ${this.top}h${wide}v${high}h${-wide}Z` });
    setAttributes(this.parts.axis, { d: `M${this.left} ${this.top}v${high}h${wide}` });
  }

  #plot() {
    const { left, top, right, bottom } = this;
    return { wide: Math.max(this.width - left - right, 1), high: Math.max(this.height - top - bottom, 1) };
  }

  /** The highest value that the upright axis needs, of a few that do not change with every move. */
  rangeFor({ dAp, edge, dAn }) {
    const { wide, high } = this.#plot();
    const needed = Math.max(1, edge, (dAp * high) / wide, ...dAn) * SPARE;
    return RANGES.find((range) => range >= needed) ?? Math.ceil(needed);
  }

  /** Where a pair of distances is, in CSS pixels. */
  at(dAp, dAn) {
    return [this.left + this.scale * dAp, this.top + this.#plot().high - this.scale * dAn];
  }

  /** How far a height on the picture is from the anchor, within what is shown. */
  distanceAt({ y }) {
    const { high } = this.#plot();
    return Math.min(Math.max(this.top + high - y, 0), high) / this.scale;
  }

  /** @param {ChartShown} shown */
  draw(shown) {
    const { wide, high } = this.#plot();
    this.scale = high / shown.range;
    const { dAp, dAn, margin } = shown;
    const far = Math.max(wide, high) / this.scale;
    const [o, corner, edge, edgeFar] = [this.at(0, 0), this.at(far, far), this.at(0, margin), this.at(far, far + margin)];
    const hard = `M${o}L${corner}L${this.at(far, 0)}Z`;
    const semihard = `M${o}L${corner}L${edgeFar}L${edge}Z`;
    const { parts } = this;
    setAttributes(parts.easy, { d: `M${this.left} ${this.top}h${wide}v${high}h${-wide}Z` });
    for (const [kind, d] of Object.entries({ hard, semihard })) {
      setAttributes(parts[kind], { d });
      setAttributes(parts[`${kind}-stripes`], { d });
    }
    setAttributes(parts["line-near"], { d: `M${o}L${corner}` });
    setAttributes(parts["line-far"], { d: `M${edge}L${edgeFar}` });
    setAttributes(parts.column, { d: `M${this.at(dAp, 0)}V${this.top}` });
    const places = dAn.map((d) => this.at(dAp, d));
    this.handles.forEach((handle, k) => placeHandle(handle, places[k], this.theme.scale));
    this.#ticks(shown.range);
    this.#write(shown, places);
  }

  #ticks(range) {
    const { wide, high } = this.#plot();
    const { scale } = this.theme;
    const step = TICKS.find((size) => size * this.scale >= (TICK * scale) / (wide < 330 * scale ? 1.4 : 1)) ?? range;
    const upto = (length) => Array.from({ length: Math.floor(length / this.scale / step + 1e-6) + 1 }, (_, k) => k * step);
    const tick = (value, x, y, side) => {
      const text = make("text", { x: pixels(x), y: pixels(y), class: `tick ${side}` });
      text.textContent = String(Number(value.toFixed(2)));
      return text;
    };
    const marks = [
      ...upto(wide).map((value) => tick(value, this.at(value, 0)[0], this.top + high + 13 * scale, "below")),
      ...upto(high).map((value) => tick(value, this.left - 8, this.at(0, value)[1], "left")),
    ];
    this.parts.ticks.replaceChildren(...marks);
  }

  // ---- words

  #write(shown, places) {
    const { texts, words } = this;
    const { rules, kinds, selected } = shown;
    this.#nameAxes(LETTERS[rules.distance]);
    const column = alongLine(this.at(shown.dAp, 0), [places[0][0], this.top], 10);
    const { scale } = this.theme;
    const dots = places.map(([x, y]) => ({ x, y, w: 24 * scale, h: 24 * scale }));
    const names = this.names.map((key, k) => {
      setText(texts[key], key);
      texts[key].setAttribute("class", `name ${kinds[k]}${k === selected ? " selected" : ""}`);
      return { key, needed: true, places: around(places[k], this.#wide(key, "name"), 18 * scale, 15 * scale) };
    });
    for (const kind of REGIONS) setText(texts[kind], words[kind]);
    setText(texts.near, "δₐₙ = δₐₚ");
    setText(texts.far, "δₐₙ = δₐₚ + m");
    const slanted = [...this.#lineWishes(shown), ...this.#stripWish(shown)];
    const wishes = [names[selected], ...names.filter((_, k) => k !== selected), ...this.#regionWishes(shown), ...slanted];
    const { wide, high } = this.#plot();
    const room = { width: this.left + wide, height: this.top + high };
    const found = this.placing.place(wishes, [...dots, ...column], room);
    for (const wish of wishes) {
      const chosen = found.get(wish.key);
      const text = texts[wish.key];
      if (chosen === undefined) continue;
      const boxes = wish.places[chosen];
      const [x, y] = [mean(boxes.map((box) => box.x)), mean(boxes.map((box) => box.y))].map(pixels);
      setAttributes(text, { x, y, transform: slanted.includes(wish) ? `rotate(-45 ${x} ${y})` : "" });
    }
    for (const key of [...this.names, ...REGIONS, "near", "far"]) texts[key].classList.toggle("out", !found.has(key));
  }

  #nameAxes(letter) {
    setText(this.texts.x, `δₐₚ = ${letter}(a, p)`);
    setText(this.texts.y, `δₐₙ = ${letter}(a, n)`);
    const { scale } = this.theme;
    setAttributes(this.texts.x, { x: this.left + this.#plot().wide, y: this.height - 11 * scale, "text-anchor": "end" });
    setAttributes(this.texts.y, { x: 4, y: 13 * scale, "text-anchor": "start" });
  }

  /** Anywhere well within the two large regions. */
  #regionWishes({ margin }) {
    const { wide, high } = this.#plot();
    const steps = [0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.88];
    const spots = steps.flatMap((x) => steps.map((y) => [this.left + x * wide, this.top + (1 - y) * high]));
    const above = ([x, y]) => this.top + high - y - (x - this.left); // pixels above the diagonal
    return ["hard", "easy"].flatMap((key) => {
      const w = this.#wide(key, "zone");
      const clear = (w / 2 + 12) * 1.2;
      const sign = key === "hard" ? -1 : 1;
      const from = key === "hard" ? 0 : margin * this.scale;
      const inside = spots.filter((spot) => sign * (above(spot) - from) > clear);
      const corner = key === "hard" ? [this.left + wide, this.top + high] : [this.left, this.top];
      const far = ([x, y]) => Math.abs(Math.hypot(x - corner[0], y - corner[1]) - 0.3 * Math.min(wide, high));
      const h = 20 * this.theme.scale;
      const places = inside.toSorted((a, b) => far(a) - far(b)).slice(0, 24).map(([x, y]) => [{ x, y, w, h }]);
      return places.length ? [{ key, places }] : [];
    });
  }

  /** Beside the lines, on the side that is not between them. */
  #lineWishes({ margin }) {
    return [
      this.#slanted("near", "ring", -12 * this.theme.scale, 0),
      ...(margin > 0 ? [this.#slanted("far", "ring", margin * this.scale, 12 * this.theme.scale)] : []),
    ].filter((wish) => wish.places.length);
  }

  /** The name of the strip, where it is wide enough for one. */
  #stripWish({ margin }) {
    const rise = margin * this.scale;
    if (rise * SLOPE < 17 * this.theme.scale) return [];
    const wish = this.#slanted("semihard", "zone", rise / 2, 0);
    return wish.places.length ? [wish] : [];
  }

  /** Words along a line that is `rise` pixels above the diagonal, and `off` pixels away from that to the upper left. */
  #slanted(key, type, rise, off) {
    const { wide, high } = this.#plot();
    const half = (this.#wide(key, type) / 2) * SLOPE;
    const away = (rise < 0 ? rise : off) * SLOPE;
    const lift = Math.max(rise, 0);
    const length = Math.min(wide, high - lift);
    const places = [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.9]
      .map((share) => share * length)
      .filter((t) => t - half > 6 && t + half < length - 4)
      .map((t) => {
        const [x, y] = [this.left + t - away, this.top + high - t - lift - away];
        return alongLine([x - half, y + half], [x + half, y - half], 13 * this.theme.scale);
      });
    return { key, places };
  }

  #wide(key, type) {
    return widthOf(this.texts[key].textContent, LETTERING[type], this.theme);
  }
}

function mean(numbers) {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}
