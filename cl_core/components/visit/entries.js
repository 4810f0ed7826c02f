/**
 * Entries of the browser's history: one for one thing that the visitor does.
 *
 * Streamlit adds one whenever a run of the page changes the address, which for one step of a lesson are five, and one for
 * each place where a slider has been let go.
 */

const SLIDERS = 'input[type="range"], [role="slider"], [data-testid="stSlider"]';
const ACTS = ["Enter", " "]; // keys that press what has the focus

/**
 * Tells which changes of the address get an entry of their own: the first one after each click or press of a key.
 */
export class Entries {
  #acts = 0; // that the visitor has done
  #written = 0; // of which one has its entry

  /** The visitor has done something that may lead to another address. */
  act() {
    this.#acts++;
  }

  /** Return whether a change of the address gets an entry; only one does until the next act. */
  take() {
    const own = this.#acts > this.#written;
    this.#written = this.#acts;
    return own;
  }
}

/**
 * Let the history of this page have the entries that `entries` allows.
 * @param {Entries} entries
 */
export function watchHistory(entries) {
  /** @param {Event} event */
  const act = (event) => {
    const target = event.composedPath()[0];
    if (target instanceof Element && !target.closest(SLIDERS)) entries.act();
  };
  addEventListener("pointerup", act, { capture: true });
  addEventListener("keydown", (event) => ACTS.includes(event.key) && act(event), { capture: true });
  const add = history.pushState.bind(history);
  history.pushState = (state, unused, url) => {
    if (entries.take()) add(state, unused, url);
    else history.replaceState(state, unused, url);
  };
}
