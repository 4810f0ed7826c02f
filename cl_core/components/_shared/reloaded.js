/**
 * Return whether the page is there because it was loaded again, and not by a link; sessionStorage still has what the tab
 * has stored.
 */
export function wasReloaded() {
  const [entry] = performance.getEntriesByType("navigation");
  return entry instanceof PerformanceNavigationTiming && entry.type === "reload";
}
