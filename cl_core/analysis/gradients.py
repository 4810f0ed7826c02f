"""One batch, held still: who pulls whom, how hard, and what a step would change.

Weights are the derivatives of the mean loss by each cosine, at the lengths the embeddings have; forces are minus its
derivatives by the embeddings themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cl_core.analysis.metrics import MARGIN
from cl_core.losses.base import Loss
from cl_core.losses.contrast import Contrast
from cl_core.losses.distances import pairwise, slope_in_similarity, unit
from cl_core.losses.miners import KINDS


@dataclass(frozen=True, eq=False)
class Batch:
    """Embeddings z (B, D) with labels y (B,); rows i and i + B/2 are of one class and stand for two views.

    weight (C, D) and bias (C,) belong to a loss with class weights. unit_norm: a step leaves embeddings on the sphere.
    """

    z: Tensor
    y: Tensor
    weight: Tensor | None = None
    bias: Tensor | None = None
    unit_norm: bool = True


@dataclass(frozen=True, eq=False)
class BatchForces:
    """What a loss does to a batch.

    Attributes:
        value: the mean loss; n_terms: over how many valid terms.
        similarity: (B, N) cosines to the others: the batch itself, or the class weights.
        weights: (B, N) derivatives of the mean loss by these cosines; descent raises a cosine where this is negative.
        pull: (B, D) force on each embedding; class_pull: (C, D) on each class weight, or None.
        triplets: kind ("easy", "semihard", "hard") -> share of all triplets; squared distance of unit embeddings,
            FaceNet's margin.
        pairs: kind -> share of the pairs, where a pair is as hard as the hardest triplet that it stands in.
        shares: kind -> share of sum |weights| that its pairs carry.
        s_p, s_n: mean cosine of positive and of negative pairs.
    """

    value: float
    n_terms: int
    similarity: Tensor
    weights: Tensor
    embedding_force: Tensor
    class_force: Tensor | None
    triplets: Mapping[str, float]
    pairs: Mapping[str, float]
    shares: Mapping[str, float]
    s_p: float
    s_n: float


def batch_forces(loss: Loss, theta: Mapping[str, Any], batch: Batch) -> BatchForces:
    """Everything that the loss says of a batch; all in float64. Raises ValueError as the loss does."""
    checked = loss.check(theta)
    z = batch.z.double().detach().requires_grad_()
    w = batch.weight.double().detach().requires_grad_() if loss.classes and batch.weight is not None else None
    bias = batch.bias.double() if loss.bias and batch.bias is not None else None
    contrast = loss.contrast(z, None if loss.views else batch.y, checked, w, bias)
    terms = loss.function(contrast, **checked)
    mean = terms.mean()
    pulls = torch.autograd.grad(mean, [z] if w is None else [z, w], allow_unused=True)
    pull, *class_pull = (torch.zeros_like(x) if g is None else -g.detach() for g, x in zip(pulls, (z, w), strict=False))
    others = z if w is None else w
    similarity = pairwise(z, others, "similarity").detach()
    positive = batch.y[:, None] == (batch.y if w is None else torch.arange(len(others)))
    if w is None:
        positive.fill_diagonal_(False)
    negative = batch.y[:, None] != batch.y if w is None else ~positive
    weights = _weights(loss, checked, contrast)
    d2 = 2 - 2 * similarity
    pairs, shares = _pairs(d2, positive, negative, weights.abs())
    return BatchForces(
        value=mean.item(),
        n_terms=terms.n_terms,
        similarity=similarity,
        weights=weights,
        embedding_force=pull,
        class_force=class_pull[0] if class_pull else None,
        triplets=_triplets(d2, positive, negative),
        pairs=pairs,
        shares=shares,
        s_p=_mean(similarity[positive]),
        s_n=_mean(similarity[negative]),
    )


def _weights(loss: Loss, theta: Mapping[str, Any], contrast: Contrast) -> Tensor:
    """Derivative of the mean by each cosine, lengths held."""
    value = contrast.value.detach().requires_grad_()
    anchors, others = (None if part is None else part.detach() for part in (contrast.anchors, contrast.others))
    held = replace(contrast, value=value, anchors=anchors, others=others)
    (slope,) = torch.autograd.grad(loss.function(held, **theta).mean(), value, allow_unused=True)
    if slope is None:
        return torch.zeros_like(value)
    metric = loss.metric_of(theta)
    slope = slope * slope_in_similarity(value.detach(), metric)
    if metric not in ("similarity", "cosine"):  # x = length length s, d^2 = ... - 2 length length s
        slope = slope * (held.anchor_lengths * held.other_lengths)
    return slope.detach()


def _triplets(d2: Tensor, positive: Tensor, negative: Tensor) -> dict[str, float]:
    """Share of each kind among all triplets of the masks (B, N)."""
    d_ap, d_an = d2[:, :, None], d2[:, None, :]  # (B, P, 1), (B, 1, N)
    valid = positive[:, :, None] & negative[:, None, :]
    return _shared({kind: float((valid & rule(d_ap, d_an, MARGIN)).sum()) for kind, rule in KINDS.items()})


def _pairs(d2: Tensor, positive: Tensor, negative: Tensor, weight: Tensor) -> tuple[dict[str, float], dict[str, float]]:
    """Share of each kind among the pairs that stand in a triplet, and of `weight` (B, N) that each kind carries."""
    farthest = d2.masked_fill(~positive, -torch.inf).amax(1, keepdim=True)
    nearest = d2.masked_fill(~negative, torch.inf).amin(1, keepdim=True)
    both = positive.any(1, keepdim=True) & negative.any(1, keepdim=True)
    count, carried = {}, {}
    for kind, rule in KINDS.items():
        chosen = both & (positive & rule(d2, nearest, MARGIN) | negative & rule(farthest, d2, MARGIN))
        count[kind] = float(chosen.sum())
        carried[kind] = float((weight * chosen).sum())
    return _shared(count), _shared(carried)


def _shared(parts: Mapping[str, float]) -> dict[str, float]:
    whole = sum(parts.values()) or 1.0
    return {kind: part / whole for kind, part in parts.items()}


def _mean(values: Tensor) -> float:
    return float(values.mean()) if len(values) else 0.0


def gradient_step(batch: Batch, found: BatchForces, reach: float) -> tuple[Batch, float]:
    """The batch after one gradient step, and the learning rate that this was.

    The rate is chosen so that the embedding that is pulled hardest moves by `reach`; class weights move with the same
    rate. Where nothing pulls, nothing moves and the rate is 0.
    """
    hardest = float(torch.linalg.vector_norm(found.embedding_force, dim=1).max())
    rate = reach / hardest if hardest > 0 else 0.0
    z = batch.z.double() + rate * found.embedding_force
    if batch.unit_norm:
        z = torch.nn.functional.normalize(z)
    weight = batch.weight
    if weight is not None and found.class_force is not None:
        weight = weight.double() + rate * found.class_force
    return replace(batch, z=z, weight=weight), rate


def choose_batch(y: NDArray[np.integer[Any]], size: int, seed: int) -> NDArray[np.int64]:
    """Which `size` of the images with labels y (N,) make a batch: pairs of one class, classes in turn.

    Pair k is in rows k and k + size/2, so that for a loss on views one stands for the other's second view. No image is
    taken twice. Raises ValueError where there are not enough of them.
    """
    dice = np.random.default_rng(seed)
    left = {label: dice.permutation(np.flatnonzero(y == label)).tolist() for label in np.unique(y)}
    couples: list[tuple[int, int]] = []
    while len(couples) < size // 2:
        able = [label for label, rows in left.items() if len(rows) > 1]
        if not able:
            raise ValueError(f"{len(y)} images do not hold {size // 2} pairs of one class")
        couples += [(left[label].pop(), left[label].pop()) for label in dice.permutation(able)]
    first, second = zip(*sorted(couples[: size // 2], key=lambda couple: y[couple[0]]), strict=True)
    return np.array([*first, *second])


def class_means(z: NDArray[np.floating[Any]], y: NDArray[np.integer[Any]], classes: int) -> NDArray[np.float64]:
    """Mean unit embedding of each class, (C, D), of length 1; zeros for a class without an image."""
    u = unit(torch.tensor(z, dtype=torch.float64))
    sums = torch.zeros(classes, z.shape[1], dtype=torch.float64).index_add_(0, torch.tensor(y), u)
    return unit(sums).numpy()
