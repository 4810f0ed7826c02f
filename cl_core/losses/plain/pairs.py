"""The pair loss and the triplet losses on a batch in plain PyTorch, as they are handed out.

They are for reading and checking: each builds all pairs, or all triplets, of the batch at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn.functional import normalize

from cl_core.losses.parameters import Value


def mean(terms: Tensor) -> Tensor:
    """Mean of the terms (n,); 0 if there is none."""
    return terms.sum() / max(len(terms), 1)


def pair_masks(y: Tensor) -> tuple[Tensor, Tensor]:
    """Who is a positive and who a negative of each anchor, both (B, B); nobody is its own positive."""
    same = y[:, None] == y
    return same & ~torch.eye(len(y), dtype=torch.bool), ~same


def euclidean(z: Tensor) -> Tensor:
    """Distances (B, B), from differences: a matrix product would lose the digits of near points."""
    return torch.cdist(z, z, compute_mode="donot_use_mm_for_euclid_dist")


def squared(z: Tensor) -> Tensor:
    """Squared distances (B, B)."""
    return euclidean(z).square()


def similarity(z: Tensor) -> Tensor:
    """Cosines (B, B)."""
    u = normalize(z, dim=1)
    return u @ u.T


def cosine(z: Tensor) -> Tensor:
    """1 - cosine (B, B)."""
    return 1 - similarity(z)


def contrastive(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor], half: bool) -> Tensor:
    """Mean over all pairs of d^2 for two of one class, [m - d]_+^2 for others."""
    i, j = torch.triu_indices(len(y), len(y), 1)  # each pair once
    d = distance(z)[i, j]
    missing = torch.where(y[i] == y[j], d, (margin - d).relu())
    loss = mean(missing.square())
    return loss / 2 if half else loss


def triplets(d: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Distances of positive and of negative to the anchor, in every triplet of the batch; both (T,)."""
    positive, negative = pair_masks(y)
    a, p, n = (positive[:, :, None] & negative[:, None, :]).nonzero(as_tuple=True)
    return d[a, p], d[a, n]


def all_triplets(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Mean of [d_ap - d_an + m]_+ over all triplets, zeros included."""
    d_ap, d_an = triplets(distance(z), y)
    return mean((d_ap - d_an + margin).relu())


def nonzero_triplets(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Mean of d_ap - d_an + m over the triplets that have a loss."""
    d_ap, d_an = triplets(distance(z), y)
    return mean((d_ap - d_an + margin)[d_an < d_ap + margin])


def hard_triplets(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Mean of d_ap - d_an + m over triplets whose negative is no farther than the positive."""
    d_ap, d_an = triplets(distance(z), y)
    return mean((d_ap - d_an + margin)[d_an <= d_ap])


def semihard_triplets(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Mean of d_ap - d_an + m over triplets that are ranked rightly, but whose negative is inside the margin."""
    d_ap, d_an = triplets(distance(z), y)
    return mean((d_ap - d_an + margin)[(d_ap < d_an) & (d_an < d_ap + margin)])


def nearest_beyond(d: Tensor, negative: Tensor) -> Tensor:
    """(anchor, positive): distance of the nearest negative that is farther than the positive; inf without one."""
    farther = negative[:, None, :] & (d[:, None, :] > d[:, :, None])  # (anchor, positive, negative)
    return d[:, None, :].where(farther, torch.inf).amin(2)


def nearest_semihard(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """For each positive the nearest negative that is farther than it, if that one is inside the margin."""
    positive, negative = pair_masks(y)
    d = distance(z)
    d_n = nearest_beyond(d, negative)
    return mean((d - d_n + margin)[positive & (d_n < d + margin)])


def semihard_of_tensorflow_addons(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """For each positive the nearest negative that is farther, however far; without one the farthest of all."""
    positive, negative = pair_masks(y)
    d = distance(z)
    d_n = nearest_beyond(d, negative)
    farthest = d.where(negative, -torch.inf).amax(1, keepdim=True)
    d_n = torch.where(d_n < torch.inf, d_n, farthest)
    return mean((d - d_n + margin)[positive & negative.any(1, keepdim=True)].relu())


def batch_hard(z: Tensor, y: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """For each anchor its farthest positive and its nearest negative."""
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
