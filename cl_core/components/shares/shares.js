/**
 * How the three kinds of triplets share a batch's triplets during a run, with a cursor at the moment shown.
 *
 * `layout.js` says where things are, `scene.js` draws them; the moment is that of the group (`_shared/playback.js`). The
 * root element says what is shown in its data attributes.
 */

import { find, labelButtons, setData, setText } from "../_shared/dom.js";
import { focusQuietly } from "../_shared/drag.js";
import { fill, shortNumber } from "../_shared/format.js";
import { mount, Picture } from "../_shared/picture.js";
import { joinPlayback } from "../_shared/playback.js";
import { listener, listenToKeys, pointOf } from "../_shared/events.js";
import { saveComponent } from "../_shared/save.js";
import { KINDS, percent, Scene } from "./scene.js";

/**
 * @import { StreamlitComponent, Words } from "../_shared/picture.js"
 * @import { Playback } from "../_shared/playback.js"
 */

/**
 * @typedef {object} Header  of a message
 * @property {string} stream
 * @property {number | null} collapse  loss when all embeddings are one point
 * @property {number | null} floor  loss of perfect classes
 * @property {string} title
 * @property {string} alt
 * @property {Record<string, string>} colours  of the kinds
 * @property {Record<string, string>} marks
 * @property {number} height  CSS pixels
 * @property {string} group
 * @property {Words} words
 *
 * @typedef {{steps: Uint32Array, shares: Float32Array, losses: Float32Array}} Buffers  `shares`: (frames, 3)
 *
 * @typedef {{steps: number[], shares: Float32Array, losses: Float32Array}} Run
 */

const PAGE = 5; // frames of a page key

/** @extends {Picture<Header, Buffers>} */
class SharesPicture extends Picture {
  reducedMotion = false;
  /** @type {Run} */
  #run = { steps: [], shares: new Float32Array(0), losses: new Float32Array(0) };
  /** @type {Playback | null} */
  #playback = null;
  #leave = () => {};
  /** @type {number | null} id of the pointer that drags the cursor */
  #pointer = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.stage = find(root, ".stage");
    this.cursor = find(root, ".cursor");
    this.scene = new Scene(root);
    this.#listen();
    this.observeSize(this.stage);
    this.observeVisibility(this.stage);
    this.followReducedMotion(this);
  }

  close() {
    super.close();
    this.#leave();
  }

  get ready() {
    return this.#run.steps.length > 0 && this.scene.layout !== null;
  }

  /**
   * @param {Header} header
   * @param {Buffers} buffers
   */
  receive(header, buffers) {
    if (!this.#playback || this.#playback.name !== header.group) {
      this.#leave();
      const joined = joinPlayback(header.group, this, { change: () => this.refresh() });
      ({ group: this.#playback, leave: this.#leave } = joined);
    }
    this.#run = { ...buffers, steps: [...buffers.steps] };
    this.#playback.setFrames(this, this.#run.steps);
    this.#write(header);
    this.resize();
  }

  // ---- time

  /** Index of the frame shown. */
  get #frame() {
    return this.#playback?.frameOf(this.#run.steps) ?? 0;
  }

  /** @param {number} frame  may be out of bounds */
  #seek(frame) {
    const { steps } = this.#run;
    this.#playback?.seek(steps[Math.min(Math.max(frame, 0), steps.length - 1)]);
  }

  #togglePlay() {
    if (this.#playback?.playing) {
      this.#playback.pause();
      this.#playback.settle();
    } else this.#playback?.play(performance.now());
  }

  // ---- drawing

  /** @param {Header} header */
  #write(header) {
    const { root } = this;
    const empty = !this.#run.steps.length;
    for (const [kind, colour] of Object.entries(header.colours)) root.style.setProperty(`--${kind}`, colour);
    setText(find(root, ".title"), header.title);
    labelButtons(root, header.words);
    find(root, ".tools").hidden = empty;
    setText(find(root, ".placeholder"), header.words.placeholder);
    find(root, ".placeholder").hidden = !empty;
    find(root, ".kinds").hidden = empty;
    for (const chart of root.querySelectorAll(".chart")) chart.toggleAttribute("hidden", empty);
    this.cursor.hidden = empty;
    for (const kind of KINDS) {
      setText(find(root, `[data-kind="${kind}"] span`), `${header.marks[kind]} ${header.words[kind]}`);
    }
    setText(find(root, ".now dt"), header.words.step);
    this.scene.chart.setAttribute("aria-label", [header.title, header.alt].filter(Boolean).join(": "));
    this.cursor.setAttribute("aria-label", header.words.slider);
    this.cursor.setAttribute("aria-description", header.words.keys);
  }

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!this.header || !this.#run.steps.length || !clientWidth || !clientHeight) return;
    this.scene.draw(this.#run, this.header, clientWidth, clientHeight);
    this.refresh();
  }

  /** @param {number} now */
  draw(now) {
    const [header, playback] = [this.header, this.#playback];
    if (!header || !playback) return false;
    playback.tick(now);
    const { steps } = this.#run;
    const frame = this.#frame;
    const gliding = playback.playing && !this.reducedMotion && playback.step !== null;
    this.scene.point(gliding ? Math.min(playback.step ?? 0, steps[steps.length - 1]) : steps[frame], frame);
    this.#report(header, frame, playback.playing);
    return playback.playing;
  }

  /**
   * Write the values at the cursor, its accessible value, and the data attributes.
   * @param {Header} header
   * @param {number} frame
   * @param {boolean} playing
   */
  #report(header, frame, playing) {
    const { root, cursor } = this;
    const { steps, shares, losses } = this.#run;
    const step = steps[frame];
    const values = Object.fromEntries(KINDS.map((kind, i) => [kind, shares[3 * frame + i]]));
    const texts = Object.fromEntries(KINDS.map((kind) => [kind, percent(values[kind])]));
    for (const kind of KINDS) setText(find(root, `[data-kind="${kind}"] dd`), texts[kind]);
    setText(find(root, ".now dd"), step.toLocaleString());
    const spoken = [fill(header.words.value, { step: step.toLocaleString(), ...texts })];
    if (Number.isFinite(losses[frame])) spoken.push(`${header.words.loss} ${shortNumber(losses[frame])}`);
    cursor.setAttribute("aria-valuemin", "0");
    cursor.setAttribute("aria-valuemax", String(steps[steps.length - 1]));
    cursor.setAttribute("aria-valuenow", String(step));
    cursor.setAttribute("aria-valuetext", spoken.join(", "));
    setData(root, { stream: header.stream, frames: steps.length, frame, step, playing, ...values });
  }

  save() {
    if (this.header) saveComponent(this.root, this.header.title);
  }

  // ---- pointer and keys

  #listen() {
    const on = listener(this.stage, this.signal);
    /** @param {PointerEvent} event */
    const follow = (event) => this.#seek(this.#nearestFrame(pointOf(event, this.stage).x));
    on("pointerdown", (event) => {
      if (event.button > 0 || !this.scene.layout) return;
      this.stage.setPointerCapture(event.pointerId);
      this.#pointer = event.pointerId;
      follow(event);
      focusQuietly(this.cursor);
      event.preventDefault(); // else the focus would move to the element under the pointer
    });
    on("pointermove", (event) => event.pointerId === this.#pointer && follow(event));
    /** @param {PointerEvent} event */
    const up = (event) => {
      if (event.pointerId !== this.#pointer) return;
      this.#pointer = null;
      this.#playback?.settle();
    };
    on("pointerup", up);
    on("pointercancel", up);
    listenToKeys(listener(this.cursor, this.signal), () => this.#keys());
  }

  /**
   * Return the frame that is drawn nearest to a place.
   * @param {number} x
   */
  #nearestFrame(x) {
    const { layout } = this.scene;
    if (!layout) return 0;
    /** @param {number} step */
    const far = (step) => Math.abs(layout.x(step) - x);
    return this.#run.steps.reduce((best, step, k, steps) => (far(step) < far(steps[best]) ? k : best), 0);
  }

  #keys() {
    /** @param {number} frame */
    const go = (frame) => () => {
      this.#seek(frame);
      this.#playback?.settle();
    };
    /** @param {number} frames */
    const by = (frames) => go(this.#frame + frames);
    return {
      ArrowLeft: by(-1),
      ArrowDown: by(-1),
      ArrowRight: by(1),
      ArrowUp: by(1),
      PageDown: by(-PAGE),
      PageUp: by(PAGE),
      Home: go(0),
      End: go(Infinity),
      " ": () => this.#togglePlay(),
    };
  }
}

/** @param {StreamlitComponent} component */
export default function shares(component) {
  return mount(SharesPicture, ".shares", component);
}
