"""The metrics of `metrics.measure` in a form whose shapes depend on shapes only, so that a compiler can trace it."""

import torch
from torch import Tensor

from cl_core.analysis.metrics import PAIR_SAMPLE_SIZE, TRIPLET_MARGIN, nearest_neighbours, vote
from cl_core.losses.contrast import Contrast
from cl_core.losses.miners import dense_kind_counts


def measure(z: Tensor, y: Tensor, n_classes: int, drawn: Tensor) -> Tensor:
    """Measure an embedding.

    Args:
        z: embeddings (n, D), n > `NEIGHBOURS`.
        y: labels (n,) below `n_classes`.
        n_classes: number of classes.
        drawn: coordinates (n, 2) in which the points are drawn.

    Returns:
        (10,) float64, the values of `Metrics` in the order of its fields.
    """
    part, labels = z[:PAIR_SAMPLE_SIZE], y[:PAIR_SAMPLE_SIZE]
    contrast = Contrast.of_batch(torch.nn.functional.normalize(part), labels, "sqeuclidean")
    counts = torch.stack(dense_kind_counts(contrast, TRIPLET_MARGIN)).double()
    nearest = nearest_neighbours(drawn, 1)[:, 0]
    scores = (
        *vote(z, y, n_classes),
        _map_at_r(part, labels),
        *_alignment_and_uniformity(contrast),
        *(counts / counts.sum().clamp_min(1)),
        z.double().sub(z.double().mean(dim=0)).square().mean(dim=0).sum().sqrt(),
        (y.gather(0, nearest) == y).double().mean(),
    )
    return torch.stack([score.double() for score in scores])


def _map_at_r(z: Tensor, y: Tensor) -> Tensor:
    neighbours = nearest_neighbours(z, len(z) - 1)
    same = y.expand(len(y), -1).gather(1, neighbours) == y[:, None]
    positives = same.sum(dim=1, keepdim=True)
    rank = torch.arange(1, len(z), device=z.device)
    relevant = (same & (rank <= positives)).double()
    average = (relevant.cumsum(dim=1) / rank * relevant).sum(dim=1) / positives[:, 0].clamp_min(1)
    return average.sum() / (positives > 0).sum().clamp_min(1)


def _alignment_and_uniformity(contrast: Contrast) -> tuple[Tensor, Tensor]:
    squares = contrast.value.double()
    pairs = contrast.positive | contrast.negative  # all but a row with itself
    alignment = squares.where(contrast.positive, 0).sum() / contrast.positive.sum().clamp_min(1)
    uniformity = torch.exp(-2 * squares).where(pairs, 0).sum() / pairs.sum()
    return alignment, uniformity.log()
