"""Message of the shares picture: a run's shares of easy, semi-hard and hard triplets and its loss, by step."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.components.envelope import pack
from cl_core.palette import EASY, HARD, KIND_SYMBOLS, SEMIHARD

WORDS: Mapping[str, str] = {
    "easy": "easy",
    "semihard": "semi-hard",
    "hard": "hard",
    "step": "step",
    "axis": "training step (early steps are stretched)",
    "loss": "loss",
    "collapse": "all points coincide",
    "floor": "lowest possible",
    "placeholder": "The shares appear with the first frame.",
    "slider": "Training step",
    "save": "Save as a picture",
    "value": "step {step}: hard {hard}, semi-hard {semihard}, easy {easy}",
    "keys": "Arrow keys move by one frame, Home and End go to the first and the last frame, space replays.",
}


@dataclass(frozen=True, eq=False)
class Shares:
    """Content of the shares picture.

    Attributes:
        stream: name of the run.
        steps: (F,) training step of each frame, ascending, not negative; may grow.
        shares: (F, 3) shares of easy, semi-hard and hard triplets; each row adds up to 1, or is 0 if there are none.
        losses: (F,) loss at each frame, NaN where it is unknown; the loss track is left out if all are NaN.
        collapse: loss when all embeddings coincide; NaN draws no line.
        floor: loss of perfectly separated classes; NaN draws no line.
        title: title of the picture.
        alt: text alternative of the picture.
        words: texts that replace those of `WORDS` key by key, for another language.
    """

    stream: str
    steps: NDArray[np.integer[Any]]
    shares: NDArray[np.floating[Any]]
    losses: NDArray[np.floating[Any]]
    collapse: float = np.nan
    floor: float = np.nan
    title: str = ""
    alt: str = ""
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)


def encode(scene: Shares, *, height: int = 560, group: str = "") -> bytes:
    """Encode the shares as a message for the browser.

    Args:
        scene: what to show.
        height: height of the picture in CSS pixels.
        group: name of the group of pictures that share the moment that is shown; "" for none.

    Returns:
        The message, to be read by `envelope.unpack`; equal arguments give equal bytes.

    Raises:
        ValueError: when the shapes of two arrays do not fit, steps do not ascend, or shares do not add up to 1.
    """
    _check(scene)
    header = {
        "stream": scene.stream,
        "collapse": float(scene.collapse) if np.isfinite(scene.collapse) else None,
        "floor": float(scene.floor) if np.isfinite(scene.floor) else None,
        "title": scene.title,
        "alt": scene.alt,
        "colours": {"easy": EASY, "semihard": SEMIHARD, "hard": HARD},
        "marks": dict(KIND_SYMBOLS),
        "height": height,
        "group": group,
        "words": {**WORDS, **scene.words},
    }
    buffers = {
        "steps": np.asarray(scene.steps, np.uint32),
        "shares": np.asarray(scene.shares, np.float32).ravel(),
        "losses": np.asarray(scene.losses, np.float32),
    }
    return pack(header, buffers)


def _check(scene: Shares) -> None:
    """Raise ValueError when the arrays do not fit each other."""
    n_frames = len(scene.steps)
    for name, shape in {"steps": (n_frames,), "shares": (n_frames, 3), "losses": (n_frames,)}.items():
        if np.shape(getattr(scene, name)) != shape:
            raise ValueError(f"{name} must be {shape}, not {np.shape(getattr(scene, name))}")
    if (np.diff(scene.steps) <= 0).any() or (np.asarray(scene.steps) < 0).any():
        raise ValueError("steps must ascend from 0")
    shares = np.asarray(scene.shares)
    total = shares.sum(axis=1)
    if (np.abs(total - (total > 0)) > 1e-6).any() or (shares < 0).any():
        raise ValueError("the shares of every frame must be 0 or more and add up to 1")
