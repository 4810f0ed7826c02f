/** Actions that wait until nothing more happens. */

/**
 * Return a function that runs `action` once `delay` has passed without another call.
 * @template {unknown[]} A
 * @param {(...values: A) => void} action  gets the arguments of the last call
 * @param {number} delay  milliseconds
 * @param {AbortSignal} signal  drops a run that is pending
 */
export function debounce(action, delay, signal) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  const cancel = () => clearTimeout(timer);
  signal.addEventListener("abort", cancel);
  /** @param {A} values */
  const call = (...values) => {
    cancel();
    if (!signal.aborted) timer = setTimeout(() => action(...values), delay);
  };
  return Object.assign(call, { cancel });
}
