"""A loss as a torch module."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Generator, Tensor, nn

from cl_core.losses.base import Loss
from cl_core.losses.catalogue import get
from cl_core.losses.parameters import Value


class LossModule(nn.Module):
    """A loss with its parameters fixed: `f(embeddings, labels)` is the mean over the batch's valid terms.

    embeddings: (B, D) floating; labels: (B,) integers, or None for a loss on views. Invalid input is a ValueError.
    After a call `n_terms` is the number of valid terms; with none the value is exactly 0.
    A loss with class weights holds them as `weight` (C, D), and `softmax` a `bias` (C,) too; both are learnt.
    """

    weight: Tensor | None
    bias: Tensor | None

    def __init__(self, key: str, theta: Mapping[str, Any], num_classes: int | None, embedding_dim: int | None) -> None:
        super().__init__()
        self.key = key
        self.theta: dict[str, Value] = dict(get(key).check(theta))  # a schedule changes one of them
        self.n_terms = 0
        shape = _weight_shape(get(key), num_classes, embedding_dim)
        self.register_parameter("weight", nn.Parameter(torch.empty(shape)) if shape else None)
        self.register_parameter("bias", nn.Parameter(torch.empty(shape[0])) if shape and get(key).bias else None)
        self.reset_parameters()

    def reset_parameters(self, dice: Generator | None = None) -> None:
        """Class weights as if drawn anew: directions at random, lengths about 1; a bias of 0."""
        if self.weight is not None:
            nn.init.normal_(self.weight, std=self.weight.shape[1] ** -0.5, generator=dice)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, embeddings: Tensor, labels: Tensor | None = None) -> Tensor:
        """Mean loss of the batch, a scalar."""
        loss = get(self.key)
        contrast = loss.contrast(embeddings, labels, self.theta, self.weight, self.bias)
        terms = loss.function(contrast, **self.theta)
        self.n_terms = terms.n_terms
        return terms.mean()

    def extra_repr(self) -> str:
        """Key and parameters."""
        shape = () if self.weight is None else tuple(self.weight.shape)
        return ", ".join([self.key, *map(str, shape), *(f"{name}={value!r}" for name, value in self.theta.items())])


def _weight_shape(loss: Loss, num_classes: int | None, embedding_dim: int | None) -> tuple[int, int] | None:
    """Shape of a loss's class weights, None where it has none; ValueError where the two do not fit together."""
    if not loss.classes:
        if num_classes is not None or embedding_dim is not None:
            raise ValueError(f"{loss.key} has no class weights, so it takes no num_classes and no embedding_dim")
        return None
    for name, size in (("num_classes", num_classes), ("embedding_dim", embedding_dim)):
        if not isinstance(size, int) or isinstance(size, bool) or size < 1:
            raise ValueError(
                f"{loss.key} learns one weight a class and needs {name}, a whole number from 1, not {size!r}"
            )
    assert num_classes
    assert embedding_dim
    return num_classes, embedding_dim


def module(
    key: str, *, num_classes: int | None = None, embedding_dim: int | None = None, **parameters: Any
) -> LossModule:
    """A loss as a torch module; ValueError on an unknown key, unknown parameter or value without a meaning.

    A loss with class weights needs `num_classes` and `embedding_dim`; the others take neither.
    """
    return LossModule(key, parameters, num_classes, embedding_dim)
