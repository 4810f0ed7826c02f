/** Named arrays of numbers on their way from what was shown to what shall be. */

const DURATION = 300; // ms

export class Tween {
  constructor() {
    /** @type {Record<string, Float32Array>} what is shown at this moment */
    this.now = {};
    this.move = null;
    this.calm = false; // true: jump, for people who do not want motion
  }

  get moving() {
    return this.move !== null;
  }

  /** Be there at once. */
  jump(target) {
    this.move = null;
    for (const [name, values] of Object.entries(target)) this.now[name] = Float32Array.from(values);
  }

  /** Go there, if it is elsewhere and the arrays are as long as they were. */
  go(target, time) {
    const names = Object.keys(target);
    const alike = names.every((name) => this.now[name]?.length === target[name].length);
    if (this.calm || !alike) return this.jump(target);
    const to = Object.fromEntries(names.map((name) => [name, Float32Array.from(target[name])]));
    const goal = this.move?.to ?? this.now;
    if (names.every((name) => same(goal[name], to[name]))) return;
    const from = Object.fromEntries(names.map((name) => [name, this.now[name].slice()]));
    this.move = { from, to, start: time };
  }

  /**
   * Move on to this moment.
   * @returns {boolean} whether anything has changed
   */
  tick(time) {
    if (!this.move) return false;
    const { from, to, start } = this.move;
    const t = Math.min(Math.max((time - start) / DURATION, 0), 1);
    const share = t * t * (3 - 2 * t);
    for (const [name, goal] of Object.entries(to)) {
      const values = this.now[name];
      for (let i = 0; i < values.length; i++) {
        // what was nowhere before has no way to come from
        const old = Number.isFinite(from[name][i]) ? from[name][i] : goal[i];
        values[i] = old + (goal[i] - old) * share;
      }
    }
    if (t === 1) this.jump(to);
    return true;
  }
}

function same(a, b) {
  return a.every((value, i) => Object.is(value, b[i]));
}
