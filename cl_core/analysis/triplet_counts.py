"""The algorithm of the census: it counts all triplets of an anchor with one sort.

Sort an anchor's positives and negatives by their distance. The positives that come after a negative are those that make
a hard triplet with it. If the margin is added to the distance of every positive before the sort, they are those that
make a triplet with a loss. So one sort for each anchor replaces a loop over its triplets: time O(N^2 log N), memory for
a block of rows.

Distances and margins are rounded to a grid of 2^-42 of the largest possible distance, and values that differ by at most
one step of the grid count as ties. So equal distances tie however they were rounded, and everything is sorted as
integers.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.labelled import labelled_embeddings
from cl_core.losses.distances import EPSILON
from cl_core.losses.triplet import DISTANCES

DISTANCE_BITS = 42  # of the largest possible distance on the grid
BLOCK_SIZE = 1 << 18  # distances that are sorted together; they stay in the processor's cache
BLOCKS_PER_PRODUCT = 4  # blocks whose distances are one matrix product, which is faster the larger it is
LAST = np.iinfo(np.int64).max  # key that sorts last: of the anchor itself, and of columns that are not used

Integers = NDArray[np.int64]
Runs = Sequence[tuple[slice, slice]]  # consecutive anchors of one class, and the rows of this class


@dataclass(frozen=True, eq=False)
class CensusSample:
    """Embeddings sorted by class, ready for counting (see `prepare_sample`).

    Attributes:
        z: (N, D) float64, sorted by class.
        squared_lengths: (N,) squared lengths of `z`.
        y: (N,) class numbers 0 to C - 1.
        classes: (C,) label of each class.
        original_rows: (N,) row of each embedding before it was sorted.
        class_starts: (C + 1,) first row of each class, and N.
        first_equal: (N,) first row with the same embedding; None where all differ.
        distance: "sqeuclidean", "euclidean" or "cosine".
        margins: (M,) the first is counted in full, the others in total.
        grid_bits: a step of the grid is 2^-grid_bits.
    """

    z: NDArray[np.float64]
    squared_lengths: NDArray[np.float64]
    y: Integers
    classes: Integers
    original_rows: Integers
    class_starts: Integers
    first_equal: Integers | None
    distance: str
    margins: tuple[float, ...]
    grid_bits: int

    def __len__(self) -> int:
        return len(self.z)


@dataclass(frozen=True, eq=False)
class PartialCounts:
    """Counts of some consecutive anchors of a sample.

    Attributes:
        rows: of the A anchors, in the sample's order.
        per_anchor: (A, 3) int64.
        per_class_pair: (c, C, 3) int64, of the c classes that these anchors are of.
        per_margin: (M - 1, 3) int64, of the margins after the first.
        farthest_positive: (A,) row of the farthest positive in the sample; -1 where there is none.
        nearest_negative: (A,) row of the nearest negative in the sample; -1 where there is none.
        farthest_distance: (A,) distance to the farthest positive.
        nearest_distance: (A,) distance to the nearest negative.
    """

    rows: slice
    per_anchor: Integers
    per_class_pair: Integers
    per_margin: Integers
    farthest_positive: Integers
    nearest_negative: Integers
    farthest_distance: NDArray[np.float64]
    nearest_distance: NDArray[np.float64]


def prepare_sample(embeddings: Any, labels: Any, margins: Sequence[float], distance: str) -> CensusSample:
    """Check embeddings and sort them by class.

    Args:
        embeddings: (N, D) finite floats, of NumPy or torch.
        labels: (N,) or (N, 1) integers.
        margins: (M,) in the units of `distance`, at least 0.
        distance: "sqeuclidean", "euclidean" or "cosine".

    Raises:
        ValueError: when one of them is not as described.
    """
    z, y = labelled_embeddings(embeddings, labels)
    if distance not in DISTANCES:
        raise ValueError(f"distance must be one of {', '.join(DISTANCES)}, not {distance!r}")
    if not all(math.isfinite(margin) and margin >= 0 for margin in margins):
        raise ValueError(f"margins must be finite and at least 0, not {', '.join(map(str, margins))}")
    order = np.argsort(y, kind="stable")
    classes, numbers, sizes = np.unique(y[order], return_inverse=True, return_counts=True)
    z = z[order]
    if distance == "cosine":
        z = z / np.linalg.norm(z, axis=1, keepdims=True).clip(EPSILON)
        largest = 2.0
    else:
        z = z - z[0]  # distances don't change with the origin, and close to it a tight cluster keeps its digits
        largest = 4 * float(np.einsum("nd,nd->n", z, z).max())
    largest = max(largest if distance != "euclidean" else math.sqrt(largest), *margins)
    bits = DISTANCE_BITS - math.frexp(largest)[1] if largest else DISTANCE_BITS
    return CensusSample(
        z,
        np.einsum("nd,nd->n", z, z),
        numbers,
        classes,
        order,
        np.append(0, sizes.cumsum()),
        _twins(z),
        distance,
        tuple(margins),
        min(bits, 1000),
    )


def count_anchors(sample: CensusSample, first: int = 0) -> Iterator[PartialCounts]:
    """Count the triplets of the anchors of a sample, a few anchors at a time.

    Args:
        sample: the sample.
        first: row of the anchor to begin with.

    Yields:
        Counts of consecutive anchors, up to the last one of the sample.
    """
    n = len(sample)
    step = max(1, BLOCK_SIZE // (n + len(sample.margins) * int(np.diff(sample.class_starts).max())))
    for start in range(first, n, BLOCKS_PER_PRODUCT * step):
        d = sample_distances(sample, slice(start, min(start + BLOCKS_PER_PRODUCT * step, n)))
        for low in range(0, len(d), step):
            block = d[low : low + step]
            yield _count(sample, slice(start + low, start + low + len(block)), block)


def _twins(z: NDArray[np.float64]) -> Integers | None:
    """Return the first row that is equal to each row, (N,); None where all differ."""
    known: dict[bytes, int] = {}
    first = [known.setdefault(row.tobytes(), i) for i, row in enumerate(z + 0.0)]  # -0.0 becomes 0.0
    return None if len(known) == len(z) else np.array(first)


def sample_distances(sample: CensusSample, rows: slice) -> NDArray[np.float64]:
    """Return the distances of some embeddings of a sample to all of them.

    Args:
        sample: the sample.
        rows: of the A embeddings.

    Returns:
        (A, N). Equal embeddings have exactly equal distances to all others, and distance 0 to each other.
    """
    z, twin = sample.z, sample.first_equal
    d: NDArray[np.float64] = z[rows] @ z.T
    if sample.distance == "cosine":
        np.subtract(1, d, out=d)
    else:
        d *= -2
        d += sample.squared_lengths
        d += sample.squared_lengths[rows, None]
    if twin is not None:
        d = d[:, twin]
        d[twin[rows, None] == twin] = 0
    np.maximum(d, 0, out=d)
    return np.sqrt(d, out=d) if sample.distance == "euclidean" else d


def _count(sample: CensusSample, rows: slice, d: NDArray[np.float64]) -> PartialCounts:
    """Count everything about the A anchors in `rows`; their distances `d` (A, N) are overwritten."""
    d *= 2.0**sample.grid_bits
    np.rint(d, out=d)
    runs = _runs(sample, rows)
    tag_bits = (len(sample.margins) + len(sample.classes) + 1).bit_length()
    keys = _sort_keys(sample, rows, runs, d, tag_bits)
    extremes = _extremes(sample, rows, runs, d)
    keys.sort(axis=1)
    tag = keys & ((1 << tag_bits) - 1)
    group = (tag + (np.arange(len(d)) << tag_bits)[:, None]).ravel()  # number of an anchor and a tag

    def counts_before(flags: NDArray[np.bool_]) -> Integers:
        """Return (A, tags): over the entries of a tag, the sum of how many flagged entries come before each."""
        before = flags.cumsum(axis=1, dtype=np.int32).ravel()
        sums = np.bincount(group, before, minlength=len(d) << tag_bits)  # floats, exact below 2^53
        return sums.astype(np.int64).reshape(len(d), -1)

    n_margins, labels, sizes = len(sample.margins), sample.y[rows], np.diff(sample.class_starts)
    positive = n_margins + len(sample.classes)
    # triplets that are not hard, and triplets without loss, of each anchor with the negatives of each class, (A, C)
    not_hard, lossless = (counts_before(tag == wanted)[:, n_margins:positive] for wanted in (positive, 0))
    pairs = np.empty((*not_hard.shape, 3), np.int64)
    pairs[..., 0] = np.minimum(lossless, not_hard)  # at a margin of 0 a tie has no loss, but is hard
    pairs[..., 1] = not_hard - pairs[..., 0]
    pairs[..., 2] = (sizes[labels] - 1)[:, None] * sizes - not_hard
    pairs[np.arange(len(d)), labels] = 0
    per_anchor, per_margin = pairs.sum(1), np.zeros((n_margins - 1, 3), np.int64)
    if n_margins > 1:
        hard = per_anchor[:, 2].sum()
        lossy = np.maximum(counts_before((tag >= n_margins) & (tag < positive))[:, 1:n_margins].sum(0), hard)
        per_margin[:] = np.stack([per_anchor.sum() - lossy, lossy - hard, np.full_like(lossy, hard)], 1)
    per_class_pair = np.add.reduceat(pairs, [anchors.start for anchors, _ in runs])
    return PartialCounts(rows, per_anchor, per_class_pair, per_margin, *extremes)


def _sort_keys(sample: CensusSample, rows: slice, runs: Runs, d: NDArray[np.float64], tag_bits: int) -> Integers:
    """Return sort keys (A, N + M K) of distances on the grid, with `tag_bits` low bits that say whose they are.

    K is the size of the largest class: after the N distances come, for each margin, those of the positives with the
    margin added. Where distances tie, the tag decides as the kinds are defined. It is j for a positive with margin j
    added, M + c for a negative of class c, and M + C for a positive.
    """
    n, k = len(sample), int(np.diff(sample.class_starts).max())
    keys = np.full((len(d), n + len(sample.margins) * k), LAST)
    keys[:, :n] = d
    keys[:, :n] <<= tag_bits
    step = 1 << tag_bits
    margins = [(round(math.ldexp(margin, sample.grid_bits)) - 1) * step for margin in sample.margins]
    for anchors, same_class in runs:
        for j, margin in enumerate(margins):
            moved = slice(n + j * k, n + j * k + same_class.stop - same_class.start)
            np.add(keys[anchors, same_class], margin + j, out=keys[anchors, moved])
        keys[anchors, same_class] += step + len(sample.classes) - sample.y[same_class.start]
    keys[:, :n] += len(margins) + sample.y
    a, own = np.arange(len(d)), np.arange(rows.start, rows.stop)
    keys[a, own] = LAST
    for j in range(len(margins)):
        keys[a, n + j * k + own - sample.class_starts[sample.y[rows]]] = LAST
    return keys


def _runs(sample: CensusSample, rows: slice) -> Runs:
    """Return the runs of anchors of one class, counted from the first of `rows`, with the rows of their class."""
    runs, edges = [], sample.class_starts.tolist()
    for label in range(sample.y[rows.start], sample.y[rows.stop - 1] + 1):
        first, last = edges[label : label + 2]
        anchors = slice(max(first, rows.start) - rows.start, min(last, rows.stop) - rows.start)
        runs.append((anchors, slice(first, last)))
    return runs


def _extremes(
    sample: CensusSample, rows: slice, runs: Runs, d: NDArray[np.float64]
) -> tuple[Integers, Integers, NDArray[np.float64], NDArray[np.float64]]:
    """Return rows of the farthest positives and nearest negatives, and their distances; `d` (A, N) is overwritten."""
    a = np.arange(len(d))
    farthest = np.empty(len(d), np.int64)
    d[a, np.arange(rows.start, rows.stop)] = -np.inf
    for anchors, same_class in runs:
        farthest[anchors] = same_class.start + d[anchors, same_class].argmax(1)
    far = d[a, farthest]
    for anchors, same_class in runs:
        d[anchors, same_class] = np.inf
    nearest = d.argmin(1)
    near = d[a, nearest]
    farthest[far == -np.inf], nearest[near == np.inf] = -1, -1
    return farthest, nearest, np.ldexp(far, -sample.grid_bits), np.ldexp(near, -sample.grid_bits)
