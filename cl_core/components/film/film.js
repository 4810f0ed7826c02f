/**
 * A film of a training run that plays by itself, and a slider that chooses between recorded runs.
 *
 * The runs are files that the browser loads, the one that is shown first; so a chosen run is shown at once. For tests the
 * root element says in its data attributes what is shown.
 */

import { loadRun, Mixture } from "./run.js";
import { find, setData, setText } from "../_shared/dom.js";
import { fill } from "../_shared/format.js";
import { mount, Picture } from "../_shared/picture.js";
import { lerp, Transition } from "../_shared/transition.js";
import { Camera } from "../embedding/camera.js";
import { Player } from "../embedding/player.js";
import { Scene } from "../embedding/scene.js";

/**
 * @import { StreamlitComponent, Words } from "../_shared/picture.js"
 * @import { Palette } from "../_shared/theme.js"
 * @import { Recording } from "../embedding/recording.js"
 *
 * @typedef {object} Header
 * @property {string[]} urls  of the runs' files
 * @property {number[]} values  of the slider, one for each run
 * @property {number} chosen  index of the run shown first
 * @property {string[]} class_names
 * @property {string} alt
 * @property {[number, number, number, number]} bounds
 * @property {number} height  CSS pixels
 * @property {Palette} palette
 * @property {Words} words
 */

const FRAME_INTERVAL = 1000 / 30; // ms
const CHANGE = 500; // ms that the points take from one run to another
const DESCRIPTION_INTERVAL = 2000; // ms between two changes of the description

/** @extends {Picture<Header>} */
class FilmPicture extends Picture {
  frameInterval = FRAME_INTERVAL;
  #camera = new Camera();
  #player = new Player();
  #value = new Transition(lerp, CHANGE); // of the slider, as the ruler shows it
  #share = new Transition(lerp, CHANGE); // of the way from the run before to the chosen one
  /** @type {(Recording | undefined)[]} */
  #runs = [];
  #before = 0; // index of the run that was shown before
  #chosen = 0;
  #played = false; // whether it has ever been started
  #describedAt = -Infinity;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.canvas = find(root, ".cloud", HTMLCanvasElement);
    this.slider = find(root, ".slider", HTMLInputElement);
    this.scene = new Scene(this.canvas);
    this.slider.addEventListener("input", () => this.#choose(Number(this.slider.value)));
    this.observeSize(this.canvas);
    this.observeVisibility(this.canvas);
    this.followReducedMotion(this.#player, this.#value, this.#share);
  }

  /**
   * @param {Header} header
   * @param {object} _buffers
   * @param {Header | null} previous
   */
  receive(header, _buffers, previous) {
    this.root.style.height = `${header.height}px`;
    setText(find(this.root, ".name"), header.words.slider);
    setText(find(this.root, ".ruler span"), header.words.ruler);
    if (previous && previous.urls.join() === header.urls.join()) return;
    this.#runs = header.urls.map(() => undefined);
    this.#before = this.#chosen = header.chosen;
    this.slider.max = String(header.urls.length - 1);
    this.slider.value = String(header.chosen);
    this.#value.jump(header.values[header.chosen]);
    this.#share.jump(1);
    void this.#load(header);
  }

  /**
   * Load the chosen run and play it, then load the others.
   * @param {Header} header
   */
  async #load(header) {
    try {
      await this.#loadRun(header, header.chosen);
      this.#player.arrive(this.#runs[header.chosen]?.steps ?? [], performance.now());
      if (this.#player.reducedMotion) this.refresh();
      else this.#play();
      await Promise.all(header.urls.map((_, i) => this.#loadRun(header, i)));
    } catch {
      const placeholder = find(this.root, ".placeholder");
      setText(placeholder, header.words.failed);
      placeholder.hidden = this.#runs.some(Boolean);
    }
    this.refresh();
  }

  /**
   * @param {Header} header
   * @param {number} index
   */
  async #loadRun(header, index) {
    this.#runs[index] ??= await loadRun(header.urls[index], header.class_names);
  }

  #play() {
    this.#played = true;
    this.#player.play(performance.now());
    this.refresh();
  }

  /** @param {number} index  of a run */
  #choose(index) {
    const { header } = this;
    if (!header || index === this.#chosen) return;
    const now = performance.now();
    this.#before = this.#chosen;
    this.#chosen = index;
    this.#value.start(header.values[index], now);
    this.#share.jump(0);
    this.#share.start(1, now);
    this.#describedAt = -Infinity;
    this.refresh();
  }

  /** @param {number} now */
  draw(now) {
    const { header } = this;
    const run = this.#runs[this.#chosen];
    if (!header) return false;
    this.#player.tick(now);
    this.#share.tick(now);
    this.#value.tick(now);
    if (run) this.#paint(header, run);
    this.#report(header, run, now);
    return this.#player.moving || this.#share.moving;
  }

  /**
   * @param {Header} header
   * @param {Recording} run
   */
  #paint(header, run) {
    const { theme } = this;
    if (!theme || !this.canvas.clientWidth) return;
    const shown = new Mixture(this.#runs[this.#before] ?? run, run, this.#share.shown ?? 1, header.bounds);
    const look = { axes: [], names: header.class_names, selected: new Set(), labels: true, density: false, regions: false };
    this.scene.draw(shown, this.#player.position, this.#camera, theme, look);
    const ruler = find(this.root, ".ruler");
    ruler.hidden = false;
    find(ruler, "i").style.width = `${(this.#value.shown ?? 0) * this.#camera.scale}px`;
  }

  /**
   * Write controls, description and data attributes.
   * @param {Header} header
   * @param {Recording | undefined} run
   * @param {number} now
   */
  #report({ words, values, alt }, run, now) {
    const player = this.#player;
    const playing = player.mode === "replay";
    const ended = !playing && player.frame === player.last;
    const phase = playing ? "playing" : ended && this.#played ? "ended" : "paused";
    const label = { playing: words.pause, ended: words.replay, paused: words.play }[phase];
    const value = String(values[this.#chosen]);
    const step = run?.frames[player.frame]?.step ?? 0;
    const last = run?.frames.at(-1)?.step ?? 0;
    setText(find(this.root, ".play span"), label);
    setText(find(this.root, ".value"), value);
    setText(find(this.root, ".moment"), run ? fill(words.moment, { step }) : "");
    this.slider.setAttribute("aria-valuetext", value);
    setData(this.root, { phase, step, frame: player.frame, value, runs: this.#runs.filter(Boolean).length });
    if (!run || (now - this.#describedAt < DESCRIPTION_INTERVAL && playing)) return;
    this.#describedAt = now;
    const place = fill(ended ? words.end : step ? words.middle : words.start, { step, last, value });
    this.canvas.setAttribute("aria-label", `${alt} ${place}`);
  }

  /** @param {string} name */
  press(name) {
    if (name !== "play" || !this.#runs[this.#chosen]) return;
    const player = this.#player;
    if (player.mode !== "replay") return this.#play();
    player.stand(player.position, "still");
    this.refresh();
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return;
    this.scene.resize(clientWidth, clientHeight);
    this.drawNow();
  }

  restyle() {
    this.refresh();
  }
}

/** @param {StreamlitComponent} component */
export default function film(component) {
  return mount(FilmPicture, ".film", component);
}
