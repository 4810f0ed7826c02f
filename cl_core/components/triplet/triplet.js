/**
 * One anchor, its positive and a few negatives that one drags, and what kind of triplet each of them makes.
 *
 * `space.js` has the formulas, `scene.js` and `chart.js` draw the two pictures, `readout.js` says the numbers, `hand.js`
 * listens to the hand, `lag.js` lets a new setting be followed by the eye. Here these are tied to each other, to the
 * messages from Python and to the theme. The root element says what is shown in its data attributes.
 */

import { ChartView } from "./chart.js";
import { listenToHandle } from "./hand.js";
import { Lag } from "./lag.js";
import { Readout } from "./readout.js";
import { SceneView } from "./scene.js";
import { atDistance, dropped, headingOf, LETTERS, measure, onCircle, stepped } from "./space.js";
import { openEnvelope, sameBytes } from "../_shared/_old/envelope.js";
import { filled, heedCalm, listenToButtons, nameButtons, setData, setText, shownBy } from "../_shared/_old/page.js";
import { saveWhole } from "../_shared/_old/save.js";
import { setAttributes } from "../_shared/_old/svg.js";
import { css, readTheme } from "../_shared/_old/theme.js";

const QUIET = 300; // ms after a key until Python is told, since another key may follow
const NEAR = 1e-9; // between places that are one, for Python
const VIEW = { plane: 1.33, circle: 1.14 }; // from the middle to the edge: what holds every point and its words
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const INKS = ["easy", "semihard", "hard", "positive"]; // of the palette, in Python's order

class Picture {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.stages = [...root.querySelectorAll(".stage")];
    this.scene = new SceneView(root.querySelector(".pane.scene"));
    this.chart = new ChartView(root.querySelector(".pane.plane"));
    this.readout = new Readout(root);
    this.lag = new Lag();
    this.header = null;
    this.theme = null;
    this.held = 0; // handles in a hand
    this.ending = new AbortController();
    this.sizes = new ResizeObserver(() => this.#resize());
    for (const stage of this.stages) this.sizes.observe(stage);
    heedCalm(this.lag, this.ending.signal);
    listenToButtons(root, () => this.header && this.#save());
  }

  /** The page's latest data, theme and ways to answer; called for each new message. */
  update({ data, setStateValue }) {
    this.answer = setStateValue;
    if (data && !sameBytes(data, this.message)) {
      this.message = data;
      this.waiting = openEnvelope(data).header;
    }
    this.#receive();
    if (!this.header) return;
    const theme = readTheme(this.root, this.header.palette, this.theme);
    if (theme !== this.theme) this.#restyle(theme);
  }

  close() {
    this.ending.abort();
    this.unbuilt?.abort();
    this.sizes.disconnect();
    cancelAnimationFrame(this.due);
    clearTimeout(this.pausing);
  }

  // ---- messages

  /** Take what has come, unless a hand holds a point: that must not be moved under it. */
  #receive() {
    const header = this.waiting;
    if (!header || this.held) return;
    this.waiting = null;
    const before = this.header ? this.#shown().numbers : [];
    const fresh = header.stream !== this.header?.stream || header.points.length !== this.points.length;
    if (fresh) {
      this.points = header.points;
      this.selected = header.selected;
    }
    if (header.circle) this.points = this.points.map(onCircle);
    const names = this.points.slice(2).map((_, k) => `n${k + 1}`);
    const built = this.names?.length === names.length && JSON.stringify(this.header.words) === JSON.stringify(header.words);
    this.names = names;
    this.header = header;
    this.told = { points: header.points, selected: header.selected };
    if (!built) this.#build(header);
    this.#write(header);
    this.#measure();
    this.range = this.chart.rangeFor(this.measured);
    this.lag.start(before, this.#numbers(), performance.now());
    this.#resize();
    this.#tell(); // on the circle they may have come from elsewhere
  }

  #build({ words, marks }) {
    this.unbuilt?.abort();
    this.unbuilt = new AbortController();
    const { names, scene, chart } = this;
    scene.build(names, words);
    chart.build(names, words);
    this.readout.build(names, words, marks, (k) => {
      this.#select(k);
      this.#settle();
    });
    const called = [words.anchor, words.positive, ...names.map((name) => filled(words.negative, { name }))];
    scene.handles.forEach((handle, i) => {
      setAttributes(handle, { "aria-label": called[i], "aria-describedby": "keys" });
      listenToHandle(handle, this.#holdOfPoint(i), this.unbuilt.signal);
    });
    chart.handles.forEach((handle, k) => {
      const upright = { "aria-label": `${called[k + 2]}, δₐₙ`, "aria-describedby": "plane-keys", "aria-orientation": "vertical" };
      setAttributes(handle, { ...upright, "aria-valuemin": 0 });
      listenToHandle(handle, this.#holdOfDot(k), this.unbuilt.signal);
    });
  }

  #write({ alt, height, words }) {
    const { root, scene, chart } = this;
    root.style.setProperty("--height", `${height}px`);
    setText(root.querySelector(".pane.scene .head strong"), words.scene);
    setText(root.querySelector(".pane.plane .head strong"), words.plane);
    setText(root.querySelector("#keys"), words.keys);
    nameButtons(root, words);
    setText(root.querySelector("#plane-keys"), words.planeKeys);
    setAttributes(scene.sheet, { "aria-label": alt || words.scene });
    setAttributes(chart.sheet, { "aria-label": words.plane });
  }

  #tell() {
    const { points, selected, told } = this;
    const moved = points.some((point, i) => point.some((x, k) => Math.abs(x - told.points[i][k]) > NEAR));
    if (!moved && selected === told.selected) return;
    this.told = { points, selected };
    this.answer("scene", { stream: this.header.stream, points, selected });
  }

  // ---- what is so, and what is shown of it

  #measure() {
    this.measured = measure(this.points, this.header);
  }

  /** Everything that a new setting may move, in one list. */
  #numbers() {
    const { measured, header, points, range } = this;
    const view = header.circle ? VIEW.circle : VIEW.plane;
    return [view, range, header.margin, measured.dAp, ...measured.rings, ...measured.dAn, ...points.flat()];
  }

  #shown() {
    const numbers = this.lag.shown(this.#numbers());
    const [view, range, margin, dAp, ...rest] = numbers;
    const count = this.names.length;
    const flat = rest.slice(3 + count);
    const points = this.points.map((_, i) => flat.slice(2 * i, 2 * i + 2));
    return { numbers, view, range, margin, dAp, rings: rest.slice(0, 3), dAn: rest.slice(3, 3 + count), points };
  }

  #refresh() {
    this.due ??= requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now) {
    this.due = null;
    if (!this.root.isConnected || !this.theme || !this.header) return;
    this.lag.tick(Math.max(now, performance.now()));
    const { measured, selected, header, scene, chart } = this;
    const shown = this.#shown();
    scene.draw({ ...shown, rules: header, measured, selected });
    chart.draw({ ...shown, rules: header, kinds: measured.kinds, selected });
    this.readout.write(header, measured, selected);
    this.#report();
    if (this.lag.moving) this.#refresh();
  }

  #resize() {
    const [left, right] = this.stages;
    if (!left.clientWidth || !left.clientHeight || !this.header) return;
    this.scene.resize(left.clientWidth, left.clientHeight);
    this.chart.resize(right.clientWidth, right.clientHeight);
    if (!this.held) this.range = this.chart.rangeFor(this.measured);
    this.#refresh();
  }

  #restyle(theme) {
    this.theme = theme;
    this.root.style.colorScheme = theme.dark ? "dark" : "light";
    INKS.forEach((name, i) => this.root.style.setProperty(`--${name}`, css(theme.classes[i])));
    this.scene.theme = this.chart.theme = theme;
    this.#resize();
  }

  #report() {
    const { root, measured, header, points, selected, scene, chart, readout } = this;
    readout.sayPoints(scene.handles, measured, points, selected);
    readout.sayDots(chart.handles, measured, points, selected, this.range);
    setData(root, {
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
      range: this.range,
      moving: this.lag.moving,
    });
  }

  /** The pictures with their numbers, as a file. */
  #save() {
    const { words, distance, margin } = this.header;
    saveWhole(this.root, filled(words.saved, { delta: LETTERS[distance], margin }));
  }

  // ---- the hand

  #select(k) {
    this.selected = k;
    this.#refresh();
  }

  #move(i, point) {
    this.lag.stop();
    this.points = this.points.with(i, point);
    this.#measure();
    this.range = Math.max(this.range, this.chart.rangeFor(this.measured));
    this.#refresh();
  }

  #hold(grip, press, focus) {
    return {
      grip: (at) => {
        this.held += 1;
        this.lag.stop();
        return grip(at);
      },
      release: () => {
        this.held -= 1;
        this.#settle();
      },
      press,
      pause: () => {
        clearTimeout(this.pausing);
        this.pausing = setTimeout(() => this.#settle(), QUIET);
      },
      focus,
    };
  }

  #settle() {
    clearTimeout(this.pausing);
    if (this.held) return;
    this.#receive();
    this.range = this.chart.rangeFor(this.measured);
    this.#tell();
    this.#refresh();
  }

  #holdOfPoint(i) {
    const grip = (from) => {
      const [x, y] = this.scene.at(this.points[i]);
      const apart = { x: x - from.x, y: y - from.y };
      return (at) => this.#move(i, dropped(this.scene.pointAt({ x: at.x + apart.x, y: at.y + apart.y }), this.header));
    };
    const press = (key, step) => {
      const arrow = ARROWS[key];
      if (arrow) this.#move(i, stepped(this.points[i], arrow, step, this.header));
      return Boolean(arrow);
    };
    return this.#hold(grip, press, () => i > 1 && this.#select(i - 2));
  }

  #holdOfDot(k) {
    const to = (heading, delta) => {
      const { points, header } = this;
      this.#move(k + 2, atDistance(points[0], heading, Math.min(Math.max(delta, 0), this.range), header));
    };
    const grip = (from) => {
      const heading = headingOf(this.points, this.points[k + 2]);
      const [, y] = this.chart.at(this.measured.dAp, this.measured.dAn[k]);
      const apart = y - from.y;
      return (at) => to(heading, this.chart.distanceAt({ y: at.y + apart }));
    };
    const press = (key, step) => {
      const arrow = ARROWS[key];
      if (!arrow) return false;
      const delta = Math.round((this.measured.dAn[k] + arrow[1] * step) * 100) / 100;
      if (arrow[1]) to(headingOf(this.points, this.points[k + 2]), delta);
      else this.chart.handles[(k + arrow[0] + this.names.length) % this.names.length].focus();
      return true;
    };
    return this.#hold(grip, press, () => this.#select(k));
  }
}

export default function triplet(component) {
  return shownBy(Picture, ".triplet", component);
}
