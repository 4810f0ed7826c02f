/** Paths of curves and of the bands between two of them. */

/**
 * Return the path of a curve, which breaks where a point is not known.
 * @param {ArrayLike<number>} x
 * @param {ArrayLike<number>} y  NaN or infinite where it is not known
 */
export function curvePath(x, y) {
  let path = "";
  let command = "M";
  for (let k = 0; k < y.length; k++) {
    if (Number.isFinite(y[k])) {
      path += `${command}${tenths(x[k])} ${tenths(y[k])}`;
      command = "L";
    } else command = "M";
  }
  return path;
}

/**
 * Return the outline of the band between two curves; "" without points.
 * @param {number[]} x
 * @param {number[]} under  y of the lower edge at each
 * @param {number[]} over   y of the upper edge at each
 */
export function bandPath(x, under, over) {
  if (!x.length) return "";
  let path = "";
  for (let k = 0; k < x.length; k++) path += `${k ? "L" : "M"}${tenths(x[k])} ${tenths(over[k])}`;
  for (let k = x.length - 1; k >= 0; k--) path += `L${tenths(x[k])} ${tenths(under[k])}`;
  return `${path}Z`;
}

/**
 * Round a coordinate to a tenth of a pixel; several times faster than `toFixed`, which long curves feel.
 * @param {number} value
 */
function tenths(value) {
  return Math.round(value * 10) / 10;
}
