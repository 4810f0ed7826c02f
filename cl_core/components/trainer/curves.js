/**
 * The charts of a training run over one axis of steps: the loss of every step, accuracies, and shares of triplets.
 *
 * They show what the Altair charts of charts/curves.py show. `curve_words.js` has their texts, `curve_scales.js` says
 * where things are, `curve_chart.js` draws one of them.
 */

import { bestPlace } from "../_shared/area_name.js";
import { setText } from "../_shared/dom.js";
import { focusQuietly } from "../_shared/drag.js";
import { listener, listenToKeys, pointOf } from "../_shared/events.js";
import { createPatterns } from "../_shared/kind_patterns.js";
import { bandPath, curvePath } from "../_shared/paths.js";
import { StepAxis } from "../_shared/step_axis.js";
import { createSvg, setAttributes } from "../_shared/svg.js";
import { typeScale } from "../_shared/theme.js";
import { CurveChart, updateChildren } from "./curve_chart.js";
import { accuracyGuides, errorScale, lossGuides, lossScale, MIN_STEPS, nearestFrame, shareScale, thinFrames, thinLosses } from "./curve_scales.js";
import { changeText, CURVE_WORDS, describeAccuracy, describeLoss, describeTriplets, lossAt, readingsAt, spokenAt, stepText } from "./curve_words.js";

/**
 * @import { Scale } from "./curve_scales.js"
 *
 * @typedef {Record<string, number>} Metrics  see `Metrics` of analysis/metrics.py
 * @typedef {{step: number, metrics: Metrics}} CurveFrame
 * @typedef {{collapse: number, floor: number, knnRaw: number}} RunReferences  NaN where one is not known
 * @typedef {{step: number, text: string}} Change  of the settings while the run went on
 *
 * @typedef {object} CurveData  its arrays only grow between two calls of `clear`
 * @property {CurveFrame[]} frames  by ascending steps
 * @property {ArrayLike<number>} losses  of every step, the first that of step 1
 * @property {RunReferences | null} references
 * @property {number} viewed  step of the cursor
 * @property {Change[]} changes
 */

/** @type {CurveData} */
const NO_RUN = { frames: [], losses: [], references: null, viewed: 0, changes: [] };
const STACKED_KINDS = ["hard", "semihard", "easy"]; // from below
const PLOT_HEIGHTS = { loss: 150, accuracy: 150, triplets: 110, steps: 30 }; // CSS pixels in the usual size of type
const STEP_NUMBERS = { distance: 40, drop: 24 }; // CSS pixels from one to the next at least, and from the axis down
const SIDE_ROOM = { least: 46, letter: 7.5, gap: 10, right: 14 }; // CSS pixels beside the plots, for the numbers
const AREA_NAME = { height: 20, pad: 5, drop: 5, places: 80 }; // `places`: at most, along an edge
const SLIVER = 3; // CSS pixels, width of the areas of a single frame
const CHANGE_REACH = 8; // CSS pixels from a change to a pointer that asks for it
const PAGE_FRAMES = 10; // of a page key

export class Curves {
  #seek;
  #data = NO_RUN;
  #charts;
  #lines = {
    loss: createSvg("path", { class: "line", stroke: "var(--score)" }),
    knn: createSvg("path", { class: "line", stroke: "var(--score)" }),
    drawn: createSvg("path", { class: "line", stroke: "var(--drawn)" }),
  };
  #areas;
  #edges = [0, 1].map(() => createSvg("path", { class: "edge" })); // between the areas
  #names = STACKED_KINDS.map((kind) => {
    const text = createSvg("text", { "text-anchor": "middle" }, CURVE_WORDS[/** @type {"hard"} */ (kind)]);
    return { group: createSvg("g", { class: "name" }), plate: createSvg("rect", { rx: 5 }), text };
  });
  #steps = createSvg("svg", { class: "steps", "aria-hidden": "true" });
  #stepTicks = createSvg("g", { class: "grid" });
  #stepNumbers = createSvg("g", { class: "numbers" });
  #slider = createElement("div", "knob");
  #note = createElement("div", "note");
  #plots = createElement("div", "plots");
  #placeholder = createElement("p", "empty");
  #axis = new StepAxis(0, 1, MIN_STEPS);
  /** @type {Record<string, Scale>} */
  #scales = {};
  #size = { width: 0, scale: 1 };
  #changed = true; // whether the data or the size have changed since they were drawn
  #requested = false; // whether an animation frame is pending
  /** @type {number | null} place of the pointer */
  #hover = null;
  /** @type {number | null} id of the pointer that drags the cursor */
  #pointer = null;

  /**
   * @param {HTMLElement} root  an empty element
   * @param {{seek: (step: number) => void}} callbacks  `seek`: the visitor moves the cursor to the step of a frame
   */
  constructor(root, { seek }) {
    this.#seek = seek;
    const { definitions, fills } = createPatterns();
    const kinds = STACKED_KINDS.map((name) => ({ name, swatch: fills[name] }));
    this.#charts = {
      loss: new CurveChart("loss", [{ name: "loss" }, { name: "step" }], PLOT_HEIGHTS.loss),
      accuracy: new CurveChart(
        "accuracy",
        [
          { name: "knn", swatch: "var(--score)" },
          { name: "drawn", swatch: "var(--drawn)" },
        ],
        PLOT_HEIGHTS.accuracy,
      ),
      triplets: new CurveChart("triplets", kinds, PLOT_HEIGHTS.triplets),
    };
    const { loss, accuracy, triplets } = this.#charts;
    this.#areas = STACKED_KINDS.map((kind) => createSvg("path", { class: "area", "data-kind": kind, fill: fills[kind] }));
    for (const { group, plate, text } of this.#names) group.append(plate, text);
    loss.content.append(this.#lines.loss);
    accuracy.content.append(this.#lines.drawn, this.#lines.knn);
    triplets.sheet.prepend(definitions);
    triplets.content.append(...this.#areas, ...this.#edges, ...this.#names.map(({ group }) => group));
    this.#steps.append(this.#stepTicks, this.#stepNumbers);
    setAttributes(this.#slider, {
      role: "slider",
      tabindex: 0,
      "aria-orientation": "horizontal",
      "aria-label": CURVE_WORDS.slider,
      "aria-description": CURVE_WORDS.keys,
    });
    const figures = Object.values(this.#charts).map(({ figure }) => figure);
    this.#plots.append(...figures, this.#steps, this.#slider, this.#note);
    this.#placeholder.textContent = CURVE_WORDS.placeholder;
    root.classList.add("curves");
    root.replaceChildren(this.#placeholder, this.#plots);
    this.#listen();
    new ResizeObserver(() => {
      this.#size = { width: root.clientWidth, scale: typeScale() };
      this.#redraw(true);
    }).observe(root);
  }

  /**
   * Show a run as it is now, at the next animation frame.
   * @param {CurveData} data
   */
  update(data) {
    this.#data = data;
    this.#redraw(true);
  }

  /** Draw what is to be drawn within this animation frame. */
  drawNow() {
    if (this.#requested) this.#draw();
  }

  /** Forget the run. */
  clear() {
    this.#hover = null;
    this.update(NO_RUN);
  }

  // ---- drawing

  /** @param {boolean} changed  whether more than the cursor has */
  #redraw(changed) {
    this.#changed ||= changed;
    if (this.#requested) return;
    this.#requested = true;
    requestAnimationFrame(() => this.drawNow());
  }

  #draw() {
    this.#requested = false;
    const empty = !this.#data.frames.length;
    this.#placeholder.hidden = !empty;
    this.#plots.classList.toggle("none", empty);
    if (!this.#size.width) return;
    this.#reserve();
    if (empty) return;
    if (this.#changed) this.#drawCurves();
    this.#changed = false;
    this.#point();
  }

  /** Give the charts their heights, also where there is nothing to draw yet: what is below keeps its place. */
  #reserve() {
    const { scale } = this.#size;
    for (const chart of Object.values(this.#charts)) chart.resize(scale);
    setAttributes(this.#steps, { height: PLOT_HEIGHTS.steps * scale });
  }

  #drawCurves() {
    const { frames, losses, references, changes } = this.#data;
    const { width, scale } = this.#size;
    const { loss, accuracy, triplets } = this.#charts;
    const guides = {
      loss: lossGuides(references),
      accuracy: accuracyGuides(references?.knnRaw ?? NaN, frames[0].metrics.knn),
    };
    const thinned = thinLosses(losses);
    const scales = {
      loss: lossScale(thinned.values, guides.loss, loss.top, loss.bottom, scale),
      accuracy: errorScale(accuracy.top, accuracy.bottom),
      triplets: shareScale(triplets.top, triplets.bottom),
    };
    this.#scales = scales;
    const letters = Math.max(...scales.loss.ticks.map(({ text }) => text.length));
    const left = Math.max(SIDE_ROOM.least, SIDE_ROOM.gap + SIDE_ROOM.letter * letters) * scale;
    const last = Math.max(frames[frames.length - 1].step, losses.length, MIN_STEPS);
    const axis = new StepAxis(left, Math.max(width - SIDE_ROOM.right * scale, left + 40), last);
    this.#axis = axis;

    const marks = changes.map(({ step }) => axis.x(step));
    const { x, values } = thinFrames(frames, axis, ["knn", "drawn", ...STACKED_KINDS]);
    const [knn, drawn, ...shares] = values;
    const curves = {
      loss: { x: thinned.steps.map((step) => axis.x(step)), y: thinned.values.map(scales.loss.y) },
      drawn: { x, y: drawn.map((value) => scales.accuracy.y(1 - value)) },
      knn: { x, y: knn.map((value) => scales.accuracy.y(1 - value)) },
    };
    drawLine(this.#lines.loss, curves.loss);
    drawLine(this.#lines.drawn, curves.drawn);
    drawLine(this.#lines.knn, curves.knn);
    loss.draw(axis, scales.loss, guides.loss, [curves.loss], marks, scale);
    accuracy.draw(axis, scales.accuracy, guides.accuracy, [curves.drawn, curves.knn], marks, scale);
    triplets.draw(axis, scales.triplets, [], [], marks, scale);
    this.#drawAreas(x, shares, frames[frames.length - 1].step >= MIN_STEPS);
    this.#drawSteps();
  }

  /**
   * @param {number[]} x
   * @param {number[][]} shares  of each kind
   * @param {boolean} named  whether the areas are wide enough for their names
   */
  #drawAreas(x, shares, named) {
    const { y } = this.#scales.triplets;
    const wide = x.length > 1 ? x : [x[0], x[0] + SLIVER];
    const every = Math.ceil(wide.length / AREA_NAME.places);
    /** @param {number[]} values */
    const sparse = (values) => values.filter((_, k) => k % every === 0 || k === values.length - 1);
    let under = wide.map(() => y(0));
    let below = x.map(() => 0);
    for (const [k, share] of shares.entries()) {
      below = below.map((value, i) => value + share[i]);
      const over = wide.map((_, i) => y(below[Math.min(i, below.length - 1)]));
      setAttributes(this.#areas[k], { d: below.every(Number.isFinite) ? bandPath(wide, under, over) : "" });
      if (k < this.#edges.length) setAttributes(this.#edges[k], { d: curvePath(wide, over) });
      this.#placeName(k, named, sparse(wide), sparse(under), sparse(over));
      under = over;
    }
  }

  /**
   * Put the name of an area where it fits best.
   * @param {number} kind
   * @param {boolean} named
   * @param {number[]} x
   * @param {number[]} under
   * @param {number[]} over
   */
  #placeName(kind, named, x, under, over) {
    const { scale } = this.#size;
    const { group, plate, text } = this.#names[kind];
    const [height, pad, drop] = [AREA_NAME.height, AREA_NAME.pad, AREA_NAME.drop].map((length) => length * scale);
    const width = this.#nameWidth(text) + 2 * pad;
    const place = named ? bestPlace(x, under, over, width, height + 2) : null;
    setAttributes(group, { visibility: place ? "visible" : "hidden" });
    if (!place) return;
    setAttributes(plate, { x: place.x - width / 2, y: place.y - height / 2, width, height });
    setAttributes(text, { x: place.x, y: place.y + drop });
  }

  /** @type {Map<string, number>} measured widths: to measure one makes the browser lay out the page */
  #widths = new Map();

  /** @param {SVGTextElement} text */
  #nameWidth(text) {
    const key = `${this.#size.scale} ${text.textContent}`;
    const width = this.#widths.get(key) ?? text.getComputedTextLength();
    if (width) this.#widths.set(key, width);
    return width;
  }

  #drawSteps() {
    const { scale } = this.#size;
    const { left, right } = this.#axis;
    const ticks = this.#axis.roundSteps(STEP_NUMBERS.distance * scale);
    const lines = ticks.map((step) => ({ x1: this.#axis.x(step), x2: this.#axis.x(step), y1: 0, y2: 5 }));
    updateChildren(this.#stepTicks, "line", [{ x1: left, x2: right, y1: 0, y2: 0 }, ...lines]);
    const [y, half] = [STEP_NUMBERS.drop * scale, (SIDE_ROOM.letter / 2) * scale];
    const numbers = ticks.map((step) => {
      const text = stepText(step);
      const most = right + SIDE_ROOM.right * scale - half * text.length; // a longer number at the end would be cut off
      return { x: Math.min(this.#axis.x(step), most), y, "text-anchor": "middle", text };
    });
    updateChildren(this.#stepNumbers, "text", numbers);
  }

  /** Draw what depends on cursor and pointer. */
  #point() {
    const { frames, losses, references, viewed, changes } = this.#data;
    const axis = this.#axis;
    const { loss, accuracy, triplets } = this.#charts;
    const cursor = axis.x(viewed);
    const shown = this.#frameAt(viewed);
    const read = this.#hover === null ? shown : frames[nearestFrame(frames, axis, this.#hover)];
    const hover = this.#hover === null ? null : axis.x(read.step);
    const readings = readingsAt(read.step, read.metrics, losses);
    /** @param {string} chart @param {number} value @param {string} fill */
    const dot = (chart, value, fill) => (Number.isFinite(value) ? [{ y: this.#scales[chart].y(value), fill }] : []);
    const dots = {
      loss: read.step ? dot("loss", lossAt(losses, read.step), "var(--score)") : [],
      accuracy: [
        ...dot("accuracy", 1 - read.metrics.drawn, "var(--drawn)"),
        ...dot("accuracy", 1 - read.metrics.knn, "var(--score)"),
      ],
    };
    const { step, metrics } = shown;
    const [raw, untrained] = [references?.knnRaw ?? NaN, frames[0].metrics.knn];
    const lossText = [describeLoss(references, losses, step), ...changes.map((change) => `${changeText(change)}.`)];
    loss.point(cursor, hover, dots.loss, readings, lossText.join(" "));
    accuracy.point(cursor, hover, dots.accuracy, readings, describeAccuracy(step, metrics, raw, untrained));
    triplets.point(cursor, hover, [], readings, describeTriplets(step, metrics));
    this.#showNote();

    this.#slider.style.transform = `translateX(${cursor}px)`;
    const near = changes.filter((change) => this.#frameAt(change.step) === shown);
    setAttributes(this.#slider, {
      "aria-valuemin": frames[0].step,
      "aria-valuemax": frames[frames.length - 1].step,
      "aria-valuenow": step,
      "aria-valuetext": spokenAt(step, readingsAt(step, metrics, losses), near),
    });
  }

  /** Show what was changed near the pointer. */
  #showNote() {
    const [at, { width }] = [this.#hover, this.#size];
    const axis = this.#axis;
    const near = this.#data.changes.filter(({ step }) => at !== null && Math.abs(axis.x(step) - at) <= CHANGE_REACH);
    this.#note.hidden = !near.length;
    if (!near.length) return;
    setText(this.#note, near.map(changeText).join("; "));
    const place = axis.x(near[0].step);
    const atRight = place > width / 2;
    this.#note.style.left = atRight ? "auto" : `${place + CHANGE_REACH}px`;
    this.#note.style.right = atRight ? `${width - place + CHANGE_REACH}px` : "auto";
    this.#note.style.top = `${this.#charts.loss.sheet.getBoundingClientRect().top - this.#plots.getBoundingClientRect().top}px`;
  }

  // ---- pointer and keys

  /**
   * Return the frame nearest to a step.
   * @param {number} step
   */
  #frameAt(step) {
    const { frames } = this.#data;
    return frames[nearestFrame(frames, this.#axis, this.#axis.x(step))];
  }

  /**
   * Move the cursor to a frame.
   * @param {number} index  may be out of bounds
   */
  #go(index) {
    const { frames, viewed } = this.#data;
    const { step } = frames[Math.min(Math.max(index, 0), frames.length - 1)];
    if (step === viewed) return;
    this.#data = { ...this.#data, viewed: step };
    this.#redraw(false);
    this.#seek(step);
  }

  /**
   * Move the cursor to the frame nearest to a place.
   * @param {number} place  CSS pixels
   */
  #goTo(place) {
    const { frames } = this.#data;
    if (frames.length) this.#go(nearestFrame(frames, this.#axis, place)); // after `clear` they are hidden a moment later
  }

  #listen() {
    const { signal } = new AbortController(); // never aborted: these elements take their listeners with them
    for (const sheet of [...Object.values(this.#charts).map((chart) => chart.sheet), this.#steps, this.#slider]) {
      const on = listener(sheet, signal);
      /** @param {number | null} place */
      const hover = (place) => {
        this.#hover = place;
        this.#redraw(false);
      };
      on("pointerdown", (event) => {
        if (event.button > 0 || this.#pointer !== null) return;
        event.preventDefault(); // else text would be selected
        sheet.setPointerCapture(event.pointerId);
        this.#pointer = event.pointerId;
        hover(pointOf(event, this.#plots).x);
        this.#goTo(pointOf(event, this.#plots).x);
        focusQuietly(this.#slider);
      });
      on("pointermove", (event) => {
        if (this.#pointer !== null && event.pointerId !== this.#pointer) return;
        hover(pointOf(event, this.#plots).x);
        if (this.#pointer !== null) this.#goTo(pointOf(event, this.#plots).x);
      });
      /** @param {PointerEvent} event */
      const end = (event) => {
        if (event.pointerId === this.#pointer) this.#pointer = null;
        if (event.pointerType === "touch") hover(null);
      };
      on("pointerup", end);
      on("pointercancel", end);
      on("pointerleave", () => this.#pointer === null && hover(null));
    }
    listenToKeys(listener(this.#slider, signal), () => this.#keys());
  }

  /** @returns {Record<string, () => void>} */
  #keys() {
    /** @param {number} index */
    const go = (index) => () => this.#go(index);
    const { frames, viewed } = this.#data;
    if (!frames.length) return {};
    const now = nearestFrame(frames, this.#axis, this.#axis.x(viewed));
    return {
      ArrowLeft: go(now - 1),
      ArrowDown: go(now - 1),
      ArrowRight: go(now + 1),
      ArrowUp: go(now + 1),
      PageDown: go(now - PAGE_FRAMES),
      PageUp: go(now + PAGE_FRAMES),
      Home: go(0),
      End: go(Infinity),
    };
  }
}

/**
 * @param {Element} path
 * @param {{x: number[], y: number[]}} curve
 */
function drawLine(path, { x, y }) {
  const line = curvePath(x, y);
  setAttributes(path, { d: /^M[^L]*$/.test(line) ? `${line}h0` : line }); // a single point is drawn as a dot
}

/**
 * @param {"div" | "p"} tag
 * @param {string} name  of its class
 */
function createElement(tag, name) {
  const element = document.createElement(tag);
  element.className = name;
  return element;
}
