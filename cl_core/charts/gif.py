"""A run as an animated GIF: one frame after the other, with the points moving smoothly from each frame to the next.

It is made in pieces, each about a second of a worker's time, so that no client of the workers waits for a whole GIF:
`draw_images` draws some of the images, `join_images` joins them.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from math import ceil
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cl_core.data import datasets
from cl_core.palette import CLASS_COLOURS, CLASS_RINGS
from cl_core.training.frames import RunProgress

WIDTH, HEIGHT = 640, 720  # pixels
HEAD, MARGIN, LINE = 64, 24, 26  # pixels: height of the header, space around the points, line of the legend
MAX_LEGEND_LINES = 5  # if the classes need more, there is no legend
ZOOM = 2  # images are drawn so many times larger and then reduced
MAX_IMAGES = 150
MAX_POINTS = 2000  # the first of the probe images, an equal number of each class
IMAGES_PER_FRAME = 3  # images from one frame to the next, if `MAX_IMAGES` allows
PAUSE, END = 50, 2000  # milliseconds that an image is shown, and the last one
THEME_COLOURS = {
    False: ("#ffffff", "#1b2130"),
    True: ("#11141b", "#e9ecf4"),
}  # background and text colour, light and dark
RING_SHARE = 0.3  # of a point's radius: width of its ring, which is at most 1 pixel
SHADES = 5  # between the background and each colour, for smooth edges


class ClassColours(NamedTuple):
    """Colours of a class's points: a disc with a ring around it."""

    disc: str
    ring: str


@dataclass(frozen=True, eq=False)
class GifScene:
    """The content of a GIF.

    Attributes:
        title: what is shown, as text in the header.
        points: (F, n, 2) float32, coordinates at each frame.
        labels: (n,) int64.
        class_names: names of the classes.
        steps: step of each frame.
        scores: kNN accuracy at each frame, 0 to 1.
        dark: whether the background is dark.
    """

    title: str
    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    steps: tuple[int, ...]
    scores: tuple[float, ...]
    dark: bool = False


def make_scene(progress: RunProgress, n: int, title: str, *, dark: bool = False) -> GifScene:
    """Return the scene of a run; a long run is thinned to `MAX_IMAGES` frames.

    Args:
        progress: the run.
        n: number of its probe images; at most `MAX_POINTS` are drawn.
        title: text in the header.
        dark: whether the background is dark.

    Returns:
        The scene.

    Raises:
        ValueError: when the run has no frame yet.
    """
    if not progress.frames:
        raise ValueError("a run can be filmed from its first frame on")
    total, data = len(progress.frames), datasets.load(progress.spec.dataset)
    chosen = [progress.frames[i] for i in _evenly_spread(total, MAX_IMAGES)]
    shown = min(n, MAX_POINTS)
    return GifScene(
        title=title,
        points=np.stack([frame.points[2][:shown] for frame in chosen]),
        labels=data.y_test[datasets.probe_indices(data, shown)],
        class_names=data.class_names,
        steps=tuple(frame.step for frame in chosen),
        scores=tuple(frame.metrics.knn for frame in chosen),
        dark=dark,
    )


def frame_times(frames: int) -> list[float]:
    """Return the times that are drawn, counted in frames.

    Args:
        frames: number of frames of the scene.

    Returns:
        Every frame, and `IMAGES_PER_FRAME` - 1 times on the way to the next one as far as `MAX_IMAGES` allows.
    """
    glide = max(1, min(IMAGES_PER_FRAME, (MAX_IMAGES - 1) // max(frames - 1, 1)))
    times: list[float] = np.linspace(0, frames - 1, (frames - 1) * glide + 1).tolist()
    return times


def draw_images(scene: GifScene, times: Sequence[float]) -> list[bytes]:
    """Draw the images of a scene at some times.

    Args:
        scene: the scene.
        times: some of the times from `frame_times`.

    Returns:
        A PNG for each time, in the palette of the whole GIF.
    """
    palette = _palette(scene)
    return [_png(_draw(scene, moment).quantize(palette=palette, dither=Image.Dither.NONE)) for moment in times]


def join_images(images: Sequence[bytes]) -> bytes:
    """Join images into a GIF that repeats.

    Args:
        images: PNGs from `draw_images`, in order.

    Returns:
        The GIF.

    Raises:
        ValueError: when there are no images.
    """
    if not images:
        raise ValueError("a movie has a picture or more")
    first, *rest = (Image.open(io.BytesIO(image)) for image in images)
    durations = [PAUSE] * len(rest) + [END]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=rest, duration=durations, loop=0, optimize=False, disposal=1)
    return file.getvalue()


def _evenly_spread(total: int, count: int) -> list[int]:
    """Return at most `count` numbers below `total`, evenly spread from the first to the last."""
    return sorted(set(np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist()))


def _colours(scene: GifScene) -> tuple[str, str, list[ClassColours]]:
    """Return background, text colour, and the colours of each class."""
    colours, rings = (each.dark if scene.dark else each.light for each in (CLASS_COLOURS, CLASS_RINGS))
    classes = [ClassColours(colours[c % len(colours)], rings[c % len(rings)]) for c in range(len(scene.class_names))]
    return (*THEME_COLOURS[scene.dark], classes)


def _palette(scene: GifScene) -> Image.Image:
    """Return one palette for all images: each colour with its shades towards the background."""
    paper, ink, classes = _colours(scene)
    rgb = np.array([_rgb(colour) for colour in dict.fromkeys((ink, *chain(*classes)))])
    shares = np.linspace(1 / SHADES, 1, SHADES)[:, None, None]
    shades = np.array(_rgb(paper)) * (1 - shares) + rgb * shares
    table = np.vstack([_rgb(paper), shades.reshape(-1, 3)]).round().astype(np.uint8)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.vstack([table, np.repeat(table[:1], 256 - len(table), axis=0)]).tobytes())
    return palette


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _draw(scene: GifScene, moment: float) -> Image.Image:
    paper, ink, classes = _colours(scene)
    image = Image.new("RGB", (ZOOM * WIDTH, ZOOM * HEIGHT), paper)
    pen = ImageDraw.Draw(image)
    foot = _draw_legend(pen, scene, ink, classes)
    _draw_points(pen, scene, moment, classes, foot)
    frame = int(moment)
    pen.text((ZOOM * MARGIN, ZOOM * 12), scene.title, ink, _font(17))
    texts = f"step {scene.steps[frame]:,}", f"kNN {scene.scores[frame]:.1%}"
    pen.text((ZOOM * MARGIN, ZOOM * 36), texts[0], ink, _font(20))
    pen.text((ZOOM * (WIDTH - MARGIN), ZOOM * 36), texts[1], ink, _font(20), anchor="ra")
    return image.reduce(ZOOM)


def _draw_points(
    pen: ImageDraw.ImageDraw, scene: GifScene, moment: float, classes: Sequence[ClassColours], foot: float
) -> None:
    """Draw the points at a time between two frames, at the scale at which all frames fit."""
    frame = int(moment)
    now, following = scene.points[frame], scene.points[min(frame + 1, len(scene.points) - 1)]
    low, high = scene.points.min(axis=(0, 1)), scene.points.max(axis=(0, 1))
    available = np.array([WIDTH - 2 * MARGIN, foot - HEAD - 2 * MARGIN])
    scale = float((available / np.maximum(high - low, 1e-12)).min())
    middle = np.array([WIDTH / 2, (HEAD + foot) / 2])
    positions = (now + (following - now) * (moment - frame) - (low + high) / 2) * scale * (1, -1) + middle
    radius = ZOOM * float(np.clip(2.6 * (2000 / len(positions)) ** 0.36, 1.8, 6.0))
    for (x, y), label in zip((ZOOM * positions).tolist(), scene.labels.tolist(), strict=True):
        _draw_disc(pen, x, y, radius, classes[label])


def _draw_disc(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, colours: ClassColours) -> None:
    # ring and disc as two ellipses: an outline of ImageDraw has rough edges
    inner = radius - min(RING_SHARE * radius, ZOOM)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), colours.ring)
    pen.ellipse((x - inner, y - inner, x + inner, y + inner), colours.disc)


def _draw_legend(pen: ImageDraw.ImageDraw, scene: GifScene, ink: str, classes: Sequence[ClassColours]) -> float:
    """Draw the names of the classes at the foot in rows; return where the room for points ends, from the top."""
    font = _font(15)
    widest = max(pen.textlength(name, font) / ZOOM for name in scene.class_names) + 34
    columns = int(max(1, min(len(classes), (WIDTH - 2 * MARGIN) // widest)))
    rows = ceil(len(classes) / columns)
    if rows > MAX_LEGEND_LINES:
        return HEIGHT - MARGIN
    columns = ceil(len(classes) / rows)
    top, column_width = HEIGHT - 14 - rows * LINE, (WIDTH - 2 * MARGIN) / columns
    for c, name in enumerate(scene.class_names):
        row, column = divmod(c, columns)
        x, y = ZOOM * (MARGIN + column * column_width + 6), ZOOM * (top + row * LINE + LINE / 2)
        _draw_disc(pen, x, y, 6 * ZOOM, classes[c])
        pen.text((x + 12 * ZOOM, y), name, ink, font, anchor="lm")
    return top


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(ZOOM * size)
