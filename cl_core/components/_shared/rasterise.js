/**
 * A component as an image: the browser itself draws a copy of its elements, within an SVG.
 *
 * Such an image cannot load anything. So the copy takes along the style sheets, the theme's variables and the page's
 * typefaces, and every canvas and image as data. The style sheets hide with `.copy` what does not belong in a file.
 */

import { context2d } from "./canvas.js";
import { createSvg } from "./svg.js";

const VARIABLE = /--st-[\w-]+/g;
const ADDRESS = /(url\((?:["']|&quot;)?)(?!data:|#)([^"')&]+)/g;
const NO_XML = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu; // must not stand in XML, not even escaped

/** @type {Map<string, Promise<string>>} data that was read, by its address */
const files = new Map();

/**
 * Draw a component on a new canvas, transparent where nothing is.
 * @param {HTMLElement} root  in its shadow tree
 * @param {number} ratio  pixels for each CSS pixel
 * @param {number} padding  CSS pixels left, right and below
 */
export async function rasterise(root, ratio, padding) {
  const copy = copyOf(root); // before the first await: what is shown may move on
  const { width, height } = sizeOf(copy, root);
  const sheet = sheetOf(width + 2 * padding, height + padding, ratio);
  const host = document.createElement("div");
  host.className = "host";
  host.append(copy);
  sheet.append(await styleOf(root, host), createSvg("foreignObject", { x: padding, y: 0, width, height }, host));
  const text = new XMLSerializer().serializeToString(sheet).replace(NO_XML, "");
  return drawSvg(await withData(text, document.baseURI));
}

/**
 * Return a copy of the same size in which every canvas is an image.
 * @param {HTMLElement} root
 */
function copyOf(root) {
  const copy = /** @type {HTMLElement} */ (root.cloneNode(true));
  copy.classList.add("copy");
  copy.style.height = "auto"; // as tall as what it shows
  for (const [own, other] of pairs(root, copy, ".stage")) {
    Object.assign(other.style, { boxSizing: "border-box", flex: "none", height: `${own.offsetHeight}px` });
  }
  for (const [own, other] of pairs(root, copy, "canvas")) {
    if (!(own instanceof HTMLCanvasElement)) continue;
    const { position, left, top, display } = getComputedStyle(own);
    const image = document.createElement("img");
    image.src = own.toDataURL();
    image.className = own.className;
    const [width, height] = [`${own.clientWidth}px`, `${own.clientHeight}px`];
    Object.assign(image.style, { width, height, position, left, top, display });
    other.replaceWith(image);
  }
  return copy;
}

/**
 * Return the elements that match a selector, each with its copy.
 * @param {HTMLElement} root
 * @param {HTMLElement} copy
 * @param {string} selector
 * @returns {[HTMLElement, HTMLElement][]}
 */
function pairs(root, copy, selector) {
  /** @type {HTMLElement[]} */
  const copies = [...copy.querySelectorAll(selector)].filter((element) => element instanceof HTMLElement);
  const own = [...root.querySelectorAll(selector)].filter((element) => element instanceof HTMLElement);
  return own.map((element, i) => [element, copies[i]]);
}

/**
 * Measure a copy: it is put beside the original for a moment, unseen.
 * @param {HTMLElement} copy
 * @param {HTMLElement} root
 */
function sizeOf(copy, root) {
  const holder = document.createElement("div");
  Object.assign(holder.style, { position: "absolute", visibility: "hidden", width: `${root.offsetWidth}px` });
  holder.append(copy);
  root.parentNode?.append(holder);
  const { width, height } = copy.getBoundingClientRect();
  holder.remove();
  return { width: Math.ceil(width), height: Math.ceil(height) };
}

/**
 * @param {number} width
 * @param {number} height
 * @param {number} ratio
 */
function sheetOf(width, height, ratio) {
  const size = { width: Math.round(ratio * width), height: Math.round(ratio * height) };
  const sheet = createSvg("svg", { ...size, viewBox: `0 0 ${width} ${height}` });
  sheet.style.fontSize = getComputedStyle(document.documentElement).fontSize; // a rem of it is one of the page
  return sheet;
}

/**
 * Return all that styles a component, and set the theme's variables on the element that stands in for its host.
 * @param {HTMLElement} root
 * @param {HTMLElement} host
 */
async function styleOf(root, host) {
  const { styleSheets, adoptedStyleSheets } = /** @type {ShadowRoot | Document} */ (root.getRootNode());
  const { colorScheme, fontFamily } = getComputedStyle(root);
  const own = rulesOf([...styleSheets, ...adoptedStyleSheets]).map((rule) => rule.cssText);
  const faces = rulesOf([...document.styleSheets]).filter((rule) => isFaceOf(rule, fontFamily));
  const types = faces.map((rule) => withData(rule.cssText, rule.parentStyleSheet?.href ?? document.baseURI));
  const text = own.join("\n").replaceAll(":host", ".host");
  host.style.colorScheme = colorScheme;
  for (const name of new Set(text.match(VARIABLE))) {
    host.style.setProperty(name, getComputedStyle(root).getPropertyValue(name));
  }
  return createSvg("style", {}, [...(await Promise.all(types)), text].join("\n"));
}

/**
 * Return the rules of style sheets, except of those from other origins, which cannot be read.
 * @param {CSSStyleSheet[]} sheets
 */
function rulesOf(sheets) {
  return sheets.flatMap((sheet) => {
    try {
      return [...sheet.cssRules];
    } catch {
      return [];
    }
  });
}

/**
 * @param {CSSRule} rule
 * @param {string} family
 */
function isFaceOf(rule, family) {
  if (!(rule instanceof CSSFontFaceRule)) return false;
  const name = rule.style.getPropertyValue("font-family").replace(/["']/g, "");
  return rule.style.getPropertyValue("font-style") !== "italic" && family.includes(name);
}

/**
 * Replace each `url(...)` in a text by data; what cannot be read is left out.
 * @param {string} text
 * @param {string} base
 */
async function withData(text, base) {
  const parts = text.split(ADDRESS);
  // before, "url(", address, before, ...
  const read = parts.map((part, i) => (i % 3 === 2 ? dataAt(new URL(part, base).href) : part));
  return (await Promise.all(read)).join("");
}

/**
 * @param {string} address
 * @returns {Promise<string>}
 */
function dataAt(address) {
  const known = files.get(address) ?? readData(address).catch(() => "data:,");
  files.set(address, known);
  return known;
}

/**
 * @param {string} address
 * @returns {Promise<string>}
 */
async function readData(address) {
  const reader = new FileReader();
  const file = await (await fetch(address)).blob();
  return new Promise((resolve, reject) => {
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = reject;
    reader.readAsDataURL(file);
  });
}

/**
 * Draw an SVG on a new canvas.
 * @param {string} text
 */
async function drawSvg(text) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  context2d(canvas).drawImage(image, 0, 0);
  return canvas;
}
