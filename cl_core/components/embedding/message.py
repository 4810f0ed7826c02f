"""Message of the embedding picture: a cloud of points with its frames, of which only new ones are sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, sqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.class_regions import COLUMNS
from cl_core.components.envelope import pack, quantise
from cl_core.data import datasets
from cl_core.data.datasets import Dataset
from cl_core.palette import CLASS_COLOURS, Palette

WORDS: Mapping[str, str] = {
    "readout": "step {step} · frame {frame} of {frames}",
    "place": "{title}, step {step}",
    "row": "test image {row}",
    "legend": "Classes: press to show one alone",
    "tools": "View",
    "time": "Time",
    "scrubber": "Frame",
    "zoomIn": "Zoom in (+)",
    "zoomOut": "Zoom out (−)",
    "reset": "Whole picture (0)",
    "labels": "Class names",
    "save": "Save as a picture",
    "first": "First frame",
    "back": "One frame back",
    "play": "Replay (space)",
    "forward": "One frame forward",
    "live": "Live",
    "ray": "class weight",
    "region": "region of a class",
    "wedge": "margin met",
    "right": "in own region {right}",
    "met": "margin met {met}",
    "regions": "Rays are the class weights, tinted areas the regions of the classes: {right} of the points are in the "
    "region of their own class. Neighbouring class weights are {least} to {most} degrees apart.",
    "wedges": "In the stronger tint, around the rays, the margin is met: {met} of the points are there.",
    "keys": "Plus and minus zoom, arrow keys move the view, 0 shows the whole picture. "
    "The keys n and p go through the points, space replays.",
}


@dataclass(frozen=True, eq=False)
class Cloud:
    """Content of the embedding picture.

    Attributes:
        stream: name of the run and the view. The picture restarts with a new name, so a run that is restarted or is
            projected on other axes needs a new one. Within a stream, frames are only ever appended.
        points: frames, each (n, dims) with dims 2 or 3; points that are not finite are not drawn.
        steps: training step of each frame.
        labels: (n,) class of each point, below 256.
        class_names: names of the classes.
        title: title of the picture, such as "PCA view of 2,000 test images".
        axes: names of the axes; their number is dims.
        shares: for each frame the share of variance along each axis, 0 to 1, or None.
        rows: (n,) row of each point in its data set; None counts them from 0.
        sprite: PNG with a small image of every point, in rows of `sprite_columns`; None for none.
        sprite_columns: images in a row of the sprite.
        sprite_size: (width, height) of an image in the sprite, in pixels.
        alt: text alternative of the newest frame.
        placeholder: text that is shown while there is no frame yet.
        unit_circle: whether to draw the circle of radius 1 (in three dimensions the sphere's great circles) and keep it
            in view.
        timeline: whether to show the time slider and the replay buttons.
        legend: whether to show the legend of the classes.
        density: whether to show the density of each class in the place of its points, in two dimensions.
        regions: for each frame the (C, 5) regions of the class weights (see `class_regions`), or None; None for none.
        margin: whether the loss of these regions has a margin.
        show_regions: whether to draw them.
        counts: whether to say how many points are in them.
        palette: class colours.
        words: texts on the controls: `WORDS`, or all of them in another language.
    """

    stream: str
    points: Sequence[NDArray[np.floating[Any]]]
    steps: Sequence[int]
    labels: NDArray[np.integer[Any]]
    class_names: Sequence[str]
    title: str
    axes: Sequence[str] = ("PC 1", "PC 2")
    shares: Sequence[Sequence[float] | None] | None = None
    rows: NDArray[np.integer[Any]] | None = None
    sprite: bytes | None = None
    sprite_columns: int = 50
    sprite_size: tuple[int, int] = (28, 28)
    alt: str = ""
    placeholder: str = ""
    unit_circle: bool = False
    timeline: bool = True
    legend: bool = True
    density: bool = False
    regions: Sequence[NDArray[np.float32] | None] | None = None
    margin: bool = False
    show_regions: bool = True
    counts: bool = True
    palette: Palette = CLASS_COLOURS
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)


def cloud_of_probes(dataset: str, n: int) -> Cloud:
    """Return the cloud of the probe images of a data set before its first frame: labels, names and small images.

    Args:
        dataset: key of the data set.
        n: number of probe images.

    Returns:
        The cloud, without a title; it is cached and shared.
    """
    return _cloud_of_probes(datasets.load(dataset), n)


@lru_cache(maxsize=8)
def _cloud_of_probes(data: Dataset, n: int) -> Cloud:
    rows = datasets.probe_indices(data, n)
    return Cloud(
        stream="",
        points=[],
        steps=[],
        labels=data.y_test[rows],
        class_names=data.class_names,
        title="",
        rows=rows,
        sprite=datasets.sprite_sheet(data, rows) or None,
        sprite_columns=ceil(sqrt(len(rows))),
        sprite_size=(data.shape[1], data.shape[0]) if data.is_image else (1, 1),
    )


@dataclass(frozen=True)
class EmbeddingState:
    """The viewer's choice.

    Attributes:
        frame: number of the frame that is shown; None while the picture follows the newest one.
    """

    frame: int | None


class SentFrames(NamedTuple):
    """The range of frames that a message holds.

    Attributes:
        stream: name of the stream.
        first: number of the first frame.
        end: number after that of the last frame.
    """

    stream: str
    first: int
    end: int


OVERLAP = 2  # frames that are sent again with the next message, because a busy browser may skip one
MAX_REPEATED = 8  # a message of up to this many frames is repeated unchanged while there is no new frame


def frames_to_send(total: int, stream: str, sent: SentFrames | None, need: int | None) -> SentFrames:
    """Choose the frames of the next message.

    While there is no new frame the answer stays the same, so that equal messages can be recognised. The browser
    requests frames that are missing, so a wrong guess only costs time.

    Args:
        total: number of frames so far.
        stream: name of the current stream.
        sent: frames of the previous message; None if there was none.
        need: first frame that the browser reports as missing; None if none is.

    Returns:
        The frames to send: all for a new stream, else from the first missing one on, or the new ones and `OVERLAP`
        before them.
    """
    if sent is None or sent.stream != stream:
        return SentFrames(stream, 0, total)
    if need is not None:
        return SentFrames(stream, min(need, total), total)
    if sent.end == total and total - sent.first <= MAX_REPEATED:
        return sent
    return SentFrames(stream, max(min(sent.end, total) - OVERLAP, 0), total)


def encode(
    cloud: Cloud, first: int, end: int, *, height: int = 560, frame: int | None = None, group: str = ""
) -> bytes:
    """Encode some frames of a cloud as a message for the browser.

    Args:
        cloud: what to show.
        first: number of the first frame to send. With 0, the message also holds labels, rows and sprite, which stay the
            same within a stream.
        end: number after that of the last frame to send.
        height: height of the picture with its controls, in CSS pixels.
        frame: frame that the viewer looks at, to be restored when the picture is mounted again; None for the newest.
        group: name of the group of pictures that share the moment that is shown; "" for none.

    Returns:
        The message, to be read by `envelope.unpack`; equal arguments give equal bytes. Coordinates are quantised to 16
        bits, with one scale a frame.

    Raises:
        ValueError: when a frame does not have as many points as labels and as many columns as axes.
    """
    dims = len(cloud.axes)
    frames = [quantise(points) for points in cloud.points[first:end]]
    header = {
        "stream": cloud.stream,
        "first": first,
        "total": end,
        "steps": [int(step) for step in cloud.steps[first:end]],
        "shares": None if cloud.shares is None else [_rounded(share) for share in cloud.shares[first:end]],
        "scales": [scale for _, scale in frames],
        "axes": list(cloud.axes),
        "dims": dims,
        "n": len(cloud.labels),
        "class_names": list(cloud.class_names),
        "title": cloud.title,
        "palette": cloud.palette._asdict(),
        "height": height,
        "frame": None if frame is None else {"stream": cloud.stream, "frame": frame},
        "group": group,
        "placeholder": cloud.placeholder,
        "alt": cloud.alt,
        "unit_circle": cloud.unit_circle,
        "timeline": cloud.timeline,
        "legend": cloud.legend,
        "density": cloud.density,
        "margin": cloud.margin,
        "show_regions": cloud.show_regions,
        "counts": cloud.counts,
        "sprite": None
        if cloud.sprite is None
        else {"columns": cloud.sprite_columns, "w": cloud.sprite_size[0], "h": cloud.sprite_size[1]},
        "words": dict(cloud.words),
    }
    shape = (len(cloud.labels), dims)
    if any(codes.shape != shape for codes, _ in frames):
        raise ValueError(f"every frame must be {shape}: as many points as labels, as many columns as axes")
    buffers: dict[str, NDArray[Any] | bytes] = {
        "frames": np.concatenate([codes.ravel() for codes, _ in frames]) if frames else np.zeros(0, np.int16)
    }
    if cloud.regions is not None:
        unknown = np.full((len(cloud.class_names), COLUMNS), np.nan, np.float32)
        regions = [unknown if each is None else each for each in cloud.regions[first:end]]
        buffers["regions"] = np.concatenate([each.ravel() for each in regions]) if regions else np.zeros(0, np.float32)
    if first == 0:
        buffers["labels"] = cloud.labels.astype(np.uint8)
        if cloud.rows is not None:
            buffers["rows"] = cloud.rows.astype(np.uint32)
        if cloud.sprite is not None:
            buffers["sprite"] = cloud.sprite
    return pack(header, buffers)


def decode(reported: Any, cloud: Cloud) -> int | None:
    """Return the frame that the browser reported.

    Args:
        reported: untrusted value: a mapping with the "stream" and the number of the "frame" that is looked at.
        cloud: the cloud on the page.

    Returns:
        The frame's number; None for the newest, or if the value is malformed or comes from another stream.
    """
    match reported:
        case {"stream": cloud.stream, "frame": int(frame)} if 0 <= frame < len(cloud.points):
            return frame
    return None


def _rounded(share: Sequence[float] | None) -> list[float] | None:
    return None if share is None else [round(float(s), 4) for s in share]
