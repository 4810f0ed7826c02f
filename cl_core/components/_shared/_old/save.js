/** A picture as a file to keep: sharp, on the page's own ground, with its title above it and its classes below. */

import { pictured } from "./pictured.js";
import { css, mix, NO_CLASSES, readTheme } from "./theme.js";

export const SHARP = 2; // pixels of the file for each one of the page

const FRAME = { side: 16, title: 46, row: 28, dot: 6, gap: 26 }; // CSS pixels where type has its usual size

/**
 * Let the browser save a whole component as it stands on the page, but for its buttons.
 * @param {HTMLElement} root  its canvases are to have `SHARP` pixels for each of the page when this is called
 * @param {string} title
 */
export async function saveWhole(root, title) {
  const theme = readTheme(root, NO_CLASSES, null);
  savePicture(await pictured(root, SHARP, FRAME.side * theme.scale), theme, title, { framed: false });
}

/**
 * Let the browser save what is drawn on a canvas, `SHARP` times as fine as the page has it, as a PNG named by its
 * title.
 * @param {HTMLCanvasElement} canvas
 * @param {import("./theme.js").Theme} theme
 * @param {string} title
 * @param {{legend?: {name: string, colour: number[]}[], framed?: boolean}} [look]
 */
export function savePicture(canvas, theme, title, { legend = [], framed = true } = {}) {
  const sheet = document.createElement("canvas");
  const pen = sheet.getContext("2d", { alpha: false });
  const unit = SHARP * theme.scale;
  const [width, height] = [canvas.width / unit, canvas.height / unit];
  pen.font = `600 15px ${theme.font}`;
  const places = placesOf(legend.map(({ name }) => pen.measureText(name).width), width);
  const foot = places.length ? places.at(-1)[1] + FRAME.row + 10 : framed ? FRAME.side : 0;
  sheet.width = canvas.width;
  sheet.height = canvas.height + Math.round(unit * (FRAME.title + foot));
  pen.fillStyle = css(theme.paper);
  pen.fillRect(0, 0, sheet.width, sheet.height);
  pen.drawImage(canvas, 0, unit * FRAME.title);
  pen.scale(unit, unit);
  pen.textBaseline = "middle";
  pen.strokeStyle = css(mix(theme.paper, theme.text, 0.18));
  if (framed) pen.strokeRect(0.5, FRAME.title + 0.5, width - 1, height - 1);
  pen.fillStyle = css(theme.text);
  pen.font = `700 18px ${theme.font}`;
  pen.fillText(title, FRAME.side, FRAME.title / 2, width - 2 * FRAME.side);
  pen.font = `600 15px ${theme.font}`;
  const top = FRAME.title + height;
  legend.forEach(({ name, colour }, i) => writeClass(pen, name, css(colour), places[i][0], top + places[i][1], theme));
  sheet.toBlob((file) => file && handOver(file, `${fileName(title)}.png`));
}

/** Where each class's dot and name of that width begin, in rows. */
function placesOf(widths, width) {
  let [x, y] = [FRAME.side, 8];
  return widths.map((wide) => {
    const whole = 2 * FRAME.dot + 6 + wide;
    if (x > FRAME.side && x + whole > width - FRAME.side) [x, y] = [FRAME.side, y + FRAME.row];
    const place = [x, y];
    x += whole + FRAME.gap;
    return place;
  });
}

function writeClass(pen, name, colour, x, y, theme) {
  const middle = y + FRAME.row / 2;
  pen.fillStyle = colour;
  pen.beginPath();
  pen.arc(x + FRAME.dot, middle, FRAME.dot, 0, 2 * Math.PI);
  pen.fill();
  pen.fillStyle = css(theme.text);
  pen.fillText(name, x + 2 * FRAME.dot + 6, middle);
}

/** A title as the name of a file. */
function fileName(title) {
  return title.toLowerCase().replace(/(\d),(?=\d)/g, "$1").replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "") || "picture";
}

function handOver(file, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
