"""What a convention is: one way, of several in use, to define a loss."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from typing import Any

from torch import Tensor

from cl_core.losses import catalogue
from cl_core.losses.parameters import Theta, Value

BATCH = ("z", "y", "weight", "bias")  # what a definition may need of a batch


@dataclass(frozen=True, eq=False)
class Variant:
    """One way to define a loss, and who does so.

    theta: the parameters of ours that say the same, put over those that are set; or else function: plain PyTorch, of
    what it needs of a batch (z, y, weight, bias) and of the loss's parameters, by their names.
    words: one or two sentences, who does so and what it changes; Markdown with LaTeX.
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
        """`theta` with what the convention lays down in its place; ValueError as `Loss.check`."""
        return catalogue.get(self.loss).check({**theta, **self.theta} if self.theta else theta)

    @property
    def arguments(self) -> Mapping[str, Any]:
        """What its own function wants, by name; nothing where it has none."""
        return {} if self.function is None else signature(self.function).parameters

    @property
    def can_train(self) -> bool:
        """Whether the batches of a run have what it wants: labels, or, of a loss of two views, none."""
        return self.function is None or ("y" in self.arguments) != catalogue.get(self.loss).views

    def theta_for_run(self, theta: Mapping[str, Any]) -> Theta:
        """As `checked`, for a run; ValueError too where no run can be trained by it."""
        if not self.can_train:
            there = "two views and no labels" if catalogue.get(self.loss).views else "labels and no second view"
            raise ValueError(f"{self.loss} can't be trained as {self.key!r} has it: its batches have {there}")
        return self.check(theta)

    def bound_function(self, theta: Mapping[str, Any]) -> partial[Tensor]:
        """Its own function, with those parameters that it takes."""
        assert self.function is not None
        return partial(self.function, **{n: value for n, value in self.check(theta).items() if n in self.arguments})

    def loss_function(self, theta: Mapping[str, Any]) -> Callable[..., Tensor] | None:
        """Its own function of (z, y, weight, bias), by name, whichever of them it needs; None where it has none."""
        if self.function is None:
            return None
        bound, takes = self.bound_function(theta), self.arguments
        return lambda **given: bound(**{name: part for name, part in given.items() if name in takes})
