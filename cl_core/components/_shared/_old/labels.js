/** Names on a picture, moved apart where they would cover each other. */

/**
 * @typedef {object} Tag  a name in its box
 * @property {string} name
 * @property {number} c  the number of its class
 * @property {number} x  the middle of the box
 * @property {number} y
 * @property {number} w  the size of the box
 * @property {number} h
 * @property {boolean} [fixed]  stays where it is
 */

/**
 * Push overlapping boxes apart, a little at a time, so that they move smoothly as their places do.
 * @param {Tag[]} tags
 * @param {number} width  of the sheet, which no box leaves
 * @param {number} height
 */
export function keepApart(tags, width, height) {
  for (let round = 0; round < 24; round++) {
    let moved = false;
    for (let i = 0; i < tags.length; i++) {
      for (let j = 0; j < i; j++) moved = pushApart(tags[i], tags[j]) || moved;
    }
    if (!moved) break;
  }
  for (const tag of tags) {
    if (tag.fixed) continue;
    tag.x = Math.min(Math.max(tag.x, tag.w / 2), width - tag.w / 2);
    tag.y = Math.min(Math.max(tag.y, tag.h / 2), height - tag.h / 2);
  }
}

function pushApart(a, b) {
  let dx = a.x - b.x;
  let dy = a.y - b.y;
  const overlapX = (a.w + b.w) / 2 - Math.abs(dx);
  const overlapY = (a.h + b.h) / 2 - Math.abs(dy);
  if (overlapX <= 0 || overlapY <= 0) return false;
  if (Math.abs(dx) + Math.abs(dy) < 0.5) {
    dx = Math.cos(a.c * 2.4); // all in one place: each class leaves in a direction of its own
    dy = Math.sin(a.c * 2.4);
  }
  const far = Math.hypot(dx, dy);
  const push = Math.min(overlapX, overlapY) * 0.3;
  for (const [tag, way] of [
    [a, push],
    [b, -push],
  ]) {
    if (tag.fixed) continue;
    tag.x += (dx / far) * way;
    tag.y += (dy / far) * way;
  }
  return true;
}
