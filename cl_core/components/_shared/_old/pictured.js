/**
 * What a component looks like, as an image: a copy of its elements is drawn by the browser itself, within an SVG.
 *
 * Such an image sees nothing outside itself. So the style sheets go with it, with the theme's variables and the page's
 * typefaces, and every canvas and picture as data. What the copy is not to show, `.still` in the style sheets hides.
 */

import { make } from "./svg.js";

const VARIABLE = /--st-[\w-]+/g;
const ADDRESS = /(url\((?:["']|&quot;)?)(?!data:|#)([^"')&]+)/g;
const NO_XML = /[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu; // may not stand in it, not even escaped

/** @type {Map<string, Promise<string>>} */
const files = new Map(); // what was read from an address, as data

/**
 * @param {HTMLElement} root  in its shadow tree
 * @param {number} sharp  pixels of the image for each one of the page
 * @param {number} side   CSS pixels of paper left, right and below
 * @returns {Promise<HTMLCanvasElement>} see-through where nothing is
 */
export async function pictured(root, sharp, side) {
  const copy = copyOf(root); // before anything is waited for: what is shown may move on
  const { width, height } = sizeOf(copy, root);
  const sheet = sheetOf(width + 2 * side, height + side, sharp);
  const host = document.createElement("div");
  host.className = "host";
  host.append(copy);
  sheet.append(await styleOf(root, host), make("foreignObject", { x: side, y: 0, width, height }, host));
  const text = new XMLSerializer().serializeToString(sheet).replace(NO_XML, "");
  return drawn(await withData(text, document.baseURI));
}

/** A copy with the same sizes, in which every canvas is a picture of itself. */
function copyOf(root) {
  const copy = root.cloneNode(true);
  copy.classList.add("copy");
  copy.style.height = "auto"; // as tall as what it shows
  const pairs = (selector) => {
    const copies = [...copy.querySelectorAll(selector)];
    return [...root.querySelectorAll(selector)].map((own, i) => [own, copies[i]]);
  };
  for (const [own, other] of pairs(".stage")) {
    Object.assign(other.style, { boxSizing: "border-box", flex: "none", height: `${own.offsetHeight}px` });
  }
  for (const [own, other] of pairs("canvas")) {
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

/** How large a copy is: put beside the original for a moment, unseen. */
function sizeOf(copy, root) {
  const holder = document.createElement("div");
  Object.assign(holder.style, { position: "absolute", visibility: "hidden", width: `${root.offsetWidth}px` });
  holder.append(copy);
  root.parentNode.append(holder);
  const { width, height } = copy.getBoundingClientRect();
  holder.remove();
  return { width: Math.ceil(width), height: Math.ceil(height) };
}

function sheetOf(width, height, sharp) {
  const size = { width: Math.round(sharp * width), height: Math.round(sharp * height) };
  const sheet = make("svg", { ...size, viewBox: `0 0 ${width} ${height}` });
  sheet.style.fontSize = getComputedStyle(document.documentElement).fontSize; // a rem of it is one of the page
  return sheet;
}

/** All that styles a component; the theme's variables are set on the element that stands in for its host. */
async function styleOf(root, host) {
  const { styleSheets, adoptedStyleSheets } = root.getRootNode();
  const { colorScheme, fontFamily } = getComputedStyle(root);
  const own = rulesOf([...styleSheets, ...adoptedStyleSheets]).map((rule) => rule.cssText);
  const types = rulesOf([...document.styleSheets]).filter((rule) => isFaceOf(rule, fontFamily));
  const faces = types.map((rule) => withData(rule.cssText, rule.parentStyleSheet.href ?? document.baseURI));
  const text = own.join("\n").replaceAll(":host", ".host");
  host.style.colorScheme = colorScheme;
  for (const name of new Set(text.match(VARIABLE))) {
    host.style.setProperty(name, getComputedStyle(root).getPropertyValue(name));
  }
  return make("style", {}, [...(await Promise.all(faces)), text].join("\n"));
}

/** The rules of some style sheets, but of none from elsewhere: those cannot be read. */
function rulesOf(sheets) {
  return sheets.flatMap((sheet) => {
    try {
      return [...sheet.cssRules];
    } catch {
      return [];
    }
  });
}

function isFaceOf(rule, family) {
  if (!(rule instanceof CSSFontFaceRule)) return false;
  const name = rule.style.getPropertyValue("font-family").replace(/["']/g, "");
  return rule.style.fontStyle !== "italic" && family.includes(name);
}

/** A text in which what it refers to by `url(...)` is data; what cannot be read stays away. */
async function withData(text, base) {
  const parts = text.split(ADDRESS);
  // before, "url(", address, before, ...
  const read = parts.map((part, i) => (i % 3 === 2 ? dataAt(new URL(part, base).href) : part));
  return (await Promise.all(read)).join("");
}

function dataAt(address) {
  if (!files.has(address)) files.set(address, readData(address).catch(() => "data:,"));
  return files.get(address);
}

async function readData(address) {
  const reader = new FileReader();
  const file = await (await fetch(address)).blob();
  return new Promise((done, failed) => {
    reader.onload = () => done(reader.result);
    reader.onerror = failed;
    reader.readAsDataURL(file);
  });
}

/** An SVG, as pixels. */
async function drawn(text) {
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  await image.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas;
}
