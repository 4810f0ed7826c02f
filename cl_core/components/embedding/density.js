/**
 * Density of each class over the picture and along two of its edges, from the points of one moment.
 *
 * The estimate is Gaussian, with Scott's bandwidth along each axis (Scott, Multivariate Density Estimation, 1992): the
 * class's standard deviation times the number of its points to the power of -1/6.
 */

const SIDE = 144; // cells along the longer side of the grid
const AROUND = 0.16; // of the view's longer side that the grid reaches beyond it: densities fade out there
const LEAST_WIDTH = 0.9; // cells of bandwidth, at least: a class whose points coincide is a spot
const KERNEL_REACH = 3; // bandwidths from a point at which it counts as nothing
const SCOTT = -1 / 6; // exponent in two dimensions

/**
 * @typedef {object} Grid  cells in data coordinates
 * @property {number} left
 * @property {number} bottom
 * @property {number} cell     side of a cell
 * @property {number} columns
 * @property {number} rows
 *
 * @typedef {object} ClassDensity
 * @property {number} label
 * @property {Float32Array} heights  (rows * columns), from the bottom row up; the highest is 1
 * @property {Float32Array} across   (columns) points in each column, smoothed
 * @property {Float32Array} upward   (rows) points in each row, smoothed
 */

/**
 * Return a grid over a part of the plane and somewhat more.
 * @param {ArrayLike<number>} view  low and high along each axis
 * @returns {Grid}
 */
export function gridOver(view) {
  const more = AROUND * Math.max(view[1] - view[0], view[3] - view[2]);
  const width = view[1] - view[0] + 2 * more;
  const height = view[3] - view[2] + 2 * more;
  const cell = Math.max(width, height) / SIDE || 1;
  const columns = Math.max(Math.ceil(width / cell), 1);
  const rows = Math.max(Math.ceil(height / cell), 1);
  return { left: view[0] - more, bottom: view[2] - more, cell, columns, rows };
}

/**
 * Return the density of each class that has points.
 * @param {ArrayLike<number>} points  (n * 2), NaN for those that have no place
 * @param {ArrayLike<number>} labels  (n)
 * @param {number} classes
 * @param {Grid} grid
 * @returns {ClassDensity[]}
 */
export function densities(points, labels, classes, grid) {
  /** @type {number[][]} */
  const members = Array.from({ length: classes }, () => []);
  for (let i = 0; i < labels.length; i++) {
    if (Number.isFinite(points[2 * i]) && Number.isFinite(points[2 * i + 1])) members[labels[i]]?.push(i);
  }
  return members.flatMap((rows, label) => (rows.length ? [density(points, rows, label, grid)] : []));
}

/**
 * @param {ArrayLike<number>} points
 * @param {number[]} members  of the class
 * @param {number} label
 * @param {Grid} grid
 * @returns {ClassDensity}
 */
function density(points, members, label, grid) {
  const { left, bottom, cell, columns, rows } = grid;
  const x = Float64Array.from(members, (i) => (points[2 * i] - left) / cell - 0.5);
  const y = Float64Array.from(members, (i) => (points[2 * i + 1] - bottom) / cell - 0.5);
  const kernelX = kernelOf(bandwidth(x));
  const kernelY = kernelOf(bandwidth(y));
  const spread = new Float32Array(rows * columns); // smoothed along the rows only
  const across = new Float32Array(columns);
  const upward = new Float32Array(rows);
  for (let k = 0; k < x.length; k++) {
    const row = Math.floor(y[k]);
    const above = y[k] - row; // a point between two rows is shared by both
    addKernel(across, 0, columns, x[k], kernelX, 1);
    addKernel(upward, 0, rows, y[k], kernelY, 1);
    if (row >= 0 && row < rows) addKernel(spread, row * columns, columns, x[k], kernelX, 1 - above);
    if (row + 1 >= 0 && row + 1 < rows) addKernel(spread, (row + 1) * columns, columns, x[k], kernelX, above);
  }
  return { label, heights: smoothedUpward(spread, columns, rows, kernelY), across, upward };
}

/**
 * Return Scott's bandwidth of places along an axis, in cells.
 * @param {Float64Array} places
 */
function bandwidth(places) {
  const n = places.length;
  const mean = places.reduce((sum, place) => sum + place, 0) / n;
  const variance = places.reduce((sum, place) => sum + (place - mean) ** 2, 0) / Math.max(n - 1, 1);
  return Math.max(Math.sqrt(variance) * n ** SCOTT, LEAST_WIDTH);
}

/**
 * @typedef {{reach: number, weights: Float64Array}} Kernel  weights at whole distances; they sum to 1
 */

/**
 * @param {number} width  cells
 * @returns {Kernel}
 */
function kernelOf(width) {
  const reach = Math.ceil(KERNEL_REACH * width);
  const weights = Float64Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-0.5 * ((k - reach) / width) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return { reach, weights: weights.map((weight) => weight / sum) };
}

/**
 * Add a kernel about a place to a row of cells; a place between two cells is shared by both.
 * @param {Float32Array} cells
 * @param {number} start  index of the row's first cell
 * @param {number} length  of the row
 * @param {number} place  cells from the middle of the first one
 * @param {Kernel} kernel
 * @param {number} amount
 */
function addKernel(cells, start, length, place, { reach, weights }, amount) {
  const whole = Math.floor(place);
  const right = place - whole;
  for (const [middle, share] of [
    [whole, amount * (1 - right)],
    [whole + 1, amount * right],
  ]) {
    if (share === 0) continue;
    const first = Math.max(middle - reach, 0);
    const last = Math.min(middle + reach, length - 1);
    for (let c = first; c <= last; c++) cells[start + c] += share * weights[c - middle + reach];
  }
}

/**
 * Smooth a grid along its columns, and scale it so that its highest cell is 1.
 * @param {Float32Array} cells  (rows * columns)
 * @param {number} columns
 * @param {number} rows
 * @param {Kernel} kernel
 */
function smoothedUpward(cells, columns, rows, { reach, weights }) {
  const heights = new Float32Array(cells.length);
  for (let from = 0; from < rows; from++) {
    const line = cells.subarray(from * columns, (from + 1) * columns);
    const first = line.findIndex((value) => value > 0);
    if (first < 0) continue;
    const end = line.findLastIndex((value) => value > 0) + 1;
    for (let to = Math.max(from - reach, 0); to <= Math.min(from + reach, rows - 1); to++) {
      const weight = weights[to - from + reach];
      for (let c = first; c < end; c++) heights[to * columns + c] += weight * line[c];
    }
  }
  const highest = heights.reduce((most, value) => Math.max(most, value), 0);
  return highest > 0 ? heights.map((value) => value / highest) : heights;
}
