/** The picture itself: grid, cloud, names. What is drawn is decided here, how pixels change is `ink.js`. */

import { Ink, makeStamp } from "./ink.js";
import { keepApart } from "../_shared/_old/labels.js";
import { css, mix, pixel } from "../_shared/_old/theme.js";

const LAYERS = 24; // steps of size and mist between far and near
const MOST_PIXELS = 2.6e6; // a larger screen is drawn a little coarser
const NAMED = 0.45; // class names are this much nearer to the text's colour than their points, to be read
const BOX = [0, 1, 3, 2, 0, 4, 5, 7, 6, 4, 5, 1, 3, 7, 6, 2]; // a walk along the edges

export class Scene {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d", { alpha: false });
    this.ink = new Ink();
    this.ratio = 1;
    this.resizeFor(0);
  }

  /** Fit the pixels to the canvas's size on the page: as many as the screen has, or `ratio` to each of the page. */
  resize(width, height, ratio = window.devicePixelRatio || 1) {
    const most = Math.sqrt(MOST_PIXELS / Math.max(width * height, 1));
    this.ratio = Math.min(ratio, Math.max(most, 1));
    this.width = width;
    this.height = height;
    this.canvas.width = Math.max(Math.round(width * this.ratio), 1);
    this.canvas.height = Math.max(Math.round(height * this.ratio), 1);
    this.ink.resize(this.canvas.width, this.canvas.height);
  }

  /** Make room for `count` points. */
  resizeFor(count) {
    this.x = new Float32Array(count); // where each point is on the screen, in CSS pixels
    this.y = new Float32Array(count);
    this.near = new Float32Array(count);
    this.order = new Uint32Array(count);
  }

  /**
   * Draw one moment.
   * @param {import("./film.js").Film} film
   * @param {number} position  on the film
   * @param {import("./camera.js").Camera} camera
   * @param {import("../_shared/_old/theme.js").Theme} theme
   * @param {{axes: string[], names: string[], lit: Set<number>, labels: boolean}} look
   */
  draw(film, position, camera, theme, look) {
    const size = film.count * film.dims;
    if (this.x.length !== film.count) this.resizeFor(film.count);
    if (this.points?.length !== size) this.points = new Float32Array(size);
    film.coordinates(position, this.points);
    const view = film.view(position);
    camera.width = this.width;
    camera.height = this.height;
    camera.aim(view, film.dims);
    camera.project(this.points, this.x, this.y, this.near);
    this.ink.clear(pixel(theme.paper));
    this.#background(film, camera, theme);
    this.#cloud(film, camera, theme, look.lit);
    this.context.putImageData(this.ink.image, 0, 0);
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    const taken = this.#axisNames(film, position, camera, theme, look.axes);
    if (look.labels) this.#classNames(film.medians(position), camera, theme, look, taken);
  }

  /** An empty sheet. */
  drawNothing(theme) {
    this.ink.clear(pixel(theme.paper));
    this.context.putImageData(this.ink.image, 0, 0);
  }

  /** The point drawn nearest to (x, y), within `reach` CSS pixels, or -1. */
  nearest(x, y, reach, wanted) {
    let best = -1;
    let least = reach * reach;
    for (let i = 0; i < this.x.length; i++) {
      const distance = (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2;
      if (distance < least && wanted(i)) {
        least = distance;
        best = i;
      }
    }
    return best;
  }

  #background(film, camera, theme) {
    if (film.dims === 2) this.#grid(camera, theme);
    else this.#room(camera, theme);
    if (!film.circle) return;
    const circle = unitCircle();
    const rings = film.dims === 2 ? [circle] : [0, 1, 2].map((axis) => circle.map((p) => around(p, axis)));
    const stamp = makeStamp(0.8 * this.ratio, 1, 0);
    for (const ring of rings) this.#line(ring, camera, stamp, mix(theme.paper, theme.text, 0.4));
  }

  /** Level and upright lines at round numbers, those through the origin stronger. */
  #grid(camera, theme) {
    const thick = Math.max(Math.round(this.ratio), 1);
    const faint = pixel(mix(theme.paper, theme.text, 0.075));
    const strong = pixel(mix(theme.paper, theme.text, 0.28));
    const step = roundStep(110 / camera.scale);
    const [x0, y0] = camera.place(0, 0);
    const gap = step * camera.scale;
    for (let k = Math.ceil(-x0 / gap); k * gap + x0 < this.width; k++) {
      if (k) this.ink.column((x0 + k * gap) * this.ratio, thick, faint);
    }
    for (let k = Math.ceil(-y0 / gap); k * gap + y0 < this.height; k++) {
      if (k) this.ink.row((y0 + k * gap) * this.ratio, thick, faint);
    }
    this.ink.column(x0 * this.ratio, thick, strong);
    this.ink.row(y0 * this.ratio, thick, strong);
  }

  /** In three dimensions: the edges of the box around the cloud, and the axes through the origin. */
  #room(camera, theme) {
    const stamp = makeStamp(0.55 * this.ratio, 1, 0);
    const corner = (k) => camera.centre.map((c, d) => c + ((k >> d) & 1 ? 1 : -1) * camera.half[d]);
    this.#line(BOX.map(corner), camera, stamp, mix(theme.paper, theme.text, 0.12));
    for (const [from, to] of this.#axes(camera)) {
      this.#line([from, to], camera, stamp, mix(theme.paper, theme.text, 0.45));
    }
  }

  /** Both ends of each axis in data coordinates. */
  #axes(camera) {
    return [0, 1, 2].map((axis) =>
      [-1, 1].map((sign) => camera.centre.map((c, d) => (d === axis ? c + sign * camera.half[d] * 1.15 : 0))),
    );
  }

  #line(points, camera, stamp, colour) {
    const onScreen = points.map((p) => camera.place(...p).map((v) => v * this.ratio));
    this.ink.path(onScreen, stamp, pixel(colour));
  }

  #cloud(film, camera, theme, lit) {
    const radius = pointRadius(film.count, camera) * this.ratio;
    const faded = pixel(mix(theme.paper, theme.text, theme.dark ? 0.24 : 0.17));
    const colours = theme.classes.map(pixel);
    const deep = film.dims === 3;
    const order = deep ? this.#farthestFirst() : null;
    const stamps = makeStamps(radius, opacity(film.count), deep ? LAYERS : 1);
    const small = makeStamp(radius * 0.75, 0.8, 0);
    const { x, y, near, ratio, ink } = this;
    for (const pass of lit.size ? ["faded", "lit"] : ["all"]) {
      for (let k = 0; k < film.count; k++) {
        const i = order ? order[k] : k;
        const label = film.labels[i];
        if (pass !== "all" && lit.has(label) !== (pass === "lit")) continue;
        const stamp = pass === "faded" ? small : stamps[deep ? Math.floor(near[i] * (LAYERS - 1)) : 0];
        const colour = pass === "faded" ? faded : colours[label % colours.length];
        ink.disc(x[i] * ratio, y[i] * ratio, stamp, colour);
      }
    }
  }

  /** Point numbers from far to near, by counting. */
  #farthestFirst() {
    const { near, order } = this;
    const starts = new Uint32Array(258);
    for (let i = 0; i < near.length; i++) starts[Math.floor(near[i] * 255) + 1]++;
    for (let b = 1; b < starts.length; b++) starts[b] += starts[b - 1];
    for (let i = 0; i < near.length; i++) order[starts[Math.floor(near[i] * 255)]++] = i;
    return order;
  }

  /** The names of the axes: in two dimensions in the corners, in three at their ends. Returns where they are. */
  #axisNames(film, position, camera, theme, axes) {
    const shares = film.frames[Math.min(Math.round(position), film.length - 1)].shares;
    const titles = axes.map((name, i) => (shares ? `${name} · ${Math.round(shares[i] * 100)} %` : name));
    const { context } = this;
    const colour = css(mix(theme.paper, theme.text, 0.72));
    context.font = `600 ${(this.width < 500 * theme.scale ? 13 : 15) * theme.scale}px ${theme.font}`;
    const widths = titles.map((title) => context.measureText(title).width);
    const ends = film.dims === 3 ? this.#axes(camera).map(([, end]) => camera.place(...end)) : null;
    return titles.map((title, i) => {
      const text = ends ? title : ["", "↑ "][i] + title + [" →", ""][i];
      const x = this.#within(text, ends ? ends[i][0] : [this.width, 0][i]);
      const y = ends ? ends[i][1] - 12 * theme.scale : [this.height - 16 * theme.scale, 17 * theme.scale][i];
      this.#haloed(text, x, y, colour, theme);
      return { name: text, c: i, x, y, w: widths[i] + 14, h: 20 * theme.scale, fixed: true };
    });
  }

  /** The class names, each at the middle of its class, moved apart where they would overlap. */
  #classNames(medians, camera, theme, look, taken) {
    const { context } = this;
    const short = look.names.every((name) => name.length <= 2);
    const size = (short ? 34 : 19) * Math.min(Math.max(camera.unit / 480, 0.72), 1.15) * theme.scale;
    context.font = `800 ${size}px ${theme.font}`;
    const tags = [];
    look.names.forEach((name, c) => {
      if (look.lit.size && !look.lit.has(c)) return;
      const [x, y] = camera.place(...medians.slice(c * camera.dims, (c + 1) * camera.dims));
      if (!(x > 0 && y > 0 && x < this.width && y < this.height)) return;
      tags.push({ name, c, x, y, fromX: x, fromY: y, w: context.measureText(name).width + 8, h: size * 0.98 });
    });
    keepApart([...taken, ...tags], this.width, this.height);
    for (const tag of tags) this.#leader(tag, theme);
    for (const tag of tags) {
      const colour = theme.classes[tag.c % theme.classes.length];
      this.#haloed(tag.name, tag.x, tag.y, css(mix(colour, theme.text, NAMED)), theme, 6);
    }
  }

  /** A line from a name that had to move to the middle of its class. */
  #leader(tag, theme) {
    const far = Math.hypot(tag.x - tag.fromX, tag.y - tag.fromY);
    if (far < tag.h * 0.6) return;
    const { context } = this;
    for (const [width, colour] of [
      [4, css(theme.paper)],
      [1.75, css(mix(theme.classes[tag.c % theme.classes.length], theme.text, NAMED))],
    ]) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.beginPath();
      context.moveTo(tag.fromX, tag.fromY);
      context.lineTo(tag.x, tag.y);
      context.stroke();
    }
  }

  #haloed(text, x, y, colour, theme, halo = 5) {
    const { context } = this;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.lineJoin = "round";
    context.lineWidth = halo;
    context.strokeStyle = css(theme.paper);
    context.strokeText(text, x, y);
    context.fillStyle = colour;
    context.fillText(text, x, y);
  }

  /** The x nearest to the wanted one at which a centred text is wholly on the sheet. */
  #within(text, x) {
    const half = this.context.measureText(text).width / 2 + 8;
    return Math.min(Math.max(x, half), this.width - half);
  }
}

/** Points are larger where they are few, where there is room, and (slowly) where one has zoomed in. */
function pointRadius(count, camera) {
  const room = Math.sqrt(camera.unit / 460);
  const radius = 3.1 * (2000 / Math.max(count, 1)) ** 0.36 * room * Math.max(camera.zoom, 0.5) ** 0.3;
  return Math.min(Math.max(radius, 1.3), 9);
}

function opacity(count) {
  return count > 4000 ? 0.72 : 0.84;
}

const madeStamps = { key: "", stamps: [] };

/** One stamp for each layer from far to near: nearer is larger and less misty. The last set is kept. */
function makeStamps(radius, alpha, layers) {
  const key = `${radius.toFixed(2)} ${alpha} ${layers}`;
  if (madeStamps.key !== key) {
    madeStamps.key = key;
    madeStamps.stamps = Array.from({ length: layers }, (_, k) => {
      const near = layers === 1 ? 0.5 : k / (layers - 1);
      const mist = layers === 1 ? 1 : 0.5 + 0.5 * near;
      return makeStamp(radius * (0.7 + 0.6 * near), alpha * mist, radius > 1.6 ? 0.7 : 0);
    });
  }
  return madeStamps.stamps;
}

/** 1, 2 or 5 times a power of ten: the smallest such number that is not below `least`. */
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return power * ([1, 2, 5].find((m) => m * power >= least) ?? 10);
}

function unitCircle() {
  return Array.from({ length: 129 }, (_, k) => [Math.cos((k * Math.PI) / 64), Math.sin((k * Math.PI) / 64)]);
}

/** A point of the plane as a point of space, with nothing along `axis`. */
function around([a, b], axis) {
  const point = [a, b];
  point.splice(axis, 0, 0);
  return point;
}
