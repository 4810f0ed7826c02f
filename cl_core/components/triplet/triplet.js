/**
 * One anchor, its positive and a few negatives that can be dragged, and the kind of triplet that each negative makes.
 *
 * The numbers are those of a program of Python's, in `measured.js`; until its engine is there, Python sends them when a
 * point is let go. `space.js` says where points may be, `scene.js` and `chart.js` draw the two pictures with `shapes.js`
 * and `labels.js`, `readout.js` writes the numbers. The root element says what is shown in its data attributes.
 */

import { ChartView } from "./chart.js";
import { afterStep, atRest, Descent, RATE } from "./descent.js";
import { measuredOf } from "./measured.js";
import { Readout } from "./readout.js";
import { SceneView } from "./scene.js";
import { dropped, headingOf, onCircle, onRing, stepped } from "./space.js";
import { css } from "../_shared/colour.js";
import { debounce } from "../_shared/debounce.js";
import { find, labelButtons, setData, setText } from "../_shared/dom.js";
import { listenToHandle } from "../_shared/drag.js";
import { fill } from "../_shared/format.js";
import { LiveProgram } from "../_shared/live.js";
import { mount, Picture } from "../_shared/picture.js";
import { saveComponent } from "../_shared/save.js";
import { setAttributes } from "../_shared/svg.js";
import { lerp, Transition } from "../_shared/transition.js";

/**
 * @import { Kind, Measured } from "./measured.js"
 * @import { Terms } from "./readout.js"
 * @import { Rules } from "./scene.js"
 * @import { Bounds, Place } from "./space.js"
 * @import { Numbers } from "../_shared/program_file.js"
 * @import { Live } from "../_shared/live.js"
 * @import { HandleActions } from "../_shared/drag.js"
 * @import { StreamlitComponent, Words } from "../_shared/picture.js"
 * @import { Point } from "../_shared/events.js"
 * @import { Palette, Theme } from "../_shared/theme.js"
 */

/**
 * Header of a message.
 * @typedef {object} HeaderFields
 * @property {string} stream  with a new name the points begin afresh
 * @property {Place[]} points  anchor, positive, negatives
 * @property {number} selected  index of a negative
 * @property {string} alt
 * @property {number} height  CSS pixels
 * @property {Record<string, number[]>} measured  of these points, as `measuredOf` reads it
 * @property {Kind[]} kinds  in the order of their numbers
 * @property {Live | null} live
 * @property {Words} marks  of the kinds
 * @property {Palette} palette  colours of `COLOURS`
 * @property {Words} words
 *
 * @typedef {HeaderFields & Bounds & Rules & Terms} Header
 */

const KEY_DELAY = 300; // ms after a key until the value is sent to Python, since another key may follow
const DURATION = 350; // ms of the movement to a new setting
const STEP_TIME = 220; // ms between two gradient steps
const MOST_STEPS = 200; // of one play
const GHOST = 4; // CSS pixels, radius of a point's place before the steps
const SAME = 1e-9; // difference below which numbers are one; places too, for Python
const VIEW = { plane: 1.33, circle: 1.14 }; // from the middle to the edge: holds every point and its label
const STEP = { coarse: 0.05, fine: 0.01 }; // of an arrow key
/** @type {Record<string, Place>} */
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const COLOURS = ["easy", "semihard", "hard", "positive"]; // of the palette, in Python's order

/** @extends {Picture<Header, {program?: Uint8Array}>} */
class TripletPicture extends Picture {
  /** @type {Place[]} */
  #points = [];
  #selected = 0;
  /** @type {string[]} names of the negatives */
  #names = [];
  /** @type {{points: Place[], selected: number}} what Python knows of */
  #sent = { points: [], selected: 0 };
  /** @type {Measured | null} */
  #measured = null;
  #range = 1; // highest value of the chart's vertical axis
  #grabbed = 0; // number of handles that pointers hold
  #descent = new Descent();
  /** @type {ReturnType<typeof setTimeout> | undefined} of the next gradient step, while they are played */
  #playing;
  #built = new AbortController(); // ends the listeners of the handles
  #settleSoon = debounce(() => this.#settle(), KEY_DELAY, this.signal);
  /** All numbers that a new setting may move, in one list; see `#numbers`. */
  #motion = new Transition(
    (/** @type {number[]} */ from, /** @type {number[]} */ to, /** @type {number} */ share) =>
      to.map((end, i) => lerp(from[i], end, share)),
    DURATION,
  );

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.stages = [...root.querySelectorAll(".stage")];
    this.scene = new SceneView(find(root, ".pane.scene"));
    this.chart = new ChartView(find(root, ".pane.plane"));
    this.readout = new Readout(root);
    this.live = new LiveProgram((numbers) => this.#follow(numbers), this.signal);
    this.observeSize(...this.stages);
    this.followReducedMotion(this.#motion);
  }

  close() {
    super.close();
    clearTimeout(this.#playing);
    this.#built.abort();
  }

  /** A point that a pointer holds must not be moved by a message. */
  get held() {
    return this.#grabbed > 0;
  }

  // ---- messages

  /**
   * @param {Header} header
   * @param {{program?: Uint8Array}} buffers
   * @param {Header | null} previous
   */
  receive(header, buffers, previous) {
    const before = previous && this.#measured ? this.#shownNumbers(this.#measured, previous) : [];
    if (header.stream !== previous?.stream || header.points.length !== this.#points.length) {
      this.#points = header.points;
      this.#selected = header.selected;
      this.#endSteps();
    }
    if (header.circle) this.#points = this.#points.map(onCircle);
    const names = this.#points.slice(2).map((_, k) => `n${k + 1}`);
    const same = this.#names.length === names.length && JSON.stringify(previous?.words) === JSON.stringify(header.words);
    this.#names = names;
    this.#sent = { points: header.points, selected: header.selected };
    if (!same) this.#build(header);
    this.#write(header);
    this.live.receive(header.live, buffers, () => this.#measureAgain());
    const measured = this.#measure(header);
    this.#measured = measured ?? measuredOf(header.measured, header.kinds);
    this.#setStale(!measured && !sameWithin(SAME, this.#points.flat(), header.points.flat()));
    this.#range = this.chart.rangeFor(this.#measured);
    const after = this.#numbers(this.#measured, header);
    if (before.length === after.length && !sameWithin(SAME, before, after)) this.#motion.start(after, performance.now());
    else this.#motion.jump(after);
    this.resize();
    this.#send(); // on the circle the points may have come from elsewhere
  }

  /**
   * Create the elements of the points and the labels.
   * @param {Header} header
   */
  #build({ words, marks }) {
    this.#built.abort();
    this.#built = new AbortController();
    const { signal } = this.#built;
    const { scene, chart } = this;
    const names = this.#names;
    scene.build(names, words);
    chart.build(names, words);
    this.readout.build(names, words, marks, (k) => {
      this.#select(k);
      this.#settle();
    });
    const labels = [words.anchor, words.positive, ...names.map((name) => fill(words.negative, { name }))];
    scene.handles.forEach((handle, i) => {
      setAttributes(handle, { "aria-label": labels[i], "aria-describedby": "keys" });
      listenToHandle(handle, this.#pointActions(i), signal);
    });
    chart.handles.forEach((handle, k) => {
      setAttributes(handle, {
        "aria-label": `${labels[k + 2]}, δₐₙ`,
        "aria-describedby": "plane-keys",
        "aria-orientation": "vertical",
        "aria-valuemin": 0,
      });
      listenToHandle(handle, this.#dotActions(k), signal);
    });
  }

  /** @param {Header} header */
  #write({ alt, words }) {
    const { root, scene, chart } = this;
    setText(find(root, ".pane.scene .head strong"), words.scene);
    setText(find(root, ".pane.plane .head strong"), words.plane);
    setText(find(root, "#keys"), words.keys);
    labelButtons(root, words);
    find(root, ".descent").setAttribute("aria-label", words.descent);
    setText(find(root, "#plane-keys"), words.planeKeys);
    setAttributes(scene.sheet, { "aria-label": alt || words.scene });
    setAttributes(chart.sheet, { "aria-label": words.plane });
  }

  /** Send the points to Python, if they have changed. */
  #send() {
    const [points, selected, sent] = [this.#points, this.#selected, this.#sent];
    const moved = !sameWithin(SAME, points.flat(), sent.points.flat());
    if (!moved && selected === sent.selected) return;
    this.#sent = { points, selected };
    this.setState("scene", { stream: this.header?.stream, points, selected });
  }

  // ---- numbers of the scene, and those shown

  /**
   * Return what the program says of the points; null where it cannot be run.
   * @param {Header} header
   */
  #measure(header) {
    const numbers = this.live.run({ points: this.#points.flat() });
    return numbers && measuredOf(numbers, header.kinds);
  }

  /** The engine has come: what is shown may be of other points than Python knows. */
  #measureAgain() {
    if (!this.header) return;
    this.#measured = this.#measure(this.header) ?? this.#measured;
    this.#setStale(false);
    this.resize();
  }

  /**
   * Show what a slider that moves makes of the same points, at once.
   * @param {Record<string, Numbers>} numbers
   */
  #follow(numbers) {
    if (!this.header) return;
    const measured = measuredOf(numbers, this.header.kinds);
    this.#measured = measured;
    this.#range = Math.max(this.#range, this.chart.rangeFor(measured));
    const [target, after] = [this.#motion.target ?? [], this.#numbers(measured, this.header)];
    if (!sameWithin(SAME, target, after)) this.#motion.jump(after);
    this.drawNow();
  }

  /**
   * Fade the numbers that belong to other places than those that the points have by now.
   * @param {boolean} stale
   */
  #setStale(stale) {
    this.root.classList.toggle("stale", stale);
  }

  /**
   * Return everything that a new setting may move.
   * @param {Measured} measured
   * @param {Header} header
   */
  #numbers({ margin, dAp, dAn, rings }, { circle }) {
    const view = circle ? VIEW.circle : VIEW.plane;
    return [view, this.#range, margin, dAp, ...rings, ...dAn, ...this.#points.flat()];
  }

  /**
   * Return the same as it is shown at this moment.
   * @param {Measured} measured
   * @param {Header} header
   */
  #shownNumbers(measured, header) {
    this.#motion.retarget(this.#numbers(measured, header));
    return this.#motion.shown ?? [];
  }

  /** @param {number} now */
  draw(now) {
    const { header, scene, chart } = this;
    const measured = this.#measured;
    if (!header || !measured) return false;
    this.#motion.tick(now);
    const selected = this.#selected;
    const [view, range, margin, dAp, ...rest] = this.#shownNumbers(measured, header);
    const count = this.#names.length;
    const [rings, dAn, flat] = [rest.slice(0, 3), rest.slice(3, 3 + count), rest.slice(3 + count)];
    /** @type {Place[]} */
    const points = this.#points.map((_, i) => [flat[2 * i], flat[2 * i + 1]]);
    scene.draw({ rules: header, measured, points, rings, view, selected });
    chart.draw({ letter: header.letter, range, margin, dAp, dAn, kinds: measured.kinds, selected });
    this.readout.write(header, measured, selected);
    this.#drawTrail(points);
    this.#writeChanges(header, measured);
    this.#report(header, measured);
    return this.#motion.moving;
  }

  resize() {
    const [left, right] = this.stages;
    if (!left.clientWidth || !left.clientHeight || !this.header || !this.#measured) return;
    this.scene.resize(left.clientWidth, left.clientHeight);
    this.chart.resize(right.clientWidth, right.clientHeight);
    if (!this.held) this.#range = this.chart.rangeFor(this.#measured);
    this.refresh();
  }

  /** @param {Theme} theme */
  restyle(theme) {
    COLOURS.forEach((name, i) => this.root.style.setProperty(`--${name}`, css(theme.classes[i])));
    this.scene.theme = this.chart.theme = theme;
    this.resize();
  }

  /**
   * @param {Header} header
   * @param {Measured} measured
   */
  #report(header, measured) {
    const { scene, chart, readout } = this;
    const [points, selected] = [this.#points, this.#selected];
    readout.describePoints(scene.handles, measured, points, selected);
    readout.describeDots(chart.handles, measured, points, selected, this.#range);
    setData(this.root, {
      kinds: measured.kinds.join(" "),
      dAp: measured.dAp,
      dAn: measured.dAn.join(" "),
      edge: measured.edge,
      loss: measured.loss,
      losses: measured.losses.join(" "),
      rings: measured.rings.join(" "),
      points: points.flat().join(" "),
      forces: measured.forces.flat().join(" "),
      selected,
      distance: header.distance,
      circle: header.circle,
      range: this.#range,
      moving: this.#motion.moving,
      live: this.live.ready,
      steps: this.#descent.steps,
      playing: this.#playing !== undefined,
    });
  }

  /**
   * Draw where the points were before the gradient steps, and the way from there.
   * @param {Place[]} points
   */
  #drawTrail(points) {
    const ways = (this.#descent.before?.points ?? []).map((from, i) => {
      const [[x, y], [toX, toY]] = [this.scene.at(from), this.scene.at(points[i])];
      const ghost = `M${x - GHOST} ${y}a${GHOST} ${GHOST} 0 1 0 ${2 * GHOST} 0a${GHOST} ${GHOST} 0 1 0 ${-2 * GHOST} 0`;
      return `${ghost}M${x} ${y}L${toX} ${toY}`;
    });
    setAttributes(find(this.root, '[data-part="trail"]', SVGElement), { d: ways.join("") });
  }

  /**
   * Write what the gradient steps have changed.
   * @param {Header} header
   * @param {Measured} measured
   */
  #writeChanges({ words }, { loss, dAp, kinds, forces }) {
    const { before, steps } = this.#descent;
    const ready = this.live.ready;
    const resting = atRest(forces);
    find(this.root, '[data-do="stepDown"]', HTMLButtonElement).disabled = !ready || resting;
    find(this.root, '[data-do="playDown"]', HTMLButtonElement).disabled = !ready || (resting && this.#playing === undefined);
    find(this.root, '[data-do="undoSteps"]', HTMLButtonElement).disabled = !before;
    find(this.root, '[data-do="playDown"]').setAttribute("aria-pressed", String(this.#playing !== undefined));
    const changed = this.#names.map((name, k) => {
      const was = before?.measured.kinds[k] ?? kinds[k];
      return was === kinds[k] ? "" : fill(words.changedKind, { name, before: words[was], now: words[kinds[k]] });
    });
    const texts = {
      steps: steps === 1 ? words.oneStep : fill(words.manySteps, { steps }),
      lossBefore: (before?.measured.loss ?? loss).toFixed(3),
      loss: loss.toFixed(3),
      ap: words.near,
      apBefore: (before?.measured.dAp ?? dAp).toFixed(2),
      apNow: dAp.toFixed(2),
      kinds: changed.join(""),
    };
    setText(find(this.root, ".changes"), before ? fill(words.changes, texts) : fill(words.unmoved, { rate: RATE }));
  }

  // ---- gradient steps

  /** @param {string} name */
  press(name) {
    if (name === "stepDown") {
      this.#pauseSteps();
      this.#stepDown();
      this.#settle();
    } else if (name === "playDown") {
      if (this.#playing === undefined) this.#playSteps(MOST_STEPS);
      else this.#pauseSteps();
      this.#settle();
    } else if (name === "undoSteps") {
      const { before } = this.#descent;
      this.#endSteps();
      if (before) this.#place(before.points);
      this.#settle();
    } else {
      super.press(name);
    }
  }

  /** Move all points by a gradient step; nothing while a pointer holds one, or before the engine is there. */
  #stepDown() {
    const [header, measured] = [this.header, this.#measured];
    if (!header || !measured || !this.live.ready || this.held) return;
    this.#descent.add(this.#points, measured);
    this.#place(afterStep(this.#points, measured.forces, header));
  }

  /** @param {number} left  steps that may follow */
  #playSteps(left) {
    this.#stepDown();
    const ended = left <= 1 || !this.#measured || atRest(this.#measured.forces) || this.held;
    if (ended) {
      this.#pauseSteps();
      this.#settle();
    } else {
      this.#playing = setTimeout(() => this.#playSteps(left - 1), STEP_TIME);
      this.refresh();
    }
  }

  #pauseSteps() {
    clearTimeout(this.#playing);
    this.#playing = undefined;
  }

  /** Forget the steps: the points are placed anew. */
  #endSteps() {
    this.#pauseSteps();
    this.#descent.clear();
  }

  /**
   * Put all points where they go, with the numbers of that place.
   * @param {Place[]} points
   */
  #place(points) {
    this.#motion.finish();
    this.#points = points;
    this.#remeasure();
  }

  save() {
    if (!this.header || !this.#measured) return;
    const { words, letter } = this.header;
    saveComponent(this.root, fill(words.saved, { delta: letter, margin: this.#measured.margin }));
  }

  // ---- dragging and keys

  /** @param {number} k */
  #select(k) {
    this.#selected = k;
    this.refresh();
  }

  /**
   * @param {number} i
   * @param {Place} point
   */
  #move(i, point) {
    if (!this.header) return;
    this.#endSteps();
    this.#motion.finish();
    this.#points = this.#points.with(i, point);
    this.#remeasure();
  }

  /** Take the numbers of the places that the points have by now. */
  #remeasure() {
    if (!this.header) return;
    const measured = this.#measure(this.header);
    this.#setStale(!measured);
    if (measured) {
      this.#measured = measured;
      this.#range = Math.max(this.#range, this.chart.rangeFor(measured));
    }
    this.refresh();
  }

  /** A drag or a series of keys is over: receive a message that waits, and send the points to Python. */
  #settle() {
    this.#settleSoon.cancel();
    if (this.held || !this.#measured) return;
    this.receiveWaiting();
    this.#range = this.chart.rangeFor(this.#measured);
    this.#send();
    this.refresh();
  }

  /**
   * @param {HandleActions["grab"]} grab
   * @param {(arrow: Place, step: number) => void} press  an arrow key
   * @param {() => void} focus
   * @returns {HandleActions}
   */
  #actions(grab, press, focus) {
    return {
      grab: (at) => {
        this.#grabbed += 1;
        this.#motion.finish();
        return grab(at);
      },
      release: () => {
        this.#grabbed -= 1;
        this.#settle();
      },
      key: ({ key, shiftKey }) => {
        const arrow = ARROWS[key];
        if (arrow) press(arrow, shiftKey ? STEP.fine : STEP.coarse);
        return Boolean(arrow);
      },
      keyed: this.#settleSoon,
      focus,
      blur: this.#settleSoon,
    };
  }

  /**
   * Return the actions of a point's handle in the left picture.
   * @param {number} i
   */
  #pointActions(i) {
    /** @param {Point} start */
    const grab = (start) => {
      const [x, y] = this.scene.at(this.#points[i]);
      const offset = { x: x - start.x, y: y - start.y };
      /** @param {Point} at */
      return (at) => {
        const point = this.scene.pointAt({ x: at.x + offset.x, y: at.y + offset.y });
        if (this.header) this.#move(i, dropped(point, this.header));
      };
    };
    /**
     * @param {Place} arrow
     * @param {number} step
     */
    const press = (arrow, step) => this.header && this.#move(i, stepped(this.#points[i], arrow, step, this.header));
    return this.#actions(grab, press, () => i > 1 && this.#select(i - 2));
  }

  /**
   * Return the actions of a negative's handle in the right picture.
   * @param {number} k
   */
  #dotActions(k) {
    /**
     * @param {Place} heading
     * @param {number} delta
     */
    const moveTo = (heading, delta) => {
      const asked = this.live.run({ asked: Math.min(Math.max(delta, 0), this.#range) });
      if (asked && this.header) this.#move(k + 2, onRing(this.#points[0], heading, asked.reach[0], this.header));
    };
    const heading = () => headingOf(this.#points, this.#points[k + 2]);
    const distance = () => this.#measured?.dAn[k] ?? 0;
    /** @param {Point} start */
    const grab = (start) => {
      const kept = heading();
      const [, y] = this.chart.at(this.#measured?.dAp ?? 0, distance());
      const offset = y - start.y;
      /** @param {Point} at */
      return (at) => moveTo(kept, this.chart.distanceAt(at.y + offset));
    };
    /**
     * @param {Place} arrow
     * @param {number} step
     */
    const press = ([right, up], step) => {
      const { handles } = this.chart;
      if (up) moveTo(heading(), Math.round((distance() + up * step) * 100) / 100);
      else handles[(k + right + handles.length) % handles.length].focus();
    };
    return this.#actions(grab, press, () => this.#select(k));
  }
}

/**
 * Return whether lists of one length hold the same numbers, but for a difference.
 * @param {number} difference
 * @param {number[]} a
 * @param {number[]} b
 */
function sameWithin(difference, a, b) {
  return a.every((number, i) => Math.abs(number - b[i]) <= difference);
}

/** @param {StreamlitComponent} component */
export default function triplet(component) {
  return mount(TripletPicture, ".triplet", component);
}
