"""Verification: are two embeddings of the same class? Similarities of all pairs, and the error rates of a threshold.

The names are those of face verification (ISO/IEC 19795-1): a pair whose similarity reaches the threshold is a match;
the false match rate (FMR) is the share of different-class pairs that match, the false non-match rate (FNMR) that of
same-class pairs that do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.census import ProgressCallback
from cl_core.analysis.retrieval import BLOCK_ENTRIES, RetrievalStopped, checked

BINS = 2000  # of cosines from -1 to 1: a thousandth each


@dataclass(frozen=True, eq=False)
class PairHistogram:
    """Numbers of pairs by their cosine, and what a threshold does to them.

    Rates are exact at the edges of bins, and thresholds are such edges.

    Attributes:
        classes: (C,) the labels that occur, ascending.
        counts: (C, C, B) int64, pairs of a point of one class with a point of another or the same, by cosine; bin b
            has those from `edges[b]` up to, but without, `edges[b + 1]`, the last one also cosine 1. Every pair is
            counted once in `counts[a, b]` and once in `counts[b, a]`; on the diagonal, where these are the same, once.
    """

    classes: NDArray[np.int64]
    counts: NDArray[np.int64]

    @property
    def edges(self) -> NDArray[np.float64]:
        """(B + 1,) edges of the bins, -1 to 1: the thresholds."""
        return bin_edges(self.counts.shape[2])

    def nearest_edge(self, threshold: float) -> int:
        """Return the index of the threshold among `edges` that is nearest to a cosine."""
        return int(np.abs(self.edges - threshold).argmin())

    def same(self, label: int | None = None) -> NDArray[np.int64]:
        """Return the numbers of same-class pairs by bin, (B,).

        Args:
            label: class of both points; None for all classes.
        """
        diagonal: NDArray[np.int64] = self.counts[self._index(label), self._index(label)]
        total: NDArray[np.int64] = diagonal.reshape(-1, diagonal.shape[-1]).sum(axis=0)
        return total

    def different(self, label: int | None = None) -> NDArray[np.int64]:
        """Return the numbers of different-class pairs by bin, (B,).

        Args:
            label: class of one of the two points; None for all classes.
        """
        if label is not None:
            row = self._index(label)
            one: NDArray[np.int64] = self.counts[row].sum(axis=0) - self.counts[row, row]
            return one
        every: NDArray[np.int64] = (self.counts.sum(axis=(0, 1)) - self.same()) // 2
        return every

    def false_match_rate(self, label: int | None = None) -> NDArray[np.float64]:
        """Return the false match rate at every threshold, (B + 1,), falling from 1 to 0; NaN without such pairs."""
        return _share_from(self.different(label))

    def false_non_match_rate(self, label: int | None = None) -> NDArray[np.float64]:
        """Return the false non-match rate at every threshold, (B + 1,), rising from 0 to 1; NaN without such pairs."""
        return 1 - _share_from(self.same(label))

    def equal_error(self, label: int | None = None) -> tuple[float, float]:
        """Return the threshold where both error rates are nearest to each other, and the mean of the two there.

        Args:
            label: class of the pairs; None for all classes.
        """
        match, miss = self.false_match_rate(label), self.false_non_match_rate(label)
        if np.isnan(match).any() or np.isnan(miss).any():
            return float("nan"), float("nan")
        best = int(np.argmin(np.abs(match - miss)))
        return float(self.edges[best]), float((match[best] + miss[best]) / 2)

    def true_accept_rate(self, false_accept_rate: float, label: int | None = None) -> tuple[float, float]:
        """Return the lowest threshold that keeps the false match rate down to a bound, and "TAR at FAR" there.

        The true accept rate (TAR) is the share of same-class pairs that match; FAR is another name of the FMR.

        Args:
            false_accept_rate: bound on the false match rate, 0 to 1.
            label: class of the pairs; None for all classes.
        """
        match, miss = self.false_match_rate(label), self.false_non_match_rate(label)
        if np.isnan(match).any() or np.isnan(miss).any():
            return float("nan"), float("nan")
        best = int(np.argmax(match <= false_accept_rate))  # the first
        return float(self.edges[best]), float(1 - miss[best])

    def _index(self, label: int | None) -> Any:
        if label is None:
            return np.arange(len(self.classes))
        place = np.flatnonzero(self.classes == label)
        if not len(place):
            raise ValueError(f"there is no class {label}; there are: {', '.join(map(str, self.classes))}")
        return int(place[0])


def _share_from(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the share of pairs in each bin and those above it, and at last 0, (B + 1,); NaN without pairs."""
    above = np.append(np.cumsum(counts[::-1])[::-1], 0)
    return above / above[0] if above[0] else np.full(len(above), np.nan)


def bin_edges(bins: int = BINS) -> NDArray[np.float64]:
    """Return the edges (bins + 1,) of bins of cosines, -1 to 1."""
    return np.arange(bins + 1) * 2 / bins - 1


def pair_histogram(
    embeddings: Any, labels: Any, bins: int = BINS, progress: ProgressCallback | None = None
) -> PairHistogram:
    """Count all pairs by their cosine, same-class and different-class ones.

    Args:
        embeddings: (N, D) finite floats, none zero, of NumPy or torch.
        labels: (N,) integers.
        bins: number of bins of cosines from -1 to 1.
        progress: called with the number of points whose pairs are counted and of all points; it returns False to stop.

    Returns:
        The numbers of all N (N - 1) / 2 pairs, in memory for a block of rows.

    Raises:
        ValueError: when embeddings, labels or the number of bins are not as described.
        RetrievalStopped: when `progress` returned False.
    """
    z, y = checked(embeddings, labels, "cosine")
    if bins < 1:
        raise ValueError(f"bins must be at least 1, not {bins}")
    order = np.argsort(y, kind="stable")
    z, y = z[order], y[order]
    classes, starts = np.unique(y, return_index=True)
    ends = np.append(starts[1:], len(z))
    edges = bin_edges(bins)
    counts = np.zeros((len(classes), len(classes), bins), np.int64)
    height = max(1, BLOCK_ENTRIES // len(z))
    for i, (first, last) in enumerate(zip(starts, ends, strict=True)):
        for low in range(first, last, height):
            high = min(low + height, last)
            place = _bins(z[low:high] @ z[low:].T, edges)  # (b, N - low): with the rows from its own first one on
            above = np.triu_indices(high - low, 1)
            counts[i, i] += np.bincount(place[above], minlength=bins)
            counts[i, i] += np.bincount(place[:, high - low : last - low].ravel(), minlength=bins)
            for j in range(i + 1, len(classes)):
                pairs = np.bincount(place[:, starts[j] - low : ends[j] - low].ravel(), minlength=bins)
                counts[i, j] += pairs
                counts[j, i] += pairs
            if progress is not None and progress(int(high), len(z)) is False:
                raise RetrievalStopped(f"stopped after {high:,} of {len(z):,} points")
    return PairHistogram(classes, counts)


def _bins(cosines: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the bin of each cosine, exactly: a quotient that was rounded to the wrong side of an edge is corrected."""
    bins = len(edges) - 1
    np.clip(cosines, -1, 1, out=cosines)
    place = ((cosines + 1) * (bins / 2)).astype(np.int64)
    np.clip(place, 0, bins - 1, out=place)
    place -= cosines < edges[place]
    place += (cosines >= edges[place + 1]) & (place < bins - 1)
    return place
