/**
 * Training in the visitor's browser: buttons, the moving cloud, scores and curves of one run.
 *
 * `client.js` is the run itself, which goes on in a worker; `../embedding/picture.js` is the cloud, `curves.js` are the
 * charts, `measures.js` writes the scores, and `handover.js` sends the run to the server, which asks for it only where
 * it needs it. The root element says in its data attributes what is shown.
 */

import { Curves } from "./curves.js";
import { encodeRun } from "./handover.js";
import { Measures, sentenceOf } from "./measures.js";
import { sameChoice } from "./client.js";
import { noteWaiting, openVisitorRun, visitorRun, waitingRun } from "./visitor_runs.js";
import { EmbeddingPicture } from "../embedding/picture.js";
import { CloudBase, CloudFeed } from "../embedding/feed.js";
import { find, setData, setText } from "../_shared/dom.js";
import { fill, textOfError } from "../_shared/format.js";
import { loadBytes } from "../_shared/load_bytes.js";
import { mount, Picture } from "../_shared/picture.js";
import { takeStart } from "../_shared/registry.js";
import { RunBar } from "../_shared/run_bar.js";
import { followSliders, sliderValue } from "../_shared/sliders.js";

/**
 * @import { About, VisitorRun } from "./client.js"
 * @import { Choice } from "./run.js"
 * @import { MeasureWords } from "./measures.js"
 * @import { StreamlitComponent, Words } from "../_shared/picture.js"
 * @import { Difference, RunOrder } from "../_shared/run_bar.js"
 */

/**
 * A fact of the page that a step of a lesson waits for, see `Condition` of cl_core/teaching/lessons.py.
 * @typedef {{fact: string, relation: string, value: number | string}} Condition
 *
 * @typedef {object} Files  addresses
 * @property {string} engine
 * @property {string} worker
 * @property {string} run
 * @property {string} images
 * @property {string} probes
 * @property {string} cloud   message of the cloud without frames: labels, names and small images of the points
 *
 * @typedef {object} HeaderFields
 * @property {string} name    of the run in this browser
 * @property {string} key     changes with everything that needs another program
 * @property {Files} files
 * @property {Choice} choice
 * @property {Record<string, string>} sliders  parameter of the loss -> Streamlit's key of its slider
 * @property {{interval: number, everyStep: boolean}} pace
 * @property {2 | 3} axes     that are drawn
 * @property {number} turn    with another one, the run of these settings takes the place of the one before at once
 * @property {boolean} density  whether the classes' densities are drawn in the place of the points
 * @property {boolean} show_regions  whether class weights and their regions are drawn
 * @property {Record<string, {title: string, axes: string[], unit_circle: boolean, margin: boolean}>} views  by number of axes
 * @property {About} about
 * @property {string} start    names the last request to start; "" for none
 * @property {boolean} wanted  whether the server needs the run
 * @property {[string, number] | null} known  run and step that the server has
 * @property {Condition[]} conditions  that are not met yet
 * @property {number[]} changes  steps at which the settings were changed, as the address of the page says
 * @property {{unknown: string, partly: string, above: string}} remarks  on the loss curve; "" for none
 * @property {number} height   CSS pixels, of the cloud
 * @property {MeasureWords} measures
 * @property {Words} words
 *
 * @typedef {HeaderFields} Header  of a message; there are no buffers
 */

/** @type {Record<string, (a: number | string, b: number | string) => boolean>} */
const RELATIONS = {
  is: (a, b) => a === b,
  "is not": (a, b) => a !== b,
  ">": (a, b) => a > b,
  "<": (a, b) => a < b,
  ">=": (a, b) => a >= b,
  "<=": (a, b) => a <= b,
};

/** @extends {Picture<Header>} */
class TrainerPicture extends Picture {
  /** @type {VisitorRun | null} */
  #run = null;
  #following = new AbortController(); // of the run that is shown
  #base = new CloudBase();
  #opening = 0; // number of runs that were asked for
  #shown = ""; // id of the run whose frames the cloud has got
  /** Frame that the cloud shows, -1 for none: scores and charts show the same, at every moment. */
  #viewed = -1;
  #fresh = false; // whether the next message opens its run whatever has been done: the visitor has asked for it
  #handing = false;
  #refusal = ""; // why this browser cannot train
  #met = ""; // conditions that have been reported
  #told = ""; // steps of changes that have been reported
  /** @type {string | null} id of the run, while changed settings wait; null if nothing was noted yet */
  #waiting = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.cloud = new EmbeddingPicture(find(root, ".embedding"));
    this.cloud.onMoment = (frame) => this.#look(frame);
    this.feed = new CloudFeed(this.cloud);
    this.measures = new Measures(root);
    this.curves = new Curves(find(root, ".curves"), { seek: (step) => this.#seek(step) });
    this.bar = new RunBar(root, (name) => this.#order(name), this.signal);
    this.answerDescribe("run", () => this.#describe());
    followSliders(
      () => Object.values(this.header?.sliders ?? {}),
      () => this.#takeSettings(),
      this.signal,
    );
  }

  close() {
    super.close();
    this.#following.abort();
    this.#run?.pause(); // it is no longer seen; it can be shown again, or handed over
    this.cloud.close();
  }

  /** @param {StreamlitComponent} component */
  update(component) {
    super.update(component);
    const { parentElement } = component;
    this.cloud.update({ parentElement, setStateValue: () => {}, setTriggerValue: () => {} }); // for the theme
  }

  // ---- messages

  /** @param {Header} header */
  receive(header) {
    this.bar.write(header.words);
    this.measures.write(header.measures);
    const run = visitorRun(header.name);
    const same = run?.source.key === header.key && run.choice.seed === header.choice.seed;
    if (!run || this.#fresh || !this.#stays(run, header, same)) {
      this.#open(header, !run && !this.#fresh);
      this.#fresh = false;
    } else {
      run.turn = header.turn;
      if (run !== this.#run) this.#follow(run);
      if (same && !run.started) run.change(header.choice); // else it waits for Apply
      run.setPace(header.pace);
      this.#startByLink(header, run);
    }
    this.#show();
    this.#handOver();
  }

  /**
   * Whether a run stays on the page whatever its settings are.
   * @param {VisitorRun} run
   * @param {Header} header
   * @param {boolean} same  whether it has the programs and the seed of the page's settings
   */
  #stays(run, { turn, choice }, same) {
    if (!run.started) return same;
    return run.turn === turn || (same && sameChoice(run.choice, choice));
  }

  /**
   * Open the run that a message describes.
   * @param {Header} header
   * @param {boolean} arriving  whether the page has just been opened: if it was loaded again while a run waited for changed
   *   settings to be applied, that run comes back
   */
  async #open(header, arriving = false) {
    const own = ++this.#opening;
    this.#refusal = "";
    try {
      const { run: url, engine, worker, images, probes, cloud } = header.files;
      const before = arriving ? await waitingRun(header.name) : null;
      const file = before ? before.origin.file : await loadBytes(url);
      if (own !== this.#opening || this.signal.aborted) return;
      const source = before ? before.origin : { key: header.key, images, probes, cloud, about: header.about };
      const choice = before ? before.choice : header.choice;
      const run = openVisitorRun(header.name, { ...source, engine, worker, file }, choice, before !== null);
      run.turn = header.turn;
      run.setPace(header.pace);
      this.#follow(run);
      this.#startByLink(header, run);
    } catch (error) {
      this.#refuse(textOfError(error));
    }
  }

  /**
   * @param {Header} header
   * @param {VisitorRun} run
   */
  #startByLink({ name, start }, run) {
    if (takeStart(name, start)) run.play();
  }

  /**
   * Show another run.
   * @param {VisitorRun} run
   */
  #follow(run) {
    this.#following.abort();
    this.#following = new AbortController();
    this.#run = run;
    this.feed.restart();
    run.addEventListener("change", () => this.#show(), { signal: this.#following.signal });
    this.#loadCloud(run);
  }

  /**
   * Load what the cloud shows beside its frames.
   * @param {VisitorRun} run
   */
  async #loadCloud(run) {
    try {
      await this.#base.load(run.source.cloud ?? "");
    } catch (error) {
      return this.#refuse(textOfError(error));
    }
    if (run === this.#run) this.#show();
  }

  // ---- orders

  /** @param {RunOrder} name */
  #order(name) {
    const [run, header] = [this.#run, this.header];
    if (!header) return;
    if (!run) {
      if (name === "reset") this.#open(header); // its file may come this time
      return;
    }
    if (name === "reseed") {
      this.#fresh = true;
      this.trigger("reseed", run.choice.seed);
    } else if (name === "restart" || (name === "reset" && this.#difference === "other")) {
      this.#restart(header, name === "restart");
    } else if (name === "reset") {
      this.#reset(run, header);
    } else if (name === "play") {
      if (run.phase === "running") run.pause();
      else run.play();
    } else if (name === "step") {
      run.stepOnce();
    } else if (name === "apply") {
      run.change(this.#choice(header));
    }
  }

  /**
   * Begin the run that is shown anew.
   * @param {VisitorRun} run
   * @param {Header} header
   */
  #reset(run, header) {
    if (run.phase === "failed" && !run.frames.length) return this.#open(header); // its file may have been damaged on the way
    this.#refusal = "";
    run.reset();
    run.change(this.#choice(header));
    this.#loadCloud(run); // if it could not be loaded before
  }

  /**
   * Open the run of the settings on the page in the place of the one that is shown.
   * @param {Header} header
   * @param {boolean} playing
   */
  async #restart(header, playing) {
    const before = this.#run;
    await this.#open(header);
    if (playing && this.#run !== before) this.#run?.play(); // else it could not be opened
  }

  /**
   * How the page's settings differ from those of the run.
   * @returns {Difference}
   */
  get #difference() {
    const [run, header] = [this.#run, this.header];
    if (!run || !header) return "";
    if (run.source.key !== header.key || run.choice.seed !== header.choice.seed) return "other";
    return sameChoice(run.choice, this.#choice(header)) ? "" : "applicable";
  }

  /**
   * Return the choice on the page: that of the message, but for the sliders that have been moved since.
   * @param {Header} header
   */
  #choice({ choice, sliders }) {
    const theta = { ...choice.theta };
    for (const [name, key] of Object.entries(sliders)) theta[name] = sliderValue(key) ?? theta[name];
    return { ...choice, theta };
  }

  /** Take the sliders' values before the first step; later ones wait for Apply. */
  #takeSettings() {
    const [run, header] = [this.#run, this.header];
    if (!run || !header) return;
    if (!run.started && this.#difference === "applicable") run.change(this.#choice(header));
    this.#showState(run, header);
  }

  // ---- pictures

  #show() {
    const [run, header] = [this.#run, this.header];
    if (!header) return;
    if (!run) return this.#showRefusal(header);
    if (run.phase === "failed" && !run.frames.length) this.#refuse(run.failure);
    if (run.id !== this.#shown) this.#clear(run);
    this.#showCloud(run, header);
    this.#showState(run, header);
    this.#showMoment();
    if (run.turn !== header.turn) return; // another one is about to take its place
    this.#report(run, header);
    this.#tellChanges(run, header);
  }

  /**
   * Show nothing of the run before.
   * @param {VisitorRun} run
   */
  #clear({ id }) {
    this.#shown = id;
    this.#viewed = -1;
    this.curves.clear();
    this.measures.clear();
  }

  /**
   * Give the cloud the frames that it does not have.
   * @param {VisitorRun} run
   * @param {Header} header
   */
  #showCloud(run, header) {
    const base = this.#base.loaded;
    if (!base) return;
    const { axes, density, show_regions, height } = header;
    const newest = run.frames.at(-1);
    const alt = newest ? sentenceOf(newest, header.measures.sentence) : "";
    const fields = { ...header.views[axes], density, show_regions, height, placeholder: header.words.placeholder, alt };
    const cloud = { stream: `${run.id}/${axes}`, axes, frames: run.frames, fields };
    this.feed.show(base, cloud, () => {});
  }

  /**
   * Show the frame that the cloud is drawing, in the same animation frame.
   * @param {number} frame
   */
  #look(frame) {
    const [run, header] = [this.#run, this.header];
    if (!run || !header || run.id !== this.#shown) return;
    this.#viewed = frame;
    this.#showMoment();
    this.#showState(run, header);
    this.curves.drawNow();
  }

  /** @param {number} step */
  #seek(step) {
    const run = this.#run;
    if (!run) return;
    this.cloud.seek(Math.max(run.frames.findLastIndex((frame) => frame.step <= step), 0));
  }

  /** Show scores and charts at the frame that the cloud shows. */
  #showMoment() {
    const [run, header] = [this.#run, this.header];
    const viewed = run?.frames[this.#viewed];
    if (!run || !header || !viewed) return;
    this.measures.show(viewed, header.axes);
    const references = run.references && { ...run.references, knnRaw: header.about.references.knn_raw };
    const changes = run.changes.map(({ step, ...values }) => ({ step, text: textOf(values) }));
    this.curves.update({ frames: run.frames, losses: run.losses, references, viewed: viewed.step, changes });
    this.#showRemark(run, header);
  }

  /**
   * Explain the lines that the loss is compared with, where they need it.
   * @param {VisitorRun} run
   * @param {Header} header
   */
  #showRemark({ references, losses }, { remarks }) {
    const parts = [];
    if (references) {
      const collapse = Number(references.collapse.toPrecision(2));
      if (Number.isNaN(references.collapse)) parts.push(remarks.unknown);
      else if (remarks.partly) parts.push(fill(remarks.partly, { collapse }));
      if (losses.length && Number(losses[0].toPrecision(2)) > collapse) parts.push(remarks.above);
    }
    const remark = find(this.root, ".remark");
    setText(remark, parts.join(" "));
    remark.hidden = !parts.length;
  }

  /**
   * @param {VisitorRun} run
   * @param {Header} header
   */
  #showState(run, { words, about }) {
    const { phase, step, loaded } = run;
    const epochSteps = about.references.epoch_steps;
    const viewed = run.frames[this.#viewed] ?? { step: 0, seconds: 0 };
    const numbers = [
      fill(words.stepText, { step: viewed.step.toLocaleString() }),
      fill(words.epoch, { epoch: (viewed.step / epochSteps).toFixed(2) }),
      fill(words.seconds, { seconds: viewed.seconds.toFixed(1) }),
    ];
    if (phase === "running" && run.rate) numbers.push(fill(words.rate, { rate: run.rate.toFixed(0) }));
    const empty = { empty: run.empty.toLocaleString(), step: step.toLocaleString() };
    const ended = phase === "failed" || phase === "finished";
    const changed = run.started ? this.#difference : "";
    this.#noteWaiting(changed ? run.id : "");
    const playing = phase === "running";
    const play = playing ? words.pause : run.started ? words.goOn : words.start;
    const waiting = phase === "running" && loaded < 1;
    const refusal = this.#refusal && `${this.#refusal} ${words.retry}`;
    const notices = [run.failure || refusal, run.empty ? fill(words.empty, empty) : ""];
    const state = { phase, numbers, play, canPlay: !ended, canStep: !ended, loaded, waiting, notices, changed };
    this.bar.show(state, words);
    setData(this.root, { phase, step, frames: run.frames.length, playing, engine: "browser" });
  }

  /** @param {string} id  of the run, while changed settings wait; "" else */
  #noteWaiting(id) {
    if (id !== this.#waiting && this.header) noteWaiting(this.header.name, id);
    this.#waiting = id;
  }

  /**
   * Show why there is no run.
   * @param {Header} header
   */
  #showRefusal({ words }) {
    const phase = this.#refusal ? "failed" : "loading";
    const notices = [this.#refusal && `${this.#refusal} ${words.retry}`];
    const nothing = { numbers: [], canPlay: false, canStep: false, loaded: 0, waiting: false };
    this.bar.show({ phase, play: words.start, notices, ...nothing, changed: "" }, words);
    setData(this.root, { phase });
  }

  /** Return all that was computed: equal runs have equal numbers. */
  #describe() {
    const run = this.#run;
    if (!run) return;
    const frames = run.frames.map(({ step, views }) => ({ step, codes: [...(views[2]?.codes ?? [])] }));
    return { id: run.id, losses: run.losses, references: run.references, changes: run.changes, frames };
  }

  // ---- the server

  /**
   * Tell the server once that everything has come about that a step of a lesson waits for.
   * @param {VisitorRun} run
   * @param {Header} header
   */
  #report(run, { conditions }) {
    const newest = run.frames.at(-1);
    if (!newest || !conditions.length) return;
    /** @type {Record<string, number | string>} */
    const facts = {
      step: run.step,
      frames: run.frames.length,
      playing: run.phase === "running" ? "yes" : "no",
      knn: newest.metrics.knn,
      spread: newest.metrics.spread,
    };
    const met = conditions.every(({ fact, relation, value }) => RELATIONS[relation](facts[fact], value));
    const named = JSON.stringify(conditions);
    if (!met || this.#met === named) return;
    this.#met = named;
    this.trigger("facts", facts);
  }

  /**
   * Tell the server at which steps the settings of the run were changed, so that its link can say so.
   * @param {VisitorRun} run
   * @param {Header} header
   */
  #tellChanges(run, { changes }) {
    const steps = run.changes.map(({ step }) => step);
    const told = `${run.id} ${steps}`;
    if (!run.frames.length || String(steps) === String(changes) || told === this.#told) return;
    this.#told = told;
    this.trigger("changes", steps);
  }

  /** Send the run to the server, if it needs it and has not got this step. */
  async #handOver() {
    const [run, header] = [this.#run, this.header];
    if (!run || !header?.wanted || this.#handing || !run.frames.length) return;
    const [id, step] = header.known ?? ["", -1];
    if (id === run.id && step === run.step) return;
    this.#handing = true;
    const playing = run.phase === "running";
    try {
      const text = await encodeRun(run);
      this.trigger("handover", { id: run.id, step: run.step, text });
    } finally {
      this.#handing = false;
      if (playing) run.play();
    }
  }

  /**
   * Say that this browser cannot train: the server may take over.
   * @param {string} reason
   */
  #refuse(reason) {
    if (this.#refusal) return;
    this.#refusal = reason;
    this.trigger("refused", reason);
    this.#show();
  }
}

/**
 * Write settings that were changed while a run went on.
 * @param {{rate: number, theta: Record<string, number>}} values
 */
function textOf({ rate, theta }) {
  return [`rate ${rate}`, ...Object.entries(theta).map(([name, value]) => `${name} ${value}`)].join(", ");
}

/** @param {StreamlitComponent} component */
export default function trainer(component) {
  return mount(TrainerPicture, ".trainer", component);
}
