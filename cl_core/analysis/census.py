"""Exact numbers of easy, semi-hard and hard triplets among all valid ones, without listing triplets.

`triplet_counts` has the algorithm; a `Census` is its result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cl_core.analysis.triplet_counts import CensusSample, Integers, PartialCounts, count_anchors, prepare_sample

KINDS = ("easy", "semihard", "hard")  # along the last axis of every array of counts

ProgressCallback = Callable[[int, int], bool | None]


class CensusStopped(Exception):
    """The progress callback stopped a census before it was complete."""


@dataclass(frozen=True, eq=False)
class Census:
    """Numbers of easy, semi-hard and hard triplets among all valid triplets of N embeddings.

    A triplet is an anchor, another point of its class (the positive) and a point of another class (the negative). With
    distances d_ap and d_an and margin m it is hard where d_an <= d_ap, easy where d_an >= d_ap + m and d_an > d_ap, and
    semi-hard otherwise.

    Attributes:
        margin: m, in the units of `distance`.
        distance: "sqeuclidean", "euclidean" or "cosine".
        classes: (C,) the labels that occur, ascending.
        per_anchor: (N, 3) int64, numbers of easy, semi-hard and hard triplets of each anchor, in the order of the
            embeddings.
        per_class_pair: (C, C, 3) int64, of the anchors of one class with the negatives of another.
        margins: (M,) further margins.
        per_margin: (M, 3) int64, of all triplets at each of `margins`.
        farthest_positive: (N,) int64, row of each anchor's farthest positive; -1 where there is none.
        nearest_negative: (N,) int64, row of each anchor's nearest negative; -1 where there is none.
        farthest_distance: (N,) distance to the farthest positive; -inf where there is none.
        nearest_distance: (N,) distance to the nearest negative; inf where there is none.
    """

    margin: float
    distance: str
    classes: Integers
    per_anchor: Integers
    per_class_pair: Integers
    margins: NDArray[np.float64]
    per_margin: Integers
    farthest_positive: Integers
    nearest_negative: Integers
    farthest_distance: NDArray[np.float64]
    nearest_distance: NDArray[np.float64]

    @property
    def easy(self) -> int:
        """Number of triplets without loss."""
        return int(self.per_anchor[:, 0].sum())

    @property
    def semihard(self) -> int:
        """Number of triplets that are ordered correctly, but violate the margin."""
        return int(self.per_anchor[:, 1].sum())

    @property
    def hard(self) -> int:
        """Number of triplets whose negative is not farther than the positive."""
        return int(self.per_anchor[:, 2].sum())

    @property
    def total(self) -> int:
        """Number of all valid triplets."""
        return int(self.per_anchor.sum())

    def share_of_top_anchors(self, fraction: float) -> float:
        """Return the share of the non-easy triplets that belong to the anchors with most of them.

        Args:
            fraction: of all anchors, 0 to 1; the number of anchors is rounded up.

        Returns:
            0 to 1; 0 where all triplets are easy.
        """
        not_easy = np.sort(self.per_anchor[:, 1:].sum(1))[::-1]
        return float(not_easy[: math.ceil(fraction * len(not_easy))].sum() / max(not_easy.sum(), 1))

    def hardest(self, n: int) -> Integers:
        """Return the `n` anchors with the largest `far - near`, the largest first, as rows (n,) int64.

        Anchors without a positive or a negative are left out.
        """
        both = np.flatnonzero((self.farthest_positive >= 0) & (self.nearest_negative >= 0))
        worst: Integers = both[np.argsort(self.nearest_distance[both] - self.farthest_distance[both], kind="stable")][
            :n
        ]
        return worst


def number_of_triplets(labels: ArrayLike) -> int:
    """Return the number of valid triplets of labels (N,): the sum over classes of n_c (n_c - 1)(N - n_c)."""
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
    """Count the easy, semi-hard and hard ones among all valid triplets, in time O(N^2 log N).

    Kinds of triplets are defined in `Census`, after Schroff, Kalenichenko and Philbin 2015 (FaceNet).

    Args:
        embeddings: (N, D) finite floats, of NumPy or torch.
        labels: (N,) integers.
        margin: how much farther a negative must be than a positive, in the units of `distance`; at least 0.
        distance: "sqeuclidean" for d squared, "euclidean" for d, or "cosine" for 1 - s.
        progress: called with the number of anchors that are counted and of all anchors; it returns False to stop.
        margins: further margins, for which only totals are counted; this costs much less than a census of each.

    Returns:
        The counts.

    Raises:
        ValueError: when embeddings, labels, a margin or the distance are not as described.
        CensusStopped: when `progress` returned False.
    """
    sample = prepare_sample(embeddings, labels, (margin, *margins), distance)
    parts = []
    for part in count_anchors(sample):
        parts.append(part)
        if progress is not None and progress(part.rows.stop, len(sample)) is False:
            raise CensusStopped(f"stopped after {part.rows.stop:,} of {len(sample):,} anchors")
    return assemble_census(sample, parts)


def assemble_census(sample: CensusSample, parts: Sequence[PartialCounts]) -> Census:
    """Put the counts of all anchors of a sample together.

    Args:
        sample: whose anchors were counted.
        parts: counts of all anchors, in the sample's order.

    Returns:
        The census, its rows in the order that the embeddings had before they became a sample.

    Raises:
        ValueError: when anchors are missing in `parts`, or not in order.
    """
    ends = [0, *(part.rows.stop for part in parts)]
    if [part.rows.start for part in parts] != ends[:-1] or ends[-1] != len(sample):
        raise ValueError(f"these parts are not all {len(sample):,} anchors in order")
    n_classes = len(sample.classes)
    pairs = np.zeros((n_classes, n_classes, 3), np.int64)
    for part in parts:
        first = sample.y[part.rows.start]
        pairs[first : first + len(part.per_class_pair)] += part.per_class_pair
    original = np.argsort(sample.original_rows)
    per_anchor, farthest, nearest, far, near = (
        np.concatenate([getattr(part, name) for part in parts])[original]
        for name in (
            "per_anchor",
            "farthest_positive",
            "nearest_negative",
            "farthest_distance",
            "nearest_distance",
        )
    )
    farthest, nearest = (np.where(row < 0, -1, sample.original_rows[row]) for row in (farthest, nearest))
    return Census(
        sample.margins[0], sample.distance, sample.classes, per_anchor, pairs,
        np.array(sample.margins[1:]), np.sum([part.per_margin for part in parts], axis=0), farthest, nearest, far, near,
    )  # fmt: skip
