/** Draws class weights and their regions: tints below the points, and the class weights as rays above them. */

import { areKnown, COLUMNS, regionIn, relativeLengths, wedgeIn } from "./regions.js";
import { classColour, css, mix, pixel, ringColour } from "../_shared/colour.js";

/**
 * @import { Camera } from "./camera.js"
 * @import { Raster } from "./raster.js"
 * @import { Place } from "./regions.js"
 * @import { Look } from "./scene.js"
 * @import { Theme } from "../_shared/theme.js"
 */

const TINT = { region: 0.1, wedge: 0.3 }; // share of the class's colour, on a light page
const DARK = 1.2; // times as much on a dark one
const UNSELECTED = 0.3; // times as much for classes that are not selected
const LONGEST_RAY = 0.4; // of the longest class weight, as a share of the picture, where lengths of embeddings differ
const RAY = { line: 2.25, halo: 4.5, dot: 4 }; // CSS pixels

/**
 * Tint the region of each class, and more strongly the directions in which its margin is met.
 * @param {Raster} raster
 * @param {number} ratio  pixels for each CSS pixel
 * @param {Float32Array | null} regions
 * @param {Camera} camera
 * @param {Theme} theme
 * @param {Look} look
 */
export function drawRegions(raster, ratio, regions, camera, theme, look) {
  if (!areKnown(regions)) return;
  const box = cornersOf(camera);
  /** @param {Place} place */
  const onRaster = (place) => {
    const [x, y] = camera.place(place);
    return /** @type {Place} */ ([x * ratio, y * ratio]);
  };
  look.names.forEach((_, label) => {
    const shown = !look.selected.size || look.selected.has(label);
    const strength = (shown ? 1 : UNSELECTED) * (theme.dark ? DARK : 1);
    const colour = classColour(theme.classes, label);
    /** @param {number} share */
    const tint = (share) => pixel(mix(theme.background, colour, share * strength));
    raster.polygon(regionIn(regions, label, box).map(onRaster), tint(TINT.region));
    for (const part of wedgeIn(regions, label, box)) raster.polygon(part.map(onRaster), tint(TINT.wedge));
  });
}

/**
 * Draw each class weight as a ray from the origin: to the unit circle where there is one, else as long as it is beside the
 * longest.
 * @param {CanvasRenderingContext2D} context  in CSS pixels
 * @param {Float32Array | null} regions
 * @param {boolean} unitCircle
 * @param {Camera} camera
 * @param {Theme} theme
 * @param {Look} look
 */
export function drawRays(context, regions, unitCircle, camera, theme, look) {
  if (!areKnown(regions)) return;
  const [x0, y0] = camera.place([0, 0]);
  const lengths = relativeLengths(regions);
  const reach = unitCircle ? camera.scale : LONGEST_RAY * Math.min(camera.width, camera.height) * camera.zoom;
  context.lineCap = "round";
  lengths.forEach((length, label) => {
    if (look.selected.size && !look.selected.has(label)) return;
    const [x, y] = regions.subarray(label * COLUMNS, label * COLUMNS + 2);
    const own = Math.hypot(x, y) || 1;
    const far = (unitCircle ? 1 : length) * reach;
    const [tipX, tipY] = [x0 + (x / own) * far, y0 - (y / own) * far];
    const strokes = [
      { width: RAY.halo, colour: css(theme.background), grown: 1 },
      { width: RAY.line, colour: css(ringColour(classColour(theme.classes, label), theme)), grown: 0 },
    ];
    for (const { width, colour, grown } of strokes) {
      context.strokeStyle = context.fillStyle = colour;
      context.lineWidth = width;
      context.beginPath();
      context.moveTo(x0, y0);
      context.lineTo(tipX, tipY);
      context.stroke();
      context.beginPath();
      context.arc(tipX, tipY, RAY.dot + grown, 0, 2 * Math.PI);
      context.fill();
    }
  });
}

/**
 * Return the corners of the picture, in data coordinates, counter-clockwise.
 * @param {Camera} camera
 * @returns {Place[]}
 */
function cornersOf({ centre, middleX, middleY, scale, width, height }) {
  const [left, right] = [0, width].map((x) => centre[0] + (x - middleX) / scale);
  const [bottom, top] = [height, 0].map((y) => centre[1] + (middleY - y) / scale);
  return [[left, bottom], [right, bottom], [right, top], [left, top]]; // prettier-ignore
}
