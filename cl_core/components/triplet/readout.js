/** The numbers in words: one card a negative, the sums, and why the selected one is of its kind. */

import { lengthOf, LETTERS, MOST, ties } from "./space.js";
import { filled, setText } from "../_shared/_old/page.js";
import { setAttributes } from "../_shared/_old/svg.js";

const DIGITS = 2; // behind the point, unless two numbers need more to be told from each other
const MOST_DIGITS = 9;

export class Readout {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.list = root.querySelector(".cards");
    this.why = root.querySelector(".why");
    this.hint = root.querySelector(".hint");
    /** @type {HTMLElement[]} */
    this.cards = [];
  }

  /** One card for each negative; `choose(k)` when it is pressed. */
  build(names, words, marks, choose) {
    Object.assign(this, { names, words, marks });
    this.cards = names.map((_, k) => {
      const card = document.createElement("li");
      card.append(...["strong", "span", "span"].map((name) => document.createElement(name)));
      card.addEventListener("click", () => choose(k));
      return card;
    });
    this.list.replaceChildren(...this.cards);
  }

  /**
   * @param {import("./space.js").Rules} rules
   * @param {import("./space.js").Measured} measured
   * @param {number} selected
   */
  write(rules, measured, selected) {
    const { words, marks, names } = this;
    const { kinds, dAn, losses, dAp, edge, loss, active } = measured;
    this.cards.forEach((card, k) => {
      const [name, distance, its] = card.children;
      setText(name, `${names[k]} ${marks[kinds[k]]} ${words[kinds[k]]}`);
      setText(distance, `δₐₙ ${apart(dAn[k], dAp, edge)[0]}`);
      setText(its, `${words.loss} ${short(losses[k])}`);
      card.className = `card ${kinds[k]}${k === selected ? " selected" : ""}`;
    });
    this.#cell("near", `δₐₚ = ${LETTERS[rules.distance]}`, short(dAp));
    this.#cell("margin", words.margin, short(rules.margin));
    this.#cell("far", words.easyFrom, short(edge));
    this.#cell("loss", active ? filled(words.mean, { active }) : words.loss, short(loss));
    setText(this.why, this.#reason(rules, measured, selected));
    const [to, most] = [edge, MOST[rules.distance]].map((x) => short(x));
    const never = rules.circle && edge > MOST[rules.distance];
    setText(this.hint, never ? filled(words.never, { delta: LETTERS[rules.distance], most, edge: to }) : words.arrows);
    this.hint.classList.toggle("never", never);
  }

  /** What the handles of all points say aloud, and which is selected. */
  sayPoints(handles, measured, points, selected) {
    handles.forEach((handle, i) => {
      const now = i === 0 ? points[0][0] : i === 1 ? measured.dAp : measured.dAn[i - 2];
      const kind = i < 2 ? {} : { "data-kind": measured.kinds[i - 2] };
      setAttributes(handle, { ...kind, "aria-valuenow": now, "aria-valuetext": this.#spoken(measured, points, i) });
      handle.classList.toggle("selected", i === selected + 2);
    });
  }

  /** The same of the negatives by their distances. */
  sayDots(handles, measured, points, selected, range) {
    handles.forEach((handle, k) => {
      const said = this.#spoken(measured, points, k + 2);
      setAttributes(handle, { "aria-valuenow": measured.dAn[k], "aria-valuemax": range, "aria-valuetext": said });
      setAttributes(handle, { "data-kind": measured.kinds[k], tabindex: k === selected ? 0 : -1 });
      handle.classList.toggle("selected", k === selected);
    });
  }

  #spoken(measured, points, i) {
    const { words } = this;
    const place = filled(words.place, { x: short(points[i][0]), y: short(points[i][1]) });
    if (i === 0) return place;
    if (i === 1) return `δₐₚ ${short(measured.dAp)}; ${place}`;
    const k = i - 2;
    const [distance] = apart(measured.dAn[k], measured.dAp, measured.edge);
    const values = { kind: words[measured.kinds[k]], an: "δₐₙ", distance, loss: short(measured.losses[k]), place };
    return filled(words.point, values);
  }

  #reason(rules, measured, k) {
    const { words } = this;
    const { dAp, dAn, edge, kinds, losses, forces } = measured;
    const [an, ap, to] = apart(dAn[k], dAp, edge);
    const values = { name: this.names[k], an, ap, edge: to };
    const parts = [filled(this.#sentence(kinds[k], dAn[k], measured, rules), values)];
    if (losses[k] > 0 && lengthOf(forces[k + 2]) < 1e-9) parts.push(words.stuck);
    return parts.join(" ");
  }

  #sentence(kind, dAn, { dAp, edge }, { margin }) {
    const { words } = this;
    if (kind === "semihard") return words.saySemihard;
    if (kind === "easy") return ties(dAn, edge) ? words.sayEasyTie : words.sayEasy;
    if (!ties(dAn, dAp)) return words.sayHard;
    return margin > 0 ? words.sayHardTie : words.sayHardIdle;
  }

  #cell(name, term, value) {
    const cell = this.root.querySelector(`[data-cell="${name}"]`);
    setText(cell.querySelector("dt"), term);
    setText(cell.querySelector("dd"), value);
  }
}

/** The numbers with as many digits as it takes to tell the first from each of the others. */
function apart(first, ...others) {
  const all = [first, ...others];
  for (let digits = DIGITS; digits < MOST_DIGITS; digits += 1) {
    const texts = all.map((x) => short(x, digits));
    if (others.every((other, i) => ties(other, first) || texts[i + 1] !== texts[0])) return texts;
  }
  return all.map((x) => short(x, MOST_DIGITS));
}

function short(x, digits = DIGITS) {
  return (Math.abs(x) < 0.5 * 10 ** -digits ? 0 : x).toFixed(digits).replace("-", "−");
}
