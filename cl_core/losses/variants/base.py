"""The Variant class: one of several published definitions of a loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from typing import Any

from torch import Tensor

from cl_core.losses import catalogue
from cl_core.losses.parameters import Theta, Value

BATCH = ("z", "y", "weight", "bias")  # names of the tensors of a batch that a function may take


@dataclass(frozen=True, eq=False)
class Variant:
    """One definition of a loss, as a paper or a library has it: either parameters of this library, or a function.

    Attributes:
        key: Its key in links (called a convention there), unique for the loss.
        loss: Key of the loss.
        title: Its name in a list of the variants of the loss.
        description: Who defines the loss so and what that changes, in one or two sentences; Markdown with LaTeX.
        theta: Parameters of this library's loss that give the same values; they override those that are set.
        function: A function in plain PyTorch that takes, by name, what it needs of a batch (z, y, weight, bias) and of
            the parameters of the loss, and returns the mean loss.

    Raises:
        ValueError: when both or none of `theta` and `function` are given.
    """

    key: str
    loss: str
    title: str
    description: str
    theta: Mapping[str, Value] | None = None
    function: Callable[..., Tensor] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if (self.theta is None) == (self.function is None):
            raise ValueError(f"{self.loss}/{self.key} must have either parameters or a function of its own")

    def check(self, theta: Mapping[str, Any]) -> Theta:
        """Validate parameters, with those that the variant fixes in place of the given ones.

        Args:
            theta: Values by the names of the loss's parameters.

        Returns:
            The values of all parameters.

        Raises:
            ValueError: when a name is unknown or a value is not allowed.
        """
        return catalogue.get(self.loss).check({**theta, **self.theta} if self.theta else theta)

    @property
    def arguments(self) -> Mapping[str, Any]:
        """Arguments of the variant's function by name; empty if it has none."""
        return {} if self.function is None else signature(self.function).parameters

    @property
    def can_train(self) -> bool:
        """Whether the batches of a run fit it: they have labels, or, for a loss on two views, no labels."""
        return self.function is None or ("y" in self.arguments) != catalogue.get(self.loss).views

    def theta_for_run(self, theta: Mapping[str, Any]) -> Theta:
        """Validate parameters as `check` does, for a training run.

        Args:
            theta: Values by the names of the loss's parameters.

        Returns:
            The values of all parameters.

        Raises:
            ValueError: when a name is unknown, a value is not allowed, or no run can be trained by this variant.
        """
        if not self.can_train:
            batches = "two views and no labels" if catalogue.get(self.loss).views else "labels and no second view"
            raise ValueError(f"{self.loss} can't be trained as {self.key!r} has it: its batches have {batches}")
        return self.check(theta)

    def bound_function(self, theta: Mapping[str, Any]) -> partial[Tensor]:
        """Bind the parameters that the variant's function takes; only for a variant that has a function.

        Args:
            theta: Values by the names of the loss's parameters; those that are missing have their defaults.

        Returns:
            A function of those tensors of a batch (z, y, weight, bias) that it needs.

        Raises:
            ValueError: when a name is unknown or a value is not allowed.
        """
        assert self.function is not None
        return partial(self.function, **{n: value for n, value in self.check(theta).items() if n in self.arguments})

    def loss_function(self, theta: Mapping[str, Any]) -> Callable[..., Tensor] | None:
        """Bind the parameters of the variant's function, and let it ignore the tensors that it does not need.

        Args:
            theta: Values by the names of the loss's parameters; those that are missing have their defaults.

        Returns:
            A function that takes z, y, weight and bias as keyword arguments and returns the mean loss; None for a
            variant without a function.

        Raises:
            ValueError: when a name is unknown or a value is not allowed.
        """
        if self.function is None:
            return None
        bound, accepted = self.bound_function(theta), self.arguments
        return lambda **batch: bound(**{name: tensor for name, tensor in batch.items() if name in accepted})
