/** The page's colours, typeface and size of type around the picture, as numbers that pixels can be made of. */

/**
 * @typedef {object} Theme
 * @property {string} source  what it was read from; an equal source is an equal theme
 * @property {boolean} dark
 * @property {string} font
 * @property {number} scale  how much larger its type is than is usual
 * @property {number[]} paper  [red, green, blue]
 * @property {number[]} text
 * @property {number[][]} classes  one colour a class
 */

export const NO_CLASSES = { light: [], dark: [] }; // the palette of a picture that has no colours of its own

const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });

/**
 * @param {Element} root
 * @param {{light: string[], dark: string[]}} palette
 * @param {Theme | null} known
 * @returns {Theme} `known` itself where nothing has changed
 */
export function readTheme(root, palette, known) {
  const style = getComputedStyle(root);
  const paper = style.getPropertyValue("--st-background-color").trim();
  const text = style.getPropertyValue("--st-text-color").trim();
  const font = style.getPropertyValue("--st-font").trim() || "sans-serif";
  const scale = typeScale();
  const source = JSON.stringify([paper, text, font, scale, palette]);
  if (known?.source === source) return known;
  const paperColour = colourOf(paper, [255, 255, 255]);
  const dark = luminance(paperColour) < 128;
  return {
    source,
    dark,
    font,
    scale,
    paper: paperColour,
    text: colourOf(text, dark ? [250, 250, 250] : [40, 40, 50]),
    classes: (dark ? palette.dark : palette.light).map((hex) => colourOf(hex, [128, 128, 128])),
  };
}

/** How much larger the page's type is than is usual: what is drawn grows with it. */
export function typeScale() {
  return Number.parseFloat(getComputedStyle(document.documentElement).fontSize) / 16 || 1;
}

/** Between two colours: 0 is the first, 1 the second. */
export function mix(a, b, share) {
  return a.map((value, i) => Math.round(value * (1 - share) + b[i] * share));
}

/** A colour as CSS has it. */
export function css([red, green, blue]) {
  return `rgb(${red}, ${green}, ${blue})`;
}

/** A colour as a pixel has it: 0xAABBGGRR. */
export function pixel([red, green, blue]) {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/** Any colour that CSS knows; `otherwise` where it is not one, or see-through. */
function colourOf(name, otherwise) {
  if (!CSS.supports("color", name)) return otherwise;
  probe.clearRect(0, 0, 1, 1);
  probe.fillStyle = name;
  probe.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = probe.getImageData(0, 0, 1, 1).data;
  return alpha === 255 ? [red, green, blue] : otherwise;
}

function luminance([red, green, blue]) {
  return 0.3 * red + 0.6 * green + 0.1 * blue;
}
