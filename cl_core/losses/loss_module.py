"""A loss as a PyTorch module, with fixed parameters and, for some losses, learnt class weights."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from typing import Any

import torch
from torch import Generator, Tensor, nn

from cl_core.losses.base import Loss
from cl_core.losses.catalogue import get
from cl_core.losses.distances import OutOfRangeError
from cl_core.losses.execution import has_values, is_transformed
from cl_core.losses.parameters import Value


class LossModule(nn.Module):
    """A loss with fixed parameters, as a PyTorch module; `module` is the usual way to create one.

    Args:
        key: Key of the loss.
        theta: Its parameters; those that are missing have their defaults. An `nn.Parameter` of one element becomes a
            parameter of the module of the same name, so it is learnt.
        num_classes: Number of classes C, for a loss with class weights only.
        embedding_dim: Number of dimensions D, for a loss with class weights only.

    Attributes:
        key: Key of the loss.
        theta: All parameters; an annealing schedule changes one of them.
        weight: (C, D) learnt class weights, or None.
        bias: (C,) learnt bias per class (`softmax` only), or None.

    Raises:
        ValueError: when key or parameters are unknown or not allowed, or the two sizes do not fit the loss.
    """

    weight: Tensor | None
    bias: Tensor | None

    def __init__(self, key: str, theta: Mapping[str, Any], num_classes: int | None, embedding_dim: int | None) -> None:
        super().__init__()
        self.key = key
        self.theta: dict[str, Value] = dict(get(key).check(theta))
        self._learnt = [name for name, value in theta.items() if isinstance(value, nn.Parameter)]
        for name in self._learnt:
            self.register_parameter(name, theta[name])
        self._n_terms: int | Tensor = 0
        shape = _weight_shape(get(key), num_classes, embedding_dim)
        self.register_parameter("weight", nn.Parameter(torch.empty(shape)) if shape else None)
        self.register_parameter("bias", nn.Parameter(torch.empty(shape[0])) if shape and get(key).bias else None)
        self.reset_parameters()

    def reset_parameters(self, generator: Generator | None = None) -> None:
        """Initialise the class weights with random directions and lengths of about 1, and the bias with 0.

        Args:
            generator: Source of the random numbers; PyTorch's global one if None.
        """
        if self.weight is not None:
            nn.init.normal_(self.weight, std=self.weight.shape[1] ** -0.5, generator=generator)
        if self.bias is not None:
            nn.init.zeros_(self.bias)

    def forward(self, embeddings: Tensor, labels: Tensor | None = None) -> Tensor:
        """Compute the mean loss over the valid terms of a batch, and set `n_terms` to their number.

        Args:
            embeddings: (B, D) floating embeddings.
            labels: (B,) or (B, 1) integer labels. A loss on views takes one label for each image, which its two views
                have, or None if rows i and i + B/2 are the two views of an image.

        Returns:
            The mean, a scalar; exactly 0 if there are no valid terms.

        Raises:
            ValueError: when the batch is not valid for this loss.
            OutOfRangeError: when the loss of finite embeddings is too large for their type.
        """
        loss = get(self.key)
        theta = self.theta | {name: loss.parameters[name].check(getattr(self, name)) for name in self._learnt}
        contrast = loss.contrast(embeddings, labels, theta, self.weight, self.bias)
        terms = loss.function(contrast, **theta)
        if has_values(terms.count):
            self._n_terms = terms.n_terms
        elif not is_transformed(terms.count):  # compiled
            self._n_terms = terms.count.sum() // terms.multiplicity
        value = terms.mean()
        if has_values(value) and not math.isfinite(float(value.detach())):
            raise OutOfRangeError(
                "the loss of these embeddings and parameters", "choose less extreme ones", value.dtype
            )
        return value

    @property
    def n_terms(self) -> int:
        """Number of valid terms of the last batch; 0 before, and unchanged under transforms of `torch.func`."""
        return int(self._n_terms)

    def extra_repr(self) -> str:
        """Return key, sizes and parameters as text for `repr`."""
        shape = () if self.weight is None else tuple(self.weight.shape)
        return ", ".join([self.key, *map(str, shape), *(f"{name}={value!r}" for name, value in self.theta.items())])


def _weight_shape(loss: Loss, num_classes: int | None, embedding_dim: int | None) -> tuple[int, int] | None:
    """Return the shape of the class weights, None for a loss without them; ValueError if the sizes do not fit it."""
    if not loss.classes:
        if num_classes is not None or embedding_dim is not None:
            raise ValueError(f"{loss.key} has no class weights, so it takes no num_classes and no embedding_dim")
        return None
    for name, size in (("num_classes", num_classes), ("embedding_dim", embedding_dim)):
        if not isinstance(size, Integral) or isinstance(size, bool) or size < 1:
            raise ValueError(
                f"{loss.key} learns one weight a class and needs {name}, a whole number from 1, not {size!r}"
            )
    assert num_classes
    assert embedding_dim
    return int(num_classes), int(embedding_dim)


def module(
    key: str, *, num_classes: int | None = None, embedding_dim: int | None = None, **parameters: Any
) -> LossModule:
    """Create a loss as a PyTorch module, which is called as `f(embeddings, labels)`.

    Args:
        key: Key of the loss, one of LOSSES.
        num_classes: Number of classes, required by a loss with class weights; the others do not take it.
        embedding_dim: Number of dimensions, required by a loss with class weights; the others do not take it.
        **parameters: Parameters of the loss; those that are missing have their defaults. A number may also be a tensor
            with one element, through which gradients flow, or an `nn.Parameter`, which becomes one of the module.

    Returns:
        The module.

    Raises:
        ValueError: when key or parameters are unknown or not allowed, or the two sizes do not fit the loss.
    """
    return LossModule(key, parameters, num_classes, embedding_dim)
