/**
 * A loss over the square of two numbers, as a picture that can be read at any point.
 *
 * `field.js` is what arrives, `live.js` what a slider that is held makes of it, `blend.js` what lies between two fields,
 * `view.js` says where a place is on the screen, `scene.js` draws, `readout.js` writes the texts, `input.js` reads pointer
 * and keys, `group.js` is what several planes share.
 *
 * For tests and assistive technology the root element says what is shown in its data attributes, and answers an event
 * "describe" by writing curves, marks and the boxes of all labels into `data-shapes`.
 */

import { lerpFields, shownOf } from "./blend.js";
import { shapesOf, stateOf } from "./description.js";
import { fieldOf, sameGrid } from "./field.js";
import { nodeAt, nodeNear, nodeOf, readingOf } from "./grid.js";
import { joinPlanes, samePoint } from "./group.js";
import { listenToInput } from "./input.js";
import { messageOf } from "./live.js";
import { Readout } from "./readout.js";
import { Scene } from "./scene.js";
import { View } from "./view.js";
import { debounce } from "../_shared/debounce.js";
import { find, setData } from "../_shared/dom.js";
import { LiveProgram } from "../_shared/live.js";
import { mount, Picture } from "../_shared/picture.js";
import { pressZoomButton } from "../_shared/pointer.js";
import { FILE_RATIO, saveCanvas } from "../_shared/save.js";
import { sameNumbers, Transition } from "../_shared/transition.js";

/**
 * @import { Buffers, Field, Header } from "./field.js"
 * @import { Node } from "./grid.js"
 * @import { Message } from "./live.js"
 * @import { PlaneGroup, PlanePoint } from "./group.js"
 * @import { Numbers } from "../_shared/program_file.js"
 * @import { StreamlitComponent } from "../_shared/picture.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const DURATION = 260; // ms of the movement from one field to the next
const SEND_DELAY = 250; // ms until a point is sent to Python, since the pointer may be on its way to another
const SAME_PLACE = 9; // CSS pixels: a click this near to the pinned point unpins it
const NARROWEST = 320; // CSS pixels of the texts around the picture, where that is low
const GAPS = 12; // CSS pixels between the parts of the component
const FRINGE = 24; // CSS pixels beside the square where the pointer still counts

/** @extends {Picture<Header, Buffers>} */
class PlanePicture extends Picture {
  /** @type {Field | null} the newest */
  #field = null;
  /** @type {Message | null} the newest from Python */
  #message = null;
  #view = new View();
  #transition = new Transition(lerpFields, DURATION);
  #layers = { arrows: true, contours: true, pairs: true };
  /** @type {PlaneGroup | null} */
  #group = null;
  #leave = () => {};
  /** @type {PlanePoint | null} pinned point that Python knows of */
  #sent = null;
  /** @type {PlanePoint | null} pinned point that it will know of soon */
  #known = null;
  /** @type {PlanePoint | null} point that was pinned before the last click */
  #before = null;
  #pressed = false; // whether a pointer is down
  #sendSoon = debounce(() => this.#send(), SEND_DELAY, this.signal);

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.canvas = find(root, ".sheet", HTMLCanvasElement);
    this.scene = new Scene(this.canvas);
    this.readout = new Readout(root);
    this.live = new LiveProgram((numbers) => this.#follow(numbers), this.signal);
    this.#listen();
    this.observeSize(root, root.parentElement);
    addEventListener("resize", () => this.resize(), { signal: this.signal }); // its height follows the window
    this.followReducedMotion(this.#transition);
  }

  close() {
    super.close();
    this.#leave();
  }

  /** Nothing changes under a pointer that is down. */
  get held() {
    return this.#pressed;
  }

  // ---- messages

  /**
   * @param {Header} header
   * @param {Buffers} buffers
   * @param {Header | null} previous
   */
  receive(header, buffers, previous) {
    const field = fieldOf(header, buffers);
    if (previous && String(header.span) !== String(previous.span)) this.#view.reset();
    this.#show(field);
    this.scene.forgetWidths();
    this.readout.write(header, field.pairs.length > 0, field.violated !== null, field.weightX !== undefined);
    if (!previous) this.#sent = this.#known = header.kept;
    if (this.#group?.name !== header.group) this.#join(header.group);
    this.#fit();
    this.#placeLabels();
    this.refresh();
    this.#message = { header, buffers };
    this.live.receive(header.live, buffers, () => this.refresh());
  }

  /**
   * Show what a slider that moves makes of the field, at once.
   * @param {Record<string, Numbers>} numbers
   */
  #follow(numbers) {
    if (!this.#message) return;
    const { header, buffers } = messageOf(this.#message, numbers);
    this.#field = fieldOf(header, buffers);
    this.#transition.jump(shownOf(this.#field));
    this.#placeLabels();
    this.drawNow();
  }

  /**
   * Move to a field if its grid is the same, else show it at once.
   * @param {Field} field
   */
  #show(field) {
    const before = this.#field;
    this.#field = field;
    const comparable = before && sameGrid(before, field);
    const same = comparable && sameNumbers(before.value, field.value) && sameNumbers(before.pairs, field.pairs);
    if (!comparable || same) this.#transition.jump(shownOf(field));
    else this.#transition.start(shownOf(field), performance.now());
  }

  /** @param {string} name */
  #join(name) {
    const pinned = this.#group ? this.#group.pinned : this.#sent;
    this.#leave();
    const listeners = { change: () => this.#groupChanged(group), room: () => this.#roomChanged() };
    const { group, leave } = joinPlanes(name, this, listeners);
    this.#group = group;
    this.#leave = leave;
    if (pinned && group.members === 1) group.pin(pinned); // for a picture that was mounted again
    else this.#groupChanged(group);
  }

  /** @param {PlaneGroup} group */
  #groupChanged({ pinned }) {
    if (!samePoint(pinned, this.#known)) {
      this.#known = pinned;
      this.#sendSoon();
    }
    this.refresh();
  }

  /** Send the pinned point to Python, if it has changed. */
  #send() {
    if (!this.#field || !this.#group) return;
    const node = nodeAt(this.#field, this.#group.pinned);
    const point = node && pointOfNode(node);
    if (samePoint(point, this.#sent)) return;
    this.#sent = point;
    this.setState("point", point);
  }

  // ---- drawing

  /** @param {number} now */
  draw(now) {
    const [field, view, theme] = [this.#field, this.#view, this.theme];
    const transition = this.#transition;
    transition.tick(now);
    const { shown, moving } = transition;
    if (!field || !theme || !shown) return false;
    const cross = this.#cross(field);
    this.scene.draw({ shown, field, view, theme }, transition.progress, this.#layers, cross);
    this.readout.show(cross);
    this.readout.setEnabled("zoomIn", view.zoom < view.closest);
    this.readout.setEnabled("zoomOut", view.held);
    this.readout.setEnabled("reset", view.held);
    setData(this.root, { ...stateOf(field, view, cross, moving), live: this.live.ready });
    return moving;
  }

  /** Place the labels for the view as it is. */
  #placeLabels() {
    if (!this.theme || !this.#field) return;
    this.scene.placeLabels(this.#field, this.#view, this.theme, this.#layers, this.#transition.moving);
  }

  #fit() {
    const width = this.root.parentElement?.clientWidth || this.root.clientWidth;
    if (!width || !this.header) return;
    const { head, foot } = this.readout.heights();
    const most = this.height - GAPS - head - foot;
    this.root.style.maxWidth = `${Math.max(this.#view.widthAt(most), NARROWEST)}px`;
    this.#view.fit(Math.min(this.root.clientWidth, width), most);
    this.#group?.share(this, { head, foot, side: this.#view.side });
    this.#takeRoom();
  }

  /** Take the room that the planes of the group have in common. */
  #takeRoom() {
    const shared = this.#group?.room;
    if (!shared) return;
    this.readout.align(shared);
    this.#view.side = shared.side;
    this.scene.resize(this.#view);
  }

  #roomChanged() {
    this.#takeRoom();
    this.#placeLabels();
    this.drawNow();
  }

  resize() {
    this.#fit();
    this.#placeLabels();
    this.drawNow();
  }

  /** @param {Theme} theme */
  restyle(theme) {
    this.#view.rescale(theme.scale);
    this.readout.restyle(theme);
    this.scene.restyle(theme);
    this.#fit();
    this.#placeLabels();
    this.refresh();
  }

  /**
   * Return the node that the cross-hair is at, with all that is known of it.
   * @param {Field} field
   */
  #cross(field) {
    const { pinned = null, hovered = null } = this.#group ?? {};
    const node = nodeAt(field, pinned ?? hovered);
    return node && { ...readingOf(field, node), kept: pinned !== null };
  }

  // ---- pointer, keys and buttons

  #listen() {
    const actions = {
      view: this.#view,
      moved: () => this.#moved(),
      reset: () => this.press("reset"),
      /**
       * @param {number} x
       * @param {number} y
       */
      hover: (x, y) => this.#hover(x, y),
      /**
       * @param {number} x
       * @param {number} y
       */
      click: (x, y) => this.#click(x, y),
      leave: () => this.#group?.leave(this),
      /**
       * @param {number} columns
       * @param {number} rows
       */
      step: (columns, rows) => this.#step(columns, rows),
      choose: () => this.#choose(),
      release: () => this.#release(),
      undo: () => this.#group?.pin(this.#before),
      /** @param {boolean} on */
      press: (on) => {
        this.#pressed = on;
        this.receiveWaiting();
      },
    };
    listenToInput(this.canvas, actions, this.signal);
    this.answerDescribe("shapes", () => {
      const { shown } = this.#transition;
      const sheet = this.canvas.getBoundingClientRect();
      return this.#field && shown && shapesOf(this.#field, shown, this.#view, this.scene.labels, sheet);
    });
  }

  /** The view has moved. */
  #moved() {
    this.#placeLabels();
    this.refresh();
  }

  /**
   * Return the point of the node at a place on the canvas; null where that is beside the square.
   * @param {number} x
   * @param {number} y
   */
  #pointAt(x, y) {
    if (!this.#field || !this.#view.contains(x, y, FRINGE)) return null;
    return pointOfNode(nodeNear(this.#field, ...this.#view.placeAt(x, y)));
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  #hover(x, y) {
    const point = this.#pointAt(x, y);
    if (point) this.#group?.hover(this, point);
    else this.#group?.leave(this);
  }

  /**
   * Pin a point, or unpin it if it is the pinned one.
   * @param {number} x
   * @param {number} y
   */
  #click(x, y) {
    const [group, view, point] = [this.#group, this.#view, this.#pointAt(x, y)];
    if (!point || !this.#field || !group) return;
    this.#before = group.pinned;
    const pinned = nodeAt(this.#field, group.pinned);
    const again = pinned && Math.hypot(view.toX(pinned.u) - x, view.toY(pinned.v) - y) < SAME_PLACE;
    group.pin(again ? null : point);
  }

  /**
   * Move the cross-hair by nodes.
   * @param {number} columns
   * @param {number} rows
   */
  #step(columns, rows) {
    const [field, group, view] = [this.#field, this.#group, this.#view];
    if (!field || !group) return;
    const from = nodeAt(field, group.pinned ?? group.hovered);
    const to = from ? nodeOf(field, from.column + columns, from.row + rows) : nodeNear(field, view.u, view.v);
    if (group.pinned) group.pin(pointOfNode(to));
    else group.hover(this, pointOfNode(to));
    view.follow(to.u, to.v);
    this.#moved();
    this.readout.say(this.#cross(field));
  }

  /** Pin the cross-hair, or unpin it where it is. */
  #choose() {
    const [field, group] = [this.#field, this.#group];
    if (!field || !group) return;
    const { pinned, hovered } = group;
    const { words } = this.readout;
    if (!pinned && !hovered) return this.#step(0, 0);
    group.pin(pinned ? null : hovered);
    if (pinned) group.hover(this, pinned);
    this.readout.say(this.#cross(field), pinned ? words.released : words.kept);
  }

  #release() {
    if (this.#group?.pinned) this.#group.pin(null);
    else this.#group?.leave(this);
    this.readout.say(null, this.readout.words.released);
  }

  save() {
    if (!this.header || !this.theme) return;
    this.scene.resize(this.#view, FILE_RATIO);
    this.drawNow();
    saveCanvas(this.canvas, this.theme, this.header.title);
    this.resize();
  }

  /** @param {string} name */
  press(name) {
    if (!this.#field) return;
    super.press(name);
    if (name === "arrows" || name === "contours" || name === "pairs") {
      this.#layers[name] = !this.#layers[name];
      this.readout.setPressed(name, this.#layers[name]);
    }
    pressZoomButton(this.#view, name);
    this.#moved();
  }
}

/**
 * @param {Node} node
 * @returns {PlanePoint}
 */
function pointOfNode({ x, y }) {
  return { x, y };
}

/** @param {StreamlitComponent} component */
export default function plane(component) {
  return mount(PlanePicture, ".plane", component);
}
