"""The embedding of the probe images as a cloud of points that moves while a network learns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cl_core.components.envelope import pack, quantise
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
    "keys": "Plus and minus zoom, arrows move, 0 resets, n and p go through the points, space replays.",
}


@dataclass(frozen=True, eq=False)
class Cloud:
    """Everything the picture shows.

    Attributes:
        stream: names the run and the view; with a new name the picture begins again, so a run that starts over, or is
            seen from other axes, needs a new one. Within a stream, frames are only ever added.
        points: the frames, each (n, dims) with dims 2 or 3; what is not finite is not drawn.
        steps: the training step of each frame.
        labels: (n,) the class of each point, below 256.
        class_names: what they are called.
        title: what is seen, in words: "PCA view of 2,000 test images".
        axes: what the axes are called.
        shares: for each frame the share of variance along each axis, 0 to 1, or None.
        rows: (n,) the row of each point in its data set; without it they are counted from 0.
        sprite: a PNG with a small picture of every point, in rows of `sprite_columns`, each `sprite_size` (width,
            height) pixels.
        alt: the newest frame in words, for those who do not see it.
        placeholder: shown while there is no frame yet.
        unit_circle: draw the circle (the sphere's great circles) of radius 1 and keep it in view.
        timeline: show the controls of time.
        palette: the class colours.
        words: the words on the controls, to be replaced for another language.
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
    palette: Palette = CLASS_COLOURS
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)


@dataclass(frozen=True)
class EmbeddingState:
    """What the viewer has chosen: the number of the frame they look at, None while they follow the newest."""

    frame: int | None


class SentFrames(NamedTuple):
    """The frames of a stream that the last message held: `first` and up to, not including, `end`."""

    stream: str
    first: int
    end: int


OVERLAP = 2  # frames sent again with the next ones: a browser that is busy may skip a message
REPEATED = 8  # a message of no more frames is repeated as it is while nothing is new


def frames_to_send(total: int, stream: str, sent: SentFrames | None, need: int | None) -> SentFrames:
    """Which of `total` frames the next message holds, after what was sent and what the browser says it needs.

    While nothing is new the answer stays the same, so that equal messages can be recognised. What is sent with
    a gap before it is asked for again by the browser, so a wrong guess costs time and nothing else.
    """
    if sent is None or sent.stream != stream:
        return SentFrames(stream, 0, total)
    if need is not None:
        return SentFrames(stream, min(need, total), total)
    if sent.end == total and total - sent.first <= REPEATED:
        return sent
    return SentFrames(stream, max(min(sent.end, total) - OVERLAP, 0), total)


def encode(
    cloud: Cloud, first: int, end: int, *, height: int = 560, frame: int | None = None, group: str = ""
) -> bytes:
    """The frames `first` up to `end` of a cloud for the browser, with what never changes if `first` is 0.

    `frame` is the one that the viewer is known to look at, for a picture that is mounted again.
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
        "sprite": None
        if cloud.sprite is None
        else {"columns": cloud.sprite_columns, "w": cloud.sprite_size[0], "h": cloud.sprite_size[1]},
        "words": dict(cloud.words),
    }
    shape = (len(cloud.labels), dims)
    if any(whole.shape != shape for whole, _ in frames):
        raise ValueError(f"every frame must be {shape}: as many points as labels, as many columns as axes")
    buffers: dict[str, NDArray[Any] | bytes] = {
        "frames": np.concatenate([whole.ravel() for whole, _ in frames]) if frames else np.zeros(0, np.int16)
    }
    if first == 0:
        buffers["labels"] = cloud.labels.astype(np.uint8)
        if cloud.rows is not None:
            buffers["rows"] = cloud.rows.astype(np.uint32)
        if cloud.sprite is not None:
            buffers["sprite"] = cloud.sprite
    return pack(header, buffers)


def decode(told: Any, cloud: Cloud) -> int | None:
    """The frame that the browser told, unless it belongs to another stream."""
    match told:
        case {"stream": cloud.stream, "frame": int(frame)} if 0 <= frame < len(cloud.points):
            return frame
    return None


def _rounded(share: Sequence[float] | None) -> list[float] | None:
    return None if share is None else [round(float(s), 4) for s in share]
