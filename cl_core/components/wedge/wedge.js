/**
 * Two class weights at an angle that one can drag, and how far around each a loss is content.
 *
 * `layout.js` says where things are, `scene.js` draws them, `morph.js` leads from one table to the next, `turn.js`
 * listens to the hand, `group.js` is what several pictures share. Here these are tied to each other, to the messages
 * from Python and to the theme. The root element says what is shown in its data attributes.
 */

import { openEnvelope, sameBytes } from "../_shared/envelope.js";
import { joinGroup } from "./group.js";
import { Morph } from "./morph.js";
import { Scene, degreesText } from "./scene.js";
import { filled, heedCalm, listenToButtons, nameButtons, setData, setText, shownBy } from "../_shared/page.js";
import { saveWhole } from "../_shared/save.js";
import { setAttributes } from "../_shared/svg.js";
import { css, readTheme } from "../_shared/theme.js";
import { listen } from "./turn.js";

const QUIET = 300; // ms after a key until Python is told, since another key may follow

class Picture {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector(".stage");
    this.scene = new Scene(root);
    this.morph = new Morph();
    this.header = null;
    this.theme = null;
    this.group = null;
    this.told = null; // the angle that Python knows of
    this.turned = () => this.#refresh();
    this.settled = () => this.#tell();
    this.ending = new AbortController();
    this.#listen();
  }

  /** The page's latest data, theme and ways to answer; called for each new message. */
  update({ data, setStateValue }) {
    this.answer = setStateValue;
    if (data && !sameBytes(data, this.message)) {
      this.message = data;
      this.#receive(openEnvelope(data).header);
    }
    if (!this.header) return;
    const theme = readTheme(this.root, this.header.palette, this.theme);
    if (theme !== this.theme) this.#restyle(theme);
  }

  close() {
    this.ending.abort();
    this.sizes.disconnect();
    cancelAnimationFrame(this.due);
    clearTimeout(this.pausing);
    this.#leaveGroup();
  }

  // ---- messages

  #receive(header) {
    if (!this.header) this.told = header.between;
    this.header = header;
    this.morph.arrive([header.table, ...header.away], performance.now());
    this.#write(header);
    if (this.group?.name !== header.group) this.#joinGroup(header.group);
    this.#resize();
    this.#refresh();
  }

  #write({ title, alt, height, words }) {
    this.root.style.height = `${height}px`;
    setText(this.root.querySelector(".title"), title);
    setText(this.root.querySelector(".hint"), words.hint);
    setAttributes(this.root.querySelector(".front"), { "aria-label": [title, alt].filter(Boolean).join(": ") });
    for (const name of ["between", "wedge", "margin"]) setText(this.#cell(name, "dt"), words[name]);
    for (const [name, handle] of Object.entries(this.scene.handles)) {
      setAttributes(handle, { "aria-label": filled(words.slider, { name: words[name] }) });
    }
    nameButtons(this.root, words);
    this.scene.write(words);
  }

  #joinGroup(name) {
    const between = this.group?.between ?? this.told;
    this.#leaveGroup();
    this.group = joinGroup(name, between);
    this.group.addEventListener("turn", this.turned);
    this.group.addEventListener("settle", this.settled);
    this.#tell(); // the group may have been elsewhere
  }

  #leaveGroup() {
    this.group?.removeEventListener("turn", this.turned);
    this.group?.removeEventListener("settle", this.settled);
    this.group?.part();
  }

  #tell() {
    const { between } = this.group;
    if (between === this.told) return;
    this.told = between;
    this.answer("between", between);
  }

  // ---- drawing, only when something has changed

  #refresh() {
    this.due ??= requestAnimationFrame((now) => this.#frame(now));
  }

  #frame(now) {
    this.due = null;
    if (!this.root.isConnected || !this.theme || !this.header) return;
    this.morph.tick(Math.max(now, performance.now()));
    const shown = this.#shown();
    this.scene.draw(shown);
    this.#report(shown);
    if (this.morph.moving) this.#refresh();
  }

  /** @returns {import("./scene.js").Shown} */
  #shown() {
    const { between } = this.group;
    const [sector, near, far] = [0, 1, 2].map((k) => this.morph.at(k, between));
    const wedge = this.header.table[between] === null ? null : sector.value;
    return { between, wedge, sector, away: { from: near.value, to: far.value, alpha: near.alpha } };
  }

  #resize() {
    const { clientWidth, clientHeight } = this.stage;
    if (!clientWidth || !clientHeight || !this.header) return;
    this.scene.resize(clientWidth, clientHeight);
    this.#refresh();
  }

  #restyle(theme) {
    this.theme = theme;
    this.root.style.colorScheme = theme.dark ? "dark" : "light";
    this.root.style.setProperty("--one", css(theme.classes[0]));
    this.root.style.setProperty("--two", css(theme.classes[1]));
    this.scene.restyle(theme);
    this.#refresh();
  }

  // ---- what the page says

  #report({ between, wedge, away }) {
    const { root, header, morph } = this;
    const { words } = header;
    const margin = wedge === null ? null : between - 2 * wedge;
    const texts = {
      between: degreesText(between),
      wedge: wedge === null ? "" : degreesText(wedge),
      margin: margin === null ? "" : degreesText(margin),
    };
    for (const [name, text] of Object.entries(texts)) setText(this.#cell(name, "dd"), text);
    const [from, to] = header.away.map((column) => column[between]);
    const behind = from !== null && to > from;
    const never = behind ? filled(words.beyond, { from: degreesText(from), to: degreesText(to) }) : words.never;
    setText(root.querySelector(".never"), wedge === null ? never : "");
    const said = filled(wedge === null ? words.valueNever : words.value, texts);
    for (const handle of Object.values(this.scene.handles)) {
      setAttributes(handle, { "aria-valuenow": between, "aria-valuetext": said });
    }
    const state = {
      between,
      wedge: wedge ?? "",
      margin: margin ?? "",
      away: away.to === null ? "" : `${away.from} ${away.to}`,
      moving: morph.moving,
    };
    setData(root, state);
  }

  /** The picture with its numbers, as a file. */
  #save() {
    const { title, words } = this.header;
    saveWhole(this.root, filled(words.saved, { title }));
  }

  #cell(name, part) {
    return this.root.querySelector(`[data-cell="${name}"] ${part}`);
  }

  // ---- the hand

  #listen() {
    const { signal } = this.ending;
    const hand = {
      frame: () => this.scene.frame,
      between: () => this.group?.between ?? 0,
      turn: (degrees) => this.group?.turn(Math.min(Math.max(Math.round(degrees), 0), 180)),
      release: () => this.#release(),
      pause: () => {
        clearTimeout(this.pausing);
        this.pausing = setTimeout(() => this.#release(), QUIET);
      },
      grip: (on) => this.root.classList.toggle("gripped", on),
    };
    listen(this.scene.handles.one, 1, hand, signal);
    listen(this.scene.handles.two, -1, hand, signal);
    listenToButtons(this.root, () => this.header && this.#save());
    this.sizes = new ResizeObserver(() => this.#resize());
    this.sizes.observe(this.stage);
    heedCalm(this.morph, signal);
  }

  #release() {
    clearTimeout(this.pausing);
    this.group?.settle();
  }
}

export default function wedge(component) {
  return shownBy(Picture, ".wedge", component);
}
