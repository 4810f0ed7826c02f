/** The left picture: the points, the rings around the anchor, and the forces. */

import { boxesAlong, placesAround } from "./labels.js";
import { PaneView } from "./pane.js";
import { arrowOutline, circlePath, createDisc, createHandle, createTile, moveHandle } from "./shapes.js";
import { angleOf, lengthOf, turnOf } from "./space.js";
import { setText } from "../_shared/dom.js";
import { fill } from "../_shared/format.js";
import { createSvg, hundredths, setAttributes, setViewBox } from "../_shared/svg.js";

/**
 * @import { LabelRequest } from "./labels.js"
 * @import { Kind, Measured } from "./measured.js"
 * @import { Place } from "./space.js"
 * @import { Box } from "../_shared/boxes.js"
 * @import { Words } from "../_shared/picture.js"
 * @import { Point } from "../_shared/events.js"
 */

const FORCE = 0.3; // length of the arrow of a force of 1
const RIM = 18; // CSS pixels from the middle of a point to the start of its arrow, in the usual size of type
const BAND = 30; // CSS pixels of the unit circle's width where it carries the zones
const HEIGHTS = { name: 20, zone: 17, ring: 16 };
/** @type {Kind[]} */
const ZONES = ["semihard", "hard", "easy"];
const RINGS = ["near", "far", "other"];
const AROUND = Array.from({ length: 48 }, (_, k) => (Math.PI * (2 * k + 1)) / 48);
const FROM_TOP = AROUND.toSorted((a, b) => Math.abs(Math.PI / 2 - a) - Math.abs(Math.PI / 2 - b));

/**
 * @typedef {object} Rules  what does not move
 * @property {boolean} circle  whether the points are on the unit circle
 * @property {string} distance
 * @property {string} otherLetter  of the distance whose ring is shown for comparison
 *
 * What is shown, which may be on its way to what has been measured.
 * @typedef {object} SceneShown
 * @property {Rules} rules
 * @property {Measured} measured
 * @property {Place[]} points
 * @property {number[]} rings
 * @property {number} view  from the middle to the nearer edge
 * @property {number} selected
 *
 * @typedef {object} Bend  a text along a circle
 * @property {number} angle  of its middle
 * @property {number} half  half the angle that it takes
 * @property {number} radius
 * @property {number} band  1: within the band of the unit circle
 *
 * @typedef {LabelRequest & {curves?: string[]}} CurvedRequest  `curves`: paths of the candidates
 */

export class SceneView extends PaneView {
  /** @type {SVGPathElement[]} */
  #arrows = [];
  /** @type {Record<string, {path: SVGPathElement, text: SVGTextPathElement}>} texts along circles */
  #curves = {};
  #frame = { x: 0, y: 0, scale: 1, width: 0, height: 0 }; // origin and unit in CSS pixels

  /**
   * Create a handle for each point, and an element for each label.
   * @param {string[]} names
   * @param {Words} words
   */
  build(names, words) {
    const { handles, labels, arrows } = this.parts;
    this.names = names;
    this.words = words;
    this.handles = [
      createHandle({ class: "handle anchor", "data-point": "anchor" }, ...createTile("a")),
      createHandle({ class: "handle positive", "data-point": "positive" }, ...createTile("p")),
      ...names.map((name) => createHandle({ class: "handle negative", "data-point": name }, ...createDisc())),
    ];
    this.#arrows = this.handles.map(() => createSvg("path", { class: "arrow" }));
    for (const kind of ZONES) {
      const path = createSvg("path", { id: `along-${kind}`, fill: "none" });
      this.#curves[kind] = { path, text: createSvg("textPath", { href: `#along-${kind}`, startOffset: "50%" }) };
    }
    /**
     * @param {string} key
     * @param {string} style
     * @param {...Element} parts
     */
    const text = (key, style, ...parts) => [key, createSvg("text", { class: style, "data-label": key }, ...parts)];
    this.texts = Object.fromEntries([
      ...names.map((name) => text(name, "name")),
      ...ZONES.map((kind) => text(kind, `zone ${kind}`, this.#curves[kind].text)),
      ...RINGS.map((key) => text(key, `ring ${key}`)),
    ]);
    handles.replaceChildren(...this.handles);
    arrows.replaceChildren(...this.#arrows);
    labels.replaceChildren(...Object.values(this.#curves).map(({ path }) => path), ...Object.values(this.texts));
  }

  /**
   * @param {number} width
   * @param {number} height
   */
  resize(width, height) {
    Object.assign(this.#frame, { x: width / 2, y: height / 2, width, height });
    setViewBox(this.sheet, width, height);
  }

  /**
   * Return where a point is on the picture, in CSS pixels.
   * @param {Place} point
   * @returns {[number, number]}
   */
  at([x, y]) {
    return [this.#frame.x + this.#frame.scale * x, this.#frame.y - this.#frame.scale * y];
  }

  /**
   * Return the point at a place on the picture.
   * @param {Point} at
   * @returns {Place}
   */
  pointAt({ x, y }) {
    return [(x - this.#frame.x) / this.#frame.scale, (this.#frame.y - y) / this.#frame.scale];
  }

  /** @param {SceneShown} shown */
  draw(shown) {
    const frame = this.#frame;
    frame.scale = Math.min(frame.width, frame.height) / 2 / shown.view;
    this.#drawZones(shown);
    this.#drawRings(shown);
    const places = shown.points.map((point) => this.at(point));
    const { parts } = this;
    const chosen = places[shown.selected + 2];
    const kind = shown.measured.kinds[shown.selected];
    setAttributes(parts["side-positive"], { d: `M${places[0]}L${places[1]}` });
    setAttributes(parts["side-negative"], { d: `M${places[0]}L${chosen}`, class: `side ${kind}` });
    this.handles.forEach((handle, i) => moveHandle(handle, places[i], this.theme.scale));
    const covered = this.#drawForces(shown, places);
    this.#drawLabels(shown, places, covered);
  }

  /** @param {SceneShown} shown */
  #drawZones({ rules, points, rings }) {
    const { parts } = this;
    const { x, y, width, height, scale } = this.#frame;
    const [centreX, centreY] = this.at(points[0]);
    const paths = rules.circle
      ? {
          easy: circlePath(x, y, scale),
          semihard: this.#unitArc(angleOf(points[0]), turnOf(rings[1])),
          hard: this.#unitArc(angleOf(points[0]), turnOf(rings[0])),
        }
      : {
          easy: `M0 0H${width}V${height}H0Z`,
          semihard: circlePath(centreX, centreY, rings[1] * scale),
          hard: circlePath(centreX, centreY, rings[0] * scale),
        };
    for (const [kind, d] of Object.entries(paths)) {
      setAttributes(parts[kind], { d });
      if (kind !== "easy") setAttributes(parts[`${kind}-stripes`], { d });
    }
  }

  /**
   * Return the part of the unit circle within a turn of an angle, to both sides.
   * @param {number} angle
   * @param {number} turn
   */
  #unitArc(angle, turn) {
    const { x, y, scale } = this.#frame;
    if (turn <= 0) return "";
    if (turn >= Math.PI) return circlePath(x, y, scale);
    return arc([x, y], scale, angle - turn, angle + turn);
  }

  /** @param {SceneShown} shown */
  #drawRings({ rules, measured, points, rings }) {
    const { parts } = this;
    const { x, y, scale } = this.#frame;
    const centre = this.at(points[0]);
    /** @param {number} radius */
    const circle = (radius) => circlePath(...centre, radius * scale);
    /** @param {number} radius */
    const rays = (radius) => {
      const [angle, turn] = [angleOf(points[0]), turnOf(radius)];
      /** @param {number} end */
      const to = (end) => `M${x} ${y}L${polar([x, y], scale, end).map(hundredths)}`;
      return radius < 2 ? to(angle - turn) + to(angle + turn) : "";
    };
    const own = rules.distance === "cosine" ? rays : circle;
    setAttributes(parts["ring-near"], { d: own(rings[0]), "data-radius": rings[0] });
    setAttributes(parts["ring-far"], { d: own(rings[1]), "data-radius": rings[1] });
    setAttributes(parts["ring-other"], { d: measured.margin > 0 ? circle(rings[2]) : "", "data-radius": rings[2] });
    setAttributes(parts.disc, { cx: x, cy: y, r: scale });
    setAttributes(parts.rings, { "clip-path": rules.circle ? "url(#disc)" : "none" });
  }

  /**
   * Draw the arrows and return what they cover.
   * @param {SceneShown} shown
   * @param {[number, number][]} places
   * @returns {Box[]}
   */
  #drawForces({ measured, selected }, places) {
    const rim = RIM * this.theme.scale;
    return this.#arrows.flatMap((arrow, i) => {
      const [fx, fy] = measured.forces[i];
      const force = lengthOf(measured.forces[i]);
      const [ux, uy] = force > 1e-9 ? [fx / force, -fy / force] : [0, 0];
      const length = FORCE * this.#frame.scale * force;
      /** @type {[number, number]} */
      const from = [places[i][0] + rim * ux, places[i][1] + rim * uy];
      /** @type {[number, number]} */
      const by = [ux * length, uy * length];
      const own = i === 0 ? "anchor" : i === 1 ? "positive" : `negative ${measured.kinds[i - 2]}`;
      setAttributes(arrow, {
        d: force > 1e-9 ? arrowOutline(from, by) : "",
        class: `arrow ${own}${i === selected + 2 ? " selected" : ""}`,
      });
      return length > 1 ? boxesAlong(from, [from[0] + by[0], from[1] + by[1]]) : [];
    });
  }

  // ---- labels

  /**
   * @param {SceneShown} shown
   * @param {[number, number][]} places
   * @param {Box[]} arrows
   */
  #drawLabels(shown, places, arrows) {
    const size = 24 * this.theme.scale;
    const taken = [...places.map(([x, y]) => ({ x, y, w: size, h: size })), ...arrows];
    const requests = [...this.#nameRequests(shown, places), ...this.#zoneRequests(shown), ...this.#ringRequests(shown)];
    const found = this.placer.place(requests, taken, this.#frame);
    const byKey = new Map(requests.map((request) => [request.key, request]));
    for (const [key, text] of Object.entries(this.texts)) {
      const chosen = found.get(key);
      const request = byKey.get(key);
      text.classList.toggle("out", chosen === undefined);
      if (chosen === undefined || !request) continue;
      if (request.curves) setAttributes(this.#curves[key].path, { d: request.curves[chosen] });
      else setAttributes(text, { x: hundredths(request.places[chosen][0].x), y: hundredths(request.places[chosen][0].y) });
    }
  }

  /**
   * Return requests for the negatives' names, the selected one first.
   * @param {SceneShown} shown
   * @param {[number, number][]} places
   * @returns {CurvedRequest[]}
   */
  #nameRequests({ measured, selected }, places) {
    const words = this.words;
    const { scale } = this.theme;
    const requests = this.names.map((key, k) => {
      const kind = measured.kinds[k];
      setText(this.texts[key], `${key} ${words[kind]}`);
      this.texts[key].setAttribute("class", `name ${kind}${k === selected ? " selected" : ""}`);
      const [w, h] = [this.widthOf(key, "name"), HEIGHTS.name * scale];
      return { key, required: true, places: placesAround(places[k + 2], w, h, 15 * scale) };
    });
    return [requests[selected], ...requests.filter((_, k) => k !== selected)];
  }

  /**
   * Return requests for the zones' names, along the rings: in the plane beside them; on the circle in its band, or inside
   * that where the band is full.
   * @param {SceneShown} shown
   * @returns {CurvedRequest[]}
   */
  #zoneRequests({ rules, points, rings }) {
    const frame = this.#frame;
    const off = 13 * this.theme.scale;
    const side = 16 * this.theme.scale;
    const [near, far] = rings.map((ring) => ring * frame.scale);
    const [inner, outer] = rings.map(turnOf);
    const anchor = angleOf(points[0]);
    const spans = { hard: [-inner, inner], semihard: [inner, outer], easy: [outer, 2 * Math.PI - outer] };
    const radii = { hard: near - off, semihard: (near + far) / 2, easy: far + off };
    /** @type {[number, number]} */
    const centre = rules.circle ? [frame.x, frame.y] : this.at(points[0]);
    return ZONES.flatMap((key) => {
      setText(this.#curves[key].text, this.words[key]);
      const width = this.widthOf(key, "zone");
      /** @param {Bend} bend */
      const withinZone = ({ angle, half, band }) => {
        const turn = Math.abs(Math.atan2(Math.sin(angle - anchor), Math.cos(angle - anchor)));
        return turn - band * half > spans[key][0] && turn + band * half < spans[key][1];
      };
      const bends = rules.circle
        ? [frame.scale, frame.scale - BAND / 2 - off]
            .flatMap((radius, k) => bendsAlong(radius, width, 1 - k))
            .filter(withinZone)
        : key === "semihard" && far - near < side
          ? []
          : bendsAlong(radii[key], width, 0);
      const places = bends.map(({ angle, half, radius }) =>
        [-1, -0.5, 0, 0.5, 1].map((share) => {
          const [x, y] = polar(centre, radius, angle + share * half);
          return { x, y, w: side, h: side };
        }),
      );
      const curves = bends.map(({ angle, half, radius }) =>
        arc(centre, radius, angle - 1.3 * half, angle + 1.3 * half, Math.sin(angle) > 0),
      );
      return places.length ? [{ key, places, curves }] : [];
    });
  }

  /**
   * @param {SceneShown} shown
   * @returns {CurvedRequest[]}
   */
  #ringRequests({ rules, measured, points, rings }) {
    const frame = this.#frame;
    const words = this.words;
    setText(this.texts.near, words.near);
    setText(this.texts.far, words.far);
    setText(this.texts.other, fill(words.other, { delta: rules.otherLetter }));
    const centre = this.at(points[0]);
    /** @type {[number, number]} */
    const origin = [frame.x, frame.y];
    const keys = measured.margin > 0 ? RINGS : ["near"];
    return keys.flatMap((key) => {
      const ring = rings[RINGS.indexOf(key)];
      const [w, h] = [this.widthOf(key, "ring"), HEIGHTS.ring * this.theme.scale];
      const turn = turnOf(ring);
      const onRays = [-turn, turn].flatMap((by) =>
        [0.5, 0.35, 0.65].map((share) => polar(origin, share * frame.scale, angleOf(points[0]) + by)),
      );
      const onRing = AROUND.map((angle) => polar(centre, ring * frame.scale, angle));
      const rays = rules.circle && rules.distance === "cosine" && key !== "other";
      const places = (rays ? onRays : onRing)
        .filter(([x, y]) => !rules.circle || Math.hypot(x - frame.x, y - frame.y) < frame.scale - BAND / 2 - w / 2)
        .map(([x, y]) => [{ x, y, w, h }]);
      return places.length ? [{ key, places }] : [];
    });
  }
}

/**
 * @param {[number, number]} centre
 * @param {number} radius
 * @param {number} angle
 * @returns {[number, number]}
 */
function polar([x, y], radius, angle) {
  return [x + radius * Math.cos(angle), y - radius * Math.sin(angle)];
}

/**
 * Return an arc around a centre.
 * @param {[number, number]} centre
 * @param {number} radius
 * @param {number} from
 * @param {number} to
 * @param {boolean} [back]  from the second angle to the first, so that a text on it stands upright
 */
function arc(centre, radius, from, to, back = false) {
  const [start, end] = (back ? [to, from] : [from, to]).map((angle) => polar(centre, radius, angle).map(hundredths));
  const r = hundredths(radius);
  return `M${start}A${r} ${r} 0 ${Number(to - from > Math.PI)} ${Number(back)} ${end}`;
}

/**
 * Return places for a text along a circle, from its top on; none where it would go too far around.
 * @param {number} radius
 * @param {number} width
 * @param {number} band
 * @returns {Bend[]}
 */
function bendsAlong(radius, width, band) {
  const half = width / 2 / Math.max(radius, 1);
  return half < 1.2 ? FROM_TOP.map((angle) => ({ angle, half, radius, band })) : [];
}
