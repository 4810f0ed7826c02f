/** Keyboard movement between tiles. */

/**
 * Return the tile that a key leads to from another, if any.
 * @param {string} key
 * @param {HTMLElement} tile  the one that has the focus
 * @param {HTMLElement[]} tiles  all that the keys reach, in order
 * @returns {HTMLElement | undefined}
 */
export function nextTile(key, tile, tiles) {
  const at = tiles.indexOf(tile);
  switch (key) {
    case "ArrowRight":
      return tiles[at + 1];
    case "ArrowLeft":
      return tiles[at - 1];
    case "ArrowDown":
      return tileInNextRow(tile, tiles.slice(at + 1), 1);
    case "ArrowUp":
      return tileInNextRow(tile, tiles.slice(0, at).reverse(), -1);
    case "Home":
      return tiles[0];
    case "End":
      return tiles.at(-1);
  }
}

/**
 * Return the tile of the next row that is nearest to straight below, or above.
 * @param {HTMLElement} tile
 * @param {HTMLElement[]} following
 * @param {1 | -1} down
 */
function tileInNextRow(tile, following, down) {
  const from = tile.getBoundingClientRect();
  const boxes = following.map((each) => ({ each, box: each.getBoundingClientRect() }));
  const beyond = boxes.filter(({ box }) => (box.y - from.y) * down > 1);
  const row = beyond.filter(({ box }) => Math.abs(box.y - beyond[0].box.y) < 1);
  /** @param {{box: DOMRect}} other */
  const away = ({ box }) => Math.abs(box.x - from.x);
  return row.toSorted((a, b) => away(a) - away(b))[0]?.each;
}
