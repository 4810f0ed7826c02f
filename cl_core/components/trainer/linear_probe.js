/** The linear probe: how well a line, plane or hyperplane between the classes tells them apart. */

const RIDGE_PENALTY = 0.01; // that of analysis/metrics.py

/**
 * Return the linear-probe accuracy, as `linear_probe` of analysis/metrics.py defines it: a ridge classifier is fitted to the
 * first half of the embeddings, by the normal equations, and tested on the second.
 * @param {ArrayLike<number>} z       (n * D) embeddings
 * @param {ArrayLike<number>} labels  (n,)
 * @returns {number} 0 to 1; NaN where the first half has a single class
 */
export function linearProbe(z, labels) {
  const n = labels.length;
  const dim = z.length / n;
  const half = Math.floor(n / 2);
  const fitted = Array.from({ length: half }, (_, row) => labels[row]);
  const classes = [...new Set(fitted)].sort((a, b) => a - b); // of several with one score the first one counts
  if (classes.length < 2) return Number.NaN;
  const mean = new Float64Array(dim);
  for (let row = 0; row < half; row++) for (let k = 0; k < dim; k++) mean[k] += z[row * dim + k] / half;
  const row = new Float64Array(dim);
  const read = (/** @type {number} */ index) => {
    for (let k = 0; k < dim; k++) row[k] = z[index * dim + k] - mean[k];
  };
  // for targets of 1 and 0, which rank the classes as those of 1 and -1 do: the intercepts are the classes' shares
  const gram = new Float64Array(dim * dim);
  const weights = classes.map(() => new Float64Array(dim));
  const shares = classes.map((label) => fitted.filter((each) => each === label).length / half);
  for (let index = 0; index < half; index++) {
    read(index);
    const sums = weights[classes.indexOf(fitted[index])];
    for (let i = 0; i < dim; i++) {
      sums[i] += row[i];
      for (let j = 0; j <= i; j++) gram[i * dim + j] += row[i] * row[j];
    }
  }
  for (let i = 0; i < dim; i++) gram[i * dim + i] += RIDGE_PENALTY;
  factorise(gram, dim);
  for (const each of weights) solve(gram, each);
  let right = 0;
  for (let index = half; index < n; index++) {
    read(index);
    const scores = weights.map((each, c) => shares[c] + dot(each, row));
    if (classes[scores.indexOf(Math.max(...scores))] === labels[index]) right++;
  }
  return right / (n - half);
}

/**
 * Replace the lower triangle of a positive definite matrix by its Cholesky factor.
 * @param {Float64Array} matrix  (dim * dim)
 * @param {number} dim
 */
function factorise(matrix, dim) {
  for (let i = 0; i < dim; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i * dim + j];
      for (let k = 0; k < j; k++) rest -= matrix[i * dim + k] * matrix[j * dim + k];
      matrix[i * dim + j] = i === j ? Math.sqrt(rest) : rest / matrix[j * dim + j];
    }
  }
}

/**
 * Solve a linear system in place.
 * @param {Float64Array} factor  (dim * dim) Cholesky factor of its matrix
 * @param {Float64Array} vector  (dim,) the right side, then the solution
 */
function solve(factor, vector) {
  const dim = vector.length;
  for (let i = 0; i < dim; i++) {
    for (let k = 0; k < i; k++) vector[i] -= factor[i * dim + k] * vector[k];
    vector[i] /= factor[i * dim + i];
  }
  for (let i = dim - 1; i >= 0; i--) {
    for (let k = i + 1; k < dim; k++) vector[i] -= factor[k * dim + i] * vector[k];
    vector[i] /= factor[i * dim + i];
  }
}

/**
 * @param {Float64Array} a
 * @param {Float64Array} b
 */
function dot(a, b) {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
