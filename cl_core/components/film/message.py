"""Messages of the film: what it shows, and for each run a file that the browser loads."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.components.envelope import pack
from cl_core.palette import CLASS_COLOURS, Palette

WORDS: Mapping[str, str] = {
    "play": "Play",
    "pause": "Pause",
    "replay": "Replay",
    "slider": "Margin",
    "ruler": "margin",
    "moment": "step {step}",
    "start": "Before training the digits lie close together and are mixed.",
    "middle": "Step {step} of {last}: the digits are separating.",
    "end": "After {last} steps with a margin of {value}, each digit forms its own group.",
    "failed": "The film could not be loaded. Reload the page to try again.",
}

BITS = 9  # of a coordinate in a file: on a picture of 500 pixels a step of one pixel


@dataclass(frozen=True, eq=False)
class Film:
    """Content of the film.

    Attributes:
        urls: file of each run (see `encode_run`), in the order of the slider. All show the same points.
        values: values of the slider, of the same number.
        chosen: index of the run that is shown first.
        class_names: names of the classes.
        alt: text alternative that names points and colours; what happens to them is added.
        bounds: part of the plane that is shown: low and high along each axis.
        palette: class colours.
        words: texts: `WORDS`, or all of them in another language.
    """

    urls: Sequence[str]
    values: Sequence[float]
    chosen: int
    class_names: Sequence[str]
    alt: str
    bounds: tuple[float, float, float, float]
    palette: Palette = CLASS_COLOURS
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)


def encode(film: Film, *, height: int) -> bytes:
    """Encode a film as a message for the browser.

    Args:
        film: what to show.
        height: height of the picture with its controls, in CSS pixels.

    Returns:
        The message, to be read by `envelope.unpack`.

    Raises:
        ValueError: when there is not one file for each value, or no run is chosen.
    """
    if len(film.urls) != len(film.values) or not 0 <= film.chosen < len(film.urls):
        raise ValueError("a film has a file for each value of its slider, one of them chosen")
    header = {
        "urls": list(film.urls),
        "values": list(film.values),
        "chosen": film.chosen,
        "class_names": list(film.class_names),
        "alt": film.alt,
        "bounds": list(film.bounds),
        "height": height,
        "palette": film.palette._asdict(),
        "words": dict(film.words),
    }
    return pack(header, {})


def encode_run(steps: Sequence[int], points: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]) -> bytes:
    """Encode a run as a compressed file for the browser.

    Args:
        steps: training step of each frame.
        points: (F, n, 2) finite coordinates.
        labels: (n,) class of each point, below 256.

    Returns:
        A gzip file of a message. Coordinates have `BITS` bits, of which each frame holds the change from the frame
        before, as numbers without sign (0, -1, 1, -2, ... are 0, 1, 2, 3, ...), the low bytes before the high ones:
        half the size of the coordinates themselves.
    """
    scale = float(np.abs(points).max(initial=0.0)) / (2 ** (BITS - 1) - 1) or 1.0
    codes = np.rint(points / scale).astype(np.int16)
    changes = codes - np.concatenate([np.zeros_like(codes[:1]), codes[:-1]])
    unsigned = ((changes << 1) ^ (changes >> 15)).astype("<u2")
    planes = unsigned.reshape(-1, 1).view(np.uint8).T
    header = {"steps": [int(step) for step in steps], "n": len(labels), "scale": scale}
    message = pack(header, {"changes": planes, "labels": labels.astype(np.uint8)})
    return gzip.compress(message, mtime=0)
