/** Draws the picture: grid, points, names. How pixels change is in `raster.js`. */

import { pushApart } from "../_shared/boxes.js";
import { context2d, devicePixels, setResolution, writeWithHalo } from "../_shared/canvas.js";
import { classColour, css, mix, pixel, ringColour } from "../_shared/colour.js";
import { roundStep } from "../_shared/ticks.js";
import { DensityLayer, EDGE } from "./density_layer.js";
import { makeStamp, Raster } from "./raster.js";
import { drawRays, drawRegions } from "./regions_layer.js";

/**
 * @import { Camera } from "./camera.js"
 * @import { Stamp } from "./raster.js"
 * @import { Recording } from "./recording.js"
 * @import { Tag } from "../_shared/boxes.js"
 * @import { Colour } from "../_shared/colour.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const LAYERS = 24; // steps of size and opacity between far and near
const MOST_PIXELS = 2.6e6; // a larger screen is drawn at a lower resolution
const NAME_CONTRAST = 0.45; // share of the text's colour in the names of the classes, so that they can be read
const RING_WIDTH = 0.9; // CSS pixels of the ring around a point, at most
const RING_SHARE = 0.35; // of the point's radius, at most
const GRID_DISTANCE = 110; // CSS pixels between two lines, at least
const BOX_WALK = [0, 1, 3, 2, 0, 4, 5, 7, 6, 4, 5, 1, 3, 7, 6, 2]; // corners of a box, along all of its edges

/**
 * @typedef {object} Look  what is drawn besides the points
 * @property {string[]} axes
 * @property {string[]} names  of the classes
 * @property {Set<number>} selected  classes that are shown alone; none: all are shown
 * @property {boolean} labels  whether the names are drawn
 * @property {boolean} density  whether the classes' densities are drawn in the place of the points
 * @property {boolean} regions  whether class weights and their regions are drawn, where there are any
 *
 * @typedef {Pick<Recording, "count" | "dims" | "labels" | "unitCircle" | "frames" | "length" | "coordinates" | "medians" | "view" | "regions">} Drawn
 *   what a scene reads of a recording
 *
 * @typedef {Tag & {text: string}} AxisName
 * @typedef {Tag & {name: string, fromX: number, fromY: number}} ClassName
 */

export class Scene {
  /** Screen coordinates of each point, in CSS pixels. */
  x = new Float32Array(0);
  y = new Float32Array(0);
  /** Coordinates of the points shown, (n * dims). */
  points = new Float32Array(0);
  width = 0;
  height = 0;
  #near = new Float32Array(0);
  #order = new Uint32Array(0);
  #ratio = 1;
  #raster = new Raster();
  #density = new DensityLayer();

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = context2d(canvas, { alpha: false });
  }

  /**
   * Fit the resolution to the canvas's size on the page.
   * @param {number} width  CSS pixels
   * @param {number} height
   * @param {number} [ratio]  pixels for each CSS pixel
   */
  resize(width, height, ratio = devicePixels()) {
    const most = Math.sqrt(MOST_PIXELS / Math.max(width * height, 1));
    this.#ratio = Math.min(ratio, Math.max(most, 1));
    this.width = width;
    this.height = height;
    setResolution(this.canvas, width, height, this.#ratio);
    this.#raster.resize(this.canvas.width, this.canvas.height);
  }

  /** @param {number} count  of points */
  #allocate(count) {
    this.x = new Float32Array(count);
    this.y = new Float32Array(count);
    this.#near = new Float32Array(count);
    this.#order = new Uint32Array(count);
  }

  /**
   * Draw one moment.
   * @param {Drawn} recording
   * @param {number} position  on its frames
   * @param {Camera} camera
   * @param {Theme} theme
   * @param {Look} look
   */
  draw(recording, position, camera, theme, look) {
    const size = recording.count * recording.dims;
    if (this.x.length !== recording.count) this.#allocate(recording.count);
    if (this.points.length !== size) this.points = new Float32Array(size);
    recording.coordinates(position, this.points);
    camera.width = this.width;
    camera.height = this.height;
    const view = recording.view(position);
    const density = look.density && recording.dims === 2;
    camera.edge = density ? EDGE / 2 : 0;
    camera.aim(view, recording.dims);
    camera.project(this.points, this.x, this.y, this.#near);
    this.#raster.clear(pixel(theme.background));
    const regions = look.regions && recording.dims === 2 ? recording.regions(position) : null;
    drawRegions(this.#raster, this.#ratio, regions, camera, theme, look);
    this.#drawBackground(recording, camera, theme);
    if (!density) this.#drawPoints(recording, camera, theme, look.selected);
    this.#show();
    this.context.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    if (density) {
      const drawn = { points: this.points, labels: recording.labels };
      this.#density.draw(this.context, drawn, view, camera, theme, look);
    }
    drawRays(this.context, regions, recording.unitCircle, camera, theme, look);
    const taken = this.#drawAxisNames(recording, position, camera, theme, look.axes);
    if (look.labels) this.#drawClassNames(recording.medians(position), camera, theme, look, taken);
  }

  /** @param {Theme} theme */
  drawNothing(theme) {
    this.#raster.clear(pixel(theme.background));
    this.#show();
  }

  #show() {
    const { data, width, height } = this.#raster;
    this.context.putImageData(new ImageData(data, width, height), 0, 0);
  }

  /**
   * Return the wanted point that is drawn nearest to (x, y), or -1.
   * @param {number} x
   * @param {number} y
   * @param {number} reach  CSS pixels within which it must be
   * @param {(i: number) => boolean} wanted
   */
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

  /**
   * @param {Drawn} recording
   * @param {Camera} camera
   * @param {Theme} theme
   */
  #drawBackground(recording, camera, theme) {
    const deep = recording.dims === 3;
    if (deep) this.#drawBox(camera, theme);
    else this.#drawGrid(camera, theme);
    if (!recording.unitCircle) return;
    const circle = unitCircle();
    const rings = deep ? [0, 1, 2].map((axis) => circle.map((point) => inSpace(point, axis))) : [circle];
    const stamp = makeStamp(0.8 * this.#ratio, 1, 0);
    for (const ring of rings) this.#drawLine(ring, camera, stamp, mix(theme.background, theme.text, 0.4));
  }

  /**
   * Draw lines at round numbers, those through the origin stronger.
   * @param {Camera} camera
   * @param {Theme} theme
   */
  #drawGrid(camera, theme) {
    const ratio = this.#ratio;
    const raster = this.#raster;
    const thickness = Math.max(Math.round(ratio), 1);
    const faint = pixel(mix(theme.background, theme.text, 0.075));
    const strong = pixel(mix(theme.background, theme.text, 0.28));
    const gap = roundStep(GRID_DISTANCE / camera.scale, [1, 2, 5]) * camera.scale;
    const [x0, y0] = camera.place([0, 0]);
    for (let k = Math.ceil(-x0 / gap); k * gap + x0 < this.width; k++) {
      if (k) raster.column((x0 + k * gap) * ratio, thickness, faint);
    }
    for (let k = Math.ceil(-y0 / gap); k * gap + y0 < this.height; k++) {
      if (k) raster.row((y0 + k * gap) * ratio, thickness, faint);
    }
    raster.column(x0 * ratio, thickness, strong);
    raster.row(y0 * ratio, thickness, strong);
  }

  /**
   * Draw, in three dimensions, the edges of the box around the points, and the axes through the origin.
   * @param {Camera} camera
   * @param {Theme} theme
   */
  #drawBox(camera, theme) {
    const stamp = makeStamp(0.55 * this.#ratio, 1, 0);
    /** @param {number} k */
    const corner = (k) => camera.centre.map((c, d) => c + ((k >> d) & 1 ? 1 : -1) * camera.half[d]);
    this.#drawLine(BOX_WALK.map(corner), camera, stamp, mix(theme.background, theme.text, 0.12));
    for (const axis of axisEnds(camera)) this.#drawLine(axis, camera, stamp, mix(theme.background, theme.text, 0.45));
  }

  /**
   * @param {number[][]} points  in data coordinates
   * @param {Camera} camera
   * @param {Stamp} stamp
   * @param {Colour} colour
   */
  #drawLine(points, camera, stamp, colour) {
    /** @type {[number, number][]} */
    const onScreen = points.map((point) => {
      const [x, y] = camera.place(point);
      return [x * this.#ratio, y * this.#ratio];
    });
    this.#raster.path(onScreen, stamp, pixel(colour));
  }

  /**
   * @param {Drawn} recording
   * @param {Camera} camera
   * @param {Theme} theme
   * @param {Set<number>} selected
   */
  #drawPoints(recording, camera, theme, selected) {
    const ratio = this.#ratio;
    const near = this.#near;
    const radius = pointRadius(recording.count, camera) * ratio;
    const faded = pixel(mix(theme.background, theme.text, theme.dark ? 0.24 : 0.17));
    const colours = theme.classes.map(pixel);
    const rings = theme.classes.map((colour) => pixel(ringColour(colour, theme)));
    const deep = recording.dims === 3;
    const order = deep ? this.#farthestFirst() : null;
    const stamps = makeStamps(radius, ratio, opacity(recording.count), deep ? LAYERS : 1);
    const small = makeStamp(radius * 0.75, 0.8, 0);
    const labels = recording.labels ?? new Uint8Array(recording.count);
    for (const pass of selected.size ? ["faded", "selected"] : ["all"]) {
      for (let k = 0; k < recording.count; k++) {
        const i = order ? order[k] : k;
        const label = labels[i];
        if (pass !== "all" && selected.has(label) !== (pass === "selected")) continue;
        const stamp = pass === "faded" ? small : stamps[deep ? Math.floor(near[i] * (LAYERS - 1)) : 0];
        const c = label % colours.length;
        const [colour, ring] = pass === "faded" ? [faded, faded] : [colours[c], rings[c]];
        this.#raster.disc(this.x[i] * ratio, this.y[i] * ratio, stamp, colour, ring);
      }
    }
  }

  /** Return the points' indices from far to near, by counting sort. */
  #farthestFirst() {
    const [near, order] = [this.#near, this.#order];
    const starts = new Uint32Array(258);
    for (let i = 0; i < near.length; i++) starts[Math.floor(near[i] * 255) + 1]++;
    for (let b = 1; b < starts.length; b++) starts[b] += starts[b - 1];
    for (let i = 0; i < near.length; i++) order[starts[Math.floor(near[i] * 255)]++] = i;
    return order;
  }

  /**
   * Write the names of the axes: in two dimensions in the corners, in three at their ends.
   * @param {Drawn} recording
   * @param {number} position
   * @param {Camera} camera
   * @param {Theme} theme
   * @param {string[]} axes
   * @returns {AxisName[]} where they are
   */
  #drawAxisNames(recording, position, camera, theme, axes) {
    const { shares } = recording.frames[Math.min(Math.round(position), recording.length - 1)];
    const titles = axes.map((name, i) => (shares ? `${name} · ${Math.round(shares[i] * 100)} %` : name));
    const { context } = this;
    const { scale } = theme;
    const colour = css(mix(theme.background, theme.text, 0.72));
    context.font = `600 ${(this.width < 500 * scale ? 13 : 15) * scale}px ${theme.font}`;
    const widths = titles.map((title) => context.measureText(title).width);
    const ends = recording.dims === 3 ? axisEnds(camera).map(([, end]) => camera.place(end)) : null;
    return titles.map((title, i) => {
      const text = ends ? title : ["", "↑ "][i] + title + [" →", ""][i];
      const x = this.#inside(text, ends ? ends[i][0] : [this.width, 0][i]);
      const y = ends ? ends[i][1] - 12 * scale : [this.height - 16 * scale, 17 * scale][i];
      this.#write(text, x, y, colour, theme);
      return { text, c: i, x, y, w: widths[i] + 14, h: 20 * scale, fixed: true };
    });
  }

  /**
   * Write the names of the classes, each at the middle of its class, pushed apart where they would overlap.
   * @param {Float32Array} medians
   * @param {Camera} camera
   * @param {Theme} theme
   * @param {Look} look
   * @param {Tag[]} taken
   */
  #drawClassNames(medians, camera, theme, look, taken) {
    const { context } = this;
    const short = look.names.every((name) => name.length <= 2);
    const size = (short ? 34 : 19) * Math.min(Math.max(camera.unit / 480, 0.72), 1.15) * theme.scale;
    context.font = `800 ${size}px ${theme.font}`;
    /** @type {ClassName[]} */
    const tags = [];
    look.names.forEach((name, c) => {
      if (look.selected.size && !look.selected.has(c)) return;
      const [x, y] = camera.place(medians.slice(c * camera.dims, (c + 1) * camera.dims));
      if (!(x > 0 && y > 0 && x < this.width && y < this.height)) return;
      tags.push({ name, c, x, y, fromX: x, fromY: y, w: context.measureText(name).width + 8, h: size * 0.98 });
    });
    pushApart([...taken, ...tags], this.width, this.height);
    for (const tag of tags) this.#drawLeader(tag, theme);
    for (const tag of tags) this.#write(tag.name, tag.x, tag.y, nameColour(tag, theme), theme, 6);
  }

  /**
   * Draw a line from a name that had to move to the middle of its class.
   * @param {ClassName} tag
   * @param {Theme} theme
   */
  #drawLeader(tag, theme) {
    const far = Math.hypot(tag.x - tag.fromX, tag.y - tag.fromY);
    if (far < tag.h * 0.6) return;
    const { context } = this;
    for (const [width, colour] of /** @type {[number, string][]} */ ([
      [4, css(theme.background)],
      [1.75, nameColour(tag, theme)],
    ])) {
      context.lineWidth = width;
      context.strokeStyle = colour;
      context.beginPath();
      context.moveTo(tag.fromX, tag.fromY);
      context.lineTo(tag.x, tag.y);
      context.stroke();
    }
  }

  /**
   * @param {string} text
   * @param {number} x
   * @param {number} y
   * @param {string} colour
   * @param {Theme} theme
   * @param {number} [width]  of the halo
   */
  #write(text, x, y, colour, theme, width = 5) {
    this.context.textAlign = "center";
    this.context.textBaseline = "middle";
    writeWithHalo(this.context, text, x, y, { colour, halo: css(theme.background), width });
  }

  /**
   * Return the x nearest to the wanted one at which a centred text is wholly on the canvas.
   * @param {string} text
   * @param {number} x
   */
  #inside(text, x) {
    const half = this.context.measureText(text).width / 2 + 8;
    return Math.min(Math.max(x, half), this.width - half);
  }
}

/**
 * @param {Tag} tag
 * @param {Theme} theme
 */
function nameColour(tag, theme) {
  return css(mix(classColour(theme.classes, tag.c), theme.text, NAME_CONTRAST));
}

/**
 * Return both ends of each axis through the origin, in data coordinates.
 * @param {Camera} camera
 */
function axisEnds({ centre, half }) {
  return [0, 1, 2].map((axis) =>
    [-1, 1].map((sign) => centre.map((c, d) => (d === axis ? c + sign * half[d] * 1.15 : 0))),
  );
}

/**
 * Return the radius of a point: larger where they are few, where there is room, and (slowly) with the zoom.
 * @param {number} count
 * @param {Camera} camera
 */
function pointRadius(count, camera) {
  const room = Math.sqrt(camera.unit / 460);
  const radius = 3.1 * (2000 / Math.max(count, 1)) ** 0.36 * room * Math.max(camera.zoom, 0.5) ** 0.3;
  return Math.min(Math.max(radius, 1.3), 9);
}

/** @param {number} count */
function opacity(count) {
  return count > 4000 ? 0.8 : 0.92;
}

/** @type {{key: string, stamps: Stamp[]}} the set of stamps made last */
const cache = { key: "", stamps: [] };

/**
 * Return a stamp for each layer from far to near: nearer is larger and less transparent.
 * @param {number} radius  of a point with its ring, in pixels of the canvas, as its ratio
 * @param {number} ratio
 * @param {number} alpha
 * @param {number} layers
 */
function makeStamps(radius, ratio, alpha, layers) {
  const ring = Math.min(RING_SHARE * radius, RING_WIDTH * ratio);
  const key = `${radius.toFixed(2)} ${ratio} ${alpha} ${layers}`;
  if (cache.key !== key) {
    cache.key = key;
    cache.stamps = Array.from({ length: layers }, (_, k) => {
      const near = layers === 1 ? 0.5 : k / (layers - 1);
      const mist = layers === 1 ? 1 : 0.5 + 0.5 * near;
      return makeStamp(radius * (0.7 + 0.6 * near) - ring / 2, alpha * mist, ring);
    });
  }
  return cache.stamps;
}

function unitCircle() {
  return Array.from({ length: 129 }, (_, k) => [Math.cos((k * Math.PI) / 64), Math.sin((k * Math.PI) / 64)]);
}

/**
 * Return a point of the plane as a point of space that is 0 along an axis.
 * @param {number[]} point
 * @param {number} axis
 */
function inSpace([a, b], axis) {
  return [a, b].toSpliced(axis, 0, 0);
}
