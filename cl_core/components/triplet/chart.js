/** The right picture: the same negatives by their distances, in the plane of all triplets. */

import { boxesAlong, placesAround } from "./labels.js";
import { PaneView } from "./pane.js";
import { createDisc, createHandle, moveHandle } from "./shapes.js";
import { setText } from "../_shared/dom.js";
import { createSvg, hundredths, setAttributes, setViewBox } from "../_shared/svg.js";
import { multiplesWithin } from "../_shared/ticks.js";

/**
 * @import { LabelRequest } from "./labels.js"
 * @import { LabelStyle } from "./pane.js"
 * @import { Kind } from "./measured.js"
 * @import { Words } from "../_shared/picture.js"
 */

const MARGINS = { left: 46, top: 30, right: 14, bottom: 48 }; // CSS pixels for the axes' text, in the usual size of type
const TICK_DISTANCE = 56; // CSS pixels, at least
const STEPS = [0.05, 0.1, 0.2, 0.25, 0.5, 1, 2, 5];
const RANGES = [0.5, 0.75, 1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10, 12, 16];
const HEADROOM = 1.06; // of the highest value shown
/** @type {Kind[]} */
const REGIONS = ["hard", "easy", "semihard"];
const SLOPE = Math.SQRT1_2; // both axes have one scale: the lines rise at 45 degrees

/**
 * What is shown, which may be on its way to what has been measured.
 * @typedef {object} ChartShown
 * @property {string} letter  of the distance
 * @property {number} range  highest value of the vertical axis
 * @property {number} margin  height of the strip between the lines
 * @property {number} dAp
 * @property {number[]} dAn
 * @property {Kind[]} kinds
 * @property {number} selected
 */

export class ChartView extends PaneView {
  #width = 0;
  #height = 0;
  #margins = MARGINS;
  #scale = 1; // CSS pixels for a distance of 1

  /**
   * Create a handle for each negative, and an element for each label.
   * @param {string[]} names
   * @param {Words} words
   */
  build(names, words) {
    this.names = names;
    this.words = words;
    this.handles = names.map((name) => createHandle({ class: "handle negative", "data-dot": name }, ...createDisc()));
    /**
     * @param {string} key
     * @param {string} style
     */
    const text = (key, style) => [key, createSvg("text", { class: style, "data-label": key })];
    this.texts = Object.fromEntries([
      ...names.map((name) => text(name, "name")),
      ...REGIONS.map((kind) => text(kind, `zone ${kind}`)),
      ...["near", "far"].map((key) => text(key, `ring ${key}`)),
      ...["x", "y"].map((key) => text(key, "axis-name")),
    ]);
    this.parts.handles.replaceChildren(...this.handles);
    this.parts.labels.replaceChildren(...Object.values(this.texts));
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    this.#width = width;
    this.#height = height;
    const { scale } = this.theme;
    const { left, top, right, bottom } = MARGINS;
    this.#margins = { left: left * scale, top: top * scale, right: right * scale, bottom: bottom * scale };
    setViewBox(this.sheet, width, height);
    const plot = this.#plot();
    setAttributes(this.parts.plot, { d: `M${plot.left} ${plot.top}h${plot.width}v${plot.height}h${-plot.width}Z` });
    setAttributes(this.parts.axis, { d: `M${plot.left} ${plot.top}v${plot.height}h${plot.width}` });
  }

  /** Return the area inside the axes, in CSS pixels. */
  #plot() {
    const { left, top, right, bottom } = this.#margins;
    const [width, height] = [this.#width - left - right, this.#height - top - bottom].map((size) => Math.max(size, 1));
    return { left, top, width, height, floor: top + height };
  }

  /**
   * Return the highest value of the vertical axis: one of a few, so that it does not change with every move.
   * @param {{dAp: number, edge: number, dAn: number[]}} measured
   */
  rangeFor({ dAp, edge, dAn }) {
    const { width, height } = this.#plot();
    const needed = Math.max(1, edge, (dAp * height) / width, ...dAn) * HEADROOM;
    return RANGES.find((range) => range >= needed) ?? Math.ceil(needed);
  }

  /**
   * Return where a pair of distances is, in CSS pixels.
   * @param {number} dAp
   * @param {number} dAn
   * @returns {[number, number]}
   */
  at(dAp, dAn) {
    const { left, floor } = this.#plot();
    return [left + this.#scale * dAp, floor - this.#scale * dAn];
  }

  /**
   * Return the distance from the anchor at a height on the picture, within the range shown.
   * @param {number} y
   */
  distanceAt(y) {
    const { floor, height } = this.#plot();
    return Math.min(Math.max(floor - y, 0), height) / this.#scale;
  }

  /** @param {ChartShown} shown */
  draw(shown) {
    const { left, top, width, height } = this.#plot();
    this.#scale = height / shown.range;
    const { dAp, dAn, margin } = shown;
    const far = Math.max(width, height) / this.#scale;
    const [origin, corner] = [this.at(0, 0), this.at(far, far)];
    const [edge, edgeFar] = [this.at(0, margin), this.at(far, far + margin)];
    const hard = `M${origin}L${corner}L${this.at(far, 0)}Z`;
    const semihard = `M${origin}L${corner}L${edgeFar}L${edge}Z`;
    const { parts } = this;
    setAttributes(parts.easy, { d: `M${left} ${top}h${width}v${height}h${-width}Z` });
    for (const [kind, d] of Object.entries({ hard, semihard })) {
      setAttributes(parts[kind], { d });
      setAttributes(parts[`${kind}-stripes`], { d });
    }
    setAttributes(parts["line-near"], { d: `M${origin}L${corner}` });
    setAttributes(parts["line-far"], { d: `M${edge}L${edgeFar}` });
    setAttributes(parts.column, { d: `M${this.at(dAp, 0)}V${top}` });
    const places = dAn.map((d) => this.at(dAp, d));
    this.handles.forEach((handle, k) => moveHandle(handle, places[k], this.theme.scale));
    this.#drawTicks(shown.range);
    this.#drawLabels(shown, places);
  }

  /** @param {number} range */
  #drawTicks(range) {
    const { left, width, height, floor } = this.#plot();
    const { scale } = this.theme;
    const distance = (TICK_DISTANCE * scale) / (width < 330 * scale ? 1.4 : 1);
    const step = STEPS.find((size) => size * this.#scale >= distance) ?? range;
    /**
     * @param {number} value
     * @param {number} x
     * @param {number} y
     * @param {string} side
     */
    const tick = (value, x, y, side) =>
      createSvg("text", { x: hundredths(x), y: hundredths(y), class: `tick ${side}` }, String(hundredths(value)));
    const below = multiplesWithin(0, width / this.#scale, step);
    const beside = multiplesWithin(0, height / this.#scale, step);
    this.parts.ticks.replaceChildren(
      ...below.map((value) => tick(value, this.at(value, 0)[0], floor + 13 * scale, "below")),
      ...beside.map((value) => tick(value, left - 8, this.at(0, value)[1], "left")),
    );
  }

  // ---- labels

  /**
   * @param {ChartShown} shown
   * @param {[number, number][]} places
   */
  #drawLabels(shown, places) {
    const [texts, words] = [this.texts, this.words];
    const { letter, kinds, selected } = shown;
    const { left, top, width, height } = this.#plot();
    const { scale } = this.theme;
    this.#drawAxisNames(letter);
    const column = boxesAlong(this.at(shown.dAp, 0), [places[0][0], top], 10);
    const dots = places.map(([x, y]) => ({ x, y, w: 24 * scale, h: 24 * scale }));
    const names = this.names.map((key, k) => {
      setText(texts[key], key);
      texts[key].setAttribute("class", `name ${kinds[k]}${k === selected ? " selected" : ""}`);
      return { key, required: true, places: placesAround(places[k], this.widthOf(key, "name"), 18 * scale, 15 * scale) };
    });
    for (const kind of REGIONS) setText(texts[kind], words[kind]);
    setText(texts.near, words.nearLine);
    setText(texts.far, words.farLine);
    const slanted = [...this.#lineRequests(shown), ...this.#stripRequest(shown)];
    const others = names.filter((_, k) => k !== selected);
    const requests = [names[selected], ...others, ...this.#regionRequests(shown), ...slanted];
    const found = this.placer.place(requests, [...dots, ...column], { width: left + width, height: top + height });
    for (const request of requests) {
      const chosen = found.get(request.key);
      if (chosen === undefined) continue;
      const boxes = request.places[chosen];
      const [x, y] = [mean(boxes.map((box) => box.x)), mean(boxes.map((box) => box.y))].map(hundredths);
      const transform = slanted.includes(request) ? `rotate(-45 ${x} ${y})` : "";
      setAttributes(texts[request.key], { x, y, transform });
    }
    for (const key of [...this.names, ...REGIONS, "near", "far"]) texts[key].classList.toggle("out", !found.has(key));
  }

  /** @param {string} letter */
  #drawAxisNames(letter) {
    const { x, y } = this.texts;
    const { left, width } = this.#plot();
    const { scale } = this.theme;
    setText(x, `δₐₚ = ${letter}(a, p)`);
    setText(y, `δₐₙ = ${letter}(a, n)`);
    setAttributes(x, { x: left + width, y: this.#height - 11 * scale, "text-anchor": "end" });
    setAttributes(y, { x: 4, y: 13 * scale, "text-anchor": "start" });
  }

  /**
   * Return requests for the names of the two large regions, anywhere well within them.
   * @param {ChartShown} shown
   * @returns {LabelRequest[]}
   */
  #regionRequests({ margin }) {
    const { left, top, width, height, floor } = this.#plot();
    const shares = [0.12, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.88];
    const spots = shares.flatMap((x) => shares.map((y) => [left + x * width, top + (1 - y) * height]));
    /** @param {number[]} spot  @returns {number} pixels above the diagonal */
    const above = ([x, y]) => floor - y - (x - left);
    return ["hard", "easy"].flatMap((key) => {
      const w = this.widthOf(key, "zone");
      const clear = (w / 2 + 12) * 1.2;
      const sign = key === "hard" ? -1 : 1;
      const from = key === "hard" ? 0 : margin * this.#scale;
      const inside = spots.filter((spot) => sign * (above(spot) - from) > clear);
      const [cornerX, cornerY] = key === "hard" ? [left + width, floor] : [left, top];
      /** @param {number[]} spot */
      const far = ([x, y]) => Math.abs(Math.hypot(x - cornerX, y - cornerY) - 0.3 * Math.min(width, height));
      const h = 20 * this.theme.scale;
      const nearest = inside.toSorted((a, b) => far(a) - far(b)).slice(0, 24);
      return nearest.length ? [{ key, places: nearest.map(([x, y]) => [{ x, y, w, h }]) }] : [];
    });
  }

  /**
   * Return requests for the names of the lines, on the side that is not between them.
   * @param {ChartShown} shown
   * @returns {LabelRequest[]}
   */
  #lineRequests({ margin }) {
    return [
      this.#slanted("near", "ring", -12 * this.theme.scale, 0),
      ...(margin > 0 ? [this.#slanted("far", "ring", margin * this.#scale, 12 * this.theme.scale)] : []),
    ].filter((request) => request.places.length);
  }

  /**
   * Return a request for the name of the strip between the lines, where that is wide enough for one.
   * @param {ChartShown} shown
   * @returns {LabelRequest[]}
   */
  #stripRequest({ margin }) {
    const rise = margin * this.#scale;
    if (rise * SLOPE < 17 * this.theme.scale) return [];
    const request = this.#slanted("semihard", "zone", rise / 2, 0);
    return request.places.length ? [request] : [];
  }

  /**
   * Return a request along a line above the diagonal.
   * @param {string} key
   * @param {LabelStyle} style
   * @param {number} rise  CSS pixels of the line above the diagonal
   * @param {number} off  CSS pixels of the text from that line, to the upper left
   * @returns {LabelRequest}
   */
  #slanted(key, style, rise, off) {
    const { left, width, height, floor } = this.#plot();
    const half = (this.widthOf(key, style) / 2) * SLOPE;
    const away = (rise < 0 ? rise : off) * SLOPE;
    const lift = Math.max(rise, 0);
    const length = Math.min(width, height - lift);
    const places = [0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.9]
      .map((share) => share * length)
      .filter((t) => t - half > 6 && t + half < length - 4)
      .map((t) => {
        const [x, y] = [left + t - away, floor - t - lift - away];
        return boxesAlong([x - half, y + half], [x + half, y - half], 13 * this.theme.scale);
      });
    return { key, places };
  }
}

/** @param {number[]} numbers */
function mean(numbers) {
  return numbers.reduce((sum, x) => sum + x, 0) / numbers.length;
}
