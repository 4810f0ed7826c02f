/**
 * The picture of points: points and class weights that can be dragged, over the regions of the classes.
 *
 * `facts.js` says what is so, `view.js` draws it, `readout.js` writes it. The root element says what is shown in its data
 * attributes.
 */

import { atDegrees, marginRegions, modulo, sceneFacts, turnedInto } from "./facts.js";
import { Readout } from "./readout.js";
import { PointsView, writeKey } from "./view.js";
import { css } from "../_shared/colour.js";
import { debounce } from "../_shared/debounce.js";
import { find, labelButtons, setData, setText } from "../_shared/dom.js";
import { listenToHandle } from "../_shared/drag.js";
import { fill } from "../_shared/format.js";
import { mount, Picture } from "../_shared/picture.js";
import { saveComponent } from "../_shared/save.js";
import { followSliders, sliderValue } from "../_shared/sliders.js";
import { setAttributes } from "../_shared/svg.js";

/**
 * @import { Place } from "./facts.js"
 * @import { HandleActions } from "../_shared/drag.js"
 * @import { Point } from "../_shared/events.js"
 * @import { StreamlitComponent, Words } from "../_shared/picture.js"
 * @import { Palette, Theme } from "../_shared/theme.js"
 */

/**
 * Header of a message.
 * @typedef {object} Header
 * @property {string} stream  with a new name points and class weights begin afresh
 * @property {Place[]} points
 * @property {number[]} weights  degrees
 * @property {number[]} labels
 * @property {string} loss  title
 * @property {number | null} margin  null for softmax
 * @property {string} measure
 * @property {string} slider  Streamlit's key of the margin's slider
 * @property {number} span  how far from the origin a point may be, along x and along y
 * @property {string} alt
 * @property {number} height
 * @property {Palette} palette  colours of the classes, of positives and of negatives
 * @property {Words} words
 */

const KEY_DELAY = 300; // ms after a key until the places are sent to Python, since another key may follow
const STEP = { coarse: 0.05, fine: 0.01 }; // of an arrow key
const PLACES = 1e4; // parts of a length of 1 on which points land, which a link can hold
/** @type {Record<string, Place>} */
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
/** @type {Record<string, number>} */
const TURNS = { ArrowLeft: 1, ArrowUp: 1, ArrowRight: -1, ArrowDown: -1 };
const COLOURS = ["c0", "c1", "c2", "right", "wrong"]; // of the palette, in Python's order

/** @extends {Picture<Header>} */
class PointsPicture extends Picture {
  /** @type {Place[]} */
  #points = [];
  /** @type {number[]} */
  #weights = [];
  #sent = ""; // what Python knows of, as JSON
  #grabbed = 0; // number of handles that pointers hold
  #built = new AbortController(); // ends the listeners of the handles
  #settleSoon = debounce(() => this.#settle(), KEY_DELAY, this.signal);

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.stage = find(root, ".stage");
    this.view = new PointsView(root);
    this.readout = new Readout(root);
    followSliders(
      () => (this.header?.slider ? [this.header.slider] : []),
      () => this.drawNow(),
      this.signal,
    );
    this.observeSize(this.stage);
  }

  close() {
    super.close();
    this.#built.abort();
  }

  /** A handle that a pointer holds must not be moved by a message. */
  get held() {
    return this.#grabbed > 0;
  }

  /** The margin that the slider shows by now; 0 for softmax. */
  get #margin() {
    const { margin, slider } = this.header ?? { margin: null, slider: "" };
    return margin === null ? 0 : ((slider ? sliderValue(slider) : undefined) ?? margin);
  }

  // ---- messages

  /**
   * @param {Header} header
   * @param {{}} _buffers
   * @param {Header | null} previous
   */
  receive(header, _buffers, previous) {
    if (header.stream !== previous?.stream) [this.#points, this.#weights] = [header.points, header.weights];
    this.#sent = JSON.stringify([header.points, header.weights]);
    const same = JSON.stringify(previous?.labels) === JSON.stringify(header.labels);
    if (!same || previous?.weights.length !== header.weights.length) this.#build(header);
    this.#write(header);
    this.resize();
    this.#send();
  }

  /** @param {Header} header */
  #build({ labels, weights, words }) {
    this.#built.abort();
    this.#built = new AbortController();
    const { signal } = this.#built;
    const { view } = this;
    view.build(labels, weights.length, words);
    this.readout.build(labels, words);
    view.points.forEach((handle, i) => {
      const name = fill(words.pointName, { n: i + 1, c: labels[i] + 1 });
      setAttributes(handle, { "aria-label": name, "aria-describedby": "keys" });
      listenToHandle(handle, this.#pointActions(i), signal);
    });
    view.turns.forEach((handle, k) => {
      const bounds = { "aria-valuemin": 0, "aria-valuemax": 359, "aria-describedby": "weight-keys" };
      setAttributes(handle, { "aria-label": fill(words.weightName, { n: k + 1 }), ...bounds });
      listenToHandle(handle, this.#weightActions(k), signal);
    });
  }

  /** @param {Header} header */
  #write({ alt, margin, words }) {
    const { root } = this;
    setText(find(root, ".title"), words.title);
    setText(find(root, "#keys"), words.keys);
    setText(find(root, "#weight-keys"), words.weightKeys);
    setAttributes(this.view.sheet, { "aria-label": alt || words.title });
    labelButtons(root, words);
    find(root, '[data-do="meet"]').hidden = margin === null;
    writeKey(root, words, margin !== null);
  }

  /** Send points and class weights to Python, if they have changed. */
  #send() {
    const now = JSON.stringify([this.#points, this.#weights]);
    if (now === this.#sent) return;
    this.#sent = now;
    this.setState("scene", { stream: this.header?.stream, points: this.#points, weights: this.#weights });
  }

  // ---- drawing

  draw() {
    const { header } = this;
    if (!header) return false;
    const { labels, measure } = header;
    const [points, weights, margin] = [this.#points, this.#weights, this.#margin];
    const facts = sceneFacts({ points, labels, weights, margin, measure });
    const withMargin = header.margin !== null;
    this.view.draw({ points, labels, weights, facts, decision: marginRegions(weights, 0), withMargin });
    this.readout.write(facts, labels, withMargin);
    this.readout.describe(this.view, facts, points, weights);
    /** @param {boolean[]} each */
    const digits = (each) => each.map(Number).join(" ");
    setData(this.root, {
      points: points.flat().join(" "),
      weights: weights.join(" "),
      classified: digits(facts.classified),
      retrieved: digits(facts.retrieved),
      met: digits(facts.met),
      nearest: facts.nearest.join(" "),
      margin,
      certain: facts.certain,
    });
    return false;
  }

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !clientHeight || !this.header) return;
    this.view.resize(clientWidth, clientHeight);
    this.refresh();
  }

  /** @param {Theme} theme */
  restyle(theme) {
    COLOURS.forEach((name, i) => this.root.style.setProperty(`--${name}`, css(theme.classes[i])));
    this.view.theme = theme;
    this.resize();
  }

  /** @param {string} name */
  press(name) {
    if (name === "meet") this.#meet();
    else super.press(name);
  }

  /** Turn each point about the origin to where the margin of its class is met, as little as possible. */
  #meet() {
    if (!this.header) return;
    const { labels } = this.header;
    const regions = marginRegions(this.#weights, this.#margin);
    this.#points = this.#points.map((point, i) => {
      const region = regions[labels[i]];
      return region ? this.#bounded(turnedInto(point, this.#weights[labels[i]], region)) : point;
    });
    this.#settle();
  }

  save() {
    if (this.header) saveComponent(this.root, fill(this.header.words.saved, { loss: this.header.loss }));
  }

  // ---- dragging and keys

  /**
   * Return the nearest place where a point may be.
   * @param {Place} place
   * @returns {Place}
   */
  #bounded([x, y]) {
    const span = this.header?.span ?? 1;
    /** @param {number} value */
    const within = (value) => Math.round(Math.min(Math.max(value, -span), span) * PLACES) / PLACES + 0;
    return [within(x), within(y)];
  }

  /** A drag or a series of keys is over: receive a message that waits, and send what has changed to Python. */
  #settle() {
    this.#settleSoon.cancel();
    if (this.held) return;
    this.receiveWaiting();
    this.#send();
    this.refresh();
  }

  /**
   * @param {HandleActions["grab"]} grab
   * @param {HandleActions["key"]} key
   * @returns {HandleActions}
   */
  #actions(grab, key) {
    return {
      grab: (at) => {
        this.#grabbed += 1;
        return grab(at);
      },
      release: () => {
        this.#grabbed -= 1;
        this.#settle();
      },
      key,
      keyed: this.#settleSoon,
      blur: this.#settleSoon,
    };
  }

  /** @param {number} i */
  #pointActions(i) {
    /** @param {Place} place */
    const move = (place) => {
      this.#points = this.#points.with(i, this.#bounded(place));
      this.refresh();
    };
    /** @param {Point} start */
    const grab = (start) => {
      const [x, y] = this.view.at(this.#points[i]);
      /** @param {Point} at */
      return (at) => move(this.view.placeAt({ x: at.x + x - start.x, y: at.y + y - start.y }));
    };
    return this.#actions(grab, ({ key, shiftKey }) => {
      const arrow = ARROWS[key];
      const step = shiftKey ? STEP.fine : STEP.coarse;
      if (arrow) move([this.#points[i][0] + arrow[0] * step, this.#points[i][1] + arrow[1] * step]);
      return Boolean(arrow);
    });
  }

  /** @param {number} k */
  #weightActions(k) {
    /** @param {number} degrees */
    const turn = (degrees) => {
      this.#weights = this.#weights.with(k, modulo(Math.round(degrees), 360));
      this.refresh();
    };
    /** @param {Point} point */
    const directionOf = (point) => {
      const [x, y] = this.view.placeAt(point);
      return (Math.atan2(y, x) * 180) / Math.PI;
    };
    /** @param {Point} start */
    const grab = (start) => {
      const [x, y] = this.view.at(atDegrees(this.#weights[k]));
      /** @param {Point} at */
      return (at) => turn(directionOf({ x: at.x + x - start.x, y: at.y + y - start.y }));
    };
    return this.#actions(grab, ({ key, shiftKey }) => {
      const by = TURNS[key];
      if (by) turn(this.#weights[k] + by * (shiftKey ? 10 : 1));
      return Boolean(by);
    });
  }
}

/** @param {StreamlitComponent} component */
export default function points(component) {
  return mount(PointsPicture, ".points", component);
}
