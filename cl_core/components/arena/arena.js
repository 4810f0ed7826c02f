/**
 * A race in the visitor's browser: buttons, a moving cloud of each contender, and the time slider of all.
 *
 * `race.js` is the race itself, whose runs go on in workers; `../embedding/picture.js` is a cloud, `../timeline/picture.js`
 * the slider, and `report.js` tells the server what it shows in charts and tables. The root element says in its data
 * attributes what is shown.
 */

import { openVisitorRace, visitorRace } from "./race.js";
import { encodeReport } from "./report.js";
import { CloudBase, CloudFeed } from "../embedding/feed.js";
import { EmbeddingPicture } from "../embedding/picture.js";
import { sentenceOf } from "../trainer/measures.js";
import { TimelinePicture } from "../timeline/picture.js";
import { find, setData } from "../_shared/dom.js";
import { packEnvelope } from "../_shared/envelope.js";
import { fill, textOfError } from "../_shared/format.js";
import { loadBytes } from "../_shared/load_bytes.js";
import { mount, Picture } from "../_shared/picture.js";
import { writeRegionsKey } from "../_shared/regions_key.js";
import { takeStart } from "../_shared/registry.js";
import { wasReloaded } from "../_shared/reloaded.js";
import { RunBar } from "../_shared/run_bar.js";

/**
 * @import { Contender, VisitorRace } from "./race.js"
 * @import { CloudMessage } from "../embedding/feed.js"
 * @import { About } from "../trainer/client.js"
 * @import { StreamlitComponent, Words } from "../_shared/picture.js"
 * @import { Difference, RunOrder } from "../_shared/run_bar.js"
 */

/**
 * @typedef {object} Programs
 * @property {string} run     their URL
 * @property {About} about
 *
 * @typedef {{text: string, colour: string}} Badge  of a contender, about what it has come to
 *
 * @typedef {object} HeaderFields
 * @property {string} name      of the race in this browser
 * @property {string} key       changes with everything that makes another race
 * @property {string} turn      with another turn the race before gives way at once; else one that was started stays
 * @property {{engine: string, worker: string, images: string, probes: string, cloud: string}} files
 * @property {(Omit<Contender, "source"> & Programs)[]} contenders
 * @property {number[]} frame_steps
 * @property {number} max_frames
 * @property {number | null} until  step at which the race rests
 * @property {{interval: number, everyStep: boolean}} pace
 * @property {string} start     names the last request to start; "" for none
 * @property {[string, number, number] | null} known  id, step and version of the race that the server has
 * @property {number} interval  ms between two reports while the race goes on
 * @property {Badge[][]} badges
 * @property {boolean} show_regions  whether class weights and their regions are drawn
 * @property {{ray: string, region: string, wedge: string} & Words} regions  words of their key
 * @property {string} sentence  tells a frame; "" where nothing is to be told
 * @property {string} group     of the pictures
 * @property {number} height    CSS pixels, of a cloud
 * @property {Words} timeline   words of the time slider
 * @property {Words} words
 *
 * @typedef {HeaderFields} Header  of a message; there are no buffers
 *
 * @typedef {object} Column  what is shown of one contender
 * @property {HTMLElement} root
 * @property {EmbeddingPicture} cloud
 * @property {CloudFeed} feed
 */

const STORED = "contrastive-loss-lab/race/"; // and the name, in sessionStorage: how far the tab's race has come
const FULL_SPEED = { interval: 0, everyStep: false };
const ANSWER_TIME = 8000; // ms until a report that the server has not answered is sent again; at least

/** @extends {Picture<Header>} */
class ArenaPicture extends Picture {
  /** @type {VisitorRace | null} */
  #race = null;
  #following = new AbortController(); // of the race that is shown
  #opening = 0; // number of races that were asked for
  #opened = ""; // key of the race that was asked for last
  #fresh = false; // whether the next message opens its race whatever has been done: the visitor has asked for it
  #base = new CloudBase();
  /** @type {Column[]} */
  #columns = [];
  #model;
  #frame = 0; // id of the animation frame that is pending; 0 for none
  /** @type {{mark: string, time: number}} the last report */
  #reported = { mark: "", time: -Infinity };
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #reporting;
  #refused = false;
  #returned = false; // whether the race from before the page was loaded again has been asked for
  #goal = 0; // step that the race had come to before the page was loaded again; 0 once it is there

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.bar = new RunBar(root, (name) => this.#order(name), this.signal);
    this.timeline = new TimelinePicture(find(root, ".timeline"));
    this.#model = find(root, ".contender");
    this.#model.remove();
    this.signal.addEventListener("abort", () => cancelAnimationFrame(this.#frame));
  }

  close() {
    super.close();
    clearTimeout(this.#reporting);
    this.#following.abort();
    this.#race?.pause(); // it is no longer seen; it can be shown again
    for (const { cloud } of this.#columns) cloud.close();
    this.timeline.close();
  }

  /** @param {StreamlitComponent} component */
  update(component) {
    super.update(component);
    const { parentElement } = component;
    for (const { cloud } of this.#columns) {
      cloud.update({ parentElement, setStateValue: () => {}, setTriggerValue: () => {} }); // for the theme
    }
    this.#updateTimeline();
  }

  // ---- messages

  /** It gets its columns and its timeline when the race is open. */
  get placed() {
    return false;
  }

  /** @param {Header} header */
  receive(header) {
    this.bar.write(header.words);
    const race = visitorRace(header.name);
    const same = race?.source.key === header.key;
    const stays = same || (race?.started && race.source.turn === header.turn);
    if (!race || this.#fresh || !stays) {
      if (this.#fresh || this.#opened !== header.key) this.#open(header);
    } else {
      if (race !== this.#race) this.#follow(race);
      race.setPace(header.pace);
      if (same) this.#startByLink(header, race);
    }
    this.#fresh = false;
    this.#show();
    this.#report();
  }

  /**
   * Open the race that a message describes.
   * @param {Header} header
   */
  async #open(header) {
    const own = ++this.#opening;
    this.#opened = header.key;
    const { engine, worker, images, probes } = header.files;
    try {
      const files = await Promise.all(header.contenders.map(({ run }) => loadBytes(run)));
      if (own !== this.#opening || this.signal.aborted) return;
      const race = openVisitorRace(header.name, {
        key: header.key,
        turn: header.turn,
        frameSteps: header.frame_steps,
        maxFrames: header.max_frames,
        contenders: header.contenders.map(({ run, about, ...contender }, index) => ({
          ...contender,
          source: { key: run, engine, worker, images, probes, file: files[index], about },
        })),
      });
      race.setPace(header.pace);
      this.#follow(race);
      if (!this.#catchUp(header, race)) this.#startByLink(header, race);
    } catch (error) {
      this.#refuse(textOfError(error));
    }
  }

  /**
   * @param {Header} header
   * @param {VisitorRace} race
   */
  #startByLink({ name, start, until }, race) {
    if (takeStart(name, start)) race.play(until);
  }

  /**
   * Bring the race to where it was before the page was loaded again: equal races have equal numbers.
   * @param {Header} header
   * @param {VisitorRace} race
   * @returns {boolean} whether there was such a race
   */
  #catchUp({ name, start }, race) {
    const [described, step] = JSON.parse(sessionStorage.getItem(STORED + name) ?? "[]");
    if (this.#returned || !wasReloaded() || described !== describe(race) || !step) return false;
    this.#returned = true;
    takeStart(name, start); // it was started before
    this.#goal = step;
    race.setPace(FULL_SPEED);
    race.play(step);
    return true;
  }

  /** Store how far the race has come, once it is where it was. */
  #remember() {
    const [race, header] = [this.#race, this.header];
    if (!race || !header) return;
    if (this.#goal && race.playing && race.step < this.#goal) return;
    if (this.#goal) race.setPace(header.pace);
    this.#goal = 0;
    sessionStorage.setItem(STORED + header.name, JSON.stringify([describe(race), Math.max(race.step, 0)]));
  }

  /**
   * Show another race.
   * @param {VisitorRace} race
   */
  #follow(race) {
    this.#following.abort();
    this.#following = new AbortController();
    this.#race = race;
    this.#makeColumns(race);
    const { signal } = this.#following;
    race.addEventListener("change", () => this.#changed(), { signal });
    this.#loadCloud(race);
  }

  /** @param {VisitorRace} race */
  #makeColumns({ source: { contenders } }) {
    for (const { cloud } of this.#columns) cloud.close();
    this.#columns = contenders.map(({ label }) => {
      const root = /** @type {HTMLElement} */ (this.#model.cloneNode(true));
      const role = document.createElement("b");
      role.textContent = label.role;
      const name = find(root, ".name");
      name.append(...(label.role ? [role, ` · ${label.name}`] : [label.name]));
      name.title = name.textContent ?? "";
      setData(name, { colour: label.colour });
      const line = find(root, ".line", HTMLImageElement);
      line.hidden = !label.line;
      if (label.line) line.src = label.line;
      const cloud = new EmbeddingPicture(find(root, ".embedding"));
      return { root, cloud, feed: new CloudFeed(cloud) };
    });
    const place = find(this.root, ".contenders");
    place.style.setProperty("--columns", String(contenders.length));
    place.replaceChildren(...this.#columns.map(({ root }) => root));
  }

  /**
   * Load what the clouds show beside their frames.
   * @param {VisitorRace} race
   */
  async #loadCloud(race) {
    try {
      await this.#base.load(this.header?.files.cloud ?? "");
    } catch (error) {
      return this.#refuse(textOfError(error));
    }
    if (race === this.#race) this.#changed();
  }

  // ---- orders

  /** @param {RunOrder} name */
  #order(name) {
    const [race, header] = [this.#race, this.header];
    if (!race || !header) return;
    if (name === "reseed") {
      this.#fresh = true;
      this.trigger("reseed", race.id);
    } else if (name === "restart" || (name === "reset" && this.#differs)) {
      this.#restart(header, name === "restart");
    } else if (name === "reset") {
      race.reset();
    } else if (name === "step") {
      race.stepOnce();
    } else if (race.playing) {
      race.pause();
    } else {
      race.play(header.until);
    }
  }

  /**
   * Open the race of the settings on the page in the place of the one that is shown.
   * @param {Header} header
   * @param {boolean} playing
   */
  async #restart(header, playing) {
    await this.#open(header);
    if (playing) this.#race?.play(header.until);
  }

  /** Whether the page's settings are those of another race. */
  get #differs() {
    return !!this.#race && this.#race.source.key !== this.header?.key;
  }

  // ---- pictures

  /** Show and tell what has changed, of which there may be much between two frames of the screen. */
  #changed() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#show();
    });
    this.#report();
    this.#remember();
  }

  #show() {
    const [race, header] = [this.#race, this.header];
    if (!race || !header) return;
    const failed = race.runs.flat().find(({ phase, frames }) => phase === "failed" && !frames.length);
    if (failed) this.#refuse(failed.failure);
    this.#showState(race, header);
    this.#showBadges(header);
    const base = this.#base.loaded;
    if (!base) return;
    const { contenders } = race.source;
    for (const [index, { feed }] of this.#columns.entries()) {
      const frames = race.framesOf(race.runs[index][0]);
      const newest = frames.at(-1);
      const { label, view } = contenders[index];
      const fields = {
        ...view,
        title: `${label.role || label.name}: ${view.title}`,
        group: header.group,
        timeline: false,
        legend: false,
        show_regions: header.show_regions,
        counts: header.sentence !== "",
        height: header.height,
        placeholder: header.words.placeholder,
        alt: newest && header.sentence ? sentenceOf(newest, header.sentence) : "",
      };
      feed.show(base, { stream: race.id, axes: 2, frames, fields }, () => {});
    }
    this.#showTimeline(race, header, base);
    this.#showKey(race, header);
  }

  /**
   * Show what rays and tints of the pictures are, where there are any.
   * @param {VisitorRace} race
   * @param {Header} header
   */
  #showKey({ runs, source: { contenders } }, { show_regions: wanted, regions: words }) {
    const drawn = runs.some(([run]) => run.frames[0]?.regions !== undefined);
    const key = find(this.root, ".regions");
    key.hidden = !(wanted && drawn);
    writeRegionsKey(key, words, { shown: true, margin: contenders.some(({ view }) => view.margin) });
  }

  /**
   * @param {VisitorRace} race
   * @param {Header} header
   * @param {CloudMessage} base
   */
  #showTimeline(race, { group, timeline: words }, base) {
    const longest = race.runs.map(([run]) => race.framesOf(run)).reduce((a, b) => (b.length > a.length ? b : a));
    const steps = longest.map(({ step }) => step);
    const { class_names, palette } = base.header;
    this.#updateTimeline(packEnvelope({ stream: race.id, steps, group, class_names, palette, words }, {}));
  }

  /** @param {Uint8Array} [data]  message; without one, for the theme */
  #updateTimeline(data) {
    this.timeline.update({
      parentElement: this.root,
      data,
      setStateValue: (name, value) => this.setState(name, value),
      setTriggerValue: () => {},
    });
  }

  /**
   * @param {VisitorRace} race
   * @param {Header} header
   */
  #showState(race, { words }) {
    const { phase, playing, started, loaded, trouble, rate } = race;
    const step = Math.max(race.step, 0);
    /** @type {Difference} */
    const changed = this.#differs ? "other" : "";
    const seeds = race.runs[0].length;
    const numbers = [fill(words.stepText, { step: step.toLocaleString() })];
    if (rate) numbers.push(fill(words.rate, { rate: rate.toFixed(0) }));
    if (seeds > 1) numbers.push(fill(words.seeds, { seeds }));
    const play = playing ? words.pause : started ? words.goOn : words.start;
    const waiting = phase === "running" && loaded < 1;
    const ready = !race.ended && phase !== "loading";
    const state = { phase, numbers, play, canPlay: ready, canStep: ready, loaded, waiting, notices: [trouble], changed };
    this.bar.show(state, words);
    setData(this.root, { phase, step, playing, engine: "browser" });
  }

  /** @param {Header} header */
  #showBadges({ badges }) {
    for (const [index, { root }] of this.#columns.entries()) {
      const own = badges[index] ?? [];
      const place = find(root, ".badges");
      place.hidden = !own.length;
      const elements = own.map(({ text, colour }) => {
        const badge = document.createElement("span");
        badge.className = "badge";
        badge.textContent = text;
        setData(badge, { colour });
        return badge;
      });
      if (place.textContent !== own.map(({ text }) => text).join("")) place.replaceChildren(...elements);
    }
  }

  // ---- the server

  /** Tell the server what it does not have: at once where the race rests, else now and then, and never two at a time. */
  #report() {
    clearTimeout(this.#reporting);
    const [race, header] = [this.#race, this.header];
    if (!race || !header || race.step < 0) return;
    const [id, step, version] = header.known ?? ["", -1, -1];
    if (id === race.id && step === race.step && version === race.version) return;
    const { mark, time } = this.#reported;
    const answered = !mark || mark === `${id}/${step}/${version}`;
    const pause = answered ? (race.playing ? header.interval : 0) : Math.max(ANSWER_TIME, 2 * header.interval);
    const wait = time + pause - performance.now();
    if (wait > 0) return void (this.#reporting = setTimeout(() => this.#report(), wait));
    const report = encodeReport(race, id === race.id ? step : -1);
    this.#reported = { mark: `${race.id}/${report.step}/${race.version}`, time: performance.now() };
    this.trigger("report", report.text);
  }

  /**
   * Leave the race to the server: this browser cannot train.
   * @param {string} reason
   */
  #refuse(reason) {
    if (this.#refused) return;
    this.#refused = true;
    this.trigger("refused", reason);
  }
}

/**
 * Return a text that is the same for two races just when they have the same numbers.
 * @param {VisitorRace} race
 */
function describe({ source: { contenders } }) {
  return JSON.stringify(contenders.map(({ source, choices }) => [source.key, choices]));
}

/** @param {StreamlitComponent} component */
export default function arena(component) {
  return mount(ArenaPicture, ".arena", component);
}
