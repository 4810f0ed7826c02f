"""All triplets of some anchors, counted by one sort an anchor.

Let an anchor's positives and negatives stand in one row, in order of their distance. Then the number of hard
triplets of a negative is the number of positives that stand behind it, and with every positive moved up by the margin,
behind it stand those that make a triplet with a loss. So one sort an anchor takes the place of all its triplets: time
O(N^2 log N), memory a block of rows.

Distances and margins are whole numbers of a grid, 2^-42 of the largest possible distance, and what is no more than one
step of it apart ties: equal distances do so whichever way rounding went, and all of it is sorted as integers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.losses.distances import EPSILON
from cl_core.losses.triplet import DISTANCES

DIGITS = 42  # bits that tell one distance from another
BLOCK = 1 << 18  # distances that are sorted together; they stay in the cache
PRODUCTS = 4  # blocks whose distances are one product of matrices, which is faster the larger it is
END = np.iinfo(np.int64).max  # behind everybody: the anchor itself, and where there is nobody

Integers = NDArray[np.int64]
Runs = Sequence[tuple[slice, slice]]


@dataclass(frozen=True, eq=False)
class CensusSample:
    """Points put in order for counting; see `sample`.

    z: (N, D) float64, class by class. square: (N,) their squared lengths. y: (N,) class numbers 0..C-1.
    order: (N,) where each row stood before. start: (C + 1,) first row of each class, and N.
    twin: (N,) first row with the same embedding; None if all differ.
    margins: (M,), the first of which is counted in full. bits: the grid is 2^-bits.
    """

    z: NDArray[np.float64]
    square: NDArray[np.float64]
    y: Integers
    classes: Integers
    order: Integers
    start: Integers
    twin: Integers | None
    distance: str
    margins: tuple[float, ...]
    bits: int

    def __len__(self) -> int:
        return len(self.z)


@dataclass(frozen=True, eq=False)
class PartialCounts:
    """What was counted of the anchors in `rows` of a sample; fields as those of Census, in the sample's order.

    per_class_pair: (c, C, 3), of the c classes that these anchors are of.
    """

    rows: slice
    per_anchor: Integers
    per_class_pair: Integers
    per_margin: Integers
    farthest: Integers
    nearest: Integers
    far: NDArray[np.float64]
    near: NDArray[np.float64]


def prepare_sample(embeddings: Any, labels: Any, margins: Sequence[float], distance: str) -> CensusSample:
    """Check points and put them in order of their classes; raises as `census` does."""
    z, y = np.asarray(embeddings, dtype=np.float64), np.asarray(labels)
    if z.ndim != 2 or not z.size:
        raise ValueError(f"embeddings must be a matrix (N, D) with at least one entry, not {z.shape}")
    if not np.isfinite(z).all():
        raise ValueError("embeddings contain NaN or infinity")
    if y.shape != (len(z),) or y.dtype.kind not in "iu":
        raise ValueError(f"labels must be {len(z)} integers, one for each embedding, not {y.dtype} {y.shape}")
    if distance not in DISTANCES:
        raise ValueError(f"distance must be one of {', '.join(DISTANCES)}, not {distance!r}")
    if not all(math.isfinite(margin) and margin >= 0 for margin in margins):
        raise ValueError(f"margins must be finite and at least 0, not {', '.join(map(str, margins))}")
    order = np.argsort(y, kind="stable")
    classes, number, size = np.unique(y[order], return_inverse=True, return_counts=True)
    z = z[order]
    if distance == "cosine":
        z = z / np.linalg.norm(z, axis=1, keepdims=True).clip(EPSILON)
        largest = 2.0
    else:
        z = z - z[0]  # distances don't change with the origin, and near it a tight cloud keeps its digits
        largest = 4 * float(np.einsum("nd,nd->n", z, z).max())
    largest = max(largest if distance != "euclidean" else math.sqrt(largest), *margins)
    bits = DIGITS - math.frexp(largest)[1] if largest else DIGITS
    return CensusSample(
        z,
        np.einsum("nd,nd->n", z, z),
        number,
        classes,
        order,
        np.append(0, size.cumsum()),
        _twins(z),
        distance,
        tuple(margins),
        min(bits, 1000),
    )


def count_anchors(points: CensusSample, first: int = 0) -> Iterator[PartialCounts]:
    """Count from anchor `first` of a sample onwards, a few anchors at a time."""
    n = len(points)
    step = max(1, BLOCK // (n + len(points.margins) * int(np.diff(points.start).max())))
    for start in range(first, n, PRODUCTS * step):
        d = sample_distances(points, slice(start, min(start + PRODUCTS * step, n)))
        for low in range(0, len(d), step):
            here = d[low : low + step]
            yield _count(points, slice(start + low, start + low + len(here)), here)


def _twins(z: NDArray[np.float64]) -> Integers | None:
    """For each row the first one equal to it; None where all differ."""
    known: dict[bytes, int] = {}
    first = [known.setdefault(row.tobytes(), i) for i, row in enumerate(z + 0.0)]  # -0.0 becomes 0.0
    return None if len(known) == len(z) else np.array(first)


def sample_distances(points: CensusSample, rows: slice) -> NDArray[np.float64]:
    """Distances of some points to all, (A, N); equal points are at equal distances, and at 0 of each other."""
    z, twin = points.z, points.twin
    d: NDArray[np.float64] = z[rows] @ z.T
    if points.distance == "cosine":
        np.subtract(1, d, out=d)
    else:
        d *= -2
        d += points.square
        d += points.square[rows, None]
    if twin is not None:
        d = d[:, twin]
        d[twin[rows, None] == twin] = 0
    np.maximum(d, 0, out=d)
    return np.sqrt(d, out=d) if points.distance == "euclidean" else d


def _count(points: CensusSample, rows: slice, d: NDArray[np.float64]) -> PartialCounts:
    """Everything that is counted of a few anchors, whose distances `d` (A, N) are used up."""
    d *= 2.0**points.bits
    np.rint(d, out=d)
    runs = _runs(points, rows)
    low = (len(points.margins) + len(points.classes) + 1).bit_length()
    keys = _keys(points, rows, runs, d, low)
    extremes = _extremes(points, rows, runs, d)
    keys.sort(axis=1)
    tag = keys & ((1 << low) - 1)
    place = (tag + (np.arange(len(d)) << low)[:, None]).ravel()

    def summed(flags: NDArray[np.bool_]) -> Integers:
        """For each anchor and tag, the sum of how many flagged entries stand before one of that tag."""
        before = flags.cumsum(axis=1, dtype=np.int32).ravel()
        sums = np.bincount(place, before, minlength=len(d) << low)  # floats, exact below 2^53
        return sums.astype(np.int64).reshape(len(d), -1)

    n_margins, labels, sizes = len(points.margins), points.y[rows], np.diff(points.start)
    positive = n_margins + len(points.classes)
    ranked, passed = (summed(tag == who)[:, n_margins:positive] for who in (positive, 0))  # (A, C)
    pairs = np.empty((*ranked.shape, 3), np.int64)
    pairs[..., 0] = np.minimum(passed, ranked)  # at a margin of 0 a tie has no loss, and is hard
    pairs[..., 1] = ranked - pairs[..., 0]
    pairs[..., 2] = (sizes[labels] - 1)[:, None] * sizes - ranked
    pairs[np.arange(len(d)), labels] = 0
    per_anchor, per_margin = pairs.sum(1), np.zeros((n_margins - 1, 3), np.int64)
    if n_margins > 1:
        hard = per_anchor[:, 2].sum()
        lossy = np.maximum(summed((tag >= n_margins) & (tag < positive))[:, 1:n_margins].sum(0), hard)
        per_margin[:] = np.stack([per_anchor.sum() - lossy, lossy - hard, np.full_like(lossy, hard)], 1)
    of_class = np.add.reduceat(pairs, [here.start for here, _ in runs])
    return PartialCounts(rows, per_anchor, of_class, per_margin, *extremes)


def _keys(points: CensusSample, rows: slice, runs: Runs, d: NDArray[np.float64], low: int) -> Integers:
    """What an anchor's row is sorted by, (A, N + M K): distances on the grid, and `low` bits that tag whose they are.

    Where distances tie, the tag decides as the kinds are defined: positives moved up by margin j are j, a negative of
    class c is M + c, and a positive M + C.
    """
    n, k = len(points), int(np.diff(points.start).max())
    keys = np.full((len(d), n + len(points.margins) * k), END)
    keys[:, :n] = d
    keys[:, :n] <<= low
    step = 1 << low
    margins = [(round(math.ldexp(margin, points.bits)) - 1) * step for margin in points.margins]
    for here, same in runs:
        for j, margin in enumerate(margins):
            moved = slice(n + j * k, n + j * k + same.stop - same.start)
            np.add(keys[here, same], margin + j, out=keys[here, moved])
        keys[here, same] += step + len(points.classes) - points.y[same.start]
    keys[:, :n] += len(margins) + points.y
    a, own = np.arange(len(d)), np.arange(rows.start, rows.stop)
    keys[a, own] = END
    for j in range(len(margins)):
        keys[a, n + j * k + own - points.start[points.y[rows]]] = END
    return keys


def _runs(points: CensusSample, rows: slice) -> Runs:
    """Which of some anchors, counted from 0, are of one class, and which columns are."""
    runs, edges = [], points.start.tolist()
    for label in range(points.y[rows.start], points.y[rows.stop - 1] + 1):
        first, last = edges[label : label + 2]
        here = slice(max(first, rows.start) - rows.start, min(last, rows.stop) - rows.start)
        runs.append((here, slice(first, last)))
    return runs


def _extremes(
    points: CensusSample, rows: slice, runs: Runs, d: NDArray[np.float64]
) -> tuple[Integers, Integers, NDArray[np.float64], NDArray[np.float64]]:
    """Rows of the farthest positive and the nearest negative, and how far they are; uses up `d` (A, N)."""
    a = np.arange(len(d))
    farthest = np.empty(len(d), np.int64)
    d[a, np.arange(rows.start, rows.stop)] = -np.inf
    for here, same in runs:
        farthest[here] = same.start + d[here, same].argmax(1)
    far = d[a, farthest]
    for here, same in runs:
        d[here, same] = np.inf
    nearest = d.argmin(1)
    near = d[a, nearest]
    farthest[far == -np.inf], nearest[near == np.inf] = -1, -1
    return farthest, nearest, np.ldexp(far, -points.bits), np.ldexp(near, -points.bits)
