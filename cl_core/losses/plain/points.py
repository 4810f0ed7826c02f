"""Every loss for one positive pair and one negative pair, in plain PyTorch, as a function of their cosines.

Functions take the cosine s_p of the positive pair, the cosine s_n of the negative pair and the parameters of the loss,
and return the loss, of the shape of the cosines. Their sources are printed in example programs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn.functional import softplus

from cl_core.losses.parameters import Value
from cl_core.losses.plain.classes import arcface_cosine, psi


def euclidean(s: Tensor) -> Tensor:
    """Return the distance of two unit vectors; its derivative at s = 1 is infinite, and 0 is used instead."""
    distinct = s < 1
    return torch.where(distinct, (2 - 2 * torch.where(distinct, s, 0 * s)).sqrt(), 0 * s)


def squared(s: Tensor) -> Tensor:
    """Return the squared distance of two unit vectors."""
    return 2 - 2 * s


def cosine(s: Tensor) -> Tensor:
    """Return 1 - cosine."""
    return 1 - s


def contrastive(s_p: Tensor, s_n: Tensor, margin: float, distance: Callable[[Tensor], Tensor], half: bool) -> Tensor:
    """Return d_p^2 + [m - d_n]_+^2."""
    loss = distance(s_p).square() + (margin - distance(s_n)).relu().square()
    return loss / 2 if half else loss


def triplet(s_p: Tensor, s_n: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Return [d_p - d_n + m]_+."""
    return (distance(s_p) - distance(s_n) + margin).relu()


def hard_triplet(s_p: Tensor, s_n: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Return d_p - d_n + m if the negative is no farther than the positive, else 0."""
    d_p, d_n = distance(s_p), distance(s_n)
    return torch.where(d_n <= d_p, d_p - d_n + margin, 0 * (d_p + d_n))


def semihard_triplet(s_p: Tensor, s_n: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """Return d_p - d_n + m if the negative is farther than the positive but inside the margin, else 0."""
    d_p, d_n = distance(s_p), distance(s_n)
    return torch.where((d_p < d_n) & (d_n < d_p + margin), d_p - d_n + margin, 0 * (d_p + d_n))


def with_temperature(s_p: Tensor, s_n: Tensor, temperature: float) -> Tensor:
    """Return log(1 + exp((s_n - s_p) / tau))."""
    return softplus((s_n - s_p) / temperature)


def inner_products(s_p: Tensor, s_n: Tensor, length: float) -> Tensor:
    """Return log(1 + exp(x_n - x_p)) for inner products x of an anchor of this length with vectors of length 1."""
    return softplus(length * (s_n - s_p))


def normface(s_p: Tensor, s_n: Tensor, scale: float) -> Tensor:
    """Return log(1 + exp(s (s_n - s_p)))."""
    return softplus(scale * (s_n - s_p))


def multiplied_angle(s_p: Tensor, s_n: Tensor, margin: int, annealing: float, length: float) -> Tensor:
    """Return log(1 + exp(length (s_n - psi(s_p)))) for an embedding of this length and class weights of length 1."""
    return softplus(length * (s_n - psi(s_p, margin, annealing)))


def am_softmax(s_p: Tensor, s_n: Tensor, margin: float, scale: float) -> Tensor:
    """Return log(1 + exp(s (s_n - s_p + m)))."""
    return softplus(scale * (s_n - (s_p - margin)))


def arcface(s_p: Tensor, s_n: Tensor, margin: float, scale: float) -> Tensor:
    """Return log(1 + exp(s (s_n - cos(theta_p + m))))."""
    return softplus(scale * (s_n - arcface_cosine(s_p, margin)))


def circle(s_p: Tensor, s_n: Tensor, margin: float, scale: float) -> Tensor:
    """Return log(1 + exp(scale (a_n (s_n - m) - a_p (s_p - 1 + m)))), with weights a that have no gradient."""
    a_p, a_n = (1 + margin - s_p).relu().detach(), (s_n + margin).relu().detach()
    return softplus(scale * (a_n * (s_n - margin) - a_p * (s_p - (1 - margin))))


def pccl(s_p: Tensor, s_n: Tensor, margin: float, temperature: float, xi: int) -> Tensor:
    """Return log(1 + exp((a_n s_n - a_p s_p / xi) / tau)), with weights a that have no gradient."""
    a_p, a_n = (1 + margin - s_p).relu().detach(), (s_n + margin).relu().detach()
    return softplus((a_n * s_n - a_p * s_p / xi) / temperature)


def pccl_released(s_p: Tensor, s_n: Tensor, margin: float, scale: float, k: int) -> Tensor:
    """Return log(1 + exp(scale (a_n (s_n - m) - a_p (s_p - 1 + m) / k))), with weights a that have no gradient."""
    a_p, a_n = (1 + margin - s_p).relu().detach(), (s_n + margin).relu().detach()
    return softplus(scale * (a_n * (s_n - margin) - a_p * (s_p - (1 - margin)) / k))


DISTANCES: Mapping[Value, Callable[[Tensor], Tensor]] = MappingProxyType(
    {"euclidean": euclidean, "sqeuclidean": squared, "cosine": cosine}
)
TRIPLETS: Mapping[Value, Callable[..., Tensor]] = MappingProxyType(
    {
        "all": triplet,
        "all_nonzero": triplet,
        "hard": hard_triplet,
        "semihard": semihard_triplet,
        "semihard_near": semihard_triplet,
        "semihard_tfa": triplet,
        "batch_hard": triplet,
    }
)
PLAIN: Mapping[str, Callable[..., Tensor] | Mapping[Value, Callable[..., Tensor]]] = MappingProxyType(
    {
        "contrastive": contrastive,
        "triplet": TRIPLETS,  # by the parameter mining
        "npair": inner_products,
        "nt_xent": with_temperature,
        "supcon": with_temperature,
        "info_nce": with_temperature,
        "softmax": inner_products,
        "normface": normface,
        "l_softmax": multiplied_angle,
        "sphereface": multiplied_angle,
        "am_softmax": am_softmax,
        "arcface": arcface,
        "circle": circle,
        "circle_class": circle,
        "pccl": pccl,
        "pccl_released": pccl_released,
    }
)
