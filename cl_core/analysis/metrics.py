"""Quality of an embedding, measured by nearest neighbours, clusters and triplets rather than by the loss.

Scores are measured on the embedding as given, in the full space, with Euclidean distances, and leave one out: a point
is compared with the other points of the same set. All of them are cheap enough to measure at every frame.
"""

from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import KDTree
from torch import Tensor

from cl_core.losses.contrast import Contrast
from cl_core.losses.execution import has_values
from cl_core.losses.miners import count_kinds

NEIGHBOURS = 5  # neighbours that vote in kNN accuracy
BLOCK_SIZE = 250  # points that are compared with all others at a time
PAIR_SAMPLE_SIZE = 500  # points for pair and triplet measures: the first ones of the set
TRIPLET_MARGIN = 0.2  # of the triplet shares (Schroff et al. 2015); the same for all losses, so that their runs compare

MAX_EXPONENT = 100  # of the power of two by which embeddings are scaled before their squares are taken
RIDGE_PENALTY = 0.01  # of the linear probe


@dataclass(frozen=True)
class Metrics:
    """Measures of one embedding.

    Run files hold them in this order. A new one comes last and has the default NaN, its value in older files.

    Attributes:
        knn: kNN accuracy: share of points for whose class their `NEIGHBOURS` nearest other points vote; ties: the
            nearer class. 0 to 1.
        recall: recall@1: share of points whose nearest other point is of their class, 0 to 1.
        map_r: MAP@R: mean average precision over the R nearest other points of each point, where R is the number of its
            positives (Musgrave et al. 2020), 0 to 1.
        alignment: mean squared distance of positive pairs of unit embeddings (Wang and Isola 2020), 0 to 4.
        uniformity: log of the mean of exp(-2 d^2) over all pairs of unit embeddings (Wang and Isola 2020), about -4 to
            0.
        easy, semihard, hard: shares of all valid triplets of unit embeddings, by squared distance and FaceNet's margin.
        spread: square root of the sum of the variances of all axes; for unit embeddings 1 where they are spread out, 0
            where they have collapsed.
        drawn: recall@1 in the two dimensions that are drawn, so of what the picture shows.
    """

    knn: float
    recall: float
    map_r: float
    alignment: float
    uniformity: float
    easy: float
    semihard: float
    hard: float
    spread: float
    drawn: float


def nearest_neighbours(z: Tensor, k: int) -> Tensor:
    """Find the k nearest other points of each point.

    Args:
        z: embeddings (n, D), n > k.
        k: number of neighbours.

    Returns:
        Rows of `z`, (n, k) int64, nearest first; never the point itself.

    Raises:
        ValueError: when there are fewer than k other points.
    """
    if len(z) <= k:
        raise ValueError(f"{k} neighbours need {k + 1} points or more, not {len(z)}")
    z = _scaled(z)
    squares = (z * z).sum(dim=1)
    rows = torch.arange(len(z), device=z.device)
    neighbours = []
    # in blocks, whose distances stay in the processor's cache: faster, and it leaves the cache to other processes
    for low in range(0, len(z), BLOCK_SIZE):
        block = z[low : low + BLOCK_SIZE]
        # squared distances without the block's own squares, which do not change the order
        distances = torch.addmm(squares, -2 * block, z.T)
        distances.masked_fill_(rows[low : low + len(block), None] == rows, torch.inf)
        neighbours.append(distances.topk(k, largest=False).indices)
    return torch.cat(neighbours)


def _scaled(z: Tensor) -> Tensor:
    """Return embeddings of about length 1: the squares of long ones overflow to the infinity that marks a point."""
    largest = z.abs().amax()
    if has_values(z):  # a power of two is exact
        return torch.ldexp(z, -torch.frexp(largest).exponent.clamp(-MAX_EXPONENT, MAX_EXPONENT))
    return z / largest.clamp_min(torch.finfo(z.dtype).tiny)


def neighbour_scores(z: Tensor, y: Tensor, k: int = NEIGHBOURS) -> tuple[float, float]:
    """Return kNN accuracy and recall@1, each 0 to 1 and leave one out.

    Args:
        z: embeddings (n, D), n > k.
        y: labels (n,).
        k: neighbours that vote; ties go to the class whose neighbours are nearer.
    """
    knn, recall = vote(z, y, int(y.max()) + 1, k)
    return float(knn), float(recall)


def vote(z: Tensor, y: Tensor, n_classes: int, k: int = NEIGHBOURS) -> tuple[Tensor, Tensor]:
    """Return the same two numbers as scalar tensors, without looking at values, so that a compiler can trace it.

    Args:
        z: embeddings (n, D), n > k.
        y: labels (n,) below `n_classes`.
        n_classes: number of classes.
        k: neighbours that vote.
    """
    votes = y.expand(len(y), -1).gather(1, nearest_neighbours(z, k))  # (n, k), nearest first
    # one vote and a bonus for nearness, which decides ties and is too small to outweigh a vote
    weight = 1 - torch.arange(k, device=z.device) / (k * k)
    tally = torch.zeros(len(z), n_classes, device=z.device).scatter_add_(1, votes, weight.expand_as(votes))
    knn = (tally.argmax(dim=1) == y).float().mean()
    return knn, (votes[:, 0] == y).float().mean()


def recall_at_1(z: Tensor, y: Tensor) -> float:
    """Return the share of points whose nearest other point is of their class, 0 to 1.

    It uses a tree, which for a few dimensions is several times faster than computing all distances.

    Args:
        z: embeddings (n, D).
        y: labels (n,).
    """
    points = z.numpy()
    nearest = KDTree(points).query(points, k=2)[1]  # the point itself and another, in either order where they coincide
    other = np.where(nearest[:, 0] == np.arange(len(points)), nearest[:, 1], nearest[:, 0])
    return float((y[torch.from_numpy(other)] == y).float().mean())


def map_at_r(z: Tensor, y: Tensor) -> float:
    """Return MAP@R, averaged over the points that have a positive; 0 where no point has one.

    Args:
        z: embeddings (n, D).
        y: labels (n,).

    Returns:
        0 to 1.

    Source: Musgrave, Belongie and Lim 2020, A Metric Learning Reality Check.
    """
    positives = (y[:, None] == y[None, :]).sum(dim=1) - 1
    max_positives = int(positives.max())
    if max_positives == 0:
        return 0.0
    neighbours = nearest_neighbours(z, max_positives)  # (n, max_positives)
    rank = torch.arange(1, max_positives + 1)
    relevant = (y[neighbours] == y[:, None]) & (rank <= positives[:, None])
    precision = relevant.cumsum(dim=1) / rank
    average = (precision * relevant).sum(dim=1) / positives.clamp(min=1)
    return float(average[positives > 0].mean())


def alignment_and_uniformity(u: Tensor, y: Tensor) -> tuple[float, float]:
    """Return alignment and uniformity of unit embeddings.

    Args:
        u: embeddings (n, D) of length 1.
        y: labels (n,).

    Returns:
        Mean squared distance of positive pairs, 0 to 4, and 0 without such a pair; log of the mean of exp(-2 d^2) over
        all pairs.

    Source: Wang and Isola 2020, Understanding Contrastive Representation Learning through Alignment and Uniformity.
    """
    distances = torch.pdist(u).square()  # each pair once, (n (n - 1) / 2,)
    first, second = torch.triu_indices(len(u), len(u), 1)
    positive = y[first] == y[second]
    alignment = distances[positive].mean() if positive.any() else torch.zeros(())
    uniformity = torch.exp(-2 * distances).mean().log()
    return float(alignment), float(uniformity)


def measure(z: Tensor, y: Tensor, drawn: Tensor) -> Metrics:
    """Measure an embedding; pair and triplet measures, whose cost grows faster, use its first points.

    Args:
        z: embeddings (n, D), n > `NEIGHBOURS`.
        y: labels (n,).
        drawn: coordinates (n, 2) in which the points are drawn.
    """
    knn, recall = neighbour_scores(z, y)
    part, labels = z[:PAIR_SAMPLE_SIZE], y[:PAIR_SAMPLE_SIZE]
    unit = torch.nn.functional.normalize(part)
    alignment, uniformity = alignment_and_uniformity(unit, labels)
    counts = count_kinds(Contrast.of_batch(unit, labels, "sqeuclidean"), TRIPLET_MARGIN)
    easy, semihard, hard = (count / max(sum(counts), 1) for count in counts)
    return Metrics(
        knn=knn,
        recall=recall,
        map_r=map_at_r(part, labels),
        alignment=alignment,
        uniformity=uniformity,
        easy=easy,
        semihard=semihard,
        hard=hard,
        spread=float(z.var(dim=0, correction=0).sum().sqrt()),
        drawn=recall_at_1(drawn, y),
    )


def linear_probe(z: NDArray[np.floating[Any]], y: NDArray[np.integer[Any]]) -> float:
    """Return the linear-probe accuracy: a ridge classifier is fitted to the first half and tested on the second.

    It takes four milliseconds where a softmax regression takes twenty, and they differ by half a percentage point.

    Args:
        z: embeddings (n, D).
        y: labels (n,).

    Returns:
        0 to 1; NaN where the first half has a single class.
    """
    from sklearn.linear_model import RidgeClassifier  # not on top: only worker processes need it

    half = len(z) // 2
    if len(np.unique(y[:half])) < 2:
        return nan
    points = z.astype(np.float64)
    return float(RidgeClassifier(alpha=RIDGE_PENALTY).fit(points[:half], y[:half]).score(points[half:], y[half:]))
