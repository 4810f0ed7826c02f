/** Lines of equal loss, by marching squares. */

/**
 * @param {ArrayLike<number>} values  (ny * nx)
 * @param {number} nx
 * @param {number} ny
 * @param {number} level
 * @returns {Float32Array[]}  lines of u, v, u, v ...; a closed one ends where it begins
 */
export function contoursAt(values, nx, ny, level) {
  const links = crossings(values, nx, ny, level);
  /** @type {Float32Array[]} */
  const lines = [];
  /** @param {number} start */
  const walk = (start) => {
    const line = [];
    /** @type {number | undefined} */
    let edge = start;
    while (edge !== undefined) {
      line.push(...placeOnEdge(edge, values, nx, ny, level));
      /** @type {number | undefined} */
      const next = links.get(edge)?.pop();
      const back = next === undefined ? undefined : links.get(next);
      back?.splice(back.lastIndexOf(edge), 1);
      edge = next;
    }
    if (line.length > 2) lines.push(Float32Array.from(line));
  };
  // open lines first, from one of their ends; what remains is closed
  for (const [edge, ends] of links) if (ends.length === 1) walk(edge);
  for (const [edge, ends] of links) if (ends.length) walk(edge);
  return lines;
}

/**
 * Return the edges of the grid that the level crosses, each with the edges that it is joined to through a cell.
 *
 * An edge is twice the index of the node at its start, plus one if it goes up.
 * @param {ArrayLike<number>} values
 * @param {number} nx
 * @param {number} ny
 * @param {number} level
 */
function crossings(values, nx, ny, level) {
  /** @type {Map<number, number[]>} */
  const links = new Map();
  /**
   * @param {number} from
   * @param {number} to
   */
  const link = (from, to) => {
    const known = links.get(from);
    if (known) known.push(to);
    else links.set(from, [to]);
  };
  /**
   * @param {number} a
   * @param {number} b
   */
  const join = (a, b) => {
    link(a, b);
    link(b, a);
  };
  for (let r = 0; r < ny - 1; r++) {
    for (let c = 0; c < nx - 1; c++) {
      const k = r * nx + c;
      const [sw, se, nw, ne] = [values[k], values[k + 1], values[k + nx], values[k + nx + 1]];
      const kind = Number(sw > level) | (Number(se > level) << 1) | (Number(nw > level) << 2) | (Number(ne > level) << 3);
      if (kind === 0 || kind === 15 || Number.isNaN(sw + se + nw + ne)) continue;
      const [south, west, north, east] = [2 * k, 2 * k + 1, 2 * (k + nx), 2 * (k + 1) + 1];
      if (kind === 6 || kind === 9) {
        const middle = (sw + se + nw + ne) / 4 > level;
        const joined = middle === (kind === 9); // south-west and north-east, through the middle
        join(south, joined ? east : west);
        join(north, joined ? west : east);
        continue;
      }
      const crossed = [];
      if (sw > level !== se > level) crossed.push(south);
      if (sw > level !== nw > level) crossed.push(west);
      if (nw > level !== ne > level) crossed.push(north);
      if (se > level !== ne > level) crossed.push(east);
      join(crossed[0], crossed[1]);
    }
  }
  return links;
}

/**
 * @param {number} edge
 * @param {ArrayLike<number>} values
 * @param {number} nx
 * @param {number} ny
 * @param {number} level
 */
function placeOnEdge(edge, values, nx, ny, level) {
  const node = edge >> 1;
  const upward = edge & 1;
  const a = values[node];
  const b = values[node + (upward ? nx : 1)];
  const part = (level - a) / (b - a);
  const column = node % nx;
  const row = Math.floor(node / nx);
  return upward
    ? [column / (nx - 1), (row + part) / (ny - 1)]
    : [(column + part) / (nx - 1), row / (ny - 1)];
}
