/**
 * The page of training without a server: a form, and the trainer of the app with what the form says.
 *
 * The address says what is trained: `loss`, its parameters, `dim`, `rate`, `seed` and `pace`, where they are not at their
 * defaults.
 */

import trainer from "./trainer.js";
import { loadJson, LossForm, makeRoot } from "./controls.js";
import { find } from "../components/_shared/dom.js";
import { packEnvelope } from "../components/_shared/envelope.js";

/** @import { Choice } from "../components/trainer/run.js" */
/** @import { HeaderFields } from "../components/trainer/trainer.js" */

/**
 * @typedef {object} Described  `training.json`
 * @property {import("./controls.js").Loss[]} losses
 * @property {number[]} dims  the default first
 * @property {{rate: [number, number], seed: [number, number]}} ranges
 * @property {{name: string, title: string, interval: number, everyStep: boolean}[]} paces
 * @property {string} pace  the default
 * @property {Partial<HeaderFields>} common  what the headers of all runs have in common
 * @property {Record<string, Partial<HeaderFields>>} runs  the other fields, by name of the run
 */

/** @type {Described} */
const described = await loadJson("training.json");
const root = await makeRoot(find(document, ".picture"), "trainer.json");
const dim = find(document, "select[name=dim]", HTMLSelectElement);
const pace = find(document, "select[name=pace]", HTMLSelectElement);
const rate = find(document, "input[name=rate]", HTMLInputElement);
const seed = find(document, "input[name=seed]", HTMLInputElement);

/** Return the header of the run that the form chooses, with the default settings. */
function standardHeader() {
  return /** @type {HeaderFields} */ ({ ...described.common, ...described.runs[`${form.name}-${dim.value}`] });
}

/**
 * Read the number of a field; one that makes no sense becomes the default.
 * @param {HTMLInputElement} field
 * @param {number} standard
 */
function numberOf(field, standard) {
  const value = Number(field.value);
  const sound = field.value.trim() !== "" && value >= Number(field.min) && value <= Number(field.max);
  if (!sound || (field.step === "1" && !Number.isInteger(value))) field.value = String(standard);
  return Number(field.value);
}

/** Show the run of the form, and write the address. */
function show() {
  const header = standardHeader();
  const standard = header.choice;
  /** @type {Choice} */
  const choice = {
    rate: numberOf(rate, standard.rate),
    seed: numberOf(seed, standard.seed),
    theta: { ...standard.theta, ...form.sliders },
  };
  const query = form.query;
  if (dim.value !== String(described.dims[0])) query.set("dim", dim.value);
  if (choice.rate !== standard.rate) query.set("rate", String(choice.rate));
  if (choice.seed !== standard.seed) query.set("seed", String(choice.seed));
  if (pace.value !== described.pace) query.set("pace", pace.value);
  history.replaceState(null, "", `?${query}`);
  const { interval, everyStep } = described.paces.find(({ name }) => name === pace.value) ?? described.paces[0];
  const data = packEnvelope({ ...header, choice, pace: { interval, everyStep } }, {});
  trainer({ parentElement: root, data, setStateValue() {}, setTriggerValue: receive });
}

/**
 * Do what the trainer asks for.
 * @param {string} name
 */
function receive(name) {
  if (name !== "reseed") return; // it says by itself why a browser cannot train
  seed.value = String((Number(seed.value) + 1) % described.ranges.seed[1]);
  show();
}

/** @param {URLSearchParams} query */
function readSettings(query) {
  choose(dim, query.get("dim"), String(described.dims[0]));
  choose(pace, query.get("pace"), described.pace);
  rate.value = query.get("rate") ?? "";
  seed.value = query.get("seed") ?? "";
}

/**
 * @param {HTMLSelectElement} select
 * @param {string | null} wanted
 * @param {string} standard  for an option that does not exist
 */
function choose(select, wanted, standard) {
  select.value = [...select.options].some(({ value }) => value === wanted) ? String(wanted) : standard;
}

dim.append(...described.dims.map((each) => new Option(String(each), String(each))));
pace.append(...described.paces.map(({ name, title }) => new Option(title, name)));
for (const [field, [low, high]] of /** @type {const} */ ([[rate, described.ranges.rate], [seed, described.ranges.seed]])) {
  Object.assign(field, { min: String(low), max: String(high) });
}
find(document, "form", HTMLFormElement).addEventListener("reset", () => readSettings(new URLSearchParams())); // before that of the form
const form = new LossForm(described.losses, "supcon", show);
readSettings(new URLSearchParams(location.search));
for (const field of [dim, pace, rate, seed]) field.addEventListener("change", show);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
show();
