"""Message of the ranking picture: the distances and labels of a batch, and the triplets that a miner picks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cl_core.components.envelope import pack
from cl_core.components.live import Live, live_buffers, live_header
from cl_core.losses import miners
from cl_core.losses.miners import GRID
from cl_core.palette import EASY, HARD, SEMIHARD

WORDS: Mapping[str, str] = {
    "hard": "hard",
    "semihard": "semi-hard",
    "easy": "easy",
    "anchor": "anchor",
    "anchorAloud": "The anchor: {name}",
    "positives": "Positives, nearest first",
    "positivesHint": "choose one; the kinds below refer to it",
    "noPositives": "No other image in this batch belongs to its class, so there is no triplet with this anchor.",
    "negatives": "Negatives, nearest first",
    "negativesHint": "relative to the chosen positive, at {value}",
    "noNegatives": "All images in this batch belong to its class, so there is no triplet with this anchor.",
    "near": "positive {value}",
    "far": "+ margin {value}",
    "count": "{count} of {all}",
    "range": "{symbol} {low} to {high}",
    "single": "{symbol} {low}",
    "hardRule": "no farther than the positive: up to {low}",
    "semihardRule": "farther, by less than the margin: above {low}, below {high}",
    "easyRule": "farther by the margin or more: from {high} on",
    "hardEmpty": "No negative is as near as this positive.",
    "semihardEmpty": "No negative is farther than this positive by less than the margin.",
    "semihardNever": "With a margin of 0 no negative can be semi-hard.",
    "easyEmpty": "No negative is farther than this positive by the margin or more.",
    "picksHere": "the miner picks {count} with this positive",
    "picksRest": "{count} with other positives of this anchor",
    "picksNothing": "the miner picks no triplet of this anchor",
    "picked": "picked",
    "pickedElsewhere": "picked with another positive",
    "picking": "the miner picks triplets with it",
    "tile": "{name}, {symbol} = {value}",
    "image": "test image {row}",
    "isPositive": "positive",
    "loss": "loss {value}",
    "make": "Make it the anchor",
    "save": "Save as a picture",
    "saved": "Triplets of anchor {name}, test image {row}",
    "ask": "Hover over an image, or click it.",
    "keys": "Arrow keys go through the images. Enter makes one the anchor.",
    "spoken": "Positive at {value}: {hard} hard, {semihard} semi-hard, {easy} easy negatives; {picks}",
}

KINDS = ("hard", "semihard", "easy")  # nearest first


@dataclass(frozen=True, eq=False)
class Ranking:
    """Content of the ranking picture: a batch of B images.

    Attributes:
        stream: name of the batch; with a new name the picture restarts at `anchor`.
        distances: (B, B) distance of image i to image j, from 0 to below 4096.
        labels: (B,) class of each image, an index into `class_names`, below 256.
        class_names: (C,) names of the classes.
        rows: (B,) row of each image in the test set.
        picked: (B, B, B) bool, whether the miner picks the triplet of anchor, positive and negative.
        margin: margin that separates semi-hard from easy negatives.
        anchor: image that is the anchor at first.
        symbol: symbol of the distance.
        sprite: PNG with every image, in rows of `sprite_columns`; empty bytes show the class name instead.
        sprite_columns: images in a row of the sprite.
        words: texts that replace those of `WORDS` key by key, for another language.
        live: `programs.triplets.triplet_loss_program`, which computes the loss of the triplet that is looked at; None
            shows no losses.
        kinds: `programs.rankings.ranking_program`, by which kinds and picks follow the margin's slider; None where they
            change with Python's messages alone.
    """

    stream: str
    distances: NDArray[np.floating[Any]]
    labels: NDArray[np.integer[Any]]
    class_names: Sequence[str]
    rows: NDArray[np.integer[Any]]
    picked: NDArray[np.bool_]
    margin: float
    anchor: int = 0
    symbol: str = "δ"
    sprite: bytes = b""
    sprite_columns: int = 8
    words: Mapping[str, str] = field(default_factory=lambda: WORDS)
    live: Live | None = None
    kinds: Live | None = None


@dataclass(frozen=True)
class RankingState:
    """The viewer's choice.

    Attributes:
        anchor: the anchor, image 0 to B - 1 of the batch.
        positive: the positive, image 0 to B - 1; None while the picture chooses it.
    """

    anchor: int
    positive: int | None


def encode(scene: Ranking, *, state: RankingState | None = None) -> bytes:
    """Encode a batch as a message for the browser.

    Distances, and those from which negatives are easy, are sent as integer multiples of 2^-40, with the kinds of all
    triplets, which tie on that grid.

    Args:
        scene: what to show.
        state: the viewer's choice, to be restored when the picture is mounted again.

    Returns:
        The message, to be read by `envelope.unpack`; equal arguments give equal bytes.

    Raises:
        ValueError: when the shapes of two arrays do not fit, `picked` marks something that is no triplet, or a label, a
            row, a distance, the anchor or the margin is out of range.
    """
    _check(scene)
    steps = np.rint(np.asarray(scene.distances, np.float64) * GRID)
    margin = round(scene.margin * GRID)
    positive = _positive(scene)
    high, low = _words(steps)
    edge_high, edge_low = _words(steps[positive] + margin)
    header = {
        "stream": scene.stream,
        "n": len(scene.labels),
        "class_names": list(scene.class_names),
        "grid": GRID,
        "symbol": scene.symbol,
        "anchor": scene.anchor if state is None else state.anchor,
        "positive": None if state is None else state.positive,
        "columns": scene.sprite_columns,
        "colours": {"easy": EASY, "semihard": SEMIHARD, "hard": HARD},
        "words": {**WORDS, **scene.words},
        "live": live_header(scene.live),
        "kinds": live_header(scene.kinds),
    }
    buffers: dict[str, NDArray[Any] | bytes] = {
        "high": high,
        "low": low,
        "edge_high": edge_high,  # where easy begins, for each anchor and positive, in order
        "edge_low": edge_low,
        "labels": scene.labels.astype(np.uint8),
        "rows": scene.rows.astype(np.uint32),
        "picked": np.packbits(scene.picked[positive], axis=1),  # a row for each anchor and positive, in order
        **{kind: np.packbits(_of_kind(kind, steps, margin)[positive], axis=1) for kind in ("hard", "easy")},
        "sprite": scene.sprite,
        "kinds_program": b"" if scene.kinds is None else scene.kinds.program,
    }
    return pack(header, buffers | live_buffers(scene.live))


def _words(steps: NDArray[np.float64]) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """Return the upper and the lower 32 bits of whole numbers."""
    whole = steps.astype(np.uint64)
    return (whole >> np.uint64(32)).astype(np.uint32), (whole & np.uint64(0xFFFFFFFF)).astype(np.uint32)


def _of_kind(kind: str, steps: NDArray[np.float64], margin: int) -> NDArray[np.bool_]:
    """Return whether the triplet of anchor, positive and negative is of a kind, (B, B, B); steps (B, B) of the grid."""
    value = torch.from_numpy(steps)
    found: NDArray[np.bool_] = miners.KINDS[kind](value[:, :, None], value[:, None, :], margin).numpy()
    return found


def decode(reported: Any, scene: Ranking) -> RankingState | None:
    """Return the choice that the browser reported.

    Args:
        reported: untrusted value: a mapping with "stream", "anchor" and "positive".
        scene: the batch on the page.

    Returns:
        The choice, without a positive if the reported one is not a positive of the anchor; None if the value is
        malformed or comes from another batch.
    """
    n = len(scene.labels)
    match reported:
        case {"stream": scene.stream, "anchor": int(anchor), "positive": positive} if 0 <= anchor < n:
            match positive:
                case int() if 0 <= positive < n and _positive(scene)[anchor, positive]:
                    return RankingState(anchor, positive)
            return RankingState(anchor, None)
    return None


def _positive(scene: Ranking) -> NDArray[np.bool_]:
    """Return whether j is a positive of i, (B, B)."""
    same: NDArray[np.bool_] = scene.labels[:, None] == scene.labels
    return same & ~np.eye(len(same), dtype=bool)


def _check(scene: Ranking) -> None:
    """Raise ValueError when the parts of a batch do not fit each other."""
    n = len(scene.labels)
    expected = {
        "labels": (scene.labels, (n,)),
        "distances": (scene.distances, (n, n)),
        "rows": (scene.rows, (n,)),
        "picked": (scene.picked, (n, n, n)),
    }
    for name, (array, shape) in expected.items():
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape} and should have {shape}: there are {n} images")
    if not 0 <= scene.anchor < n:
        raise ValueError(f"anchor must be one of 0 to {n - 1}, not {scene.anchor}")
    if not 0 <= int(scene.labels.min()) <= int(scene.labels.max()) < min(len(scene.class_names), 256):
        raise ValueError(f"labels must be 0 to {len(scene.class_names) - 1}: every class needs its name")
    if int(scene.rows.min()) < 0:
        raise ValueError("rows must not be negative: they are numbers of test images")
    # in units of 2^-40, a distance plus the margin must stay below 2^53, up to which the browser's numbers are exact
    if not (scene.distances >= 0).all() or not (scene.distances < 2**12).all():
        raise ValueError("distances must be 0 or more, and below 4096")
    if not 0 <= scene.margin < 2**12:
        raise ValueError(f"margin must be 0 or more, and below 4096, not {scene.margin}")
    positive = _positive(scene)
    valid = positive[:, :, None] & (scene.labels[:, None] != scene.labels)[:, None, :]
    if (scene.picked & ~valid).any():
        raise ValueError("picked holds what is no triplet of an anchor, a positive and a negative")
