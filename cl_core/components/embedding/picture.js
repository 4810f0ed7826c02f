/**
 * A cloud of points that moves while a network learns.
 *
 * `recording.js` keeps the frames, `player.js` says which moment is shown (`shared_player.js` where a group shows one
 * moment), `camera.js` where a point is on the screen, `scene.js` draws, `controls.js` are the controls around the
 * picture, `input.js` reads pointer and keys.
 *
 * For tests and assistive technology the root element says what is shown in its data attributes, and answers an event
 * "describe" by writing the first points' places, in data and on the screen, into `data-positions`.
 */

import { Camera } from "./camera.js";
import { Controls, wholeNumber } from "./controls.js";
import { listenToInput } from "./input.js";
import { Player } from "./player.js";
import { Recording } from "./recording.js";
import { Scene } from "./scene.js";
import { SharedPlayer } from "./shared_player.js";
import { Tooltip } from "./tooltip.js";
import { classColour, css } from "../_shared/colour.js";
import { find, setData } from "../_shared/dom.js";
import { fill, withMinus } from "../_shared/format.js";
import { toggleClass } from "../_shared/legend.js";
import { listenToPageKeys } from "../_shared/page_keys.js";
import { Picture } from "../_shared/picture.js";
import { joinPlayback } from "../_shared/playback.js";
import { pressZoomButton } from "../_shared/pointer.js";
import { FILE_RATIO, saveCanvas } from "../_shared/save.js";

/**
 * @import { RecordingBuffers, RecordingHeader } from "./recording.js"
 * @import { SpriteLayout } from "../_shared/canvas.js"
 * @import { Words } from "../_shared/picture.js"
 * @import { Playback } from "../_shared/playback.js"
 * @import { Palette, Theme } from "../_shared/theme.js"
 */

/**
 * @typedef {object} HeaderFields
 * @property {string[]} axes
 * @property {string} title
 * @property {Palette} palette
 * @property {number} height  CSS pixels
 * @property {{stream: string, frame: number} | null} frame  known to be looked at
 * @property {string} group
 * @property {string} placeholder
 * @property {string} alt
 * @property {boolean} timeline
 * @property {boolean} legend
 * @property {boolean} density  whether the classes' densities are shown in the place of points
 * @property {boolean} margin  whether the loss of class weights has a margin
 * @property {boolean} show_regions  whether class weights and their regions are drawn, where the frames have them
 * @property {boolean} counts  whether to say how many points are in the regions
 * @property {SpriteLayout | null} sprite
 * @property {Words} words
 *
 * @typedef {RecordingHeader & HeaderFields} Header  of a message
 */

const FRAME_INTERVAL = 1000 / 30; // ms: training needs the processor too
const REACH = 14; // CSS pixels from the pointer to a point
const RETRY_INTERVAL = 2500; // ms until missing frames are asked for again
const DESCRIBED = 16; // number of points in `data-positions`

/** @extends {Picture<Header, RecordingBuffers>} */
export class EmbeddingPicture extends Picture {
  frameInterval = FRAME_INTERVAL;
  /**
   * Called with the index of the frame that is shown, when it is another one; unlike Python, it hears of every one.
   * @type {(frame: number) => void}
   */
  onMoment = () => {};
  #reported = -1; // that index
  #camera = new Camera();
  #player = new Player();
  /** @type {Playback | null} moment of the group */
  #playback = null;
  #leave = () => {};
  /** @type {Recording | null} */
  #recording = null;
  /** @type {Set<number>} classes that are shown alone by this picture; none: all are shown */
  #ownSelected = new Set();
  #labels = true;
  #pointed = -1; // index of the point under the pointer
  #stale = true; // whether the drawing is older than the data
  #askedAt = -Infinity; // time when missing frames were asked for
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asking;
  /** @type {Header["frame"]} what Python knows of the frame looked at */
  #sent = null;
  #fresh = false; // whether a stream has begun and nothing has been sent to Python since
  /** @type {Header["frame"]} frame to go back to, for a picture that was mounted again */
  #resuming = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.canvas = find(root, ".cloud", HTMLCanvasElement);
    this.scene = new Scene(this.canvas);
    this.tooltip = new Tooltip(root);
    this.controls = new Controls(root, {
      toggleClass: (label) => this.#toggleClass(label),
      scrub: (frame) => {
        this.#player.seek(frame);
        this.refresh();
      },
      scrubbed: () => this.#settle(),
    });
    const actions = {
      camera: this.#camera,
      turns: () => this.#recording?.dims === 3,
      moved: () => this.refresh(),
      reset: () => this.press("reset"),
      /**
       * @param {number} x
       * @param {number} y
       */
      point: (x, y) => {
        if (this.#recording?.length) this.#point(this.scene.nearest(x, y, REACH, (i) => this.#isShown(i)));
      },
      leave: () => this.#point(-1),
      /** @param {number} by */
      step: (by) => this.#stepPoint(by),
      replay: () => this.press("play"),
    };
    listenToInput(this.canvas, actions, this.signal);
    const keys = { ArrowLeft: () => this.press("back"), ArrowRight: () => this.press("forward") };
    listenToPageKeys(() => (this.header?.timeline && this.#recording?.length ? keys : {}), this.signal);
    this.answerDescribe("positions", () => this.#describe());
    this.observeSize(this.canvas);
    this.observeVisibility(this.canvas);
    this.followReducedMotion(this.#player);
  }

  close() {
    super.close();
    clearTimeout(this.#asking);
    this.controls.close();
    this.#leave();
  }

  // ---- messages

  /**
   * @param {Header} header
   * @param {RecordingBuffers} buffers
   * @param {Header | null} previous
   */
  receive(header, buffers, previous) {
    if (!previous) {
      this.#resuming = this.#sent = header.frame;
      if (header.group) this.#join(header.group);
    }
    const known = this.#recording?.matches(header) ? this.#recording : null;
    const recording = known ?? this.#restart(header);
    const complete = recording.add(header, buffers);
    if (!complete) this.#askForMissing();
    this.#player.arrive(recording.steps, performance.now());
    this.#resume(recording);
    if (!known) this.#fresh = true;
    if (this.#fresh && complete && !this.#resuming) {
      this.#fresh = false;
      this.#send();
    }
    this.controls.write(header, recording.length === 0);
    for (const label of this.#selected) if (label >= header.class_names.length) this.#selected.delete(label);
    this.#paintLegend();
    this.tooltip.load(recording.sprite);
    this.refresh();
  }

  /** @param {Header} header */
  #restart(header) {
    this.#recording = new Recording(header);
    this.#reported = -1;
    this.#player.clear();
    this.#camera.reset();
    this.#pointed = -1;
    this.#askedAt = -Infinity;
    return this.#recording;
  }

  /**
   * Share the moment with the other pictures of a group; one that is chosen there already counts.
   * @param {string} name
   */
  #join(name) {
    const { group, leave } = joinPlayback(name, this, {
      change: () => {
        player.synchronise();
        this.refresh();
      },
      settle: () => this.#send(),
      select: () => this.#selectionChanged(),
    });
    const player = new SharedPlayer(group, this);
    this.#playback = group;
    this.#leave = leave;
    this.#player = player;
    if (group.started) this.#resuming = null;
    this.followReducedMotion(player);
  }

  /**
   * Go back to the frame that was looked at before the picture was mounted again.
   * @param {Recording} recording
   */
  #resume(recording) {
    if (!this.#resuming || recording.length <= this.#resuming.frame) return;
    this.#player.seek(this.#resuming.frame);
    this.#resuming = null;
  }

  /** Ask Python for the frames that are missing: one request at a time, and not again too soon. */
  #askForMissing() {
    clearTimeout(this.#asking);
    const wait = Math.max(this.#askedAt + RETRY_INTERVAL - performance.now(), 60);
    this.#asking = setTimeout(() => {
      const [recording, header] = [this.#recording, this.header];
      if (!recording || !header || (recording.length >= header.total && recording.labels)) return;
      this.#askedAt = performance.now();
      this.trigger("need", recording.labels ? recording.length : 0);
    }, wait);
  }

  /** The moment is final: every picture of the group that shows another frame sends it to Python. */
  #settle() {
    if (this.#playback) this.#playback.settle();
    else this.#send();
  }

  /** Send the frame that is shown to Python, if it has changed. */
  #send() {
    if (!this.#recording) return;
    const live = this.#player.mode === "live";
    const chosen = live ? null : { stream: this.#recording.stream, frame: this.#player.frame };
    if (JSON.stringify(chosen) === JSON.stringify(this.#sent)) return;
    this.#sent = chosen;
    this.setState("frame", chosen);
  }

  // ---- drawing

  refresh() {
    this.#stale = true;
    if (this.seen) return super.refresh();
    this.#player.keepUp();
    this.#report();
  }

  /** @param {number} now */
  draw(now) {
    const player = this.#player;
    const replaying = player.mode === "replay";
    const moved = player.tick(now);
    if (replaying && player.mode !== "replay") this.#send();
    if (moved || this.#stale) this.#paint();
    this.#stale = false;
    this.#report();
    return player.moving;
  }

  #paint() {
    const { header, theme } = this;
    const recording = this.#recording;
    if (!header || !theme || !this.canvas.clientWidth) return;
    if (!recording?.length) return this.scene.drawNothing(theme);
    const { axes, class_names: names, density, show_regions: regions } = header;
    const look = { axes, names, selected: this.#selected, labels: this.#labels, density, regions };
    this.scene.draw(recording, this.#player.position, this.#camera, theme, look);
    this.#showPoint();
  }

  resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return;
    this.scene.resize(clientWidth, clientHeight);
    this.#stale = true;
    this.drawNow();
  }

  restyle() {
    this.#paintLegend();
    this.refresh();
  }

  /** Classes that are shown alone, in all pictures of a group the same. */
  get #selected() {
    return this.#playback?.selected ?? this.#ownSelected;
  }

  /**
   * Show a class alone, or beside the others that are selected.
   * @param {number} label
   */
  #toggleClass(label) {
    if (!this.header) return;
    toggleClass(this.#selected, label, this.header.class_names.length);
    if (this.#playback) this.#playback.notify("select");
    else this.#selectionChanged();
  }

  #selectionChanged() {
    this.#paintLegend();
    this.refresh();
  }

  #paintLegend() {
    if (this.theme) this.controls.legend.paint(this.#selected, this.theme);
  }

  /** Write controls and data attributes. */
  #report() {
    const [player, recording, camera] = [this.#player, this.#recording, this.#camera];
    if (!recording) return;
    const shown = recording.frames.at(player.frame);
    setData(this.root, {
      stream: recording.stream,
      dims: recording.dims,
      density: this.header?.density,
      points: recording.count,
      frames: recording.length,
      frame: shown ? player.frame : -1,
      step: shown?.step ?? -1,
      live: player.mode === "live",
      replay: player.mode === "replay",
      moving: player.moving,
      held: camera.held,
      zoom: camera.zoom.toFixed(3),
      turn: camera.yaw.toFixed(3),
    });
    this.controls.report(player, shown, this.#sharesOf(recording, player.frame));
    if (shown && player.frame !== this.#reported) this.onMoment(player.frame);
    this.#reported = shown ? player.frame : -1;
  }

  /**
   * Return how many points are in the regions of a frame; null where none are drawn.
   * @param {Recording} recording
   * @param {number} frame
   */
  #sharesOf(recording, frame) {
    const shares = this.header?.show_regions && this.header.counts && recording.length ? recording.shares(frame) : null;
    setData(this.root, { regions: shares !== null, right: shares?.right.toFixed(4), met: shares?.met.toFixed(4) });
    return shares;
  }

  /**
   * Show a frame; the newest one is followed from then on.
   * @param {number} frame
   */
  seek(frame) {
    this.#player.seek(frame);
    this.#settle();
    this.refresh();
  }

  // ---- points

  /** @param {number} i */
  #isShown(i) {
    return !this.#selected.size || this.#selected.has(this.#recording?.labels?.[i] ?? -1);
  }

  /** @param {number} index  -1 for none */
  #point(index) {
    this.#pointed = index;
    this.#showPoint();
  }

  /** Show ring and tooltip at the point under the pointer, wherever it is by now. */
  #showPoint() {
    const i = this.#pointed;
    const [recording, header, theme] = [this.#recording, this.header, this.theme];
    if (!recording?.length || !header || !theme || i < 0 || !this.#isShown(i)) return this.tooltip.hide();
    const label = recording.labels?.[i] ?? 0;
    const place = this.#coordinates(i, recording).map((value) => withMinus(value.toFixed(2)));
    const point = {
      index: i,
      x: this.scene.x[i],
      y: this.scene.y[i],
      name: header.class_names[label] ?? String(label),
      row: fill(header.words.row, { row: wholeNumber(recording.rows ? recording.rows[i] : i) }),
      place: `(${place.join(", ")})`,
      colour: css(classColour(theme.classes, label)),
    };
    this.tooltip.show(point, header.sprite, this.scene);
    return point;
  }

  /**
   * @param {number} i
   * @param {Recording} recording
   */
  #coordinates(i, { dims }) {
    return Array.from(this.scene.points.slice(i * dims, (i + 1) * dims));
  }

  /**
   * Go to the next point that is shown within the picture, and say what it is.
   * @param {1 | -1 | number} by
   */
  #stepPoint(by) {
    if (!this.#recording?.length) return;
    const { x, y, width, height } = this.scene;
    const n = this.#recording.count;
    const start = this.#pointed < 0 && by < 0 ? 0 : this.#pointed;
    for (let k = 1; k <= n; k++) {
      const i = (((start + k * by) % n) + n) % n;
      if (!this.#isShown(i) || !(x[i] >= 0 && y[i] >= 0 && x[i] <= width && y[i] <= height)) continue;
      this.#pointed = i;
      const point = this.#showPoint();
      if (point) this.controls.say(`${point.name}, ${point.row}, ${point.place}`);
      return;
    }
  }

  /** Return the first points' places, in data and on the screen (CSS pixels of the window). */
  #describe() {
    const recording = this.#recording;
    if (!recording?.length) return [];
    const { x: left, y: top } = this.canvas.getBoundingClientRect();
    return Array.from({ length: Math.min(recording.count, DESCRIBED) }, (_, i) => ({
      index: i,
      label: recording.labels?.[i],
      data: this.#coordinates(i, recording),
      screen: [this.scene.x[i] + left, this.scene.y[i] + top],
    }));
  }

  // ---- buttons

  /** @param {string} name */
  press(name) {
    const player = this.#player;
    if (!this.#recording?.length) return;
    const now = performance.now();
    /** @type {Record<string, () => void>} */
    const actions = {
      labels: () => this.#toggleLabels(),
      save: () => this.save(),
      first: () => player.seek(0),
      back: () => player.seek(player.frame - 1),
      forward: () => player.seek(player.frame + 1),
      play: () => (player.mode === "replay" ? player.pause() : player.play(now)),
      live: () => player.follow(now),
    };
    pressZoomButton(this.#camera, name);
    actions[name]?.();
    if (player.mode !== "replay") this.#settle();
    this.refresh();
  }

  save() {
    const [recording, header, theme] = [this.#recording, this.header, this.theme];
    if (!recording || !header || !theme) return;
    const { class_names: names, title, words } = header;
    const { step } = recording.frames[this.#player.frame];
    const legend = names.map((name, label) => ({ name, colour: classColour(theme.classes, label) }));
    this.scene.resize(this.scene.width, this.scene.height, FILE_RATIO);
    this.#paint();
    saveCanvas(this.canvas, theme, fill(words.place, { title, step: wholeNumber(step) }), { legend });
    this.resize();
  }

  #toggleLabels() {
    this.#labels = !this.#labels;
    this.controls.setPressed("labels", this.#labels);
  }
}
