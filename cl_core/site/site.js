/**
 * The page of boundaries without a server: the same picture, programs and names in links as in the app.
 *
 * The address says what is shown: `loss`, and each parameter that is not at its default.
 */

import plane from "./plane.js";

/**
 * @typedef {object} Control
 * @property {string} name
 * @property {string} help
 * @property {number | string | boolean} default
 * @property {(number | string | boolean)[]} [options]
 * @property {number} [low]
 * @property {number} [high]
 * @property {number} [step]
 *
 * @typedef {object} Loss
 * @property {string} key
 * @property {string} title
 * @property {string} summary
 * @property {{text: string, url: string}} paper
 * @property {string} noBoundary
 * @property {string[]} fixed  names of the controls that decide which message is loaded
 * @property {Control[]} controls
 */

/**
 * @template {Element} T
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 */
function find(selector, kind) {
  const found = document.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`There is no ${selector}`);
  return found;
}

/** @param {string} path */
async function load(path) {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

const choice = find("select[name=loss]", HTMLSelectElement);
const parameters = find(".parameters", HTMLElement);
const picture = find(".picture", HTMLElement);
/** @type {Loss[]} */
let losses = [];
/** @type {ShadowRoot | null} */
let root = null;
let newest = 0; // number of the message asked for last

/** @returns {Loss} */
const chosen = () => losses.find(({ key }) => key === choice.value) ?? losses[0];

/** @param {string} name */
const valueOf = (name) => find(`[data-value="${name}"]`, HTMLElement).getAttribute("value") ?? "";

/** Show the controls of the chosen loss, with the values of a query where it has sound ones.
 * @param {URLSearchParams} query
 */
function showControls(query) {
  const { summary, paper, noBoundary, controls } = chosen();
  const source = Object.assign(document.createElement("a"), { href: paper.url, textContent: paper.text });
  find(".summary", HTMLElement).replaceChildren(`${summary} `, source, noBoundary ? ` ${noBoundary}` : "");
  parameters.replaceChildren(...controls.map((control) => controlOf(control, query.get(control.name))));
}

/**
 * @param {Control} control
 * @param {string | null} given
 */
function controlOf(control, given) {
  const { name, help, options } = control;
  const box = document.createElement("div");
  box.className = `st-key-${name}`; // the key by which pictures find their sliders
  const text = Object.assign(document.createElement("span"), { className: "help", textContent: help });
  box.append(options ? selectOf(control, given) : sliderOf(control, given), text);
  return box;
}

/**
 * @param {Control} control
 * @param {string | null} given
 */
function selectOf({ name, default: standard, options = [] }, given) {
  const label = document.createElement("label");
  const select = document.createElement("select");
  const texts = options.map(String);
  select.append(...texts.map((text) => new Option(text, text)));
  select.value = given !== null && texts.includes(given) ? given : String(standard);
  select.dataset.value = name;
  select.setAttribute("value", select.value);
  select.addEventListener("change", () => {
    select.setAttribute("value", select.value);
    writeAddress();
    showPlane();
  });
  label.append(name, select);
  return label;
}

/**
 * A slider with the number beside it, which can be typed.
 * @param {Control} control
 * @param {string | null} given
 */
function sliderOf({ name, default: standard, low = 0, high = 1, step = 0.01 }, given) {
  const box = document.createElement("div");
  const wanted = Number(given);
  const value = given !== null && given.trim() && wanted >= low && wanted <= high ? wanted : Number(standard);
  const bounds = { min: String(low), max: String(high), step: String(step) };
  const slider = Object.assign(document.createElement("input"), { type: "range", ...bounds });
  const number = Object.assign(document.createElement("input"), { type: "number", ...bounds, step: "any" });
  slider.setAttribute("aria-label", name);
  number.setAttribute("aria-label", `${name}, as a number`);
  slider.dataset.value = name;
  /** @param {number} next */
  const set = (next) => {
    slider.value = number.value = String(next);
    slider.setAttribute("value", String(next)); // pictures watch this attribute
    writeAddress();
  };
  slider.addEventListener("input", () => set(Number(slider.value)));
  number.addEventListener("change", () => set(Math.min(Math.max(Number(number.value) || low, low), high)));
  slider.value = number.value = String(value);
  slider.setAttribute("value", String(value));
  const head = Object.assign(document.createElement("div"), { className: "head" });
  head.append(name, number);
  box.append(head, slider);
  return box;
}

function writeAddress() {
  const query = new URLSearchParams({ loss: choice.value });
  for (const { name, default: standard } of chosen().controls) {
    if (document.querySelector(`[data-value="${name}"]`) && valueOf(name) !== String(standard)) query.set(name, valueOf(name));
  }
  history.replaceState(null, "", `?${query}`);
}

/** Load the message of the chosen loss, and show it with the sliders as they are. */
async function showPlane() {
  const loss = chosen();
  const own = ++newest;
  try {
    const name = [loss.key, ...loss.fixed.map(valueOf)].join("-");
    const data = new Uint8Array(await (await load(`planes/${name}.bin`)).arrayBuffer());
    if (own !== newest) return; // another loss was chosen meanwhile
    root ??= await makeRoot();
    const component = { parentElement: root, data, setStateValue() {}, setTriggerValue() {} };
    plane(/** @type {any} */ (component));
    await followOnce();
  } catch (error) {
    picture.textContent = `The picture could not be loaded (${error instanceof Error ? error.message : error}). Load the page again.`;
    root = null;
  }
}

/** Let the picture follow the sliders that are not at their defaults, as soon as it can. */
async function followOnce() {
  const shown = root?.querySelector(".plane");
  for (let tries = 0; tries < 200 && shown?.getAttribute("data-live") !== "true"; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const slider = parameters.querySelector("input[type=range]");
  slider?.setAttribute("value", slider.getAttribute("value") ?? "");
}

/** @returns {Promise<ShadowRoot>} */
async function makeRoot() {
  const { html, css } = await (await load("plane.json")).json();
  const host = document.createElement("div");
  picture.replaceChildren(host);
  const shadow = host.attachShadow({ mode: "open" });
  shadow.innerHTML = `<style>${css}</style>${html}`;
  return shadow;
}

/** @param {URLSearchParams} query */
function show(query) {
  const wanted = query.get("loss");
  choice.value = losses.some(({ key }) => key === wanted) ? String(wanted) : "circle";
  showControls(query);
  showPlane();
}

choice.addEventListener("change", () => {
  showControls(new URLSearchParams());
  writeAddress();
  showPlane();
});
find("form", HTMLFormElement).addEventListener("reset", (event) => {
  event.preventDefault();
  showControls(new URLSearchParams());
  writeAddress();
  showPlane();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => showPlane());
losses = await (await load("losses.json")).json();
choice.append(...losses.map(({ key, title }) => new Option(title, key)));
show(new URLSearchParams(location.search));
