/**
 * The angle picture: two class weights at an angle that can be dragged, and how far around each the margin is met.
 *
 * `layout.js` says where things are, `scene.js` draws them, `columns.js` interpolates between two tables, `handles.js`
 * reads pointer and keys, `group.js` is the angle that several pictures share. The root element says what is shown in
 * its data attributes.
 */

import { columnsOf, lerpColumns, sameColumns } from "./columns.js";
import { joinAngle } from "./group.js";
import { listenToAngle } from "./handles.js";
import { Scene, degreesText } from "./scene.js";
import { css } from "../_shared/colour.js";
import { debounce } from "../_shared/debounce.js";
import { find, labelButtons, setData, setText } from "../_shared/dom.js";
import { fill } from "../_shared/format.js";
import { LiveProgram } from "../_shared/live.js";
import { mount, Picture } from "../_shared/picture.js";
import { saveComponent } from "../_shared/save.js";
import { setAttributes } from "../_shared/svg.js";
import { Transition } from "../_shared/transition.js";

/**
 * @import { SharedAngle } from "./group.js"
 * @import { Shown } from "./scene.js"
 * @import { Numbers } from "../_shared/program_file.js"
 * @import { Live } from "../_shared/live.js"
 * @import { StreamlitComponent, Words } from "../_shared/picture.js"
 * @import { Palette, Theme } from "../_shared/theme.js"
 */

/**
 * @typedef {(number | null)[]} Column  degrees for an angle of 0 to 180 degrees; null where there are none
 *
 * Header of a message.
 * @typedef {object} Header
 * @property {string} title
 * @property {Column} table  theta_1*
 * @property {[Column, Column]} away  how far an embedding may turn away, from and to
 * @property {number} between  angle that the viewer is known to have chosen, else the first one
 * @property {string} alt
 * @property {Palette} palette  colours of the two classes
 * @property {number} height  CSS pixels
 * @property {string} group
 * @property {Words} words
 * @property {Live | null} live
 */

const KEY_DELAY = 300; // ms after a key until the value is sent to Python, since another key may follow
const DURATION = 250; // ms of the movement from one table to the next

/**
 * @param {ArrayLike<number>} numbers
 * @returns {Column}
 */
function columnOf(numbers) {
  return Array.from(numbers, (number) => (Number.isFinite(number) ? number : null));
}

/** @extends {Picture<Header, {program?: Uint8Array}>} */
class WedgePicture extends Picture {
  /** @type {SharedAngle | null} */
  #group = null;
  #leave = () => {};
  /** @type {number | null} angle that Python knows of */
  #sent = null;
  #columns = new Transition(lerpColumns, DURATION);
  /** @type {{table: Column, away: Column[]}} what is shown, or moved to */
  #tables = { table: [], away: [] };
  #release = () => {
    this.#settleSoon.cancel();
    this.#group?.settle();
  };
  #settleSoon = debounce(this.#release, KEY_DELAY, this.signal);

  /** @param {HTMLElement} root */
  constructor(root) {
    super(root);
    this.stage = find(root, ".stage");
    this.live = new LiveProgram((numbers) => this.#follow(numbers), this.signal);
    this.scene = new Scene(root);
    const actions = {
      circle: () => this.scene.layout,
      between: () => this.#group?.between ?? 0,
      /** @param {number} degrees */
      turn: (degrees) => this.#group?.turn(Math.min(Math.max(Math.round(degrees), 0), 180)),
      release: this.#release,
      keyed: this.#settleSoon,
    };
    listenToAngle(this.scene.handles.one, 1, actions, this.signal);
    listenToAngle(this.scene.handles.two, -1, actions, this.signal);
    this.observeSize(this.stage);
    this.followReducedMotion(this.#columns);
  }

  close() {
    super.close();
    this.#leave();
  }

  /**
   * @param {Header} header
   * @param {{program?: Uint8Array}} buffers
   */
  receive(header, buffers) {
    this.#sent ??= header.between;
    this.#tables = header;
    const columns = columnsOf([header.table, ...header.away]);
    const { target } = this.#columns;
    if (!target || !sameColumns(target, columns)) this.#columns.start(columns, performance.now());
    this.#write(header);
    if (this.#group?.name !== header.group) this.#join(header.group);
    this.resize();
    this.refresh();
    this.live.receive(header.live, buffers, () => this.refresh());
  }

  /**
   * Show what a slider that moves makes of the angles, at once.
   * @param {Record<string, Numbers>} numbers
   */
  #follow({ table, away }) {
    const turned = [0, 1].map((side) => columnOf(away.filter((_, i) => i % 2 === side)));
    this.#tables = { table: columnOf(table), away: turned };
    this.#columns.jump(columnsOf([this.#tables.table, ...turned]));
    this.drawNow();
  }

  /** @param {Header} header */
  #write({ title, alt, words }) {
    setText(find(this.root, ".title"), title);
    setText(find(this.root, ".hint"), words.hint);
    setAttributes(find(this.root, ".front", SVGElement), { "aria-label": [title, alt].filter(Boolean).join(": ") });
    for (const name of ["between", "wedge", "margin"]) setText(this.#cell(name, "dt"), words[name]);
    for (const [name, handle] of Object.entries(this.scene.handles)) {
      setAttributes(handle, { "aria-label": fill(words.slider, { name: words[name] }) });
    }
    labelButtons(this.root, words);
    this.scene.write(words);
  }

  /** @param {string} name */
  #join(name) {
    const between = this.#group?.between ?? this.#sent ?? 0;
    this.#leave();
    const listeners = { change: () => this.refresh(), settle: () => this.#send() };
    ({ group: this.#group, leave: this.#leave } = joinAngle(name, between, this, listeners));
    this.#send(); // the group may have another angle
  }

  #send() {
    const between = this.#group?.between ?? null;
    if (between === this.#sent) return;
    this.#sent = between;
    this.setState("between", between);
  }

  /** @param {number} now */
  draw(now) {
    this.#columns.tick(now);
    const { header } = this;
    const columns = this.#columns.shown;
    if (!header || !columns || !this.#group) return false;
    const { between } = this.#group;
    const [sector, near, far] = columns.map((column) => column[between]);
    const shown = {
      between,
      wedge: this.#tables.table[between] === null ? null : sector.value,
      sector,
      away: { from: near.value, to: far.value, alpha: near.alpha },
    };
    this.scene.draw(shown);
    this.#report(header, shown);
    return this.#columns.moving;
  }

  resize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !clientHeight || !this.header) return;
    this.scene.resize(clientWidth, clientHeight);
    this.refresh();
  }

  /** @param {Theme} theme */
  restyle(theme) {
    this.root.style.setProperty("--one", css(theme.classes[0]));
    this.root.style.setProperty("--two", css(theme.classes[1]));
    this.scene.restyle(theme);
    this.refresh();
  }

  /**
   * Write the numbers below the picture, the accessible values of the handles, and the data attributes.
   * @param {Header} header
   * @param {Shown} shown
   */
  #report(header, { between, wedge, away }) {
    const { words } = header;
    const margin = wedge === null ? null : between - 2 * wedge;
    const texts = {
      between: degreesText(between),
      wedge: wedge === null ? "" : degreesText(wedge),
      margin: margin === null ? "" : degreesText(margin),
    };
    for (const [name, text] of Object.entries(texts)) setText(this.#cell(name, "dd"), text);
    const [from, to] = this.#tables.away.map((column) => column[between]);
    const behind = from !== null && to !== null && to > from;
    const never = behind ? fill(words.beyond, { from: degreesText(from), to: degreesText(to) }) : words.never;
    setText(find(this.root, ".never"), wedge === null ? never : "");
    const spoken = fill(wedge === null ? words.valueNever : words.value, texts);
    for (const handle of Object.values(this.scene.handles)) {
      setAttributes(handle, { "aria-valuenow": between, "aria-valuetext": spoken });
    }
    setData(this.root, {
      between,
      wedge: wedge ?? "",
      margin: margin ?? "",
      away: away.to === null ? "" : `${away.from} ${away.to}`,
      moving: this.#columns.moving,
      live: this.live.ready,
    });
  }

  save() {
    if (!this.header) return;
    const { title, words } = this.header;
    saveComponent(this.root, fill(words.saved, { title }));
  }

  /**
   * @param {string} name
   * @param {"dt" | "dd"} part
   */
  #cell(name, part) {
    return find(this.root, `[data-cell="${name}"] ${part}`);
  }
}

/** @param {StreamlitComponent} component */
export default function wedge(component) {
  return mount(WedgePicture, ".wedge", component);
}
