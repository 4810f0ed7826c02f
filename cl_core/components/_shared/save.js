/** Pictures as PNG files: sharp, on the page's background, with the title above and the classes below. */

import { context2d } from "./canvas.js";
import { css, mix, ringColour } from "./colour.js";
import { rasterise } from "./rasterise.js";
import { NO_CLASSES, readTheme } from "./theme.js";

/** @import { Colour } from "./colour.js" */
/** @import { Theme } from "./theme.js" */

export const FILE_RATIO = 2; // pixels of the file for each CSS pixel

const LAYOUT = { side: 16, title: 46, row: 28, dot: 6, gap: 26 }; // CSS pixels in the usual size of type

/**
 * Let the browser save a whole component, without its buttons.
 * @param {HTMLElement} root  its canvases must have `FILE_RATIO` pixels for each CSS pixel when this is called
 * @param {string} title
 */
export async function saveComponent(root, title) {
  const theme = readTheme(root, NO_CLASSES, null);
  saveCanvas(await rasterise(root, FILE_RATIO, LAYOUT.side * theme.scale), theme, title, { framed: false });
}

/**
 * Let the browser save a canvas as a PNG that is named by its title.
 * @param {HTMLCanvasElement} canvas  with `FILE_RATIO` pixels for each CSS pixel
 * @param {Theme} theme
 * @param {string} title
 * @param {{legend?: {name: string, colour: Colour}[], framed?: boolean}} [options]
 */
export function saveCanvas(canvas, theme, title, { legend = [], framed = true } = {}) {
  const sheet = document.createElement("canvas");
  const context = context2d(sheet, { alpha: false });
  const unit = FILE_RATIO * theme.scale;
  const [width, height] = [canvas.width / unit, canvas.height / unit];
  context.font = `600 15px ${theme.font}`;
  const places = legendPlaces(
    legend.map(({ name }) => context.measureText(name).width),
    width,
  );
  const bottom = places.at(-1);
  const foot = bottom ? bottom.y + LAYOUT.row + 10 : framed ? LAYOUT.side : 0;
  sheet.width = canvas.width;
  sheet.height = canvas.height + Math.round(unit * (LAYOUT.title + foot));
  context.fillStyle = css(theme.background);
  context.fillRect(0, 0, sheet.width, sheet.height);
  context.drawImage(canvas, 0, unit * LAYOUT.title);
  context.scale(unit, unit);
  context.textBaseline = "middle";
  context.strokeStyle = css(mix(theme.background, theme.text, 0.18));
  if (framed) context.strokeRect(0.5, LAYOUT.title + 0.5, width - 1, height - 1);
  context.fillStyle = css(theme.text);
  context.font = `700 18px ${theme.font}`;
  context.fillText(title, LAYOUT.side, LAYOUT.title / 2, width - 2 * LAYOUT.side);
  context.font = `600 15px ${theme.font}`;
  const top = LAYOUT.title + height;
  legend.forEach(({ name, colour }, i) => {
    drawLegendEntry(context, name, colour, places[i].x, top + places[i].y, theme);
  });
  sheet.toBlob((file) => file && download(file, `${fileName(title)}.png`));
}

/**
 * Return where each entry of a legend begins, in rows that fit a width.
 * @param {number[]} textWidths
 * @param {number} width
 */
export function legendPlaces(textWidths, width) {
  let [x, y] = [LAYOUT.side, 8];
  return textWidths.map((textWidth) => {
    const whole = 2 * LAYOUT.dot + 6 + textWidth;
    if (x > LAYOUT.side && x + whole > width - LAYOUT.side) [x, y] = [LAYOUT.side, y + LAYOUT.row];
    const place = { x, y };
    x += whole + LAYOUT.gap;
    return place;
  });
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} name
 * @param {Colour} colour
 * @param {number} x
 * @param {number} y
 * @param {Theme} theme
 */
function drawLegendEntry(context, name, colour, x, y, theme) {
  const middle = y + LAYOUT.row / 2;
  context.fillStyle = css(colour);
  context.beginPath();
  context.arc(x + LAYOUT.dot, middle, LAYOUT.dot, 0, 2 * Math.PI);
  context.fill();
  context.strokeStyle = css(ringColour(colour, theme));
  context.stroke();
  context.fillStyle = css(theme.text);
  context.fillText(name, x + 2 * LAYOUT.dot + 6, middle);
}

/**
 * Turn a title into the name of a file.
 * @param {string} title
 */
export function fileName(title) {
  return title.toLowerCase().replace(/(\d),(?=\d)/g, "$1").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "picture";
}

/**
 * @param {Blob} file
 * @param {string} name
 */
function download(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
