/**
 * One frozen batch under one loss: who pulls whom, and how hard.
 *
 * `bonds.js` knows the weights, `tween.js` moves what is shown to what is new, `scene.js` draws the plane, `matrix.js`
 * the weights, `readout.js` is the words, `attention.js` says what is looked at, here and in the scenes beside it. Here
 * these are tied to each other, to the messages from Python and to the theme.
 *
 * For tests and assistive tools the root element says what is shown in its data attributes, and answers an event
 * "describe" by writing what is drawn where, in CSS pixels of the window, into `data-scene`.
 */

import { openEnvelope, sameBytes } from "../_shared/_old/envelope.js";
import { heedCalm, setData, shownBy } from "../_shared/_old/page.js";
import { saveWhole, SHARP } from "../_shared/_old/save.js";
import { readTheme } from "../_shared/_old/theme.js";
import { Attention } from "./attention.js";
import { Bonds } from "./bonds.js";
import { Camera } from "./camera.js";
import { description } from "./description.js";
import { listenToMatrix, listenToPlane } from "./hand.js";
import { Matrix } from "./matrix.js";
import { Readout } from "./readout.js";
import { Scene } from "./scene.js";
import { Tiles } from "./tiles.js";
import { Tween } from "./tween.js";

class Picture {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.canvas = root.querySelector(".scene");
    this.matrixCanvas = root.querySelector(".matrix");
    this.scene = new Scene(this.canvas);
    this.matrix = new Matrix(this.matrixCanvas);
    this.camera = new Camera();
    this.tween = new Tween();
    this.tiles = new Tiles();
    this.readout = new Readout(root, (name) => this.#do(name));
    this.header = null;
    this.bonds = null;
    this.theme = null;
    this.inks = null;
    this.attention = new Attention(() => this.#refresh());
    this.visible = true;
    this.ending = new AbortController();
    this.#listen();
  }

  /** The page's latest data, theme and ways to answer; called for each new message. */
  update({ data, setStateValue }) {
    this.answer = setStateValue;
    if (data && !sameBytes(data, this.message)) this.#receive(data);
    if (!this.header) return;
    const { palette, positive, negative } = this.header;
    const theme = readTheme(this.root, palette, this.theme);
    const shade = theme.dark ? "dark" : "light";
    this.inks = { pull: rgb(positive[shade][0]), push: rgb(negative[shade][0]) };
    this.theme = theme;
    this.root.style.colorScheme = shade;
    this.readout.paint(this.inks);
    this.#layout();
  }

  close() {
    this.attention.close();
    this.ending.abort();
    this.sizes.disconnect();
    this.sight.disconnect();
  }

  // ---- messages

  #receive(message) {
    this.message = message;
    const { header, buffers } = openEnvelope(message);
    const begun = this.header?.stream === header.stream;
    this.header = header;
    this.bonds = new Bonds(header, buffers);
    this.attention.turnTo(this.bonds, header);
    this.readout.write(header);
    this.root.style.setProperty("--height", `${header.height}px`);
    if (!begun) this.camera.reset();
    this.#aim(buffers, begun);
    this.tiles.load(buffers.sprite).then(() => this.#refresh());
  }

  /** Where everything shall be from now on. */
  #aim(buffers, begun) {
    const target = {
      points: buffers.points,
      arrows: buffers.forces.map((force) => force * this.header.reach),
      weights: buffers.weights,
      largest: [this.bonds.largest],
      extent: this.header.extent,
    };
    if (begun) this.tween.go(target, performance.now());
    else this.tween.jump(target);
    this.trail = buffers.trail;
  }

  /** Keep an anchor, or let it go; the page is told once. */
  #pin(node) {
    const place = this.attention.pin(node);
    // the time makes it news even where this scene was the one to say the same before
    if (place) this.answer("anchor", { ...place, time: Date.now() });
    this.#say();
  }

  #escape() {
    this.attention.leave();
    this.#pin(-1);
  }

  #say() {
    this.readout.say(this.attention.told());
  }

  // ---- drawing, only while something moves and can be seen

  #refresh() {
    if (this.due || !this.visible || document.hidden) return;
    this.due = requestAnimationFrame(() => {
      this.due = 0;
      this.#frame();
    });
  }

  #frame() {
    if (!this.theme || !this.root.isConnected || !this.canvas.clientWidth || !this.matrix.bonds) return;
    this.tween.tick(performance.now());
    const { bonds, camera, theme, tiles, inks, header } = this;
    const now = { ...this.tween.now, trail: this.trail };
    const focus = this.attention.focus();
    tiles.paint(header.sprite, bonds.labels, theme);
    const look = { bonds, camera, theme, tiles, inks, classes: header.class_names, circle: header.unit_circle };
    const capped = this.scene.draw(now, look, focus);
    this.matrix.draw(now, inks, focus);
    const told = this.attention.told(focus);
    this.readout.mark(capped);
    this.readout.tell(told);
    if (told) this.#showPair(focus);
    this.#report(focus, told);
    if (this.tween.moving) this.#refresh();
  }

  #showPair({ anchor, partner }) {
    const { bonds, theme, tiles, header } = this;
    this.readout.show((context, which, size) => {
      const node = which === "first" ? anchor : partner;
      if (node < 0) return;
      const label = bonds.labelOf(node);
      const name = header.class_names[label];
      if (bonds.isPrototype(node)) tiles.drawPrototype(context, label, 0, 0, size, theme, { name });
      else tiles.draw(context, node, label, 0, 0, size, theme, { name, frame: 2 });
    });
  }

  /** Sizes, when the column or what it holds has changed. A canvas is blank after it was given a size: draw at once. */
  #layout(ratio = window.devicePixelRatio || 1) {
    const { clientWidth, clientHeight } = this.canvas;
    if (!this.theme || !this.bonds || !clientWidth || !clientHeight) return;
    this.scene.resize(clientWidth, clientHeight, ratio);
    const width = this.matrixCanvas.clientWidth;
    const names = this.header.class_names;
    this.readout.ratio = ratio;
    const height = this.matrix.layout(width, this.header.height, this.bonds, names, this.theme, ratio);
    this.matrixCanvas.style.height = `${height}px`;
    cancelAnimationFrame(this.due);
    this.due = 0;
    this.#frame();
  }

  // ---- what the page says

  /** Data attributes: what is shown now. */
  #report({ anchor, partner }, told) {
    const { root, camera } = this;
    const { pinned } = this.attention;
    const state = {
      stream: this.header.stream,
      n: this.bonds.n,
      anchor: anchor < 0 ? "" : anchor,
      partner: partner < 0 ? "" : partner,
      pinned: pinned < 0 ? "" : pinned,
      s: told?.pair?.s ?? "",
      w: told?.pair?.w ?? "",
      back: told?.pair?.back ?? "",
      moving: this.tween.moving,
      held: camera.held !== null,
      zoom: camera.zoom.toFixed(3),
    };
    setData(root, state);
  }

  // ---- the hand

  #listen() {
    const { signal } = this.ending;
    const node = (x, y, reach) => (this.bonds ? this.scene.nearest(x, y, reach) : -1);
    const hand = {
      camera: this.camera,
      moved: () => this.#refresh(),
      reset: () => this.#do("reset"),
      point: (x, y, reach) => this.attention.pointAt(this.#hit(node(x, y, reach))),
      press: (x, y, reach, touch) => {
        this.attention.pointAt(node(x, y, reach));
        this.#pin(node(x, y, reach));
        if (touch && this.attention.pinned < 0) this.attention.leave(); // a finger does not go on pointing
      },
      leave: () => this.attention.leave(),
      step: (by) => {
        this.attention.step(by);
        this.#say();
      },
      choose: () => this.attention.here >= 0 && this.#pin(this.attention.here),
      escape: () => this.#escape(),
    };
    listenToPlane(this.canvas, hand, signal);
    listenToMatrix(this.matrixCanvas, this.#matrixHand(), signal);
    this.root.addEventListener("describe", () => {
      if (this.scene.camera) this.root.dataset.scene = JSON.stringify(description(this));
    });
    this.#watch(signal);
  }

  #hit(node) {
    this.canvas.classList.toggle("on", node >= 0);
    return node;
  }

  #matrixHand() {
    const point = (x, y) => {
      const pair = this.bonds && this.matrix.at(x, y);
      if (pair && pair.anchor !== pair.partner) this.attention.pointAt(pair.anchor, pair.partner);
      else this.attention.leave();
      return pair;
    };
    return {
      point,
      press: (x, y, touch) => {
        const pair = point(x, y);
        if (touch) this.#say();
        else this.#pin(pair ? pair.anchor : -1);
      },
      leave: () => this.attention.leave(),
    };
  }

  #watch(signal) {
    this.sizes = new ResizeObserver(() => this.#layout());
    this.sizes.observe(this.canvas);
    this.sight = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
      if (this.visible) this.#refresh();
    });
    this.sight.observe(this.root);
    document.addEventListener("visibilitychange", () => this.#refresh(), { signal });
    heedCalm(this.tween, signal);
  }

  /** Both views as they are now, as a file. */
  #save() {
    this.#layout(SHARP);
    saveWhole(this.root, this.header.title);
    this.#layout();
  }

  /** What a button does. */
  #do(name) {
    const { camera } = this;
    if (!camera.current) return;
    const actions = {
      zoomIn: () => camera.zoomAt(1.25),
      zoomOut: () => camera.zoomAt(0.8),
      reset: () => camera.reset(),
      save: () => this.#save(),
    };
    actions[name]?.();
    this.#refresh();
  }
}

/** #rrggbb as [red, green, blue]. */
function rgb(hex) {
  return [1, 3, 5].map((start) => Number.parseInt(hex.slice(start, start + 2), 16));
}

export default function batch(component) {
  return shownBy(Picture, ".batch", component);
}
