/** The way from one table to the next: what is shown is always somewhere between two. */

const TIME = 250; // ms

/**
 * One number at each angle, and how much of it is seen: 0 where there is none.
 * @typedef {Array<{value: number | null, alpha: number}>} Column
 */

export class Morph {
  constructor() {
    this.calm = false; // whether motion is not wanted
    /** @type {Column[] | null} */
    this.from = null;
    /** @type {Column[] | null} */
    this.to = null;
    this.share = 1;
  }

  get moving() {
    return this.share < 1;
  }

  /** @param {Array<Array<number | null>>} tables */
  arrive(tables, now) {
    const to = tables.map((table) => table.map((value) => ({ value, alpha: value === null ? 0 : 1 })));
    if (this.to && sameNumbers(this.to, to)) return;
    this.from = this.to && !this.calm ? this.to.map((column, k) => column.map((_, i) => this.at(k, i))) : null;
    this.to = to;
    this.began = now;
    this.share = this.from ? 0 : 1;
  }

  /** Go on to the moment `now`. */
  tick(now) {
    if (!this.moving) return;
    const way = Math.min(Math.max((now - this.began) / TIME, 0), 1);
    this.share = 1 - (1 - way) ** 3;
  }

  /** What is seen of column k at angle i. */
  at(k, i) {
    const to = this.to[k][i];
    if (!this.moving) return to;
    const from = this.from[k][i];
    const between = (name) => from[name] + (to[name] - from[name]) * this.share;
    const value = from.value === null || to.value === null ? (to.value ?? from.value) : between("value");
    return { value, alpha: between("alpha") };
  }
}

function sameNumbers(a, b) {
  return a.every((column, k) => column.every(({ value }, i) => value === b[k][i].value));
}
