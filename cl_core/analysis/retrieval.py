"""Nearest neighbours of every embedding among all others, and what follows from them: recall@k, MAP@R, wrong ones.

Exact: similarities are float64, equal embeddings have equal similarities, and ties go to the earlier row. It works in
blocks of rows, so that its memory is that of a block and of the result.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.census import ProgressCallback
from cl_core.analysis.labelled import labelled_embeddings

MEASURES = ("cosine", "euclidean")
BLOCK_ENTRIES = 1 << 21  # similarities in a block of rows: 16 MiB
DEFAULT_K = 10
MAX_ENTRY = 1e100  # of an embedding: its square is a float64


class RetrievalStopped(Exception):
    """The progress callback stopped the search before it was complete."""


@dataclass(frozen=True, eq=False)
class Retrieval:
    """The k nearest other points of each of N points, and how they rank its positives.

    Attributes:
        measure: "cosine" or "euclidean".
        y: (N,) int64, labels.
        neighbours: (N, k) int64, rows of the nearest other points, nearest first.
        similarity: (N, k) float64, cosines of these, or distances.
        average_precision: (N,) float64, average precision over the R nearest of each point, where R is the number of
            its positives; NaN where it has none.
    """

    measure: str
    y: NDArray[np.int64]
    neighbours: NDArray[np.int64]
    similarity: NDArray[np.float64]
    average_precision: NDArray[np.float64]

    @property
    def k(self) -> int:
        """Number of neighbours of each point."""
        return int(self.neighbours.shape[1])

    @property
    def correct(self) -> NDArray[np.bool_]:
        """(N, k), whether a neighbour is of the point's class."""
        right: NDArray[np.bool_] = self.y[self.neighbours] == self.y[:, None]
        return right

    @property
    def map_at_r(self) -> float:
        """MAP@R over the points that have a positive, 0 to 1; 0 where no point has one.

        Source: Musgrave, Belongie and Lim 2020, A Metric Learning Reality Check.
        """
        has = ~np.isnan(self.average_precision)
        return float(self.average_precision[has].mean()) if has.any() else 0.0

    def recall_at(self, k: int) -> float:
        """Return recall@k: the share of points with a point of their class among their k nearest, 0 to 1.

        Source: Jegou, Douze and Schmid 2011; as used for metric learning by Oh Song et al. 2016.

        Args:
            k: number of neighbours that count, 1 to `self.k`.

        Raises:
            ValueError: when `k` is out of range.
        """
        if not 1 <= k <= self.k:
            raise ValueError(f"k must be 1 to {self.k}, not {k}")
        return float(self.correct[:, :k].any(axis=1).mean())

    def retrieved_wrongly(self) -> NDArray[np.bool_]:
        """Return for each point whether its nearest other point is of another class, (N,)."""
        return ~self.correct[:, 0]


def retrieve(
    embeddings: Any,
    labels: Any,
    k: int = DEFAULT_K,
    measure: str = "cosine",
    progress: ProgressCallback | None = None,
) -> Retrieval:
    """Find the k nearest other points of every point, and rank its positives.

    Args:
        embeddings: (N, D) finite floats, of NumPy or torch; for "cosine", none is zero.
        labels: (N,) integers.
        k: number of neighbours, 1 to N - 1.
        measure: "cosine" (the largest is nearest) or "euclidean" (the smallest is).
        progress: called with the number of points that are done and of all points; it returns False to stop.

    Returns:
        Neighbours with ties in the order of rows, and average precisions.

    Raises:
        ValueError: when embeddings, labels, `k` or the measure are not as described.
        RetrievalStopped: when `progress` returned False.
    """
    z, y = checked(embeddings, labels, measure)
    if not 1 <= k < len(z):
        raise ValueError(f"k must be 1 to {len(z) - 1}, one less than the number of points, not {k}")
    positives = _numbers_of_positives(y)
    depth = max(k, int(positives.max()))
    neighbours = np.empty((len(z), k), np.int64)
    similarity = np.empty((len(z), k))
    precision = np.full(len(z), np.nan)
    for rows, costs in cost_blocks(z, measure):
        nearest = _nearest(costs, depth)
        own = np.arange(rows.start, rows.stop)
        neighbours[rows] = nearest[:, :k]
        similarity[rows] = _similarity(np.take_along_axis(costs, nearest[:, :k], axis=1), measure)
        precision[rows] = _average_precision(y[nearest] == y[own, None], positives[rows])
        if progress is not None and progress(rows.stop, len(z)) is False:
            raise RetrievalStopped(f"stopped after {rows.stop:,} of {len(z):,} points")
    return Retrieval(measure, y, neighbours, similarity, precision)


def checked(embeddings: Any, labels: Any, measure: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Check embeddings and labels.

    Args:
        embeddings: (N, D) finite floats, of NumPy or torch; for "cosine", none is zero.
        labels: (N,) integers.
        measure: one of `MEASURES`.

    Returns:
        Embeddings (N, D), of length 1 for "cosine", and labels (N,).

    Raises:
        ValueError: when they are not as described.
    """
    z, y = labelled_embeddings(embeddings, labels)
    if measure not in MEASURES:
        raise ValueError(f"measure must be one of {', '.join(MEASURES)}, not {measure!r}")
    if len(z) < 2:
        raise ValueError(f"embeddings must be a matrix (N, D) with two rows or more, not {z.shape}")
    scale = np.abs(z).max(axis=1, keepdims=True)  # squares of long embeddings would overflow
    if measure == "cosine":
        if not scale.all():
            raise ValueError(f"the embedding in row {int(np.flatnonzero(scale == 0)[0])} is zero and has no cosine")
        z = z / scale
        z /= np.linalg.norm(z, axis=1, keepdims=True)
    elif (largest := scale.max()) > MAX_ENTRY:
        raise ValueError(f"embeddings must have entries up to {MAX_ENTRY:g}, not {largest:g}")
    return z, y.astype(np.int64)


def cost_blocks(z: NDArray[np.float64], measure: str) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield blocks of rows with their costs: minus the cosine, or the squared distance; infinity for a point itself.

    Equal embeddings have equal costs, however a matrix product rounds: products are taken with one of them only.

    Args:
        z: (N, D) embeddings from `checked`.
        measure: one of `MEASURES`.

    Yields:
        A block's rows, and their costs (b, N).
    """
    distinct, place = np.unique(z, axis=0, return_inverse=True)
    place = place.reshape(-1)
    repeated = len(distinct) < len(z)
    others = distinct if repeated else z
    squares = np.einsum("nd,nd->n", others, others)
    height = max(1, BLOCK_ENTRIES // len(z))
    for low in range(0, len(z), height):
        rows = slice(low, min(low + height, len(z)))
        costs = z[rows] @ others.T
        if measure == "cosine":
            np.negative(costs, out=costs)
        else:
            costs *= -2
            costs += squares
            costs += np.einsum("nd,nd->n", z[rows], z[rows])[:, None]
            np.maximum(costs, 0, out=costs)
        if repeated:
            costs = costs[:, place]
        costs[np.arange(rows.stop - low), np.arange(low, rows.stop)] = np.inf
        yield rows, costs


def _nearest(costs: NDArray[np.float64], k: int) -> NDArray[np.int64]:
    """Return the columns (b, k) of the k smallest of each row (b, N), the smallest first and ties by column."""
    limit = np.partition(costs, k - 1, axis=1)[:, k - 1 : k]
    inside = costs <= limit
    counts = inside.sum(axis=1)
    for row in np.flatnonzero(counts > k):  # ties at the limit: the first columns stay
        at_limit = np.flatnonzero(costs[row] == limit[row])
        inside[row, at_limit[len(at_limit) - (counts[row] - k) :]] = False
    columns = np.nonzero(inside)[1].reshape(len(costs), k)
    order = np.argsort(np.take_along_axis(costs, columns, axis=1), axis=1, kind="stable")
    nearest: NDArray[np.int64] = np.take_along_axis(columns, order, axis=1)
    return nearest


def _similarity(costs: NDArray[np.float64], measure: str) -> NDArray[np.float64]:
    """Return cosines, from -1 to 1, or distances."""
    result: NDArray[np.float64] = np.clip(-costs, -1, 1) if measure == "cosine" else np.sqrt(costs)
    return result


def _numbers_of_positives(y: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of other points of each point's class, (N,)."""
    _, place, sizes = np.unique(y, return_inverse=True, return_counts=True)
    numbers: NDArray[np.int64] = sizes[place] - 1
    return numbers


def _average_precision(relevant: NDArray[np.bool_], positives: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the average precision (b,) of the first R ranks of (b, depth), where R is `positives`; NaN for R = 0."""
    rank = np.arange(1, relevant.shape[1] + 1)
    hits = relevant & (rank <= positives[:, None])
    precision = np.cumsum(hits, axis=1) / rank
    total = np.where(hits, precision, 0).sum(axis=1)
    return np.where(positives > 0, total / np.maximum(positives, 1), np.nan)
