/** Draws the areas with their names, the axis, and the loss between its two lines. */

import { rangeOf, roomFor, Layout } from "./layout.js";
import { make, setAttributes } from "../_shared/_old/svg.js";
import { typeScale } from "../_shared/_old/theme.js";

export const KINDS = ["easy", "semihard", "hard"]; // as the columns come
const STACKED = ["hard", "semihard", "easy"]; // from below
const NAMES = [
  { size: 18, height: 28, pad: 8 }, // CSS pixels, times `scale`; where that does not fit,
  { size: 14, height: 20, pad: 5 },
];
const AWAY = 15; // from the axis to its numbers, with half the cursor's knob between them

let sheets = 0; // patterns are found by name, and two pictures may share a document

export class Scene {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.find = (selector) => root.querySelector(selector);
    this.chart = this.find(".chart");
    this.dot = this.find(".dot");
    const sheet = ++sheets;
    for (const [kind, pattern] of [
      ["semihard", "sparse"],
      ["hard", "dense"],
    ]) {
      this.find(`.${pattern}`).id = `${pattern}-${sheet}`;
      this.#area(kind).setAttribute("fill", `url(#${pattern}-${sheet})`);
    }
  }

  /** Everything but the cursor. */
  draw({ steps, shares, losses }, header, width, height) {
    const range = rangeOf(losses, header.collapse, header.floor);
    this.layout = new Layout(width, height, steps.at(-1), range, typeScale());
    this.losses = losses;
    this.steps = steps;
    const names = [];
    const x = steps.map((step) => this.layout.x(step));
    let under = steps.map(() => 0);
    for (const kind of STACKED) {
      const over = under.map((below, k) => below + shares[3 * k + KINDS.indexOf(kind)]);
      const [low, high] = [under, over].map((edge) => edge.map((share) => this.layout.y(share)));
      this.#area(kind).setAttribute("d", `${line(x, high)}${line(x.toReversed(), low.toReversed(), "L")}Z`);
      names.push(...this.#name(`${header.marks[kind]} ${header.words[kind]}`, x, low, high));
      under = over;
    }
    this.find(".names").replaceChildren(...names);
    const [guides, lines] = this.#guides(header);
    this.find(".scale").replaceChildren(...this.#axes(header), ...guides);
    this.find(".lines").replaceChildren(...lines);
    this.#curve(x);
  }

  #area(kind) {
    return this.find(`[data-area="${kind}"]`);
  }

  /** A name on a plate, in the largest size that its area has room for. */
  #name(text, x, under, over) {
    const words = make("text", { "text-anchor": "middle" }, text);
    this.find(".names").replaceChildren(words); // to be measured
    for (const name of NAMES) {
      const [size, height, pad] = [name.size, name.height, name.pad].map((length) => length * this.layout.scale);
      words.style.fontSize = `${size}px`;
      const width = words.getComputedTextLength() + 2 * pad;
      const place = roomFor(x, under, over, width, height + 4);
      if (!place) continue;
      setAttributes(words, { x: place.x, y: place.y + size * 0.35 });
      return [make("rect", { x: place.x - width / 2, y: place.y - height / 2, width, height, rx: 6 }), words];
    }
    return [];
  }

  #axes(header) {
    const { layout } = this;
    const { left, right, bottom, base, scale } = layout;
    const shares = [0, 0.5, 1].map((share) =>
      make("text", { x: left - AWAY, y: layout.y(share) + 5 * scale, "text-anchor": "end" }, `${100 * share} %`),
    );
    const ticks = layout.ticks().flatMap((step) => [
      make("line", { x1: layout.x(step), x2: layout.x(step), y1: bottom, y2: bottom + 5 }),
      make("text", { x: layout.x(step), y: bottom + 24 * scale, "text-anchor": "middle" }, String(step)),
    ]);
    const under = { x: (left + right) / 2, y: bottom + 44 * scale, "text-anchor": "middle" };
    const name = make("text", under, header.words.axis);
    const lines = [base, bottom].map((y) => make("line", { x1: left, x2: right, y1: y, y2: y }));
    return [...shares, ...lines, ...ticks, name];
  }

  /** The two values between which a loss is to be read: their lines, and what these are called. */
  #guides({ collapse, floor, words }) {
    const { layout } = this;
    if (!layout.range) return [[], []];
    const middle = (layout.base + layout.bottom) / 2 + 14 * layout.scale;
    const says = [make("text", { x: layout.left - AWAY, y: middle, "text-anchor": "end", class: "says" }, words.loss)];
    const guides = [];
    const guide = (value, name, place) => {
      const y = layout.yOfLoss(value);
      guides.push(make("line", { class: `guide ${name}`, x1: layout.left, x2: layout.right, y1: y, y2: y }));
      const beside = { ...place, y: y + place.y * layout.scale, class: "says" };
      says.push(make("text", beside, `${words[name]} ${short(value)}`));
    };
    // where a loss seldom is: late and below its collapse, early and above its floor
    if (Number.isFinite(collapse)) guide(collapse, "collapse", { x: layout.right - 4, y: 17, "text-anchor": "end" });
    if (Number.isFinite(floor) && !(floor >= collapse)) guide(floor, "floor", { x: layout.left + 8, y: -7 });
    return [guides, says];
  }

  #curve(x) {
    const { layout, losses } = this;
    let path = "";
    let pen = "M";
    losses.forEach((value, k) => {
      if (layout.range && Number.isFinite(value)) {
        path += `${pen}${x[k].toFixed(1)} ${layout.yOfLoss(value).toFixed(1)}`;
        pen = "L";
      } else pen = "M";
    });
    this.find(".curve").setAttribute("d", path);
  }

  /** The cursor at a step, and the dot on the loss at the frame that is shown. */
  point(step, frame) {
    const { layout } = this;
    const cursor = this.find(".cursor");
    cursor.style.transform = `translateX(${layout.x(step).toFixed(1)}px)`;
    cursor.style.top = `${layout.top}px`;
    cursor.style.height = `${layout.bottom - layout.top}px`;
    const value = this.losses[frame];
    const shown = layout.range !== null && Number.isFinite(value);
    this.dot.toggleAttribute("hidden", !shown);
    if (shown) setAttributes(this.dot, { cx: layout.x(step), cy: layout.yOfLoss(value) });
  }
}

/** A share as people read it: none and all only where it is so. */
export function percent(share) {
  if (share > 0 && share < 0.001) return "<0.1 %";
  if (share < 1 && share > 0.999) return ">99.9 %";
  return `${(100 * share).toFixed(1)} %`;
}

export function short(value) {
  return String(Number(value.toPrecision(3)));
}

function line(x, y, pen = "M") {
  return x.map((at, k) => `${k ? "L" : pen}${at.toFixed(1)} ${y[k].toFixed(1)}`).join("");
}
