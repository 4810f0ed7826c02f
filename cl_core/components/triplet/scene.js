/** The left picture: the points, the rings around the anchor, and the forces. */

import { alongLine, around, Labels } from "./labels.js";
import { angleOf, lengthOf, LETTERS, OTHER, turnOf } from "./space.js";
import { arrowOutline, circlePath, disc, makeHandle, partsOf, pixels, placeHandle, tile, widthOf } from "./svg.js";
import { filled, setText } from "../_shared/_old/page.js";
import { make, setAttributes } from "../_shared/_old/svg.js";

const FORCE = 0.3; // length of the arrow of a force of 1
const RIM = 18; // CSS pixels from the middle of a point to where its arrow begins, where type has its usual size
const BAND = 30; // width of the unit circle where it carries the zones
const TYPES = { name: "650 16px", zone: "650 15px", ring: "500 13.5px" }; // as triplet.css has them where a rem is 16px
const HEIGHTS = { name: 20, zone: 17, ring: 16 };
const ZONES = ["semihard", "hard", "easy"];
const RINGS = ["near", "far", "other"];
const AROUND = Array.from({ length: 48 }, (_, k) => (Math.PI * (2 * k + 1)) / 48);
const FROM_TOP = AROUND.toSorted((a, b) => Math.abs(Math.PI / 2 - a) - Math.abs(Math.PI / 2 - b));

/**
 * What is to be seen, which may be on its way to what is so.
 * @typedef {object} Shown
 * @property {import("./space.js").Rules} rules
 * @property {import("./space.js").Measured} measured
 * @property {import("./space.js").Place[]} points
 * @property {number[]} rings
 * @property {number} view  from the middle to the nearer edge
 * @property {number} selected
 */

export class SceneView {
  /** @param {HTMLElement} pane */
  constructor(pane) {
    this.sheet = pane.querySelector(".sheet");
    this.parts = partsOf(this.sheet);
    this.labels = new Labels();
    this.frame = { x: 0, y: 0, scale: 1, width: 0, height: 0 };
    this.theme = { font: "sans-serif", scale: 1 };
    /** @type {SVGGElement[]} */
    this.handles = [];
    this.texts = {};
  }

  /** A handle for each point, and an element for each word. */
  build(names, words) {
    const { handles, labels, arrows } = this.parts;
    this.names = names;
    this.words = words;
    this.handles = [
      makeHandle({ class: "handle anchor", "data-point": "anchor" }, ...tile("a")),
      makeHandle({ class: "handle positive", "data-point": "positive" }, ...tile("p")),
      ...names.map((name) => makeHandle({ class: "handle negative", "data-point": name }, ...disc())),
    ];
    this.arrows = this.handles.map(() => make("path", { class: "arrow" }));
    const text = (key, type, ...parts) => [key, make("text", { class: type, "data-label": key }, ...parts)];
    const curved = (key) => [make("path", { id: `along-${key}`, fill: "none" }), make("textPath", { href: `#along-${key}`, startOffset: "50%" })];
    this.curves = Object.fromEntries(ZONES.map((kind) => [kind, curved(kind)]));
    this.texts = Object.fromEntries([
      ...names.map((name) => text(name, "name")),
      ...ZONES.map((kind) => text(kind, `zone ${kind}`, this.curves[kind][1])),
      ...RINGS.map((key) => text(key, `ring ${key}`)),
    ]);
    handles.replaceChildren(...this.handles);
    arrows.replaceChildren(...this.arrows);
    labels.replaceChildren(...Object.values(this.curves).map(([path]) => path), ...Object.values(this.texts));
  }

  resize(width, height) {
    Object.assign(this.frame, { x: width / 2, y: height / 2, width, height });
    setAttributes(this.sheet, { width, height, viewBox: `0 0 ${width} ${height}` });
  }

  /** Where a point is on the picture, in CSS pixels. */
  at([x, y]) {
    return [this.frame.x + this.frame.scale * x, this.frame.y - this.frame.scale * y];
  }

  /** What a place on the picture is as a point. */
  pointAt({ x, y }) {
    return [(x - this.frame.x) / this.frame.scale, (this.frame.y - y) / this.frame.scale];
  }

  /** @param {Shown} shown */
  draw(shown) {
    this.frame.scale = Math.min(this.frame.width, this.frame.height) / 2 / shown.view;
    this.#zones(shown);
    this.#rings(shown);
    const places = shown.points.map((point) => this.at(point));
    const { parts } = this;
    const chosen = places[shown.selected + 2];
    setAttributes(parts["side-positive"], { d: `M${places[0]}L${places[1]}` });
    setAttributes(parts["side-negative"], { d: `M${places[0]}L${chosen}`, class: `side ${shown.measured.kinds[shown.selected]}` });
    this.handles.forEach((handle, i) => placeHandle(handle, places[i], this.theme.scale));
    const arrows = this.#forces(shown, places);
    this.#write(shown, places, arrows);
  }

  #zones({ rules, points, rings }) {
    const { frame, parts } = this;
    const [x, y] = this.at(points[0]);
    const radius = rings.map((ring) => ring * frame.scale);
    const paths = rules.circle
      ? {
          easy: circlePath(frame.x, frame.y, frame.scale),
          semihard: this.#arc(angleOf(points[0]), turnOf(rings[1])),
          hard: this.#arc(angleOf(points[0]), turnOf(rings[0])),
        }
      : { easy: `M0 0H${frame.width}V${frame.height}H0Z`, semihard: circlePath(x, y, radius[1]), hard: circlePath(x, y, radius[0]) };
    for (const [kind, d] of Object.entries(paths)) {
      setAttributes(parts[kind], { d });
      if (kind !== "easy") setAttributes(parts[`${kind}-stripes`], { d });
    }
  }

  /** The part of the unit circle within that turn of an angle. */
  #arc(angle, turn) {
    const { frame } = this;
    if (turn <= 0) return "";
    if (turn >= Math.PI) return circlePath(frame.x, frame.y, frame.scale);
    return bow([frame.x, frame.y], frame.scale, angle - turn, angle + turn);
  }

  #rings({ rules, points, rings }) {
    const { frame, parts } = this;
    const centre = this.at(points[0]);
    const round = (radius) => circlePath(...centre, radius * frame.scale);
    const rays = (radius) => {
      const [angle, turn] = [angleOf(points[0]), turnOf(radius)];
      const to = (end) => `M${frame.x} ${frame.y}L${polar([frame.x, frame.y], frame.scale, end).map(pixels)}`;
      return radius < 2 ? to(angle - turn) + to(angle + turn) : "";
    };
    const own = rules.distance === "cosine" ? rays : round;
    setAttributes(parts["ring-near"], { d: own(rings[0]), "data-radius": rings[0] });
    setAttributes(parts["ring-far"], { d: own(rings[1]), "data-radius": rings[1] });
    setAttributes(parts["ring-other"], { d: rules.margin > 0 ? round(rings[2]) : "", "data-radius": rings[2] });
    setAttributes(parts.disc, { cx: frame.x, cy: frame.y, r: frame.scale });
    setAttributes(parts.rings, { "clip-path": rules.circle ? "url(#disc)" : "none" });
  }

  /** Draws the arrows and returns what they fill. */
  #forces({ measured, selected }, places) {
    const { frame } = this;
    const rim = RIM * this.theme.scale;
    return this.arrows.flatMap((arrow, i) => {
      const [fx, fy] = measured.forces[i];
      const force = lengthOf(measured.forces[i]);
      const [ux, uy] = force > 1e-9 ? [fx / force, -fy / force] : [0, 0];
      const length = FORCE * frame.scale * force;
      const from = [places[i][0] + rim * ux, places[i][1] + rim * uy];
      const by = [ux * length, uy * length];
      const own = i === 0 ? "anchor" : i === 1 ? "positive" : `negative ${measured.kinds[i - 2]}`;
      setAttributes(arrow, {
        d: force > 1e-9 ? arrowOutline(from, by) : "",
        class: `arrow ${own}${i === selected + 2 ? " selected" : ""}`,
      });
      return length > 1 ? alongLine(from, [from[0] + by[0], from[1] + by[1]]) : [];
    });
  }

  // ---- words

  #write(shown, places, arrows) {
    const { frame, texts } = this;
    const size = 24 * this.theme.scale;
    const taken = [...places.map(([x, y]) => ({ x, y, w: size, h: size })), ...arrows];
    const wishes = [...this.#nameWishes(shown, places), ...this.#zoneWishes(shown), ...this.#ringWishes(shown)];
    const found = this.labels.place(wishes, taken, frame);
    const byKey = new Map(wishes.map((wish) => [wish.key, wish]));
    for (const [key, text] of Object.entries(texts)) {
      const chosen = found.get(key);
      text.classList.toggle("out", chosen === undefined);
      if (chosen === undefined) continue;
      const wish = byKey.get(key);
      if (wish.curves) setAttributes(this.curves[key][0], { d: wish.curves[chosen] });
      else setAttributes(text, { x: pixels(wish.places[chosen][0].x), y: pixels(wish.places[chosen][0].y) });
    }
  }

  /** The selected one first. */
  #nameWishes({ measured, selected }, places) {
    const { words } = this;
    const { scale } = this.theme;
    const wishes = this.names.map((key, k) => {
      const kind = measured.kinds[k];
      setText(this.texts[key], `${key} ${words[kind]}`);
      this.texts[key].setAttribute("class", `name ${kind}${k === selected ? " selected" : ""}`);
      const [w, h] = [this.#width(key, "name"), HEIGHTS.name * scale];
      return { key, needed: true, places: around(places[k + 2], w, h, 15 * scale) };
    });
    return [wishes[selected], ...wishes.filter((_, k) => k !== selected)];
  }

  /** Written along the rings: in the plane beside them, on the circle in the band, or within it where that is full. */
  #zoneWishes({ rules, points, rings }) {
    const { frame, words } = this;
    const off = 13 * this.theme.scale;
    const side = 16 * this.theme.scale;
    const [near, far] = rings.map((ring) => ring * frame.scale);
    const [inner, outer] = rings.map(turnOf);
    const anchor = angleOf(points[0]);
    const spans = { hard: [-inner, inner], semihard: [inner, outer], easy: [outer, 2 * Math.PI - outer] };
    const radii = { hard: near - off, semihard: (near + far) / 2, easy: far + off };
    const centre = rules.circle ? [frame.x, frame.y] : this.at(points[0]);
    return ZONES.flatMap((key) => {
      setText(this.curves[key][1], words[key]);
      const width = this.#width(key, "zone");
      const within = ({ angle, half, band }) => {
        const turned = Math.abs(Math.atan2(Math.sin(angle - anchor), Math.cos(angle - anchor)));
        return turned - band * half > spans[key][0] && turned + band * half < spans[key][1];
      };
      const bends = rules.circle
        ? [frame.scale, frame.scale - BAND / 2 - off]
            .flatMap((radius, k) => bendsOf(radius, width, 1 - k))
            .filter(within)
        : key === "semihard" && far - near < side
          ? []
          : bendsOf(radii[key], width, 0);
      const places = bends.map(({ angle, half, radius }) =>
        [-1, -0.5, 0, 0.5, 1].map((share) => {
          const [x, y] = polar(centre, radius, angle + share * half);
          return { x, y, w: side, h: side };
        }),
      );
      const curves = bends.map(({ angle, half, radius }) =>
        bow(centre, radius, angle - 1.3 * half, angle + 1.3 * half, Math.sin(angle) > 0),
      );
      return places.length ? [{ key, places, curves }] : [];
    });
  }

  #ringWishes({ rules, points, rings }) {
    const { frame, texts, words } = this;
    const letter = LETTERS[OTHER[rules.distance]];
    setText(texts.near, "δₐₚ");
    setText(texts.far, "δₐₚ + m");
    setText(texts.other, filled(words.other, { delta: letter }));
    const [x, y] = this.at(points[0]);
    const shown = rules.margin > 0 ? RINGS : ["near"];
    return shown.flatMap((key) => {
      const radius = rings[RINGS.indexOf(key)] * frame.scale;
      const [w, h] = [this.#width(key, "ring"), HEIGHTS.ring * this.theme.scale];
      const turn = turnOf(rings[RINGS.indexOf(key)]);
      const rays = [-turn, turn].flatMap((by) => [0.5, 0.35, 0.65].map((r) => polar([frame.x, frame.y], r * frame.scale, angleOf(points[0]) + by)));
      const all = rules.circle && rules.distance === "cosine" && key !== "other" ? rays : AROUND.map((angle) => polar([x, y], radius, angle));
      const places = all
        .filter(([px, py]) => !rules.circle || Math.hypot(px - frame.x, py - frame.y) < frame.scale - BAND / 2 - w / 2)
        .map(([px, py]) => [{ x: px, y: py, w, h }]);
      return places.length ? [{ key, places }] : [];
    });
  }

  #width(key, type) {
    return widthOf(this.texts[key].textContent, TYPES[type], this.theme);
  }
}

function polar([x, y], radius, angle) {
  return [x + radius * Math.cos(angle), y - radius * Math.sin(angle)];
}

/** An arc around a centre; `back`: from the second angle to the first, so that words on it stand upright. */
function bow(centre, radius, from, to, back = false) {
  const [start, end] = (back ? [to, from] : [from, to]).map((angle) => polar(centre, radius, angle).map(pixels));
  return `M${start}A${pixels(radius)} ${pixels(radius)} 0 ${Number(to - from > Math.PI)} ${Number(back)} ${end}`;
}

/** Words of that width along a circle, from its top on; none where they would go too far around. */
function bendsOf(radius, width, band) {
  const half = width / 2 / Math.max(radius, 1);
  return half < 1.2 ? FROM_TOP.map((angle) => ({ angle, half, radius, band })) : [];
}
