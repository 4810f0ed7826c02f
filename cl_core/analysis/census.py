"""Exact counts of easy, semi-hard and hard over every valid triplet, without ever listing one.

`ranks` does the counting, `Census` is what comes of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cl_core.analysis.triplet_counts import CensusSample, Integers, PartialCounts, count_anchors, prepare_sample

KINDS = ("easy", "semihard", "hard")  # what the last axis of every count is

ProgressCallback = Callable[[int, int], bool | None]


class CensusStopped(Exception):
    """A census was told to stop before it was complete."""


@dataclass(frozen=True, eq=False)
class Census:
    """How many of all valid triplets are easy, semi-hard and hard.

    A triplet is an anchor, another point of its class (positive) and a point of another class (negative). With
    distances d_ap and d_an it is hard where d_an <= d_ap, easy where d_an >= d_ap + m and d_an > d_ap, else semi-hard.

    Attributes:
        margin, distance: of what was asked for.
        classes: (C,) the labels there are, ascending.
        per_anchor: (N, 3) int64, easy, semi-hard and hard of each anchor, in the order the embeddings came in.
        per_class_pair: (C, C, 3) int64, of anchors of one class against negatives of another.
        margins, per_margin: (M,) and (M, 3) int64, the same counts in total at the other margins asked for.
        farthest, nearest: (N,) int64, row of each anchor's farthest positive and nearest negative; -1 where none.
        far, near: (N,) how far those are; -inf and inf where there is none.
    """

    margin: float
    distance: str
    classes: Integers
    per_anchor: Integers
    per_class_pair: Integers
    margins: NDArray[np.float64]
    per_margin: Integers
    farthest: Integers
    nearest: Integers
    far: NDArray[np.float64]
    near: NDArray[np.float64]

    @property
    def easy(self) -> int:
        """Triplets with no loss."""
        return int(self.per_anchor[:, 0].sum())

    @property
    def semihard(self) -> int:
        """Triplets ranked rightly, but inside the margin."""
        return int(self.per_anchor[:, 1].sum())

    @property
    def hard(self) -> int:
        """Triplets whose negative is no farther than the positive."""
        return int(self.per_anchor[:, 2].sum())

    @property
    def total(self) -> int:
        """All valid triplets."""
        return int(self.per_anchor.sum())

    def share_of_top_anchors(self, part: float) -> float:
        """What share of all triplets that are not easy belongs to that part of the anchors that has most of them."""
        not_easy = np.sort(self.per_anchor[:, 1:].sum(1))[::-1]
        return float(not_easy[: math.ceil(part * len(not_easy))].sum() / max(not_easy.sum(), 1))

    def hardest(self, n: int) -> Integers:
        """The `n` anchors whose farthest positive is farthest beyond their nearest negative, worst first."""
        both = np.flatnonzero((self.farthest >= 0) & (self.nearest >= 0))
        worst: Integers = both[np.argsort(self.near[both] - self.far[both], kind="stable")][:n]
        return worst


def number_of_triplets(labels: ArrayLike) -> int:
    """T = sum over classes of n_c (n_c - 1)(N - n_c), the number of valid triplets, an exact int."""
    sizes = np.unique(np.asarray(labels), return_counts=True)[1].tolist()
    return sum(n * (n - 1) * (sum(sizes) - n) for n in sizes)


def census(
    embeddings: Any,
    labels: Any,
    margin: float = 0.2,
    distance: str = "sqeuclidean",
    progress: ProgressCallback | None = None,
    *,
    margins: Sequence[float] = (),
) -> Census:
    """Count every valid triplet of `embeddings` (N, D), floats of NumPy or torch, with integer `labels` (N,).

    margin: how much farther a negative must be, in the units of `distance`: "sqeuclidean" d squared, "euclidean" d, or
        "cosine" 1 - s.
    progress: called with the number of anchors done and of all; where it answers False, CensusStopped is raised.
    margins: others at which to count in total, which costs much less than a census of each.

    Raises ValueError, in words, for embeddings, labels, margins or distances that can't be counted.
    """
    points = prepare_sample(embeddings, labels, (margin, *margins), distance)
    parts = []
    for part in count_anchors(points):
        parts.append(part)
        if progress is not None and progress(part.rows.stop, len(points)) is False:
            raise CensusStopped(f"stopped after {part.rows.stop:,} of {len(points):,} anchors")
    return assemble_census(points, parts)


def assemble_census(points: CensusSample, parts: Sequence[PartialCounts]) -> Census:
    """The census of a sample, all of whose anchors were counted, in order."""
    ends = [0, *(part.rows.stop for part in parts)]
    if [part.rows.start for part in parts] != ends[:-1] or ends[-1] != len(points):
        raise ValueError(f"these parts are not all {len(points):,} anchors in order")
    n_classes = len(points.classes)
    pairs = np.zeros((n_classes, n_classes, 3), np.int64)
    for part in parts:
        first = points.y[part.rows.start]
        pairs[first : first + len(part.per_class_pair)] += part.per_class_pair
    back = np.argsort(points.order)
    per_anchor, farthest, nearest, far, near = (
        np.concatenate([getattr(part, name) for part in parts])[back]
        for name in ("per_anchor", "farthest", "nearest", "far", "near")
    )
    farthest, nearest = (np.where(row < 0, -1, points.order[row]) for row in (farthest, nearest))
    return Census(
        points.margins[0], points.distance, points.classes, per_anchor, pairs,
        np.array(points.margins[1:]), np.sum([part.per_margin for part in parts], axis=0), farthest, nearest, far, near,
    )  # fmt: skip
