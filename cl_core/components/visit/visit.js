/** Sets up once what holds for the whole visit; nothing of it can be seen. */

import { Entries, watchHistory } from "./entries.js";
import { listenToPageKeys } from "../_shared/page_keys.js";
import { registry } from "../_shared/registry.js";

/** @import { StreamlitComponent } from "../_shared/picture.js" */

const COMPONENT = '[data-testid="stBidiComponentIsolated"]';
const SKIP = 'a[href="#stMain"]'; // Streamlit's link at the start of the page, to the main content
const PLAY = ".st-key-play button"; // starts and pauses what the server trains, see ui/widgets/playback_buttons.py

/** @param {StreamlitComponent} _component */
export default function visit(_component) {
  const known = registry("visit");
  if (known.has("entries")) return;
  const entries = new Entries();
  known.set("entries", entries);
  watchHistory(entries);
  listenToPageKeys(() => {
    const play = document.querySelector(PLAY);
    return play instanceof HTMLButtonElement && !play.disabled ? { " ": () => play.click() } : {};
  }, new AbortController().signal);
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Element && target.closest(SKIP)) setTimeout(() => startButton()?.focus()); // after Streamlit's own
  });
}

/** Return the button that starts what the page trains, in the browser or on the server; null on other pages. */
function startButton() {
  const trees = [...document.querySelectorAll(COMPONENT)].map(({ shadowRoot }) => shadowRoot);
  const found = trees.map((tree) => tree?.querySelector("[data-run=play]")).find(Boolean) ?? document.querySelector(PLAY);
  return found instanceof HTMLElement ? found : null;
}
