/**
 * One frozen batch under one loss: which images attract or repel each other, and how strongly.
 *
 * `bonds.js` has the weights, `focus.js` says what is looked at, here and in the other scenes of the group, `scene.js`
 * draws the plane, `matrix.js` the weights, `tiles.js` the images, `readout.js` writes the texts, `input.js` reads pointer
 * and keys.
 *
 * For tests and assistive technology the root element says what is shown in its data attributes, and answers an event
 * "describe" by writing what is drawn where, in CSS pixels of the window, into `data-scene`.
 */

import { devicePixels } from "../_shared/canvas.js";
import { parseHex } from "../_shared/colour.js";
import { find, setData } from "../_shared/dom.js";
import { LiveProgram } from "../_shared/live.js";
import { mount, Picture } from "../_shared/picture.js";
import { pressZoomButton } from "../_shared/pointer.js";
import { FILE_RATIO, saveComponent } from "../_shared/save.js";
import { lerpArrays, sameNumbers, smoothstep, Transition } from "../_shared/transition.js";
import { Bonds } from "./bonds.js";
import { Camera } from "./camera.js";
import { descriptionOf } from "./description.js";
import { Focus } from "./focus.js";
import { listenToMatrix, listenToPlane } from "./input.js";
import { Matrix } from "./matrix.js";
import { Readout } from "./readout.js";
import { Scene } from "./scene.js";
import { drawPrototype, Tiles } from "./tiles.js";

/**
 * @import { BondsBuffers, BondsHeader } from "./bonds.js"
 * @import { Focused, FocusSummary } from "./focus.js"
 * @import { ForceColours, Moment } from "./scene.js"
 * @import { SpriteLayout } from "../_shared/canvas.js"
 * @import { Numbers } from "../_shared/program_file.js"
 * @import { Live } from "../_shared/live.js"
 * @import { StreamlitComponent, Words } from "../_shared/picture.js"
 * @import { Palette, Theme } from "../_shared/theme.js"
 */

/**
 * @typedef {object} HeaderFields
 * @property {string} stream  with a new name the picture begins again
 * @property {string} title
 * @property {number} reach  length of the arrow of a force of 1, in units of the plane
 * @property {number[]} extent  of the plane: lowest and highest x, lowest and highest y
 * @property {number} trail  number of places before
 * @property {SpriteLayout} sprite
 * @property {boolean} unit_circle
 * @property {Palette} palette
 * @property {Palette} positive  colour of pull
 * @property {Palette} negative  colour of push
 * @property {string} alt
 * @property {number} height  CSS pixels
 * @property {string} group
 * @property {number | null} anchor  known to be pinned
 * @property {Words} words
 * @property {boolean} same_scale  whether the scale is that of several scenes, so that it stays as it is
 * @property {Live | null} live
 *
 * @typedef {BondsHeader & HeaderFields} Header  of a message
 *
 * @typedef {object} BufferFields
 * @property {Float32Array} points  (nodes, 2)
 * @property {Float32Array} forces  (nodes, 2)
 * @property {Float32Array} trail  (steps, images, 2)
 * @property {Uint8Array} sprite  a PNG, or empty
 * @property {Uint8Array} [program]  that computes the forces
 *
 * @typedef {BondsBuffers & BufferFields} Buffers  of a message
 */

const ARROWS_ACROSS = 7; // of the largest force, in the width of the picture
const WEAKEST = 1e-12; // force that still has a scale
const DURATION = 300; // ms of the movement to new data

/**
 * Return what is drawn of a message.
 * @param {Header} header
 * @param {Buffers} buffers
 * @param {Bonds} bonds
 * @returns {Moment}
 */
function momentOf(header, buffers, bonds) {
  return {
    points: buffers.points,
    arrows: buffers.forces.map((force) => force * header.reach),
    weights: buffers.weights,
    largest: Float32Array.of(bonds.largest),
    extent: Float32Array.from(header.extent),
  };
}

/** @extends {Picture<Header, Buffers>} */
class BatchPicture extends Picture {
  #camera = new Camera();
  #tiles = new Tiles();
  #moment = new Transition(lerpMoments, DURATION, smoothstep);
  #focus = new Focus(() => this.refresh());
  /** @type {Bonds | null} */
  #bonds = null;
  /** @type {Float32Array} */
  #trail = new Float32Array(0);
  /** @type {Buffers | null} of the newest message */
  #buffers = null;
  /** @type {ForceColours | null} */
  #colours = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.canvas = find(root, ".scene", HTMLCanvasElement);
    this.scene = new Scene(this.canvas);
    this.matrix = new Matrix(find(root, ".matrix", HTMLCanvasElement));
    this.readout = new Readout(root);
    this.live = new LiveProgram((numbers) => this.#follow(numbers), this.signal);
    this.#listenToPlane();
    this.#listenToMatrix();
    this.answerDescribe("scene", () => {
      const [bonds, moment] = [this.#bonds, this.#moment.shown];
      const drawn = bonds && moment && this.scene.arrows.length === bonds.nodes;
      return drawn ? descriptionOf(bonds, moment.points, this.scene, this.matrix) : undefined;
    });
    this.observeSize(this.canvas);
    this.observeVisibility(root);
    this.followReducedMotion(this.#moment);
  }

  close() {
    super.close();
    this.#focus.close();
  }

  get ready() {
    return super.ready && this.canvas.clientWidth > 0;
  }

  // ---- messages

  /**
   * @param {Header} header
   * @param {Buffers} buffers
   * @param {Header | null} previous
   */
  receive(header, buffers, previous) {
    const continued = previous?.stream === header.stream;
    const bonds = new Bonds(header, buffers);
    this.#bonds = bonds;
    this.#focus.update(bonds, header);
    this.readout.write(header);
    if (!continued) this.#camera.reset();
    this.#moveTo(header, buffers, bonds, continued);
    this.#trail = buffers.trail;
    this.#tiles.load(buffers.sprite).then(() => this.refresh());
    if (this.theme) this.restyle(this.theme);
    this.#buffers = buffers;
    this.live.receive(header.live, buffers, () => this.refresh());
  }

  /**
   * Show what a slider that moves makes of the forces, at once.
   * @param {Record<string, Numbers>} numbers
   */
  #follow(numbers) {
    const [header, buffers] = [this.header, this.#buffers];
    if (!header || !buffers) return;
    const images = 2 * header.n;
    const trail = new Float32Array(header.trail * images);
    let at = numbers;
    for (let step = 0; step < header.trail; step++) {
      trail.set(at.points.subarray(0, images), step * images);
      at = this.live.run({ z: at.next_z, ...(at.next_weight && { weight: at.next_weight }) }) ?? at;
    }
    const { points, forces, similarity, weights, largest_force: force, largest_weight: weight } = at;
    const reach = (header.extent[1] - header.extent[0]) / ARROWS_ACROSS / Math.max(force[0], WEAKEST);
    const scale = header.same_scale ? {} : { reach, largest: weight[0] || null };
    const moved = { ...header, ...scale };
    const shown = /** @type {Record<string, Float32Array>} */ ({ points, forces, similarity, weights });
    const data = { ...buffers, ...shown };
    this.#trail = trail;
    this.#bonds = new Bonds(moved, data);
    this.#focus.update(this.#bonds, moved);
    this.#moment.jump(momentOf(moved, data, this.#bonds));
    this.drawNow();
  }

  /**
   * Move to new data; those of another stream are shown at once.
   * @param {Header} header
   * @param {Buffers} buffers
   * @param {Bonds} bonds
   * @param {boolean} continued
   */
  #moveTo(header, buffers, bonds, continued) {
    const target = momentOf(header, buffers, bonds);
    const before = this.#moment.target;
    if (!continued || !before || !comparable(before, target)) this.#moment.jump(target);
    else if (!sameMoment(before, target)) this.#moment.start(target, performance.now());
  }

  // ---- drawing

  /** @param {number} now */
  draw(now) {
    this.#moment.tick(now);
    const [header, theme, bonds, colours] = [this.header, this.theme, this.#bonds, this.#colours];
    const moment = this.#moment.shown;
    if (!header || !theme || !bonds || !colours || !moment) return false;
    const [camera, tiles, trail] = [this.#camera, this.#tiles, this.#trail];
    const { focused } = this.#focus;
    tiles.paint(header.sprite, bonds.labels, theme);
    const { class_names: classes, unit_circle: circle } = header;
    const capped = this.scene.draw(moment, { bonds, camera, theme, tiles, colours, classes, circle, trail }, focused);
    this.matrix.draw(moment, colours, focused);
    const summary = this.#focus.summary(focused);
    this.readout.explainCapped(capped);
    this.readout.show(summary);
    if (summary) this.#drawPair(focused, bonds, classes, theme);
    this.#report(focused, summary, header, bonds);
    return this.#moment.moving;
  }

  /**
   * @param {Focused} focused
   * @param {Bonds} bonds
   * @param {string[]} classes
   * @param {Theme} theme
   */
  #drawPair({ anchor, partner }, bonds, classes, theme) {
    this.readout.drawImages((context, which, size) => {
      const node = which === "first" ? anchor : partner;
      if (node < 0) return;
      const label = bonds.labelOf(node);
      const name = classes[label];
      if (bonds.isPrototype(node)) drawPrototype(context, label, 0, 0, size, theme, { name });
      else this.#tiles.draw(context, node, label, 0, 0, size, theme, { name, frame: 2 });
    });
  }

  resize() {
    this.#layout(devicePixels());
  }

  /**
   * Give both canvases their sizes.
   * @param {number} ratio  pixels for each CSS pixel
   */
  #layout(ratio) {
    const { header, theme, matrix } = this;
    const bonds = this.#bonds;
    const { clientWidth, clientHeight } = this.canvas;
    if (!header || !theme || !bonds || !clientWidth || !clientHeight) return;
    this.scene.resize(clientWidth, clientHeight, ratio);
    this.readout.ratio = ratio;
    const content = { bonds, names: header.class_names, theme };
    const height = matrix.layout(matrix.canvas.clientWidth, this.height, content, ratio);
    matrix.canvas.style.height = `${height}px`;
    this.drawNow();
  }

  /** @param {Theme} theme */
  restyle({ dark }) {
    if (!this.header) return;
    const { positive, negative } = this.header;
    const shade = dark ? "dark" : "light";
    this.#colours = { pull: parseHex(positive[shade][0]), push: parseHex(negative[shade][0]) };
    this.readout.restyle(this.#colours);
    this.resize();
  }

  /**
   * @param {Focused} focused
   * @param {FocusSummary | null} summary
   * @param {Header} header
   * @param {Bonds} bonds
   */
  #report({ anchor, partner }, summary, header, bonds) {
    const { pinned } = this.#focus;
    setData(this.root, {
      stream: header.stream,
      n: bonds.n,
      anchor: anchor < 0 ? "" : anchor,
      partner: partner < 0 ? "" : partner,
      pinned: pinned < 0 ? "" : pinned,
      s: summary?.pair?.s ?? "",
      w: summary?.pair?.w ?? "",
      back: summary?.pair?.back ?? "",
      moving: this.#moment.moving,
      held: this.#camera.held,
      zoom: this.#camera.zoom.toFixed(3),
      live: this.live.ready,
    });
  }

  #say() {
    this.readout.say(this.#focus.summary());
  }

  // ---- pointer, keys and buttons

  /**
   * Pin a node, or unpin it; Python is summary once.
   * @param {number} node  -1 to unpin
   */
  #pin(node) {
    const summary = this.#focus.pin(node);
    // the time makes it a new value even where this scene has summary the same before
    if (summary) this.setState("anchor", { ...summary, time: Date.now() });
    this.#say();
  }

  #listenToPlane() {
    const focus = this.#focus;
    /**
     * @param {number} x
     * @param {number} y
     * @param {number} reach
     */
    const nodeAt = (x, y, reach) => (this.#bonds ? this.scene.nearest(x, y, reach) : -1);
    const actions = {
      camera: this.#camera,
      moved: () => this.refresh(),
      reset: () => this.press("reset"),
      /**
       * @param {number} x
       * @param {number} y
       * @param {number} reach
       */
      hover: (x, y, reach) => {
        const node = nodeAt(x, y, reach);
        this.canvas.classList.toggle("on", node >= 0);
        focus.hover(node);
      },
      /**
       * @param {number} x
       * @param {number} y
       * @param {number} reach
       * @param {boolean} touch
       */
      click: (x, y, reach, touch) => {
        const node = nodeAt(x, y, reach);
        focus.hover(node);
        this.#pin(node);
        if (touch && focus.pinned < 0) focus.leave(); // a finger does not go on pointing
      },
      leave: () => focus.leave(),
      /** @param {number} by */
      step: (by) => {
        focus.step(by);
        this.#say();
      },
      choose: () => focus.current >= 0 && this.#pin(focus.current),
      escape: () => {
        focus.leave();
        this.#pin(-1);
      },
    };
    listenToPlane(this.canvas, actions, this.signal);
  }

  #listenToMatrix() {
    const focus = this.#focus;
    /**
     * @param {number} x
     * @param {number} y
     */
    const hover = (x, y) => {
      const pair = this.#bonds && this.matrix.at(x, y);
      if (pair && pair.anchor !== pair.partner) focus.hover(pair.anchor, pair.partner);
      else focus.leave();
      return pair;
    };
    /**
     * @param {number} x
     * @param {number} y
     * @param {boolean} touch
     */
    const click = (x, y, touch) => {
      const pair = hover(x, y);
      if (touch) this.#say();
      else this.#pin(pair ? pair.anchor : -1);
    };
    listenToMatrix(this.matrix.canvas, { hover, click, leave: () => focus.leave() }, this.signal);
  }

  /** @param {string} name */
  press(name) {
    if (!this.#camera.current) return;
    super.press(name);
    pressZoomButton(this.#camera, name);
    this.refresh();
  }

  save() {
    if (!this.header) return;
    this.#layout(FILE_RATIO);
    saveComponent(this.root, this.header.title);
    this.resize();
  }
}

/**
 * @param {Moment} from
 * @param {Moment} to
 * @param {number} share
 * @returns {Moment}
 */
function lerpMoments(from, to, share) {
  return {
    points: lerpArrays(from.points, to.points, share),
    arrows: lerpArrays(from.arrows, to.arrows, share),
    weights: lerpArrays(from.weights, to.weights, share),
    largest: lerpArrays(from.largest, to.largest, share),
    extent: lerpArrays(from.extent, to.extent, share),
  };
}

/** @type {(keyof Moment)[]} */
const PARTS = ["points", "arrows", "weights", "largest", "extent"];

/**
 * Return whether one moment can move to another.
 * @param {Moment} a
 * @param {Moment} b
 */
function comparable(a, b) {
  return PARTS.every((part) => a[part].length === b[part].length);
}

/**
 * @param {Moment} a
 * @param {Moment} b
 */
function sameMoment(a, b) {
  return PARTS.every((part) => sameNumbers(a[part], b[part]));
}

/** @param {StreamlitComponent} component */
export default function batch(component) {
  return mount(BatchPicture, ".batch", component);
}
