/** Upright boxes of labels, in CSS pixels. */

/**
 * @typedef {object} Box
 * @property {number} x  its centre
 * @property {number} y
 * @property {number} w  its size
 * @property {number} h
 */

/**
 * Return whether two boxes are nearer to each other than a gap.
 * @param {Box} a
 * @param {Box} b
 * @param {number} gap
 */
export function overlap(a, b, gap) {
  return Math.abs(a.x - b.x) < (a.w + b.w) / 2 + gap && Math.abs(a.y - b.y) < (a.h + b.h) / 2 + gap;
}

/**
 * Return the area that two boxes share, in square pixels.
 * @param {Box} a
 * @param {Box} b
 */
export function sharedArea(a, b) {
  const width = Math.min(a.x + a.w / 2, b.x + b.w / 2) - Math.max(a.x - a.w / 2, b.x - b.w / 2);
  const height = Math.min(a.y + a.h / 2, b.y + b.h / 2) - Math.max(a.y - a.h / 2, b.y - b.h / 2);
  return Math.max(width, 0) * Math.max(height, 0);
}

/**
 * @typedef {Box & {c: number, fixed?: boolean}} Tag  a label's box; `c`: number of its class; a fixed one is not moved
 */

/**
 * Push overlapping boxes apart. Each step is small, so the boxes move smoothly as their labels' places do.
 * @param {Tag[]} tags  moved in place
 * @param {number} width   of the area that no box leaves
 * @param {number} height
 */
export function pushApart(tags, width, height) {
  for (let round = 0; round < 24; round++) {
    let moved = false;
    for (let i = 0; i < tags.length; i++) {
      for (let j = 0; j < i; j++) moved = separate(tags[i], tags[j]) || moved;
    }
    if (!moved) break;
  }
  for (const tag of tags) {
    if (tag.fixed) continue;
    tag.x = Math.min(Math.max(tag.x, tag.w / 2), width - tag.w / 2);
    tag.y = Math.min(Math.max(tag.y, tag.h / 2), height - tag.h / 2);
  }
}

/**
 * @param {Tag} a
 * @param {Tag} b
 * @returns {boolean} whether they overlapped
 */
function separate(a, b) {
  let dx = a.x - b.x;
  let dy = a.y - b.y;
  const overlapX = (a.w + b.w) / 2 - Math.abs(dx);
  const overlapY = (a.h + b.h) / 2 - Math.abs(dy);
  if (overlapX <= 0 || overlapY <= 0) return false;
  if (Math.abs(dx) + Math.abs(dy) < 0.5) {
    dx = Math.cos(a.c * 2.4); // all in one place: each class leaves in a direction of its own
    dy = Math.sin(a.c * 2.4);
  }
  const distance = Math.hypot(dx, dy);
  const push = Math.min(overlapX, overlapY) * 0.3;
  for (const [tag, by] of /** @type {[Tag, number][]} */ ([
    [a, push],
    [b, -push],
  ])) {
    if (tag.fixed) continue;
    tag.x += (dx / distance) * by;
    tag.y += (dy / distance) * by;
  }
  return true;
}
