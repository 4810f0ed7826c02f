"""The contrastive loss and the triplet losses on a batch, in plain PyTorch.

Functions take embeddings z (B, D), labels y (B,), the parameters of the loss, and a distance: a function of z that
returns (B, B). They return the mean loss, a scalar. They are meant for reading and checking, since each builds all
pairs or all triplets of the batch at once. Their sources are printed in example programs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn.functional import normalize

from cl_core.losses.parameters import Value


def mean(terms: Tensor) -> Tensor:
    """Return the mean of the terms (n,); 0 if there are none."""
    return terms.sum() / max(len(terms), 1)


def pair_masks(y: Tensor) -> tuple[Tensor, Tensor]:
    """Return masks (B, B) of the positives and the negatives of each anchor; no row is its own positive."""
    same = y[:, None] == y
    return same & ~torch.eye(len(y), dtype=torch.bool, device=y.device), ~same


def euclidean(z: Tensor) -> Tensor:
    """Return distances (B, B), computed from differences: a matrix product would lose the digits of close points."""
    return torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist")


def squared(z: Tensor) -> Tensor:
    """Return squared distances (B, B)."""
    return euclidean(z).square()


def similarity(z: Tensor) -> Tensor:
    """Return cosines (B, B)."""
    u = normalize(z, dim=1)
    return u @ u.T


def cosine(z: Tensor) -> Tensor:
    """Return 1 - cosine (B, B)."""
    return 1 - similarity(z)


def contrastive(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor], half: bool) -> Tensor:
    """Return the mean over all pairs of d^2 for a positive pair and [m - d]_+^2 for a negative pair."""
    i, j = torch.triu_indices(len(y), len(y), 1)  # each pair once
    d = distance(z)[i, j]
    residual = torch.where(y[i] == y[j], d, (margin - d).relu())
    loss = mean(residual.square())
    return loss / 2 if half else loss


def triplets(d: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the distances of anchor and positive and of anchor and negative, (T,) each, in all triplets."""
    positive, negative = pair_masks(y)
    a, p, n = (positive[:, :, None] & negative[:, None, :]).nonzero(as_tuple=True)
    return d[a, p], d[a, n]


def all_triplets(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the mean of [d_ap - d_an + m]_+ over all triplets, zeros included."""
    d_ap, d_an = triplets(distance(z), y)
    return mean((d_ap - d_an + margin).relu())


def nonzero_triplets(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the mean of d_ap - d_an + m over the triplets with a loss greater than 0."""
    d_ap, d_an = triplets(distance(z), y)
    return mean((d_ap - d_an + margin)[d_an < d_ap + margin])


def hard_triplets(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the mean of d_ap - d_an + m over triplets whose negative is no farther than the positive."""
    d_ap, d_an = triplets(distance(z), y)
    return mean((d_ap - d_an + margin)[d_an <= d_ap])


def semihard_triplets(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the mean of d_ap - d_an + m over triplets that are ranked correctly, but inside the margin."""
    d_ap, d_an = triplets(distance(z), y)
    return mean((d_ap - d_an + margin)[(d_ap < d_an) & (d_an < d_ap + margin)])


def nearest_beyond(d: Tensor, negative: Tensor) -> Tensor:
    """Return the distance (anchor, positive) of the nearest negative beyond the positive; inf if there is none."""
    farther = negative[:, None, :] & (d[:, None, :] > d[:, :, None])  # (anchor, positive, negative)
    return d[:, None, :].where(farther, torch.inf).amin(2)


def nearest_semihard(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the mean loss of each positive and the nearest negative beyond it, if that one is inside the margin."""
    positive, negative = pair_masks(y)
    d = distance(z)
    d_n = nearest_beyond(d, negative)
    return mean((d - d_n + margin)[positive & (d_n < d + margin)])


def semihard_of_tensorflow_addons(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the mean loss of each positive and the nearest negative beyond it, or the farthest if none is beyond."""
    positive, negative = pair_masks(y)
    d = distance(z)
    d_n = nearest_beyond(d, negative)
    farthest = d.where(negative, -torch.inf).amax(1, keepdim=True)
    d_n = torch.where(d_n < torch.inf, d_n, farthest)
    return mean((d - d_n + margin)[positive & negative.any(1, keepdim=True)].relu())


def batch_hard(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the mean loss of the farthest positive and the nearest negative of each anchor."""
    positive, negative = pair_masks(y)
    d = distance(z)
    d_ap = d.where(positive, -torch.inf).amax(1)
    d_an = d.where(negative, torch.inf).amin(1)
    both = positive.any(1) & negative.any(1)
    return mean((d_ap - d_an + margin)[both].relu())


DISTANCES: Mapping[Value, Callable[[Tensor], Tensor]] = MappingProxyType(
    {"euclidean": euclidean, "sqeuclidean": squared, "cosine": cosine}
)
TRIPLETS: Mapping[Value, Callable[..., Tensor]] = MappingProxyType(
    {
        "all": all_triplets,
        "all_nonzero": nonzero_triplets,
        "hard": hard_triplets,
        "semihard": semihard_triplets,
        "semihard_near": nearest_semihard,
        "semihard_tfa": semihard_of_tensorflow_addons,
        "batch_hard": batch_hard,
    }
)
