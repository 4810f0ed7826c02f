/** The images as tiles: a digit's strokes in the colour of its class, on a sheet of their own. */

import { css, mix } from "../_shared/_old/theme.js";

const TINT = 0.4; // strokes are this much nearer to the text's colour than their class, to be read

export class Tiles {
  constructor() {
    this.source = null;
    this.grey = null; // the sheet as it came
    this.sheet = null; // the sheet in the classes' colours, with see-through ground
    this.painted = "";
  }

  /** Unpack a sheet of pictures, if it is another one; resolves when it can be drawn. */
  async load(sprite) {
    if (this.source && sameBytes(this.source, sprite)) return;
    this.source = sprite;
    this.grey = null;
    this.sheet = null;
    this.painted = "";
    if (!sprite.length) return;
    const grey = await createImageBitmap(new Blob([sprite], { type: "image/png" })).catch(() => null);
    if (this.source === sprite) this.grey = grey;
  }

  /** Colour the sheet for a theme. Light strokes on dark ground become coloured strokes on none. */
  paint(layout, labels, theme) {
    const wanted = `${theme.source} ${labels}`;
    if (!this.grey || this.painted === wanted) return;
    this.painted = wanted;
    this.layout = layout;
    const { width, height } = this.grey;
    const sheet = (this.sheet ??= document.createElement("canvas"));
    sheet.width = width;
    sheet.height = height;
    const context = sheet.getContext("2d", { willReadFrequently: true });
    context.drawImage(this.grey, 0, 0);
    const image = context.getImageData(0, 0, width, height);
    const inks = theme.classes.map((colour) => mix(colour, theme.text, TINT));
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const i = Math.floor(y / layout.h) * layout.columns + Math.floor(x / layout.w);
        const [red, green, blue] = inks[labels[i] % inks.length] ?? theme.text;
        const p = 4 * (y * width + x);
        image.data[p + 3] = image.data[p];
        image.data[p] = red;
        image.data[p + 1] = green;
        image.data[p + 2] = blue;
      }
    }
    context.putImageData(image, 0, 0);
  }

  /** Draw one image, centred. `name` stands in for a picture that is not there. */
  draw(context, index, label, x, y, size, theme, { name = "", frame = 1.25 } = {}) {
    const colour = theme.classes[label % theme.classes.length];
    const half = size / 2;
    context.beginPath();
    context.roundRect(x - half, y - half, size, size, size * 0.2);
    context.fillStyle = css(mix(theme.paper, colour, 0.1));
    context.fill();
    if (this.sheet) {
      const { columns, w, h } = this.layout;
      const inner = size - 2;
      const left = (index % columns) * w;
      const top = Math.floor(index / columns) * h;
      context.imageSmoothingQuality = "high";
      context.drawImage(this.sheet, left, top, w, h, x - inner / 2, y - inner / 2, inner, inner);
    } else if (!this.source?.length) {
      context.fillStyle = css(mix(colour, theme.text, TINT));
      context.font = `700 ${Math.round(size * 0.55)}px ${theme.font}`;
      context.textAlign = "center";
      context.textBaseline = "middle";
      context.fillText(name.slice(0, 2), x, y + 1);
    }
    context.lineWidth = frame;
    context.strokeStyle = css(colour);
    context.stroke();
  }

  /** A class weight: a diamond in its colour, with its name on it where that is short. */
  drawPrototype(context, label, x, y, size, theme, { name = "", frame = 2, rim = theme.paper } = {}) {
    const colour = theme.classes[label % theme.classes.length];
    const half = size / 2;
    context.beginPath();
    context.moveTo(x, y - half);
    context.lineTo(x + half, y);
    context.lineTo(x, y + half);
    context.lineTo(x - half, y);
    context.closePath();
    context.fillStyle = css(colour);
    context.fill();
    context.lineWidth = frame;
    context.strokeStyle = css(rim);
    context.stroke();
    if (!isShort(name)) return;
    const [red, green, blue] = colour;
    context.font = `800 ${Math.max(Math.round(size * 0.45), 13)}px ${theme.font}`;
    context.textAlign = "center";
    context.textBaseline = "middle";
    context.fillStyle = 0.3 * red + 0.6 * green + 0.1 * blue > 140 ? "#111" : "#fff";
    context.fillText(name, x, y + 1);
  }
}

/** Whether a class name can be written on a tile. */
export function isShort(name) {
  return name.length <= 2;
}
