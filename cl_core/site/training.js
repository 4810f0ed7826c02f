/**
 * The page of training without a server: a worker trains, and the moving picture of the app shows its frames.
 *
 * The address says what is trained: `loss`, its parameters, `dim`, `rate`, `seed` and `pace`, where they are not at their
 * defaults.
 */

import embedding from "./embedding.js";
import { load, LossForm, makeRoot } from "./controls.js";
import { find } from "../components/_shared/dom.js";
import { Curves } from "./curves.js";
import { openEnvelope, packEnvelope, quantise } from "../components/_shared/envelope.js";

/**
 * @import { Frame } from "../components/trainer/run.js"
 * @import { Order, Phase, Report } from "../components/trainer/worker.js"
 */

/**
 * @typedef {object} Described  `training.json`
 * @property {import("./controls.js").Loss[]} losses
 * @property {number[]} dims
 * @property {number} rate
 * @property {{name: string, title: string, interval: number}[]} paces
 */

const IMAGES = "images.bin.gz";
const SEED = 0;
const PHASES = { loading: "Getting ready …", paused: "Paused", running: "Training", failed: "Stopped", finished: "Finished" };

/** @type {Described} */
const described = await (await load("training.json")).json();
const base = openEnvelope(new Uint8Array(await (await load("cloud.bin")).arrayBuffer()));
const root = await makeRoot(find(document, ".picture"), "embedding.json");
const curves = new Curves(find(document, ".curves"));
const play = find(document, "button[name=play]", HTMLButtonElement);
const step = find(document, "button[name=step]", HTMLButtonElement);
const notice = find(document, ".notice");
const worker = new Worker("worker.js", { type: "module" });

/** @type {Frame[]} */
let frames = [];
let stream = 0; // number of the run
/** @type {Phase} */
let phase = "loading";
let loaded = 0; // share of the training images
let started = { time: 0, step: 0 }; // where the speed is measured from

/** @param {Order} order */
const tell = (order) => worker.postMessage(order);

/** @param {string} name */
const number = (name) => find(document, `input[name=${name}]`, HTMLInputElement);

/** @param {string} name */
const select = (name) => find(document, `select[name=${name}]`, HTMLSelectElement);

/** Read the number of a field; one that makes no sense becomes the default.
 * @param {string} name
 * @param {number} standard
 */
function numberOf(name, standard) {
  const field = number(name);
  const value = Number(field.value);
  const sound = field.value.trim() !== "" && value >= Number(field.min) && value <= Number(field.max);
  if (!sound || (field.step === "1" && !Number.isInteger(value))) field.value = String(standard);
  return Number(field.value);
}

const settings = () => ({
  dim: select("dim").value,
  pace: select("pace").value,
  rate: numberOf("rate", described.rate),
  seed: numberOf("seed", SEED),
});

/** @param {URLSearchParams} query */
function readSettings(query) {
  const [dims, paces] = [described.dims.map(String), described.paces.map(({ name }) => name)];
  const [dim, pace] = [query.get("dim") ?? "", query.get("pace") ?? ""];
  select("dim").value = dims.includes(dim) ? dim : dims[0];
  select("pace").value = paces.includes(pace) ? pace : paces[0];
  number("rate").value = query.get("rate") ?? "";
  number("seed").value = query.get("seed") ?? "";
}

function writeAddress() {
  const query = form.query;
  const { dim, pace, rate, seed } = settings();
  if (dim !== String(described.dims[0])) query.set("dim", dim);
  if (pace !== described.paces[0].name) query.set("pace", pace);
  if (rate !== described.rate) query.set("rate", String(rate));
  if (seed !== SEED) query.set("seed", String(seed));
  history.replaceState(null, "", `?${query}`);
}

function setPace() {
  tell({ pace: described.paces.find(({ name }) => name === select("pace").value)?.interval ?? 0 });
}

/** Begin the run anew. */
function open() {
  const { dim, rate, seed } = settings();
  frames = [];
  stream++;
  notice.hidden = true;
  curves.clear();
  const address = (/** @type {string} */ name) => new URL(name, location.href).href;
  const files = { engine: "engine.wasm", run: `runs/${form.name}-${dim}.bin`, probes: "probes.bin.gz", images: IMAGES };
  const open = /** @type {typeof files} */ (Object.fromEntries(Object.entries(files).map(([key, name]) => [key, address(name)])));
  tell({ open, choice: { seed, rate, theta: form.sliders } });
  setPace();
}

/** @param {Frame} frame */
function showFrame(frame) {
  frames.push(frame);
  const { dim } = settings();
  const whole = dim === "2";
  const { codes, scale } = quantise(frame.points);
  const index = frames.length - 1;
  const header = {
    ...base.header,
    stream: `run ${stream}`,
    first: index,
    total: index + 1,
    steps: [frame.step],
    shares: [frame.shares],
    scales: [scale],
    axes: whole ? ["z1", "z2"] : ["axis 1", "axis 2"],
    title: whole ? base.header.titles.whole : base.header.titles.projected,
    unit_circle: whole && form.loss.unitNorm,
    alt: `Step ${frame.step}: kNN accuracy ${percent(frame.metrics.knn)}.`,
  };
  const { frames: _, ...constant } = base.buffers;
  const data = packEnvelope(header, index ? { frames: codes } : { frames: codes, ...constant });
  embedding(/** @type {any} */ ({ parentElement: root, data, setStateValue() {}, setTriggerValue() {} }));
  curves.add(frame);
  showMeasures(frame.metrics);
  writeState();
}

/** @param {Record<string, number>} metrics */
function showMeasures({ knn, map_r: mapR, spread, easy, semihard, hard }) {
  const shares = [easy, semihard, hard].map((share) => `${(100 * share).toFixed(0)}`).join(" / ");
  const values = { knn: percent(knn), map_r: percent(mapR), spread: spread.toFixed(2), triplets: `${shares} %` };
  for (const [name, text] of Object.entries(values)) find(document, `[data-measure="${name}"]`).textContent = text;
}

/** @param {number} share */
const percent = (share) => `${(100 * share).toFixed(1)} %`;

function writeState() {
  const latest = frames.at(-1);
  const texts = [""];
  if (phase === "loading" && loaded) texts.push(`training images ${percent(loaded)} loaded`);
  if (latest) texts.push(`step ${latest.step.toLocaleString("en")}`);
  if (phase === "running" && latest && latest.step > started.step) {
    const rate = (latest.step - started.step) / ((performance.now() - started.time) / 1000);
    texts.push(`${rate.toFixed(0)} steps a second in your browser`);
  }
  const status = find(document, ".state [role=status]"); // read aloud when it changes, unlike the numbers
  if (status.textContent !== PHASES[phase]) status.textContent = PHASES[phase];
  find(document, ".state .numbers").textContent = texts.join(" · ");
  const running = phase === "running";
  play.textContent = running ? "Pause" : frames.length > 1 ? "Go on" : "Start";
  play.disabled = phase === "failed" || phase === "finished" || phase === "loading";
  step.disabled = play.disabled || running;
}

/** @param {MessageEvent<Report>} event */
function receive({ data }) {
  if ("frame" in data) return showFrame(data.frame);
  if ("references" in data) return curves.compare(data.references);
  if ("loaded" in data) loaded = data.loaded;
  else {
    if (data.phase === "running") started = { time: performance.now(), step: frames.at(-1)?.step ?? 0 };
    phase = data.phase;
    if (data.text) Object.assign(notice, { textContent: data.text, hidden: false });
  }
  writeState();
}

find(document, "form", HTMLFormElement).addEventListener("reset", () => readSettings(new URLSearchParams())); // before that of the form
const form = new LossForm(described.losses, "supcon", ({ anew }) => {
  writeAddress();
  if (anew) open();
  else tell({ change: { theta: form.sliders } });
});
select("dim").append(...described.dims.map((dim) => new Option(String(dim), String(dim))));
select("pace").append(...described.paces.map(({ name, title }) => new Option(title, name)));
readSettings(new URLSearchParams(location.search));
worker.addEventListener("message", receive);
worker.addEventListener("error", ({ message }) => {
  receive(new MessageEvent("message", { data: { phase: "failed", text: `The worker has stopped: ${message}. Load the page again.` } }));
});
play.addEventListener("click", () => tell({ play: phase === "running" ? 0 : Infinity }));
step.addEventListener("click", () => tell({ play: 1 }));
find(document, "button[name=restart]", HTMLButtonElement).addEventListener("click", open);
select("dim").addEventListener("change", () => {
  writeAddress();
  open();
});
number("seed").addEventListener("change", () => {
  writeAddress();
  open();
});
number("rate").addEventListener("change", () => {
  writeAddress();
  tell({ change: { rate: settings().rate } });
});
select("pace").addEventListener("change", () => {
  writeAddress();
  setPace();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => curves.draw());
open();
