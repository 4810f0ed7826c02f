/** Where words go on the picture: beside what they name, off each other, and never over the edge. */

/**
 * @typedef {object} Wish  a label that is to be placed
 * @property {string} key    names it, from one picture to the next
 * @property {string} text
 * @property {string} kind   which type and colour it is written in
 * @property {boolean} [must]  a poor place is better than none
 * @property {number} w      the size of its text
 * @property {number} h
 * @property {Array<{x: number, y: number, angle?: number, cost?: number, from?: number[]}>} places  where its middle
 *   could be, and from where a line leads there
 *
 * @typedef {object} Label  one that has its place
 * @property {string} key
 * @property {string} text
 * @property {string} kind
 * @property {number} x
 * @property {number} y
 * @property {number} w      the upright box around it
 * @property {number} h
 * @property {number} angle
 * @property {number[] | null} from  where a line comes from that leads to it
 * @property {number} alpha
 */

const AIR = 3; // CSS pixels between two labels
const LOYALTY = 0.02; // what a pixel away from where the label was before costs
const MISSING = 1000; // what a label costs that finds no place
const CONTENT = 1.5; // labels that cost no more than this on the average have good places
const MOST = 9; // a place that costs more is worse than no label, for those that may be left out

/**
 * Place labels one after the other, the most important first. Those that must be there are tried in several orders,
 * since the first may stand where only another could.
 * @param {Wish[]} wishes
 * @param {Array<{x: number, y: number, weight: number}>} obstacles  what is better not covered
 * @param {(label: {x: number, y: number, w: number, h: number}) => boolean} inside
 * @param {Map<string, Label>} before  where they were
 * @param {Array<{x: number, y: number, w: number, h: number}>} taken
 * @returns {Label[]}
 */
export function placeLabels(wishes, obstacles, inside, before, taken) {
  const inOrder = (order, others) => {
    const placed = [];
    let cost = 0;
    for (const wish of order) {
      const best = placeOne(wish, obstacles, inside, before.get(wish.key), [...others, ...placed]);
      if (best) placed.push(best.label);
      cost += best?.cost ?? MISSING;
    }
    return { placed, cost };
  };
  const musts = wishes.filter(({ must }) => must);
  let best = inOrder(musts, taken);
  for (let k = 1; k < musts.length && best.cost > CONTENT * musts.length; k++) {
    const other = inOrder([musts[k], ...musts.filter((wish) => wish !== musts[k])], taken);
    if (other.cost < best.cost) best = other;
  }
  const rest = inOrder(
    wishes.filter(({ must }) => !must),
    [...taken, ...best.placed],
  );
  return [...best.placed, ...rest.placed];
}

/** The place that costs least, if there is one. */
function placeOne(wish, obstacles, inside, was, others) {
  let best = null;
  let least = wish.must ? Infinity : MOST;
  for (const place of wish.places) {
    const label = boxed(wish, place);
    let cost = place.cost ?? 0;
    if (was) cost += Math.min(Math.hypot(was.x - label.x, was.y - label.y), 100) * LOYALTY;
    if (cost >= least || !inside(label) || others.some((other) => overlap(label, other))) continue;
    for (const { x, y, weight } of obstacles) {
      if (Math.abs(x - label.x) < label.w / 2 + AIR && Math.abs(y - label.y) < label.h / 2 + AIR) cost += weight;
      if (cost >= least) break;
    }
    if (cost >= least) continue;
    best = { label, cost };
    least = cost;
  }
  return best;
}

function boxed({ key, text, kind, w, h }, { x, y, angle = 0, from = null }) {
  const [sin, cos] = [Math.abs(Math.sin(angle)), Math.abs(Math.cos(angle))];
  return { key, text, kind, x, y, angle, from, w: w * cos + h * sin, h: w * sin + h * cos, alpha: 1 };
}

function overlap(a, b) {
  return Math.abs(a.x - b.x) < (a.w + b.w) / 2 + AIR && Math.abs(a.y - b.y) < (a.h + b.h) / 2 + AIR;
}

/** The places around a point, the best first; those further away are led to by a line. */
export function around(x, y, w, h, gap) {
  const right = w / 2 + gap;
  const low = h / 2 + gap;
  const slant = w / 2 + 2;
  const near = [
    [right, 0],
    [-right, 0],
    [slant, -low],
    [slant, low],
    [-slant, -low],
    [-slant, low],
    [0, -low],
    [0, low],
  ];
  const further = [-2.3, -1.2, 1.2, 2.3].flatMap((rows) => {
    const dy = Math.sign(rows) * low + rows * h;
    return [0, w / 2, -w / 2, w / 2 + 2 * gap, -w / 2 - 2 * gap].map((dx) => [dx, dy]);
  });
  return [
    ...near.map(([dx, dy], k) => ({ x: x + dx, y: y + dy, cost: k * 0.3 })),
    ...further.map(([dx, dy]) => ({ x: x + dx, y: y + dy, cost: 3 + Math.hypot(dx, dy) / 40, from: [x, y] })),
  ];
}

/** Between two ways of placing the same labels: those of both move, the others come and go. */
export function mixLabels(from, to, share) {
  if (share >= 1) return to;
  const before = new Map(from.map((label) => [label.key, label]));
  const keys = new Set(to.map(({ key }) => key));
  return [
    ...from.filter(({ key }) => !keys.has(key)).map((label) => ({ ...label, alpha: label.alpha * (1 - share) })),
    ...to.map((label) => {
      const was = before.get(label.key);
      if (!was) return { ...label, alpha: share };
      const blend = (name) => was[name] + (label[name] - was[name]) * share;
      return { ...label, x: blend("x"), y: blend("y"), angle: blend("angle"), alpha: blend("alpha") };
    }),
  ];
}
