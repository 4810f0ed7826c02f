/** Where the name of an area fits into it. */

/**
 * Return the centre of the place where a label fits best into the area between two edges: where there is most room above
 * and below it; null where it fits nowhere.
 * @param {number[]} x      ascending places
 * @param {number[]} under  y of the lower edge at each
 * @param {number[]} over   y of the upper edge at each
 * @param {number} width    of the label
 * @param {number} height
 * @returns {{x: number, y: number} | null}
 */
export function bestPlace(x, under, over, width, height) {
  /** @type {{room: number, x: number, y: number} | null} */
  let best = null;
  /**
   * @param {number[]} edge
   * @param {number} at
   */
  const interpolate = (edge, at) => {
    const k = Math.max(
      x.findIndex((each) => each >= at),
      1,
    );
    const share = (at - x[k - 1]) / Math.max(x[k] - x[k - 1], 1e-9);
    return edge[k - 1] + (edge[k] - edge[k - 1]) * share;
  };
  for (let left = x[0] + 4; left + width + 4 <= x[x.length - 1]; left += 6) {
    const places = [left, left + width, ...x.filter((each) => each > left && each < left + width)];
    const floor = Math.min(...places.map((at) => interpolate(under, at))); // a smaller y is higher on the screen
    const ceiling = Math.max(...places.map((at) => interpolate(over, at)));
    const room = floor - ceiling;
    if (room >= height && room > (best?.room ?? 0) + 1) best = { room, x: left + width / 2, y: (floor + ceiling) / 2 };
  }
  return best;
}
