"""The losses with class weights in plain PyTorch, as they are handed out: cross-entropy over changed logits."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize


def cosines(z: Tensor, weight: Tensor) -> Tensor:
    """Cosines (B, C) of embeddings and class weights."""
    return normalize(z, dim=1) @ normalize(weight, dim=1).T


def softmax(z: Tensor, y: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Cross-entropy of a linear layer."""
    return cross_entropy(z @ weight.T + bias, y)


def normface(z: Tensor, y: Tensor, weight: Tensor, scale: float) -> Tensor:
    """Cross-entropy of cosines, times a scale."""
    return cross_entropy(scale * cosines(z, weight), y)


def am_softmax(z: Tensor, y: Tensor, weight: Tensor, margin: float, scale: float) -> Tensor:
    """The own class's cosine is lowered by the margin."""
    s = cosines(z, weight)
    own = s.gather(1, y[:, None])  # (B, 1)
    return cross_entropy(scale * s.scatter(1, y[:, None], own - margin), y)


def arcface_cosine(s: Tensor, margin: float) -> Tensor:
    """cos(theta + m) where s = cos(theta); beyond theta = pi - m, where that would rise again, s - m sin m."""
    sine = (1 - s * s).clamp(min=1e-30).sqrt()  # the gradient of sqrt at 0 is infinite
    beyond = s < -math.cos(margin)
    return torch.where(beyond, s - margin * math.sin(margin), s * math.cos(margin) - sine * math.sin(margin))


def arcface(z: Tensor, y: Tensor, weight: Tensor, margin: float, scale: float) -> Tensor:
    """The own class's angle is widened by the margin, in radians."""
    s = cosines(z, weight)
    own = s.gather(1, y[:, None])  # (B, 1)
    return cross_entropy(scale * s.scatter(1, y[:, None], arcface_cosine(own, margin)), y)


def psi(s: Tensor, margin: int, annealing: float) -> Tensor:
    """(lambda cos t + (-1)^k cos(m t) - 2 k) / (1 + lambda), k = floor(m t / pi), where s = cos(t)."""
    k = (margin * s.detach().clamp(-1, 1).acos() / math.pi).floor().clamp(max=margin - 1)
    before, cosine = torch.ones_like(s), s
    for _ in range(margin - 1):
        before, cosine = cosine, 2 * s * cosine - before  # cos(m t), without an arc cosine
    return (annealing * s + (-1) ** k * cosine - 2 * k) / (1 + annealing)


def l_softmax(z: Tensor, y: Tensor, weight: Tensor, margin: int, annealing: float) -> Tensor:
    """The own class's angle counts m times; embeddings and class weights keep their lengths."""
    s = cosines(z, weight)
    own = s.gather(1, y[:, None])  # (B, 1)
    s = s.scatter(1, y[:, None], psi(own, margin, annealing))
    return cross_entropy(z.norm(dim=1)[:, None] * weight.norm(dim=1) * s, y)


def sphereface(z: Tensor, y: Tensor, weight: Tensor, margin: int, annealing: float) -> Tensor:
    """The own class's angle counts m times; embeddings keep their lengths, class weights have length 1."""
    s = cosines(z, weight)
    own = s.gather(1, y[:, None])  # (B, 1)
    s = s.scatter(1, y[:, None], psi(own, margin, annealing))
    return cross_entropy(z.norm(dim=1)[:, None] * s, y)


def circle_class(z: Tensor, y: Tensor, weight: Tensor, margin: float, scale: float) -> Tensor:
    """Each class is weighed by how far it is from its optimum; the weights are constants to the derivative."""
    s = cosines(z, weight)
    own = y[:, None] == torch.arange(len(weight))  # (B, C)
    a_p, a_n = (1 + margin - s).relu().detach(), (s + margin).relu().detach()
    return cross_entropy(scale * torch.where(own, a_p * (s - (1 - margin)), a_n * (s - margin)), y)
