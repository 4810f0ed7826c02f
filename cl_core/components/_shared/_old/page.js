/** What every picture does to the page it is on: come and go, name its buttons, write only what has changed. */

/** @type {WeakMap<Element, any>} */
const pictures = new WeakMap();

/**
 * Show what has come on the root element of that selector, with its `Picture`: made once, `update(component)` for each
 * message, `close()` when the element has gone.
 */
export function shownBy(Picture, selector, component) {
  const root = component.parentElement.querySelector(selector);
  if (!root) return;
  const picture = pictures.get(root) ?? new Picture(root);
  pictures.set(root, picture);
  picture.update(component);
  // Streamlit also calls this when newer data overtook the call, so it ends nothing that is still on the page
  return () => setTimeout(() => !root.isConnected && picture.close());
}

/** Keep `mover.calm` true where motion is not wanted. */
export function heedCalm(mover, signal) {
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  mover.calm = calm.matches;
  calm.addEventListener("change", () => (mover.calm = calm.matches), { signal });
}

/** Call `press(name)` for each button `data-do="name"` that is pressed. */
export function listenToButtons(root, press) {
  root.addEventListener("click", (event) => {
    const button = event.target instanceof Element && event.target.closest("[data-do]");
    if (button) press(button.dataset.do);
  });
}

/** Give each button its word: as its title, aloud, and in its <span> if it has one. */
export function nameButtons(root, words) {
  for (const button of root.querySelectorAll("[data-do]")) {
    const word = words[button.dataset.do];
    const text = button.querySelector("span");
    if (text) setText(text, word);
    button.title = word;
    button.setAttribute("aria-label", word);
  }
}

/** Say in data attributes what is shown; what is undefined has none. */
export function setData(root, state) {
  for (const [name, value] of Object.entries(state)) {
    if (value === undefined) delete root.dataset[name];
    else if (root.dataset[name] !== String(value)) root.dataset[name] = String(value);
  }
}

/** Put text into an element, which costs nothing where it is there already. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** A sentence with its {places} filled. */
export function filled(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (place, name) => String(values[name] ?? place));
}
