/**
 * How the three kinds of triplets share a batch's triplets while a run goes on, with a cursor at the moment shown.
 *
 * `layout.js` says where things are, `scene.js` draws them; the moment is that of the group (`_shared/playback.js`).
 * Here these are tied to each other, to the hand and to the messages from Python. The root element says what is shown
 * in its data attributes.
 */

import { openEnvelope, sameBytes } from "../_shared/_old/envelope.js";
import { memberOf } from "../_shared/_old/playback.js";
import { filled, heedCalm, listenToButtons, nameButtons, setData, setText, shownBy } from "../_shared/_old/page.js";
import { listenerOn, listenToKeys, pointOf } from "../_shared/_old/pointer.js";
import { saveWhole } from "../_shared/_old/save.js";
import { KINDS, percent, Scene, short } from "./scene.js";

const LEAP = 5; // frames that a page key moves

class Picture {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.stage = root.querySelector(".stage");
    this.cursor = root.querySelector(".cursor");
    this.scene = new Scene(root);
    this.film = null;
    this.time = null;
    this.calm = false;
    this.visible = true;
    this.ending = new AbortController();
    this.#listen();
  }

  /** The page's latest data; called for each new message. */
  update({ data }) {
    if (!data || sameBytes(data, this.message)) return;
    this.message = data;
    const { header, buffers } = openEnvelope(data);
    if (this.time?.name !== header.group) this.#join(header.group);
    this.header = header;
    this.film = { ...buffers, steps: [...buffers.steps] };
    this.time.has(this, this.film.steps);
    this.#write();
    this.#redraw();
  }

  close() {
    this.ending.abort();
    this.sizes.disconnect();
    this.sight.disconnect();
    cancelAnimationFrame(this.due);
    this.leave?.();
  }

  // ---- time

  #join(group) {
    this.leave?.();
    ({ time: this.time, leave: this.leave } = memberOf(group, this, { change: () => this.#refresh() }));
  }

  /** The number of the frame that is shown. */
  get #frame() {
    return this.time.frameOf(this.film.steps);
  }

  /** Show a frame, for as long as the hand holds on, or for good. */
  #seek(frame) {
    const { steps } = this.film;
    this.time.seek(steps[Math.min(Math.max(frame, 0), steps.length - 1)]);
  }

  #play() {
    if (this.time.playing) {
      this.time.pause();
      this.time.settle();
    } else this.time.play(performance.now());
  }

  // ---- drawing, only when something has changed

  #write() {
    const { root, header, film } = this;
    const empty = !film.steps.length;
    root.style.height = `${header.height}px`;
    for (const [kind, colour] of Object.entries(header.colours)) root.style.setProperty(`--${kind}`, colour);
    setText(root.querySelector(".title"), header.title);
    nameButtons(root, header.words);
    root.querySelector(".tools").hidden = empty;
    setText(root.querySelector(".placeholder"), header.words.placeholder);
    root.querySelector(".placeholder").hidden = !empty;
    root.querySelector(".kinds").hidden = empty;
    for (const chart of root.querySelectorAll(".chart")) chart.toggleAttribute("hidden", empty);
    this.cursor.hidden = empty;
    for (const kind of KINDS) {
      setText(root.querySelector(`[data-kind="${kind}"] span`), `${header.marks[kind]} ${header.words[kind]}`);
    }
    setText(root.querySelector(".now dt"), header.words.step);
    this.scene.chart.setAttribute("aria-label", [header.title, header.alt].filter(Boolean).join(": "));
    this.cursor.setAttribute("aria-label", header.words.slider);
    this.cursor.setAttribute("aria-description", header.words.keys);
  }

  #redraw() {
    const { clientWidth, clientHeight } = this.stage;
    if (!this.film?.steps.length || !clientWidth || !clientHeight) return;
    this.scene.draw(this.film, this.header, clientWidth, clientHeight);
    this.#refresh();
  }

  #refresh() {
    if (this.visible && this.scene.layout) this.due ??= requestAnimationFrame((now) => this.#draw(now));
  }

  #draw(now) {
    this.due = null;
    if (!this.root.isConnected || !this.film?.steps.length) return;
    this.time.tick(Math.max(now, performance.now()));
    const frame = this.#frame;
    const shown = this.film.steps[frame];
    const moving = this.time.playing && !this.calm;
    this.scene.point(moving ? Math.min(this.time.step, this.film.steps.at(-1)) : shown, frame);
    this.#report(frame, shown);
    if (this.time.playing) this.#refresh();
  }

  #report(frame, step) {
    const { root, header, film } = this;
    const shares = Object.fromEntries(KINDS.map((kind, i) => [kind, film.shares[3 * frame + i]]));
    const said = Object.fromEntries(KINDS.map((kind) => [kind, percent(shares[kind])]));
    for (const kind of KINDS) setText(root.querySelector(`[data-kind="${kind}"] dd`), said[kind]);
    setText(root.querySelector(".now dd"), step.toLocaleString());
    const loss = film.losses[frame];
    const words = [filled(header.words.value, { step: step.toLocaleString(), ...said })];
    if (Number.isFinite(loss)) words.push(`${header.words.loss} ${short(loss)}`);
    this.cursor.setAttribute("aria-valuemin", "0");
    this.cursor.setAttribute("aria-valuemax", String(film.steps.at(-1)));
    this.cursor.setAttribute("aria-valuenow", String(step));
    this.cursor.setAttribute("aria-valuetext", words.join(", "));
    const { stream } = header;
    setData(root, { stream, frames: film.steps.length, frame, step, playing: this.time.playing, ...shares });
  }

  // ---- the hand

  #listen() {
    const { signal } = this.ending;
    const on = listenerOn(this.stage, signal);
    listenToButtons(this.root, () => saveWhole(this.root, this.header.title));
    const follow = (event) => this.#seek(this.#nearest(pointOf(event, this.stage).x));
    on("pointerdown", (event) => {
      if (event.button > 0 || !this.scene.layout) return;
      this.stage.setPointerCapture(event.pointerId);
      this.held = event.pointerId;
      follow(event);
      this.cursor.focus({ preventScroll: true, focusVisible: false });
      event.preventDefault(); // else the focus would go on to what lies under the pointer
    });
    on("pointermove", (event) => event.pointerId === this.held && follow(event));
    const up = (event) => {
      if (event.pointerId !== this.held) return;
      this.held = null;
      this.time.settle();
    };
    on("pointerup", up);
    on("pointercancel", up);
    listenToKeys(listenerOn(this.cursor, signal), () => this.#keys());
    this.sizes = new ResizeObserver(() => this.#redraw());
    this.sizes.observe(this.stage);
    this.sight = new IntersectionObserver(([entry]) => {
      this.visible = entry.isIntersecting;
      this.#refresh();
    });
    this.sight.observe(this.stage);
    heedCalm(this, signal);
  }

  /** The number of the frame that is drawn nearest to a place. */
  #nearest(x) {
    const far = (step) => Math.abs(this.scene.layout.x(step) - x);
    return this.film.steps.reduce((best, step, k, steps) => (far(step) < far(steps[best]) ? k : best), 0);
  }

  #keys() {
    const go = (frame) => () => {
      this.#seek(frame);
      this.time.settle();
    };
    const by = (frames) => go(this.#frame + frames);
    return {
      ArrowLeft: by(-1),
      ArrowDown: by(-1),
      ArrowRight: by(1),
      ArrowUp: by(1),
      PageDown: by(-LEAP),
      PageUp: by(LEAP),
      Home: go(0),
      End: go(Infinity),
      " ": () => this.#play(),
    };
  }
}

export default function shares(component) {
  return shownBy(Picture, ".shares", component);
}
