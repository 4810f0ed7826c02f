/** What the pages without a server share: loading files, and a loss with its controls, whose values stand in the address. */

import { find } from "../components/_shared/dom.js";

/**
 * @typedef {object} Control
 * @property {string} name  in the address
 * @property {string} label
 * @property {string} help
 * @property {number | string | boolean} default
 * @property {(number | string | boolean)[]} [options]
 * @property {string[]} [titles]  of the options, where they differ
 * @property {number} [low]
 * @property {number} [high]
 * @property {number} [step]
 *
 * @typedef {object} Loss
 * @property {string} key
 * @property {string} title
 * @property {string} summary
 * @property {{text: string, url: string}} paper
 * @property {string} [noBoundary]  why the loss has no boundary
 * @property {string[]} fixed  names of the controls that decide which file is loaded
 * @property {Control[]} controls
 */

/** @param {string} path */
export async function load(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

/** @param {string} path */
export async function loadJson(path) {
  return (await load(path)).json();
}

/**
 * Make the root of a component's picture.
 * @param {HTMLElement} picture  whose content is replaced
 * @param {string} path          of the component's HTML and CSS
 */
export async function makeRoot(picture, path) {
  const { html, css } = await loadJson(path);
  const host = document.createElement("div");
  picture.replaceChildren(host);
  const shadow = host.attachShadow({ mode: "open" });
  shadow.innerHTML = `<style>${css}</style>${html}`;
  return shadow;
}

/** The form with a loss and its parameters. */
export class LossForm {
  #losses;
  #choice = find(document, "select[name=loss]", HTMLSelectElement);
  #parameters = find(document, ".parameters");
  #changed;

  /**
   * @param {Loss[]} losses
   * @param {string} standard  key of the loss that is shown where the address has none
   * @param {(change: {anew: boolean}) => void} changed  called after each change; anew: if another file is needed
   */
  constructor(losses, standard, changed) {
    this.#losses = losses;
    this.#changed = changed;
    this.#choice.append(...losses.map(({ key, title }) => new Option(title, key)));
    const query = new URLSearchParams(location.search);
    const wanted = query.get("loss");
    this.#choice.value = losses.some(({ key }) => key === wanted) ? String(wanted) : standard;
    this.#show(query);
    this.#choice.addEventListener("change", () => this.#reset());
    find(document, "form", HTMLFormElement).addEventListener("reset", (event) => {
      event.preventDefault();
      this.#reset();
    });
  }

  get loss() {
    return this.#losses.find(({ key }) => key === this.#choice.value) ?? this.#losses[0];
  }

  /** Name of the loss with its values of the parameters that are no sliders: it begins the names of files. */
  get name() {
    return [this.loss.key, ...this.loss.fixed.map((name) => this.value(name))].join("-");
  }

  /** Values of the sliders by name. */
  get sliders() {
    const { fixed, controls } = this.loss;
    const names = controls.map(({ name }) => name).filter((name) => !fixed.includes(name));
    return Object.fromEntries(names.map((name) => [name, Number(this.value(name))]));
  }

  /** What differs from the defaults, for the address. */
  get query() {
    const query = new URLSearchParams({ loss: this.loss.key });
    for (const { name, default: standard } of this.loss.controls) {
      if (this.value(name) !== String(standard)) query.set(name, this.value(name));
    }
    return query;
  }

  /** @param {string} name */
  value(name) {
    return find(document, `[data-value="${name}"]`).getAttribute("value") ?? "";
  }

  #reset() {
    this.#show(new URLSearchParams());
    this.#changed({ anew: true });
  }

  /**
   * Show the controls of the chosen loss, with the values of a query where it has sound ones.
   * @param {URLSearchParams} query
   */
  #show(query) {
    const { summary, paper, noBoundary, controls } = this.loss;
    const source = Object.assign(document.createElement("a"), { href: paper.url, textContent: paper.text });
    find(document, ".summary").replaceChildren(`${summary} `, source, noBoundary ? ` ${noBoundary}` : "");
    this.#parameters.replaceChildren(...controls.map((control) => this.#controlOf(control, query.get(control.name))));
  }

  /**
   * @param {Control} control
   * @param {string | null} given
   */
  #controlOf(control, given) {
    const { name, help, options } = control;
    const box = document.createElement("div");
    box.className = `st-key-${name}`; // the key by which pictures find their sliders
    const text = Object.assign(document.createElement("span"), { className: "help", textContent: help });
    box.append(options ? this.#selectOf(control, given) : this.#sliderOf(control, given), text);
    return box;
  }

  /**
   * @param {Control} control
   * @param {string | null} given
   */
  #selectOf({ name, label: title, default: standard, options = [], titles = [] }, given) {
    const label = document.createElement("label");
    const select = document.createElement("select");
    const texts = options.map(String);
    select.append(...texts.map((text, i) => new Option(titles[i] ?? text, text)));
    select.value = given !== null && texts.includes(given) ? given : String(standard);
    select.dataset.value = name;
    select.setAttribute("value", select.value);
    select.addEventListener("change", () => {
      select.setAttribute("value", select.value);
      this.#changed({ anew: true });
    });
    label.append(title, select);
    return label;
  }

  /**
   * A slider with the number beside it, which can be typed.
   * @param {Control} control
   * @param {string | null} given
   */
  #sliderOf({ name, label, default: standard, low = 0, high = 1, step = 0.01 }, given) {
    const box = document.createElement("div");
    const wanted = Number(given);
    const value = given !== null && given.trim() && wanted >= low && wanted <= high ? wanted : Number(standard);
    const bounds = { min: String(low), max: String(high), step: String(step) };
    const slider = Object.assign(document.createElement("input"), { type: "range", ...bounds });
    const number = Object.assign(document.createElement("input"), { type: "number", ...bounds, step: "any" });
    slider.setAttribute("aria-label", label);
    number.setAttribute("aria-label", `${label}, as a number`);
    slider.dataset.value = name;
    /** @param {number} next */
    const set = (next) => {
      slider.value = number.value = String(next);
      slider.setAttribute("value", String(next)); // pictures watch this attribute
      this.#changed({ anew: false });
    };
    slider.addEventListener("input", () => set(Number(slider.value)));
    number.addEventListener("change", () => set(Math.min(Math.max(Number(number.value) || low, low), high)));
    slider.value = number.value = String(value);
    slider.setAttribute("value", String(value));
    const head = Object.assign(document.createElement("div"), { className: "head" });
    head.append(label, number);
    box.append(head, slider);
    return box;
  }
}
