/** Where words go: each in the best of its places, by what it would cover there. */

/**
 * @typedef {object} Box  by its middle
 * @property {number} x
 * @property {number} y
 * @property {number} w
 * @property {number} h
 *
 * @typedef {object} Wish
 * @property {string} key
 * @property {Box[][]} places  the best first; each is what the words would fill there
 * @property {boolean} [needed]  to be written even where it covers something
 */

const OUTSIDE = 4; // how much worse a pixel outside the picture is than one on something else
const FIRST = 6; // pixels that the next best place may cover less and not be taken
const STAYS = 60; // and that staying where it was is worth

export class Labels {
  constructor() {
    /** @type {Map<string, number>} which of its places each word has */
    this.chosen = new Map();
  }

  /**
   * Which of its places each word gets, clear of those before it; a word that would cover something gets none.
   * @param {Wish[]} wishes  the most important first
   * @param {Box[]} taken
   * @param {{width: number, height: number}} room
   * @returns {Map<string, number>}
   */
  place(wishes, taken, room) {
    const filled = [...taken];
    const found = new Map();
    for (const { key, places, needed } of wishes) {
      const options = places.map((boxes, i) => {
        const covers = boxes.reduce((sum, box) => sum + covered(box, filled, room), 0);
        return { i, boxes, covers, cost: covers + FIRST * i - (this.chosen.get(key) === i ? STAYS : 0) };
      });
      const free = needed ? options : options.filter(({ covers }) => covers < 1);
      if (!free.length) continue;
      const best = free.reduce((a, b) => (b.cost < a.cost ? b : a));
      filled.push(...best.boxes);
      found.set(key, best.i);
    }
    this.chosen = found;
    return found;
  }
}

function covered(box, filled, room) {
  return filled.reduce((sum, other) => sum + overlap(box, other), 0) + OUTSIDE * outside(box, room);
}

/** Square pixels that two boxes share. */
function overlap(a, b) {
  const wide = Math.min(a.x + a.w / 2, b.x + b.w / 2) - Math.max(a.x - a.w / 2, b.x - b.w / 2);
  const high = Math.min(a.y + a.h / 2, b.y + b.h / 2) - Math.max(a.y - a.h / 2, b.y - b.h / 2);
  return Math.max(wide, 0) * Math.max(high, 0);
}

function outside(box, { width, height }) {
  const inside = overlap(box, { x: width / 2, y: height / 2, w: width, h: height });
  return box.w * box.h - inside;
}

/** The places around a point: beside it, above and below, then across its corners. */
export function around([x, y], w, h, away) {
  const [far, high] = [away + w / 2, away + h / 2 - 2];
  const near = 0.75 * away;
  const places = [
    [x + far, y],
    [x - far, y],
    [x, y - high],
    [x, y + high],
    [x + w / 2 + near - 4, y - h / 2 - near + 6],
    [x - w / 2 - near + 4, y - h / 2 - near + 6],
    [x + w / 2 + near - 4, y + h / 2 + near - 6],
    [x - w / 2 - near + 4, y + h / 2 + near - 6],
  ];
  return places.map(([px, py]) => [{ x: px, y: py, w, h }]);
}

/** Small boxes along a line, for what must not be written on. */
export function alongLine([x0, y0], [x1, y1], size = 8) {
  const steps = Math.ceil(Math.hypot(x1 - x0, y1 - y0) / size);
  return Array.from({ length: steps + 1 }, (_, k) => {
    const share = steps ? k / steps : 0;
    return { x: x0 + (x1 - x0) * share, y: y0 + (y1 - y0) * share, w: size, h: size };
  });
}
