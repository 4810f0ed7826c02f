"""A run's picture as a GIF: its frames one after the other, points gliding from each to the next.

Made in pieces, each a second's work of a worker or so, since nobody should wait for a whole one: `images` draws so many
of them, `joined` puts them one after the other.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from cl_core.data import datasets
from cl_core.palette import CLASS_COLOURS
from cl_core.training.frames import RunProgress

WIDTH, HEIGHT = 640, 720  # pixels
HEAD, MARGIN, LINE = 64, 24, 26  # pixels of the head with its words, around the points, of a line of the legend
MOST_LINES = 5  # of the legend; of more classes there is none
FINE = 2  # times finer than it is kept, a picture is drawn
MOST_IMAGES = 150
MOST_POINTS = 2000  # the first of the probe images, as many of each class
GLIDE = 3  # images from one frame to the next, where there is room for them
PAUSE, END = 50, 2000  # milliseconds that an image stays, and the last one
PAPERS = {False: ("#ffffff", "#1b2130"), True: ("#11141b", "#e9ecf4")}  # paper and ink, light and dark
SHADES = 5  # between the paper and each colour, for smooth edges


@dataclass(frozen=True, eq=False)
class GifScene:
    """What a movie shows.

    Attributes:
        title: what is seen, in words.
        points: (F, n, 2) float32, coordinates at each frame.
        labels: (n,) int64.
        class_names: what the classes are called.
        steps: of the frames.
        scores: kNN accuracy at each frame, 0 to 1.
        dark: light on dark, or dark on light.
    """

    title: str
    points: NDArray[np.float32]
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    steps: tuple[int, ...]
    scores: tuple[float, ...]
    dark: bool = False


def make_scene(look: RunProgress, n: int, title: str, *, dark: bool = False) -> GifScene:
    """The scene of a run that is looked at through `n` probe images; of a long one not every frame.

    Raises ValueError for a run that has no frame yet.
    """
    if not look.frames:
        raise ValueError("a run can be filmed from its first frame on")
    total, data = len(look.frames), datasets.load(look.spec.dataset)
    chosen = [look.frames[i] for i in _spread(total, MOST_IMAGES)]
    shown = min(n, MOST_POINTS)
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
    """The moments that are drawn, counted in frames: each frame, and `GLIDE` - 1 on the way to the next if they fit."""
    glide = max(1, min(GLIDE, (MOST_IMAGES - 1) // max(frames - 1, 1)))
    times: list[float] = np.linspace(0, frames - 1, (frames - 1) * glide + 1).tolist()
    return times


def draw_images(scene: GifScene, when: Sequence[float]) -> list[bytes]:
    """The pictures of a scene at some of its `moments`, each a PNG of the movie's colours."""
    palette = _palette(scene)
    return [_png(_drawn(scene, moment).quantize(palette=palette, dither=Image.Dither.NONE)) for moment in when]


def join_images(pictures: Sequence[bytes]) -> bytes:
    """The GIF of pictures one after the other; it starts over after its end.

    Raises ValueError where there are none.
    """
    if not pictures:
        raise ValueError("a movie has a picture or more")
    first, *rest = (Image.open(io.BytesIO(picture)) for picture in pictures)
    stay = [PAUSE] * len(rest) + [END]
    file = io.BytesIO()
    first.save(file, "GIF", save_all=True, append_images=rest, duration=stay, loop=0, optimize=False, disposal=1)
    return file.getvalue()


def _spread(total: int, most: int) -> list[int]:
    """At most so many numbers below `total`, evenly from the first to the last."""
    return sorted(set(np.linspace(0, total - 1, min(most, total)).round().astype(int).tolist()))


def _colours(scene: GifScene) -> tuple[str, str, list[str]]:
    """Paper, ink, and a colour for each class."""
    given = CLASS_COLOURS.dark if scene.dark else CLASS_COLOURS.light
    return (*PAPERS[scene.dark], [given[c % len(given)] for c in range(len(scene.class_names))])


def _palette(scene: GifScene) -> Image.Image:
    """The movie's colours, one list for all of its pictures: each with its shades towards the paper."""
    paper, ink, classes = _colours(scene)
    rgb = np.array([_rgb(colour) for colour in dict.fromkeys((ink, *classes))])
    shares = np.linspace(1 / SHADES, 1, SHADES)[:, None, None]
    shades = np.array(_rgb(paper)) * (1 - shares) + rgb * shares
    table = np.vstack([_rgb(paper), shades.reshape(-1, 3)]).round().astype(np.uint8)
    palette = Image.new("P", (1, 1))
    palette.putpalette(np.vstack([table, np.repeat(table[:1], 256 - len(table), axis=0)]).tobytes())
    return palette


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return file.getvalue()


def _drawn(scene: GifScene, moment: float) -> Image.Image:
    paper, ink, classes = _colours(scene)
    picture = Image.new("RGB", (FINE * WIDTH, FINE * HEIGHT), paper)
    pen = ImageDraw.Draw(picture)
    foot = _legend(pen, scene, ink, classes)
    _points(pen, scene, moment, classes, foot)
    frame = int(moment)
    pen.text((FINE * MARGIN, FINE * 12), scene.title, ink, _font(17))
    words = f"step {scene.steps[frame]:,}", f"kNN {scene.scores[frame]:.1%}"
    pen.text((FINE * MARGIN, FINE * 36), words[0], ink, _font(20))
    pen.text((FINE * (WIDTH - MARGIN), FINE * 36), words[1], ink, _font(20), anchor="ra")
    return picture.reduce(FINE)


def _points(pen: ImageDraw.ImageDraw, scene: GifScene, moment: float, classes: Sequence[str], foot: float) -> None:
    """The points between two frames, at the scale that shows all frames whole."""
    frame = int(moment)
    now, later = scene.points[frame], scene.points[min(frame + 1, len(scene.points) - 1)]
    low, high = scene.points.min(axis=(0, 1)), scene.points.max(axis=(0, 1))
    room = np.array([WIDTH - 2 * MARGIN, foot - HEAD - 2 * MARGIN])
    scale = float((room / np.maximum(high - low, 1e-12)).min())
    middle = np.array([WIDTH / 2, (HEAD + foot) / 2])
    at = (now + (later - now) * (moment - frame) - (low + high) / 2) * scale * (1, -1) + middle
    radius = FINE * float(np.clip(2.6 * (2000 / len(at)) ** 0.36, 1.8, 6.0))
    for (x, y), label in zip((FINE * at).tolist(), scene.labels.tolist(), strict=True):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), classes[label])


def _legend(pen: ImageDraw.ImageDraw, scene: GifScene, ink: str, classes: Sequence[str]) -> float:
    """The classes by name at the foot, in rows of as many as fit; where the points' room ends, from the top."""
    font = _font(15)
    widest = max(pen.textlength(name, font) / FINE for name in scene.class_names) + 34
    columns = int(max(1, min(len(classes), (WIDTH - 2 * MARGIN) // widest)))
    rows = ceil(len(classes) / columns)
    if rows > MOST_LINES:
        return HEIGHT - MARGIN
    columns = ceil(len(classes) / rows)
    top, wide = HEIGHT - 14 - rows * LINE, (WIDTH - 2 * MARGIN) / columns
    for c, name in enumerate(scene.class_names):
        row, column = divmod(c, columns)
        x, y = FINE * (MARGIN + column * wide + 6), FINE * (top + row * LINE + LINE / 2)
        pen.ellipse((x - 6 * FINE, y - 6 * FINE, x + 6 * FINE, y + 6 * FINE), classes[c])
        pen.text((x + 12 * FINE, y), name, ink, font, anchor="lm")
    return top


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FINE * size)
