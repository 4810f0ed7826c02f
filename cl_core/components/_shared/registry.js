/** Things of the page that outlive the pictures which show them, and names for them. */

/**
 * Return what the page has of a kind, by name. Streamlit may load this code once for each component, so it is kept on
 * the window.
 * @template T
 * @param {string} kind
 * @returns {Map<string, T>}
 */
export function registry(kind) {
  const page = /** @type {Record<symbol, Map<string, T> | undefined>} */ (/** @type {unknown} */ (globalThis));
  return (page[Symbol.for(`contrastive-loss-lab/${kind}`)] ??= new Map());
}

/**
 * Return whether a request to start is new: each is taken up once, also by a page that is left and shown again.
 * @param {string} name   of the run or the race
 * @param {string} start  names the request; "" for none
 */
export function takeStart(name, start) {
  const taken = /** @type {Map<string, string>} */ (registry("starts"));
  if (!start || taken.get(name) === start) return false;
  taken.set(name, start);
  return true;
}

/** Return a name that nothing else has. */
export function randomName() {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
