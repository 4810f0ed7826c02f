/** The page's sliders, which are Streamlit's own: their values as they move, before Streamlit sends them. */

const WATCHED = { subtree: true, attributes: true, attributeFilter: ["value"] };

/**
 * Call back at every move of one of some sliders, until `signal` aborts.
 * @param {() => Iterable<string>} keys  Streamlit's keys of the sliders that count at that time
 * @param {() => void} onMove
 * @param {AbortSignal} signal
 */
export function followSliders(keys, onMove, signal) {
  const observer = new MutationObserver((changes) => {
    const sliders = [...keys()].map(sliderOf);
    if (changes.some(({ target }) => sliders.some((slider) => slider === target))) onMove();
  });
  observer.observe(document.body, WATCHED);
  signal.addEventListener("abort", () => observer.disconnect());
}

/**
 * Return the value that a slider shows; undefined where the page has no such slider.
 * @param {string} key  Streamlit's key of it
 */
export function sliderValue(key) {
  const slider = sliderOf(key);
  return slider ? Number(slider.getAttribute("value")) : undefined; // which is what is watched
}

/**
 * @param {string} key
 * @returns {HTMLInputElement | null}
 */
function sliderOf(key) {
  return document.querySelector(`.st-key-${CSS.escape(key)} input[type="range"]`);
}
