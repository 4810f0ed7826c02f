/** The viewer's preference for less motion. */

/**
 * Keep `target.reducedMotion` equal to the preference, until `signal` aborts.
 * @param {{reducedMotion: boolean}} target
 * @param {AbortSignal} signal
 */
export function followReducedMotion(target, signal) {
  const query = matchMedia("(prefers-reduced-motion: reduce)");
  target.reducedMotion = query.matches;
  query.addEventListener("change", () => (target.reducedMotion = query.matches), { signal });
}
