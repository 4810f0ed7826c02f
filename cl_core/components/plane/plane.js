/**
 * A loss over the square of two numbers, as a picture that one can point at.
 *
 * `field.js` reads what arrives, `morph.js` leads from one field to the next, `view.js` says where a place is on the
 * screen, `scene.js` draws it, `panel.js` is the words around it, `group.js` what several planes share. Here these
 * are tied to each other, to the messages from Python and to the theme.
 *
 * For tests and assistive tools the root element says what is shown in its data attributes, and answers an event
 * "describe" by writing curves, marks and the boxes of all labels into `data-shapes`.
 */

import { readField } from "./field.js";
import { nodeAt, nodeNear, nodeOf, readingOf } from "./grid.js";
import { joinGroup, samePlace } from "./group.js";
import { Morph } from "./morph.js";
import { Panel } from "./panel.js";
import { listen } from "./hand.js";
import { report, shapesOf } from "./report.js";
import { Scene } from "./scene.js";
import { View } from "./view.js";
import { sameBytes } from "../_shared/_old/envelope.js";
import { heedCalm, shownBy } from "../_shared/_old/page.js";
import { savePicture, SHARP } from "../_shared/_old/save.js";
import { readTheme } from "../_shared/_old/theme.js";

const QUIET = 250; // ms until Python is told of a place, since it may be on its way to another
const NEAR = 9; // CSS pixels: a press this near to the kept place lets it go
const NARROWEST = 320; // CSS pixels, of what is written around the picture where that is low
const FRINGE = 24; // CSS pixels beside the square where the pointer still counts

class Picture {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector(".sheet");
    this.scene = new Scene(this.canvas);
    this.view = new View();
    this.morph = new Morph();
    this.panel = new Panel(root, (name) => this.#do(name));
    this.look = { arrows: true, contours: true, pairs: true };
    this.theme = null;
    this.group = null;
    this.told = null; // the place that Python knows of
    this.known = null; // the place that it will know of soon
    this.before = null; // the place kept before the last press
    this.gripped = false;
    this.changed = () => this.#regroup();
    this.ending = new AbortController();
    this.#listen();
  }

  get field() {
    return this.morph.field;
  }

  /** The page's latest data, theme and ways to answer; called for each new message. */
  update({ data, setStateValue }) {
    this.answer = setStateValue;
    if (data && !sameBytes(data, this.message)) {
      this.message = data;
      if (this.gripped) this.waiting = true;
      else this.#receive();
    }
    if (!this.field) return;
    const theme = readTheme(this.root, this.field.header.palette, this.theme);
    if (theme !== this.theme) this.#restyle(theme);
  }

  close() {
    this.ending.abort();
    this.sizes.disconnect();
    cancelAnimationFrame(this.due);
    clearTimeout(this.telling);
    this.#leaveGroup();
  }

  // ---- messages

  #receive() {
    this.waiting = false;
    const field = readField(this.message);
    const { header } = field;
    const first = !this.field;
    if (!first && String(header.span) !== String(this.field.header.span)) this.view.reset();
    this.morph.arrive(field, performance.now());
    this.panel.write(header, field.pairs.length > 0, field.violated !== null);
    if (first) this.told = this.known = header.kept;
    if (this.group?.name !== header.group) this.#joinGroup(header.group);
    this.#fit();
    this.#name();
    this.#refresh();
  }

  #joinGroup(name) {
    const kept = this.group ? this.group.kept : this.told;
    this.#leaveGroup();
    this.group = joinGroup(name);
    this.group.addEventListener("change", this.changed);
    if (kept && this.group.members === 1) this.group.keep(kept); // mounted again: what did the viewer keep?
    else this.changed();
  }

  #leaveGroup() {
    this.group?.removeEventListener("change", this.changed);
    this.group?.part(this);
  }

  /** Something is pointed at or kept, here or in another plane. */
  #regroup() {
    if (!samePlace(this.group.kept, this.known)) {
      this.known = this.group.kept;
      clearTimeout(this.telling);
      this.telling = setTimeout(() => this.#tell(), QUIET);
    }
    this.#refresh();
  }

  /** Tell Python which place is kept, if that has changed. */
  #tell() {
    const place = placeOf(nodeAt(this.field, this.group.kept));
    if (samePlace(place, this.told)) return;
    this.told = place;
    this.answer("point", place);
  }

  // ---- drawing, only when something has changed

  #refresh() {
    this.due ??= requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now) {
    this.due = null;
    if (!this.root.isConnected || !this.theme || !this.field) return;
    const { morph } = this;
    morph.tick(Math.max(now, performance.now()));
    const cross = this.#cross();
    this.scene.draw(morph.shown, this.field, morph.share, this.view, this.look, cross);
    this.#report(cross);
    if (morph.moving) this.#refresh();
  }

  /** Give the labels their places for the view as it is. */
  #name() {
    if (this.theme && this.field) this.scene.name(this.field, this.view, this.look, this.morph.moving);
  }

  #fit() {
    const width = this.root.parentElement?.clientWidth || this.root.clientWidth;
    if (!width || !this.field) return;
    const height = this.field.header.height - this.panel.chrome;
    this.root.style.maxWidth = `${Math.max(this.view.widthAt(height), NARROWEST)}px`;
    this.view.fit(Math.min(this.root.clientWidth, width), height);
    this.scene.resize(this.view);
  }

  #resize() {
    this.#fit();
    this.#name();
    cancelAnimationFrame(this.due);
    this.#frame(performance.now()); // at once: a canvas is blank after it has been given a size
  }

  #restyle(theme) {
    this.theme = theme;
    this.view.rescale(theme.scale);
    this.root.style.colorScheme = theme.dark ? "dark" : "light";
    this.panel.paint(theme);
    this.scene.restyle(theme);
    this.#fit();
    this.#name();
    this.#refresh();
  }

  // ---- what the page says

  /** The node that the cross-hair is at, with all that is known of it. */
  #cross() {
    const { kept, pointed } = this.group;
    const node = nodeAt(this.field, kept ?? pointed);
    return node && { ...readingOf(this.field, node), kept: kept !== null };
  }

  #report(cross) {
    const { panel, view } = this;
    panel.read(cross);
    panel.enable("zoomIn", view.zoom < view.closest);
    panel.enable("zoomOut", view.held);
    panel.enable("reset", view.held);
    report(this.root, view, this.morph, cross);
  }

  // ---- the hand

  #listen() {
    const { signal } = this.ending;
    const hand = {
      camera: this.view,
      moved: () => this.#moved(),
      reset: () => this.#do("reset"),
      point: (x, y) => this.#point(x, y),
      press: (x, y) => this.#press(x, y),
      leave: () => this.group?.leave(this),
      step: (across, up) => this.#step(across, up),
      choose: () => this.#choose(),
      release: () => this.#release(),
      undo: () => this.group?.keep(this.before),
      grip: (on) => this.#grip(on),
    };
    listen(this.canvas, hand, signal);
    this.root.addEventListener("describe", () => {
      const sheet = this.canvas.getBoundingClientRect();
      const shapes = this.field && shapesOf(this.view, this.morph, this.scene.labels, sheet);
      this.root.dataset.shapes = JSON.stringify(shapes);
    });
    this.sizes = new ResizeObserver(() => this.#resize());
    this.sizes.observe(this.root);
    if (this.root.parentElement) this.sizes.observe(this.root.parentElement);
    heedCalm(this.morph, signal);
  }

  #moved() {
    this.#name();
    this.#refresh();
  }

  /** While the hand holds the plane nothing changes under it. */
  #grip(on) {
    this.gripped = on;
    if (!on && this.waiting) this.#receive();
  }

  /** The place of the node under the pointer; null where the pointer is beside the square. */
  #placeAt(x, y) {
    const { view, field } = this;
    return field && view.holds(x, y, FRINGE) ? placeOf(nodeNear(field, ...view.placeAt(x, y))) : null;
  }

  #point(x, y) {
    const place = this.#placeAt(x, y);
    if (place) this.group?.point(this, place);
    else this.group?.leave(this);
  }

  /** Keep a place, or let it go if it is the one that is kept. */
  #press(x, y) {
    const place = this.#placeAt(x, y);
    if (!place) return;
    this.before = this.group.kept;
    const kept = nodeAt(this.field, this.group.kept);
    const again = kept && Math.hypot(this.view.across(kept.u) - x, this.view.up(kept.v) - y) < NEAR;
    this.group.keep(again ? null : place);
  }

  #step(across, up) {
    const { field, group, view } = this;
    if (!field) return;
    const from = nodeAt(field, group.kept ?? group.pointed);
    const to = from ? nodeOf(field, from.column + across, from.row + up) : nodeNear(field, view.u, view.v);
    if (group.kept) group.keep(placeOf(to));
    else group.point(this, placeOf(to));
    view.follow(to.u, to.v);
    this.#moved();
    this.panel.say(this.#cross());
  }

  #choose() {
    const { kept, pointed } = this.group;
    if (!kept && !pointed) return this.#step(0, 0);
    this.group.keep(kept ? null : pointed);
    if (kept) this.group.point(this, kept); // it stays where it is, but free
    this.panel.say(this.#cross(), this.panel.words[kept ? "released" : "kept"]);
  }

  #release() {
    if (this.group.kept) this.group.keep(null);
    else this.group.leave(this);
    this.panel.say(null, this.panel.words.released);
  }

  /** The picture as it is now, as a file. */
  #save() {
    this.scene.resize(this.view, SHARP);
    this.#frame(performance.now());
    savePicture(this.scene.canvas, this.theme, this.field.header.title);
    this.#resize();
  }

  /** What a button does. */
  #do(name) {
    const { view, look } = this;
    if (!this.field) return;
    if (name in look) {
      look[name] = !look[name];
      this.panel.press(name, look[name]);
    }
    if (name === "zoomIn") view.zoomAt(1.25);
    if (name === "zoomOut") view.zoomAt(0.8);
    if (name === "reset") view.reset();
    if (name === "save") this.#save();
    this.#moved();
  }
}

function placeOf(node) {
  return node && { x: node.x, y: node.y };
}

export default function plane(component) {
  return shownBy(Picture, ".plane", component);
}
