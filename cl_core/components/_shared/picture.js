/** Base class of the components' pictures, and how they are mounted. */

import { listenToButtons } from "./dom.js";
import { openEnvelope, sameBytes } from "./envelope.js";
import { heightInWindow } from "./height.js";
import { followReducedMotion } from "./reduced_motion.js";
import { readTheme } from "./theme.js";

/**
 * @import { Palette, Theme } from "./theme.js"
 *
 * @typedef {object} StreamlitComponent  argument of a component's default export
 * @property {HTMLElement | ShadowRoot} parentElement
 * @property {Uint8Array} [data]
 * @property {(name: string, value: unknown) => void} setStateValue    sets a value of the state in Python
 * @property {(name: string, value: unknown) => void} setTriggerValue  sends a value to Python once
 *
 * @typedef {Record<string, string>} Words  texts of a component, in the language that Python has sent
 */

const TIMER_SLACK = 4; // ms by which a timer may come too late

/**
 * A picture on the page: receives messages from Python, follows the theme, and draws when something has changed.
 *
 * A component extends it, says in its constructor what is observed, and overrides the hooks below.
 * @template {object} H  header of a message
 * @template {object} [B={}]  buffers of a message
 */
export class Picture {
  /** @type {H | null} header of the message received last */
  header = null;
  /** @type {Theme | null} null until it has been read */
  theme = null;
  /** Milliseconds between two frames, at least. */
  frameInterval = 0;

  /** @type {Uint8Array | null} */
  #message = null;
  #waiting = false; // whether that message is still to be received
  #visible = true;
  #frame = 0; // id of the animation frame that is pending; 0 for none
  /** @type {ReturnType<typeof setTimeout> | 0} timer before that frame */
  #timer = 0;
  #drawnAt = -Infinity;
  #ending = new AbortController();
  #sizes = new ResizeObserver(() => this.resize());
  #sight = new IntersectionObserver((entries) => {
    this.#visible = entries[entries.length - 1].isIntersecting; // several come at once, the newest last
    if (this.#visible) this.refresh();
  });
  /** @type {StreamlitComponent["setStateValue"]} */
  #setStateValue = () => {};
  /** @type {StreamlitComponent["setTriggerValue"]} */
  #setTriggerValue = () => {};

  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    listenToButtons(root, (name) => this.press(name));
    document.addEventListener("visibilitychange", () => this.refresh(), { signal: this.signal });
    addEventListener("resize", () => this.#fitHeight(), { signal: this.signal });
  }

  // ---- hooks

  /**
   * Colours of the classes: those of the header. Null where the picture does not need the theme, or not yet.
   * @returns {Palette | null}
   */
  get palette() {
    const header = /** @type {{palette?: Palette} | null} */ (this.header);
    return header?.palette ?? null;
  }

  /** Height in this window, in CSS pixels, by the one that the header asks for; 0 if it asks for none. */
  get height() {
    const header = /** @type {{height?: number} | null} */ (this.header);
    return header?.height ? heightInWindow(header.height) : 0;
  }

  /** Whether messages must wait, because a pointer holds a part of the picture. */
  get held() {
    return false;
  }

  /** Whether it is in the window, or was not yet looked for. */
  get seen() {
    return this.#visible;
  }

  /** Whether it has its final size after the first message. If not, a picture inside of it reports when it has. */
  get placed() {
    return true;
  }

  /** Whether there is something to draw. */
  get ready() {
    return this.header !== null && this.theme !== null;
  }

  /**
   * Take in a new message. `header` is the picture's by now.
   * @param {H} _header
   * @param {B} _buffers
   * @param {H | null} _previous  header of the message before
   */
  receive(_header, _buffers, _previous) {}

  /**
   * Take in a new theme. `theme` is the picture's by now.
   * @param {Theme} _theme
   */
  restyle(_theme) {}

  /** Fit the picture to the new size of an element that is observed. */
  resize() {}

  /**
   * Draw one frame.
   * @param {number} _now
   * @returns {boolean} whether it moves, so that another frame must follow
   */
  draw(_now) {
    return false;
  }

  /**
   * Do what a button says.
   * @param {string} name  its data-do
   */
  press(name) {
    if (name === "save" && this.header) this.save();
  }

  /** Let the browser save the picture as a file. */
  save() {}

  /** End everything that goes on; the element has left the page. */
  close() {
    this.#ending.abort();
    this.#sizes.disconnect();
    this.#sight.disconnect();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
  }

  // ---- for subclasses

  /** Aborts when the picture is closed. */
  get signal() {
    return this.#ending.signal;
  }

  /**
   * Call `resize` when the size of one of these elements has changed.
   * @param {...(Element | null)} elements
   */
  observeSize(...elements) {
    for (const element of elements) if (element) this.#sizes.observe(element);
  }

  /**
   * Draw only while this element can be seen.
   * @param {Element} element
   */
  observeVisibility(element) {
    this.#sight.observe(element);
  }

  /**
   * Keep `reducedMotion` of these equal to the viewer's preference.
   * @param {...{reducedMotion: boolean}} targets
   */
  followReducedMotion(...targets) {
    for (const target of targets) followReducedMotion(target, this.signal);
  }

  /**
   * Answer an event "describe" by writing what is shown into a data attribute, as JSON; for tests.
   * @param {string} name
   * @param {() => unknown} describe  returns undefined where nothing can be said yet
   */
  answerDescribe(name, describe) {
    this.root.addEventListener("describe", () => {
      const description = describe();
      if (description !== undefined) this.root.dataset[name] = JSON.stringify(description);
    });
  }

  /**
   * Set a value of the component's state in Python.
   * @param {string} name
   * @param {unknown} value
   */
  setState(name, value) {
    this.#setStateValue(name, value);
  }

  /**
   * Send a value to Python once.
   * @param {string} name
   * @param {unknown} value
   */
  trigger(name, value) {
    this.#setTriggerValue(name, value);
  }

  /** Receive the message that waits, if there is one and nothing is held. */
  receiveWaiting() {
    if (!this.#waiting || !this.#message || this.held) return;
    this.#waiting = false;
    const previous = this.header;
    /** @type {{header: H, buffers: B}} */
    const { header, buffers } = openEnvelope(this.#message);
    this.header = header;
    this.#fitHeight();
    this.receive(header, buffers, previous);
    this.#noteReceived();
  }

  /** Mark the picture as received, for its own style sheet and for that of the page, `page_tools.css`. */
  #noteReceived() {
    this.root.dataset.received = "true";
    const { host } = /** @type {Partial<ShadowRoot>} */ (this.root.getRootNode());
    if (this.placed && host instanceof HTMLElement) host.dataset.received = "true";
  }

  /** Draw soon, as something has changed. */
  refresh() {
    this.requestFrame();
  }

  /** Request the next frame, if none is pending and the picture can be seen. */
  requestFrame() {
    if (this.#timer || this.#frame || !this.#visible || document.hidden) return;
    const request = () => {
      this.#timer = 0;
      this.#frame = requestAnimationFrame((now) => this.#draw(now));
    };
    const wait = this.frameInterval - (performance.now() - this.#drawnAt);
    // a timer first: a request for every animation frame would make the browser prepare 60 of them a second
    if (wait > TIMER_SLACK) this.#timer = setTimeout(request, wait - TIMER_SLACK);
    else request();
  }

  /** Draw at once: a canvas is blank after it has been given a size. */
  drawNow() {
    cancelAnimationFrame(this.#frame);
    this.#draw(performance.now());
  }

  /** Let the style sheet have the height. */
  #fitHeight() {
    const { height } = this;
    if (height) this.root.style.setProperty("--height", `${height}px`);
  }

  /** @param {number} now */
  #draw(now) {
    this.#frame = 0;
    if (!this.root.isConnected || !this.ready) return;
    this.#drawnAt = now;
    if (this.draw(Math.max(now, performance.now()))) this.requestFrame();
  }

  // ---- messages

  /**
   * Take in what Streamlit passes at each of its runs.
   * @param {StreamlitComponent} component
   */
  update({ data, setStateValue, setTriggerValue }) {
    this.#setStateValue = setStateValue;
    this.#setTriggerValue = setTriggerValue;
    if (data && !sameBytes(data, this.#message)) {
      this.#message = data;
      this.#waiting = true;
      this.receiveWaiting();
    }
    this.#readTheme();
  }

  #readTheme() {
    const { palette } = this;
    if (!palette) return;
    const theme = readTheme(this.root, palette, this.theme);
    if (theme === this.theme) return;
    this.theme = theme;
    this.root.style.colorScheme = theme.dark ? "dark" : "light";
    this.#fitHeight(); // which depends on the size of type
    this.restyle(theme);
  }
}

/** @type {WeakMap<Element, {update: (component: StreamlitComponent) => void, close: () => void}>} */
const mounted = new WeakMap();

/**
 * Show a message on the element that a selector finds, with the picture that was made for it, or a new one.
 * @param {new (root: HTMLElement) => {update: (component: StreamlitComponent) => void, close: () => void}} PictureClass
 * @param {string} selector
 * @param {StreamlitComponent} component
 * @returns {(() => void) | undefined} clean-up that Streamlit calls
 */
export function mount(PictureClass, selector, component) {
  const root = component.parentElement.querySelector(selector);
  if (!(root instanceof HTMLElement)) return;
  const picture = mounted.get(root) ?? new PictureClass(root);
  mounted.set(root, picture);
  picture.update(component);
  // Streamlit also calls this when newer data overtook the call, so it ends nothing that is still on the page
  return () => setTimeout(() => !root.isConnected && picture.close());
}
