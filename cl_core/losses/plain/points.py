"""One positive pair against one negative pair, in plain PyTorch: every loss as a function of two cosines."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor
from torch.nn.functional import softplus

from cl_core.losses.parameters import Value
from cl_core.losses.plain.classes import arcface_cosine, psi


def euclidean(s: Tensor) -> Tensor:
    """Distance of two unit vectors; its derivative at s = 1, which is infinite, is taken as 0."""
    apart = s < 1
    return torch.where(apart, (2 - 2 * torch.where(apart, s, 0 * s)).sqrt(), 0 * s)


def squared(s: Tensor) -> Tensor:
    """Squared distance of two unit vectors."""
    return 2 - 2 * s


def cosine(s: Tensor) -> Tensor:
    """1 - cosine."""
    return 1 - s


def contrastive(s_p: Tensor, s_n: Tensor, margin: float, distance: Callable[[Tensor], Tensor], half: bool) -> Tensor:
    """d_p^2 + [m - d_n]_+^2."""
    loss = distance(s_p).square() + (margin - distance(s_n)).relu().square()
    return loss / 2 if half else loss


def triplet(s_p: Tensor, s_n: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """[d_p - d_n + m]_+."""
    return (distance(s_p) - distance(s_n) + margin).relu()


def hard_triplet(s_p: Tensor, s_n: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """d_p - d_n + m, if the negative is no farther than the positive."""
    d_p, d_n = distance(s_p), distance(s_n)
    return torch.where(d_n <= d_p, d_p - d_n + margin, 0 * (d_p + d_n))


def semihard_triplet(s_p: Tensor, s_n: Tensor, margin: float, distance: Callable[[Tensor], Tensor]) -> Tensor:
    """d_p - d_n + m, if the negative is farther than the positive, but inside the margin."""
    d_p, d_n = distance(s_p), distance(s_n)
    return torch.where((d_p < d_n) & (d_n < d_p + margin), d_p - d_n + margin, 0 * (d_p + d_n))


def with_temperature(s_p: Tensor, s_n: Tensor, temperature: float) -> Tensor:
    """log(1 + exp((s_n - s_p) / tau))."""
    return softplus((s_n - s_p) / temperature)


def inner_products(s_p: Tensor, s_n: Tensor, length: float) -> Tensor:
    """log(1 + exp(x_n - x_p)) for inner products: the anchor has this length, the others 1."""
    return softplus(length * (s_n - s_p))


def normface(s_p: Tensor, s_n: Tensor, scale: float) -> Tensor:
    """log(1 + exp(s (s_n - s_p)))."""
    return softplus(scale * (s_n - s_p))


def multiplied_angle(s_p: Tensor, s_n: Tensor, margin: int, annealing: float, length: float) -> Tensor:
    """log(1 + exp(s_n - psi(s_p))): the embedding has this length, the class weights 1."""
    return softplus(length * (s_n - psi(s_p, margin, annealing)))


def am_softmax(s_p: Tensor, s_n: Tensor, margin: float, scale: float) -> Tensor:
    """log(1 + exp(s (s_n - s_p + m)))."""
    return softplus(scale * (s_n - (s_p - margin)))


def arcface(s_p: Tensor, s_n: Tensor, margin: float, scale: float) -> Tensor:
    """log(1 + exp(s (s_n - cos(theta_p + m))))."""
    return softplus(scale * (s_n - arcface_cosine(s_p, margin)))


def circle(s_p: Tensor, s_n: Tensor, margin: float, scale: float) -> Tensor:
    """log(1 + exp(scale (a_n (s_n - m) - a_p (s_p - 1 + m)))), the weights constants to the derivative."""
    a_p, a_n = (1 + margin - s_p).relu().detach(), (s_n + margin).relu().detach()
    return softplus(scale * (a_n * (s_n - margin) - a_p * (s_p - (1 - margin))))


def pccl(s_p: Tensor, s_n: Tensor, margin: float, temperature: float, xi: int) -> Tensor:
    """log(1 + exp((a_n s_n - a_p s_p / xi) / tau)), the weights constants to the derivative."""
    a_p, a_n = (1 + margin - s_p).relu().detach(), (s_n + margin).relu().detach()
    return softplus((a_n * s_n - a_p * s_p / xi) / temperature)


def pccl_released(s_p: Tensor, s_n: Tensor, margin: float, scale: float, k: int) -> Tensor:
    """log(1 + exp(scale (a_n (s_n - m) - a_p (s_p - 1 + m) / k))), the weights constants to the derivative."""
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
        "triplet": TRIPLETS,  # by its mining
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
