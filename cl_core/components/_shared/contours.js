/** Lines along which the values of a grid are equal, by marching squares. */

const NONE = -1; // no edge
/** Two ends of each edge; all are `NONE` again once the lines have been walked, so that they are filled only once. */
let kept = new Int32Array(0);

/**
 * Return the lines at a level, in units of the grid: its first node is (0, 0), its last one (1, 1).
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
    /** @type {number[]} */
    const line = [];
    for (let edge = start; edge !== NONE; edge = links.take(edge)) pushPlace(line, edge, values, nx, ny, level);
    if (line.length > 2) lines.push(new Float32Array(line));
  };
  // open lines first, from one of their ends; what remains is closed
  for (const edge of links.edges) if (links.count(edge) === 1) walk(edge);
  for (const edge of links.edges) if (links.count(edge)) walk(edge);
  return lines;
}

/**
 * The edges of a grid that a level crosses, each with the one or two edges that it is joined to through a cell.
 *
 * An edge is twice the index of the node at its start, plus one if it goes up.
 */
class Links {
  /** @type {number[]} in the order in which they were found */
  edges = [];
  #ends;

  /** @param {number} nodes */
  constructor(nodes) {
    if (kept.length < 4 * nodes) kept = new Int32Array(4 * nodes).fill(NONE);
    this.#ends = kept;
  }

  /**
   * @param {number} a
   * @param {number} b
   */
  join(a, b) {
    this.#add(a, b);
    this.#add(b, a);
  }

  /** @param {number} edge */
  count(edge) {
    return Number(this.#ends[2 * edge] !== NONE) + Number(this.#ends[2 * edge + 1] !== NONE);
  }

  /**
   * Return an edge that is joined to another one, and part the two; `NONE` if there is none.
   * @param {number} edge
   */
  take(edge) {
    const ends = this.#ends;
    const last = 2 * edge + Number(ends[2 * edge + 1] !== NONE);
    const next = ends[last];
    if (next === NONE) return NONE;
    ends[last] = NONE;
    if (ends[2 * next + 1] !== edge) ends[2 * next] = ends[2 * next + 1];
    ends[2 * next + 1] = NONE;
    return next;
  }

  /**
   * @param {number} from
   * @param {number} to
   */
  #add(from, to) {
    const ends = this.#ends;
    const first = ends[2 * from] === NONE;
    if (first) this.edges.push(from);
    ends[2 * from + Number(!first)] = to;
  }
}

/**
 * @param {ArrayLike<number>} values
 * @param {number} nx
 * @param {number} ny
 * @param {number} level
 */
function crossings(values, nx, ny, level) {
  const links = new Links(nx * ny);
  for (let r = 0; r < ny - 1; r++) {
    let k = r * nx;
    let west = Number(values[k] > level) | (Number(values[k + nx] > level) << 2); // bits of the nodes at a cell's left
    for (const end = k + nx - 1; k < end; k++) {
      const east = Number(values[k + 1] > level) | (Number(values[k + nx + 1] > level) << 2);
      const kind = west | (east << 1);
      west = east;
      if (kind !== 0 && kind !== 15) joinCell(links, values, nx, k, kind, level);
    }
  }
  return links;
}

/**
 * Join the edges of a cell that the level crosses.
 * @param {Links} links
 * @param {ArrayLike<number>} values
 * @param {number} nx
 * @param {number} k  node at its south-west
 * @param {number} kind  which of its nodes are above the level: south-west 1, south-east 2, north-west 4, north-east 8
 * @param {number} level
 */
function joinCell(links, values, nx, k, kind, level) {
  const sum = values[k] + values[k + 1] + values[k + nx] + values[k + nx + 1];
  if (Number.isNaN(sum)) return;
  const [south, west, north, east] = [2 * k, 2 * k + 1, 2 * (k + nx), 2 * (k + 1) + 1];
  if (kind === 6 || kind === 9) {
    const joined = sum / 4 > level === (kind === 9); // south-west and north-east, through the middle
    links.join(south, joined ? east : west);
    links.join(north, joined ? west : east);
    return;
  }
  const [isSouth, isWest] = [(kind ^ (kind >> 1)) & 1, (kind ^ (kind >> 2)) & 1];
  const isNorth = ((kind >> 2) ^ (kind >> 3)) & 1;
  // of the four edges, two are crossed
  if (isSouth) links.join(south, isWest ? west : isNorth ? north : east);
  else if (isWest) links.join(west, isNorth ? north : east);
  else links.join(north, east);
}

/**
 * Add the place at which the level crosses an edge to a line.
 * @param {number[]} line
 * @param {number} edge
 * @param {ArrayLike<number>} values
 * @param {number} nx
 * @param {number} ny
 * @param {number} level
 */
function pushPlace(line, edge, values, nx, ny, level) {
  const node = edge >> 1;
  const upward = edge & 1;
  const a = values[node];
  const part = (level - a) / (values[node + (upward ? nx : 1)] - a);
  const row = Math.floor(node / nx);
  const column = node - row * nx;
  line.push((column + (upward ? 0 : part)) / (nx - 1), (row + (upward ? part : 0)) / (ny - 1));
}
