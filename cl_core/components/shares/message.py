"""How easy, semi-hard and hard triplets share a run's triplets, frame by frame, with a cursor that one can drag."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.components.envelope import pack
from cl_core.palette import EASY, HARD, MARKS, SEMIHARD

WORDS: Mapping[str, str] = {
    "easy": "easy",
    "semihard": "semi-hard",
    "hard": "hard",
    "step": "step",
    "axis": "training step (early ones drawn wider)",
    "loss": "loss",
    "collapse": "total collapse",
    "floor": "floor",
    "placeholder": "The shares appear with the first frame.",
    "slider": "Training step",
    "save": "Save as a picture",
    "value": "step {step}: hard {hard}, semi-hard {semihard}, easy {easy}",
    "keys": "Arrows go from frame to frame, Home and End to the first and the last, space replays.",
}


@dataclass(frozen=True, eq=False)
class Shares:
    """Everything the picture shows.

    Attributes:
        stream: names the run.
        steps: (F,) the training step of each frame, ascending from 0; may grow.
        shares: (F, 3) shares of easy, semi-hard and hard triplets; each row adds up to 1, or is 0 where there are none.
        losses: (F,) the loss at each frame, NaN where it is not known; all NaN: no track of losses.
        collapse, floor: the loss when all embeddings are one point, and when the classes are perfect; NaN: no line.
        title: what is seen, in words.
        alt: the run in words, for those who do not see it.
        words: the words on the picture, to be replaced one by one.
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
    """A picture for the browser; equal pictures give equal bytes.

    Raises ValueError, in words, for arrays that do not go together, steps that do not ascend and shares that do not
    add up to 1.
    """
    _check(scene)
    header = {
        "stream": scene.stream,
        "collapse": float(scene.collapse) if np.isfinite(scene.collapse) else None,
        "floor": float(scene.floor) if np.isfinite(scene.floor) else None,
        "title": scene.title,
        "alt": scene.alt,
        "colours": {"easy": EASY, "semihard": SEMIHARD, "hard": HARD},
        "marks": dict(MARKS),
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
    n_frames = len(scene.steps)
    for name, shape in {"steps": (n_frames,), "shares": (n_frames, 3), "losses": (n_frames,)}.items():
        if np.shape(getattr(scene, name)) != shape:
            raise ValueError(f"{name} must be {shape}, not {np.shape(getattr(scene, name))}")
    if (np.diff(scene.steps) <= 0).any() or (np.asarray(scene.steps) < 0).any():
        raise ValueError("steps must ascend from 0")
    each = np.asarray(scene.shares)
    total = each.sum(axis=1)
    if (np.abs(total - (total > 0)) > 1e-6).any() or (each < 0).any():
        raise ValueError("the shares of every frame must be 0 or more and add up to 1")
