"""How good an embedding is, told by its neighbours, its clusters and its triplets rather than by the loss.

Scores are measured on the embedding as given, with plain Euclidean distances, in the full space, and leave one
out: a point is judged by the other points of the same set. All of it is cheap enough for every frame.
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
from cl_core.losses.miners import count_kinds

K = 5  # neighbours that vote in kNN accuracy
BLOCK = 250  # points that are compared with all others at a time
PART = 500  # points that pair and triplet measures look at: the first of the set
MARGIN = 0.2  # of the triplet shares (Schroff et al. 2015), one for all, so that runs of any loss compare

RIDGE = 0.01  # penalty of the linear probe


@dataclass(frozen=True)
class Metrics:
    """What is measured of one frame.

    Attributes:
        knn: share of points whose `K` nearest other points vote for their class (ties: the nearer class).
        recall: recall@1, the share of points whose nearest other point is of their class.
        map_r: MAP@R (Musgrave et al. 2020), mean average precision over each point's R nearest others,
            R the number of its positives.
        alignment: mean squared distance of positive pairs of unit embeddings (Wang and Isola 2020), 0 to 4.
        uniformity: log of the mean of exp(-2 d^2) over pairs of unit embeddings (ibid.), -4 or so to 0.
        easy, semihard, hard: shares of all valid triplets of unit embeddings, squared distance, FaceNet's margin.
        spread: root of the summed variance of all axes; on unit embeddings 1 for a spread-out, 0 for a collapsed net.
        drawn: recall@1 in the two drawn dimensions, which is what the picture shows.
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
    """The k nearest other points of each: embeddings (n, D), n > k, to indices (n, k), nearest first.

    Block by block, so that what is being compared stays in the cache, where it is faster and in nobody's way.
    """
    squares = (z * z).sum(dim=1)
    found = []
    for low in range(0, len(z), BLOCK):
        block = z[low : low + BLOCK]
        # squared distances but for the block's own squares, which change no order
        distances = torch.addmm(squares[None, :], block, z.T, alpha=-2)
        distances[torch.arange(len(block)), torch.arange(low, low + len(block))] = torch.inf
        found.append(distances.topk(k, largest=False).indices)
    return torch.cat(found)


def neighbour_scores(z: Tensor, y: Tensor, k: int = K) -> tuple[float, float]:
    """KNN accuracy and recall@1 of embeddings (n, D) with labels (n,), n > k."""
    votes = y[nearest_neighbours(z, k)]  # (n, k), nearest first
    # a vote and a little for nearness: it decides ties and can outweigh no vote
    weight = 1 - torch.arange(k) / (k * k)
    tally = torch.zeros(len(z), int(y.max()) + 1).scatter_add_(1, votes, weight.expand_as(votes))
    knn = (tally.argmax(dim=1) == y).float().mean()
    return float(knn), float((votes[:, 0] == y).float().mean())


def recall_at_1(z: Tensor, y: Tensor) -> float:
    """The share of points whose nearest other point is of their class: embeddings (n, D), labels (n,).

    By a tree, which for a few dimensions is several times faster than all distances.
    """
    points = z.numpy()
    two = KDTree(points).query(points, k=2)[1]  # oneself and one other, in either order where they coincide
    other = np.where(two[:, 0] == np.arange(len(points)), two[:, 1], two[:, 0])
    return float((y[torch.from_numpy(other)] == y).float().mean())


def map_at_r(z: Tensor, y: Tensor) -> float:
    """MAP@R of embeddings (n, D) with labels (n,), over the points that have a positive; 0 where none has."""
    positives = (y[:, None] == y[None, :]).sum(dim=1) - 1
    most = int(positives.max())
    if most == 0:
        return 0.0
    near = nearest_neighbours(z, most)  # (n, most)
    rank = torch.arange(1, most + 1)
    right = (y[near] == y[:, None]) & (rank <= positives[:, None])
    precision = right.cumsum(dim=1) / rank
    average = (precision * right).sum(dim=1) / positives.clamp(min=1)
    return float(average[positives > 0].mean())


def alignment_and_uniformity(u: Tensor, y: Tensor) -> tuple[float, float]:
    """Wang and Isola's two measures of unit embeddings (n, D) with labels (n,); alignment 0 without positives."""
    distances = torch.pdist(u).square()  # of each pair once, (n (n - 1) / 2,)
    first, second = torch.triu_indices(len(u), len(u), 1)
    positive = y[first] == y[second]
    alignment = distances[positive].mean() if positive.any() else torch.zeros(())
    uniformity = torch.exp(-2 * distances).mean().log()
    return float(alignment), float(uniformity)


def measure(z: Tensor, y: Tensor, drawn: Tensor) -> Metrics:
    """All of `Metrics` for embeddings z (n, D) with labels y (n,), drawn at (n, 2); n > K.

    Pair and triplet measures, whose cost grows faster, are taken of the first `PART` points.
    """
    knn, recall = neighbour_scores(z, y)
    part, labels = z[:PART], y[:PART]
    unit = torch.nn.functional.normalize(part)
    alignment, uniformity = alignment_and_uniformity(unit, labels)
    counts = count_kinds(Contrast.of_batch(unit, labels, "sqeuclidean"), MARGIN)
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
    """Accuracy of a ridge classifier fitted to the first half of embeddings z (n, D) with labels y (n,), on the rest.

    It takes four milliseconds where a softmax regression takes twenty, and they differ by half a point. NaN where the
    first half has one class.
    """
    from sklearn.linear_model import RidgeClassifier  # here, as only workers need it

    half = len(z) // 2
    if len(np.unique(y[:half])) < 2:
        return nan
    points = z.astype(np.float64)
    return float(RidgeClassifier(alpha=RIDGE).fit(points[:half], y[:half]).score(points[half:], y[half:]))
