"""Gradients of a loss on one fixed batch: weights of pairs, forces on embeddings, and the effect of one step.

Weights are the derivatives of the mean loss by the cosine of each pair, with the lengths of the embeddings held fixed.
Forces are minus its derivatives by the embeddings themselves.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cl_core.analysis.metrics import TRIPLET_MARGIN
from cl_core.losses.base import Loss
from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.distances import pairwise, slope_in_similarity, unit
from cl_core.losses.miners import KINDS

MOST_OF_A_PUSH = 0.9  # share of the push on an embedding, of which the number of negatives is told
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Batch:
    """A batch of embeddings.

    Attributes:
        z: embeddings (B, D); rows i and i + B/2 are of one class, and stand for two views in a loss on views.
        y: labels (B,).
        weight: class weights (C, D), for a loss that has them.
        bias: class biases (C,), for a loss that has them.
        unit_norm: whether embeddings are normalised again after a step.
    """

    z: Tensor
    y: Tensor
    weight: Tensor | None = None
    bias: Tensor | None = None
    unit_norm: bool = True


@dataclass(frozen=True, eq=False)
class BatchForces:
    """Loss, weights and forces of a batch, and how they are shared among kinds of triplets.

    Kinds are "easy", "semihard" and "hard", by the squared distance of unit embeddings and FaceNet's margin. A pair is
    as hard as the hardest triplet that contains it.

    Attributes:
        value: mean loss.
        n_terms: number of valid terms of the mean.
        similarity: (B, N) cosines of embeddings to the others: the batch itself, or the class weights.
        weights: (B, N) derivatives of the mean loss by these cosines; descent raises a cosine where this is negative.
        embedding_force: (B, D) force on each embedding.
        class_force: (C, D) force on each class weight; None for a loss without class weights.
        triplets: kind -> share of all triplets.
        pairs: kind -> share of the pairs that are part of a triplet.
        shares: kind -> share of the sum of |weights| over these pairs.
        s_p: mean cosine of positive pairs.
        s_n: mean cosine of negative pairs.
        negatives: mean over the embeddings of the number of negatives, strongest first, that carry `MOST_OF_A_PUSH` of
            what pushes one; NaN if nothing is pushed.
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
    negatives: float


def batch_forces(loss: Loss, theta: Mapping[str, Any], batch: Batch) -> BatchForces:
    """Compute loss, weights and forces of a batch, in float64.

    Args:
        loss: the loss.
        theta: its parameters; defaults for those that are missing.
        batch: with class weights and biases, where the loss has them.

    Raises:
        ValueError: when a parameter is unknown or out of range, or the batch does not suit the loss.
    """
    slopes = batch_slopes(loss, loss.check(theta), batch)
    z, w = batch.z.double(), batch.weight.double() if loss.classes and batch.weight is not None else None
    others = z if w is None else w
    similarity = pairwise(z, others, "similarity")
    positive = batch.y[:, None] == (batch.y if w is None else torch.arange(len(others)))
    if w is None:
        positive.fill_diagonal_(False)
    negative = batch.y[:, None] != batch.y if w is None else ~positive
    d2 = 2 - 2 * similarity
    pairs, shares = _pair_shares(d2, positive, negative, slopes.weights.abs())
    return BatchForces(
        value=slopes.mean.item(),
        n_terms=slopes.terms.n_terms,
        similarity=similarity,
        weights=slopes.weights,
        embedding_force=slopes.embedding_force,
        class_force=slopes.class_force,
        triplets=_triplet_shares(d2, positive, negative),
        pairs=pairs,
        shares=shares,
        s_p=_mean(similarity[positive]),
        s_n=_mean(similarity[negative]),
        negatives=_pushing_negatives(slopes.weights.clamp(min=0) * negative),
    )


def _pushing_negatives(pushes: Tensor) -> float:
    """Return the mean number of negatives that carry `MOST_OF_A_PUSH` of the push on an embedding.

    Args:
        pushes: (B, N) weights of negative pairs, 0 elsewhere.
    """
    pushed = pushes[pushes.sum(1) > 0]
    carried = pushed.sort(descending=True).values.cumsum(1) / pushed.sum(1, keepdim=True)
    return float(((carried < MOST_OF_A_PUSH - ROUNDING).sum(1) + 1).double().mean())


@dataclass(frozen=True, eq=False)
class BatchSlopes:
    """Derivatives of the mean loss of a batch.

    Attributes:
        mean: mean loss, ().
        terms: terms of the loss.
        embedding_force, class_force, weights: as in `BatchForces`.
    """

    mean: Tensor
    terms: Terms
    embedding_force: Tensor
    class_force: Tensor | None
    weights: Tensor


def batch_slopes(loss: Loss, theta: Mapping[str, Any], batch: Batch) -> BatchSlopes:
    """Compute the derivatives of a batch, in float64; compilers can trace it, with tensors as parameters.

    Args:
        loss: the loss.
        theta: all of its parameters.
        batch: with class weights and biases, where the loss has them.
    """
    z = batch.z.double().detach().requires_grad_()
    w = batch.weight.double().detach().requires_grad_() if loss.classes and batch.weight is not None else None
    bias = batch.bias.double() if loss.bias and batch.bias is not None else None
    contrast = loss.contrast(z, None if loss.views else batch.y, theta, w, bias)
    terms = loss.function(contrast, **theta)
    mean = terms.mean()
    slopes = torch.autograd.grad(mean, [z] if w is None else [z, w], allow_unused=True)
    force, *class_force = (
        torch.zeros_like(x) if slope is None else -slope.detach() for slope, x in zip(slopes, (z, w), strict=False)
    )
    weights = _pair_weights(loss, theta, contrast)
    return BatchSlopes(mean.detach(), terms, force, class_force[0] if class_force else None, weights)


def _pair_weights(loss: Loss, theta: Mapping[str, Any], contrast: Contrast) -> Tensor:
    """Return the derivatives (B, N) of the mean loss by each cosine, with the lengths of embeddings held fixed."""
    value = contrast.value.detach().requires_grad_()
    anchors, others = (None if part is None else part.detach() for part in (contrast.anchors, contrast.others))
    fixed = replace(contrast, value=value, anchors=anchors, others=others)
    (slope,) = torch.autograd.grad(loss.function(fixed, **theta).mean(), value, allow_unused=True)
    if slope is None:
        return torch.zeros_like(value)
    metric = loss.metric_of(theta)
    slope = slope * slope_in_similarity(value.detach(), metric)
    if metric not in ("similarity", "cosine"):  # x = |a| |b| s, or d^2 = ... - 2 |a| |b| s
        slope = slope * (fixed.anchor_lengths * fixed.other_lengths)
    return slope.detach()


def _triplet_shares(d2: Tensor, positive: Tensor, negative: Tensor) -> dict[str, float]:
    """Return the share of each kind among all triplets of the masks (B, N)."""
    d_ap, d_an = d2[:, :, None], d2[:, None, :]  # (B, P, 1), (B, 1, N)
    valid = positive[:, :, None] & negative[:, None, :]
    return _normalised({kind: float((valid & rule(d_ap, d_an, TRIPLET_MARGIN)).sum()) for kind, rule in KINDS.items()})


def _pair_shares(
    d2: Tensor, positive: Tensor, negative: Tensor, weight: Tensor
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the share of each kind among the pairs that are part of a triplet, and among their `weight` (B, N)."""
    farthest = d2.masked_fill(~positive, -torch.inf).amax(1, keepdim=True)
    nearest = d2.masked_fill(~negative, torch.inf).amin(1, keepdim=True)
    both = positive.any(1, keepdim=True) & negative.any(1, keepdim=True)
    counts, weights = {}, {}
    for kind, rule in KINDS.items():
        of_kind = both & (positive & rule(d2, nearest, TRIPLET_MARGIN) | negative & rule(farthest, d2, TRIPLET_MARGIN))
        counts[kind] = float(of_kind.sum())
        weights[kind] = float((weight * of_kind).sum())
    return _normalised(counts), _normalised(weights)


def _normalised(parts: Mapping[str, float]) -> dict[str, float]:
    """Divide parts by their sum, unless it is 0."""
    total = sum(parts.values()) or 1.0
    return {kind: part / total for kind, part in parts.items()}


def _mean(values: Tensor) -> float:
    """Return the mean of values (n,), 0 of none."""
    return float(values.mean()) if len(values) else 0.0


def gradient_step(batch: Batch, forces: BatchForces, distance: float) -> tuple[Batch, float]:
    """Move a batch by one gradient step.

    Args:
        batch: to move; it is left as it is.
        forces: of the batch.
        distance: by which the embedding with the largest force moves; it determines the learning rate, which holds for
            all other embeddings and for the class weights.

    Returns:
        The batch after the step, and the learning rate; 0 where there are no forces.
    """
    moved, rate = moved_batch(batch, forces.embedding_force, forces.class_force, distance)
    return moved, float(rate)


def moved_batch(
    batch: Batch, embedding_force: Tensor, class_force: Tensor | None, distance: float | Tensor
) -> tuple[Batch, Tensor]:
    """Compute `gradient_step` from the forces; compilers can trace it, with a tensor as distance."""
    largest = torch.linalg.vector_norm(embedding_force, dim=1).amax()
    rate = torch.where(largest > 0, distance / largest, 0.0)
    z = batch.z.double() + rate * embedding_force
    if batch.unit_norm:
        z = torch.nn.functional.normalize(z)
    weight = batch.weight
    if weight is not None and class_force is not None:
        weight = weight.double() + rate * class_force
    return replace(batch, z=z, weight=weight), rate


def choose_batch(y: NDArray[np.integer[Any]], size: int, seed: int) -> NDArray[np.int64]:
    """Choose a batch of random pairs of images of one class, taking the classes in turn.

    Args:
        y: labels (N,).
        size: of the batch, even; where the images hold fewer pairs, all of them are taken.
        seed: of the random generator.

    Returns:
        Indices into `y`, (size,) int64 or fewer, all different. Pair k is in row k of each half, so a loss on views
        takes its two images for two views of one image.

    Raises:
        ValueError: when no two images are of one class.
    """
    rng = np.random.default_rng(seed)
    left = {label: rng.permutation(np.flatnonzero(y == label)).tolist() for label in np.unique(y)}
    pairs: list[tuple[int, int]] = []
    while len(pairs) < size // 2:
        usable = [label for label, rows in left.items() if len(rows) > 1]
        if not usable:
            break
        pairs += [(left[label].pop(), left[label].pop()) for label in rng.permutation(usable)]
    if not pairs:
        raise ValueError(f"no two of {len(y)} images are of one class")
    first, second = zip(*sorted(pairs[: size // 2], key=lambda pair: y[pair[0]]), strict=True)
    return np.array([*first, *second])


def class_means(z: NDArray[np.floating[Any]], y: NDArray[np.integer[Any]], classes: int) -> NDArray[np.float64]:
    """Return the mean direction of each class.

    Args:
        z: embeddings (N, D).
        y: labels (N,) from 0 to classes - 1.
        classes: number of classes C.

    Returns:
        (C, D): means of unit embeddings, scaled to length 1; zeros for a class without embeddings.
    """
    u = unit(torch.tensor(z, dtype=torch.float64))
    sums = torch.zeros(classes, z.shape[1], dtype=torch.float64).index_add_(0, torch.tensor(y), u)
    return unit(sums).numpy()
