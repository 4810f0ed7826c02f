/**
 * A cloud of points that moves while a network learns.
 *
 * `film.js` keeps the frames, `player.js` says which moment is shown (`shared.js` where several pictures show the same
 * one), `camera.js` where it is on the screen, `scene.js` draws it, `controls.js` are the buttons around it. Here these
 * are tied to each other, to the messages from Python and to the theme.
 *
 * For tests and assistive tools the root element says what is shown in its data attributes, and answers an event
 * "describe" by writing the first points' places, in data and on the screen, into `data-positions`.
 */

import { Camera } from "./camera.js";
import { count, Controls } from "./controls.js";
import { received } from "./film.js";
import { joinGroup } from "../_shared/_old/playback.js";
import { Player } from "./player.js";
import { listen } from "./hand.js";
import { Scene } from "./scene.js";
import { SharedPlayer } from "./shared.js";
import { sameBytes } from "../_shared/_old/envelope.js";
import { filled, heedCalm, setData, shownBy } from "../_shared/_old/page.js";
import { savePicture, SHARP } from "../_shared/_old/save.js";
import { css, readTheme } from "../_shared/_old/theme.js";
import { Tooltip } from "./tooltip.js";

const PAUSE = 1000 / 30; // ms between two drawings: training needs the processor too
const REACH = 14; // CSS pixels from the pointer to a point
const PATIENCE = 2500; // ms until missing frames are asked for again
const DESCRIBED = 16;

class Picture {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector(".cloud");
    this.scene = new Scene(this.canvas);
    this.camera = new Camera();
    this.player = new Player();
    this.time = null; // what it shares with the others of its group
    this.tooltip = new Tooltip(root);
    this.film = null;
    this.header = null;
    this.theme = null;
    this.lit = new Set(); // classes that are shown alone; none: all are
    this.labels = true;
    this.pointed = -1;
    this.visible = true;
    this.asked = -Infinity;
    this.told = null; // what Python knows of the frame looked at
    this.fresh = false; // a stream has begun and Python has not been told since
    this.resuming = null;
    this.controls = new Controls(root, {
      press: (name) => this.#do(name),
      light: (c) => this.#light(c),
      scrub: (frame) => this.#seek(frame),
      scrubbed: () => this.#settle(),
    });
    this.ending = new AbortController();
    this.#listen();
  }

  /** The page's latest data, theme and ways to answer; called for each new message. */
  update({ data, setStateValue, setTriggerValue }) {
    this.answer = { setStateValue, setTriggerValue };
    if (data && !sameBytes(data, this.message)) this.#receive(data);
    if (!this.header) return;
    const theme = readTheme(this.root, this.header.palette, this.theme);
    if (theme !== this.theme) this.#restyle(theme);
  }

  close() {
    this.ending.abort();
    this.sizes.disconnect();
    this.sight.disconnect();
    clearTimeout(this.timer);
    clearTimeout(this.asking);
    this.controls.close();
    this.time?.part(this.player);
  }

  // ---- messages

  #receive(message) {
    this.message = message;
    const { header, buffers, film } = received(message, this.film);
    const restarted = film !== this.film;
    if (!this.header) {
      this.resuming = this.told = header.frame; // mounted again: where was the viewer?
      if (header.group) this.#join(header.group);
    }
    this.header = header;
    if (restarted) this.#restart(film);
    const complete = film.add(header, buffers);
    if (!complete) this.#need();
    this.player.arrive(film.steps, performance.now());
    this.#resume();
    if (restarted) this.fresh = true;
    if (this.fresh && complete && !this.resuming) {
      this.fresh = false;
      this.#tell();
    }
    this.controls.write(header, film.length === 0);
    this.lit = new Set([...this.lit].filter((c) => c < header.class_names.length));
    if (this.theme) this.controls.paintLegend(this.lit, this.theme);
    this.tooltip.load(film.sprite);
    this.#refresh();
  }

  #restart(film) {
    this.film = film;
    this.player.clear();
    this.camera.reset();
    this.pointed = -1;
    this.asked = -Infinity;
  }

  /** Share the moment with the other pictures of that group; one that is chosen there already counts. */
  #join(group) {
    const { signal } = this.ending;
    this.time = joinGroup(group);
    if (this.time.begun) this.resuming = null;
    this.player = new SharedPlayer(this.time);
    heedCalm(this.player, signal);
    const moved = () => {
      this.player.heed();
      this.#refresh();
    };
    this.time.addEventListener("change", moved, { signal });
    this.time.addEventListener("settle", () => this.#tell(), { signal });
  }

  /** Go back to the frame that was looked at before the picture was mounted again. */
  #resume() {
    if (!this.resuming || this.film.length <= this.resuming.frame) return;
    this.player.seek(this.resuming.frame);
    this.resuming = null;
  }

  /** Ask for the frames that are missing, once at a time and not in haste. */
  #need() {
    clearTimeout(this.asking);
    const wait = Math.max(this.asked + PATIENCE - performance.now(), 60);
    this.asking = setTimeout(() => {
      if (this.film.length >= this.header.total && this.film.labels) return;
      this.asked = performance.now();
      this.answer.setTriggerValue("need", this.film.labels ? this.film.length : 0);
    }, wait);
  }

  /** The viewer has come to a frame: Python is told by every picture that shows another one now. */
  #settle() {
    if (this.time) this.time.settle();
    else this.#tell();
  }

  /** Tell Python which frame is looked at, if that has changed. */
  #tell() {
    if (!this.film) return;
    const live = this.player.mode === "live";
    const chosen = live ? null : { stream: this.film.stream, frame: this.player.frame };
    const text = JSON.stringify(chosen);
    if (text === JSON.stringify(this.told)) return;
    this.told = chosen;
    this.answer.setStateValue("frame", chosen);
  }

  // ---- drawing, only while something moves and can be seen

  #refresh() {
    this.stale = true;
    this.#wake();
  }

  #wake() {
    if (this.timer || this.due || !this.visible || document.hidden) return;
    const wait = PAUSE - (performance.now() - (this.drawn ?? 0));
    const ask = () => {
      this.timer = 0;
      this.due = requestAnimationFrame((now) => this.#frame(now));
    };
    // a timer first: asking for every animation frame would make the browser prepare 60 a second
    if (wait > 4) this.timer = setTimeout(ask, wait - 4);
    else ask();
  }

  #frame(now) {
    this.due = 0;
    if (!this.root.isConnected) return;
    this.drawn = now;
    const replaying = this.player.mode === "replay";
    const moved = this.player.tick(Math.max(now, performance.now()));
    if (replaying && this.player.mode !== "replay") this.#tell();
    if (moved || this.stale) this.#draw();
    this.stale = false;
    this.#report();
    if (this.player.moving) this.#wake();
  }

  #draw() {
    if (!this.theme || !this.canvas.clientWidth) return;
    if (!this.film?.length) return this.scene.drawNothing(this.theme);
    const { axes, class_names: names } = this.header;
    const look = { axes, names, lit: this.lit, labels: this.labels };
    this.scene.draw(this.film, this.player.position, this.camera, this.theme, look);
    this.#showPoint();
  }

  #resize() {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return;
    this.scene.resize(clientWidth, clientHeight);
    this.stale = true;
    // at once: a canvas is blank after it has been given a size
    cancelAnimationFrame(this.due);
    this.#frame(performance.now());
  }

  // ---- what the page says

  /** Show a class alone, or next to others that are; when none is left, all are shown. */
  #light(c) {
    if (!this.lit.delete(c)) this.lit.add(c);
    if (this.lit.size === this.header.class_names.length) this.lit.clear();
    this.controls.paintLegend(this.lit, this.theme);
    this.#refresh();
  }

  #restyle(theme) {
    this.theme = theme;
    this.root.style.colorScheme = theme.dark ? "dark" : "light";
    this.controls.paintLegend(this.lit, this.theme);
    this.#refresh();
  }

  /** Controls and data attributes: what is shown now. */
  #report() {
    const { player, film, camera, root } = this;
    if (!film) return;
    const shown = film.frames[player.frame];
    const state = {
      stream: film.stream,
      dims: film.dims,
      points: film.count,
      frames: film.length,
      frame: shown ? player.frame : -1,
      step: shown?.step ?? -1,
      live: player.mode === "live",
      replay: player.mode === "replay",
      moving: player.moving,
      held: camera.held !== null,
      zoom: camera.zoom.toFixed(3),
      turn: camera.yaw.toFixed(3),
    };
    setData(root, state);
    this.controls.report(player, shown);
  }

  // ---- points

  #wanted = (i) => !this.lit.size || this.lit.has(this.film.labels[i]);

  #point(index) {
    this.pointed = index;
    this.#showPoint();
  }

  /** Ring and text at the point that is pointed at, wherever it is by now. */
  #showPoint() {
    const i = this.pointed;
    if (i < 0 || !this.film?.length || !this.#wanted(i)) return this.tooltip.hide();
    const label = this.film.labels[i];
    const place = this.#coordinates(i).map((v) => v.toFixed(2).replace("-", "−"));
    const point = {
      index: i,
      x: this.scene.x[i],
      y: this.scene.y[i],
      name: this.header.class_names[label] ?? String(label),
      row: filled(this.header.words.row, { row: count(this.film.rows ? this.film.rows[i] : i) }),
      place: `(${place.join(", ")})`,
      colour: css(this.theme.classes[label % this.theme.classes.length]),
    };
    this.tooltip.show(point, this.header.sprite, this.scene);
    return point;
  }

  #coordinates(i) {
    return Array.from(this.scene.points.slice(i * this.film.dims, (i + 1) * this.film.dims));
  }

  /** Go to the next point of the classes shown that is in the picture, and say what it is. */
  #stepPoint(by) {
    if (!this.film?.length) return;
    const { x, y, width, height } = this.scene;
    const n = this.film.count;
    const start = this.pointed < 0 && by < 0 ? 0 : this.pointed;
    for (let k = 1; k <= n; k++) {
      const i = (((start + k * by) % n) + n) % n;
      if (!this.#wanted(i) || !(x[i] >= 0 && y[i] >= 0 && x[i] <= width && y[i] <= height)) continue;
      this.#point(i);
      const point = this.#showPoint();
      this.controls.say(`${point.name}, ${point.row}, ${point.place}`);
      return;
    }
  }

  /** Write the first points' places, in data and on the screen (CSS pixels of the page), into `data-positions`. */
  #describe() {
    const { x: left, y: top } = this.canvas.getBoundingClientRect();
    const shown = this.film?.length ? Math.min(this.film.count, DESCRIBED) : 0;
    const positions = Array.from({ length: shown }, (_, i) => ({
      index: i,
      label: this.film.labels[i],
      data: this.#coordinates(i),
      screen: [this.scene.x[i] + left, this.scene.y[i] + top],
    }));
    this.root.dataset.positions = JSON.stringify(positions);
  }

  // ---- the hand

  #listen() {
    const { signal } = this.ending;
    const hand = {
      camera: this.camera,
      deep: () => this.film?.dims === 3,
      moved: () => this.#refresh(),
      reset: () => this.#do("reset"),
      point: (x, y) => this.film?.length && this.#point(this.scene.nearest(x, y, REACH, this.#wanted)),
      leave: () => this.#point(-1),
      step: (by) => this.#stepPoint(by),
      replay: () => this.#do("play"),
    };
    listen(this.canvas, hand, signal);
    this.root.addEventListener("describe", () => this.#describe());
    this.#watch(signal);
  }

  #watch(signal) {
    this.sizes = new ResizeObserver(() => this.#resize());
    this.sizes.observe(this.canvas);
    this.sight = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
      if (this.visible) this.#refresh();
    });
    this.sight.observe(this.canvas);
    document.addEventListener("visibilitychange", () => this.#refresh(), { signal });
    heedCalm(this.player, signal);
  }

  #seek(frame) {
    this.player.seek(frame);
    this.#refresh();
  }

  /** What a button does. */
  #do(name) {
    const { player, camera } = this;
    if (!this.film?.length) return;
    const now = performance.now();
    const actions = {
      zoomIn: () => camera.zoomAt(1.25),
      zoomOut: () => camera.zoomAt(0.8),
      reset: () => camera.reset(),
      labels: () => this.#toggleLabels(),
      save: () => this.#save(),
      first: () => player.seek(0),
      back: () => player.seek(player.frame - 1),
      forward: () => player.seek(player.frame + 1),
      play: () => (player.mode === "replay" ? player.pause() : player.play(now)),
      live: () => player.follow(now),
    };
    actions[name]?.();
    if (player.mode !== "replay") this.#settle();
    this.#refresh();
  }

  /** The picture as it is now, as a file. */
  #save() {
    const { class_names: names, title, words } = this.header;
    const { step } = this.film.frames[this.player.frame];
    const legend = names.map((name, c) => ({ name, colour: this.theme.classes[c % this.theme.classes.length] }));
    this.scene.resize(this.scene.width, this.scene.height, SHARP);
    this.#draw();
    savePicture(this.canvas, this.theme, filled(words.place, { title, step: count(step) }), { legend });
    this.#resize();
  }

  #toggleLabels() {
    this.labels = !this.labels;
    this.controls.press("labels", this.labels);
  }
}

export default function embedding(component) {
  return shownBy(Picture, ".embedding", component);
}
