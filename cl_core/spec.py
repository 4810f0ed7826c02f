"""A loss is one function whose signature says everything else there is to say about it.

The name, range and default of each parameter are read from the function's own signature; sliders, names in a link,
tests and tables are made from that. `@loss` adds formula, paper and boundary.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, get_type_hints

from torch import Tensor

from cl_core.contrast import METRICS, Contrast, Terms

Value = float | int | str | bool


@dataclass(frozen=True)
class Param:
    """A number: its symbol in LaTeX and the range of its slider.

    The range is what is worth dragging through. What is *allowed* is wider, and is `domain`: "> 0", ">= 0", or
    "range" where nothing outside low..high has a meaning.
    """

    symbol: str
    low: float
    high: float
    step: float
    help: str
    log: bool = False
    domain: Literal["> 0", ">= 0", "range"] = ">= 0"


@dataclass(frozen=True)
class Choice:
    """One of a few words."""

    symbol: str
    options: tuple[str, ...]
    help: str


@dataclass(frozen=True)
class Flag:
    """Yes or no."""

    symbol: str
    help: str


@dataclass(frozen=True)
class Parameter:
    """One parameter of a loss: what its function's signature says of it."""

    name: str
    default: Value
    kind: str  # "number", "integer", "choice" or "flag"
    spec: Param | Choice | Flag

    @property
    def symbol(self) -> str:
        """The letter it has in the formula, in LaTeX."""
        return self.spec.symbol

    @property
    def help(self) -> str:
        """What it does, in a few words."""
        return self.spec.help

    @property
    def corners(self) -> tuple[Value, ...]:
        """The values a visitor can drag it to at the ends, with the default; or every option."""
        match self.spec:
            case Param(low=low, high=high):
                cast = int if self.kind == "integer" else float
                return (cast(low), self.default, cast(high))
            case Choice(options=options):
                return options
        return (False, True)

    def range_text(self) -> str:
        """Its range as words for a table: "0.1 to 2", "a, b", "yes or no"."""
        match self.spec:
            case Param(low=low, high=high, log=log):
                return f"{low:g} to {high:g}" + (" (log)" if log else "")
            case Choice(options=options):
                return ", ".join(options)
        return "yes or no"

    def check(self, value: Any) -> Value:
        """Return `value` in the parameter's own type; raise ValueError, in words, where it has no meaning."""
        match self.spec:
            case Flag():
                if not isinstance(value, bool):
                    raise ValueError(f"{self.name} must be True or False, not {value!r}")
                return value
            case Choice(options=options):
                if value not in options:
                    raise ValueError(f"{self.name} must be one of {', '.join(options)}, not {value!r}")
                return str(value)
        return self._check_number(value, self.spec)

    def _check_number(self, value: Any, spec: Param) -> float | int:
        if isinstance(value, bool | str | bytes):
            raise ValueError(f"{self.name} must be a number, not {value!r}")
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"{self.name} must be a number, not {value!r}") from None
        if not math.isfinite(number):
            raise ValueError(f"{self.name} must be finite, not {value!r}")
        if spec.domain == "> 0" and number <= 0:
            raise ValueError(f"{self.name} must be greater than 0, not {value!r}")
        if spec.domain == ">= 0" and number < 0:
            raise ValueError(f"{self.name} must not be negative, and is {value!r}")
        if spec.domain == "range" and not spec.low <= number <= spec.high:
            raise ValueError(f"{self.name} must lie between {spec.low:g} and {spec.high:g}, not at {value!r}")
        if self.kind == "integer":
            if number != int(number):
                raise ValueError(f"{self.name} must be a whole number, not {value!r}")
            return int(number)
        return number


@dataclass(frozen=True)
class Paper:
    """Where a formula comes from."""

    authors: str
    year: int
    title: str
    venue: str
    url: str

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}). {self.title}. {self.venue}."

    @property
    def markdown(self) -> str:
        """Authors and year, linked."""
        return f"[{self.authors} {self.year}]({self.url})"


@dataclass(frozen=True)
class Recipe:
    """What to start a live training from: values with which this loss learns without further care."""

    unit_norm: bool = True
    rate: float = 1e-3
    batch: int = 128
    dim: int = 128


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss function with its description; call it with a Contrast and its parameters to get Terms.

    metric: what its Contrast must hold, unless a parameter `distance` says it (see `metric_of`).
    boundary: (x_p, x_n, **theta) -> positive where one positive at x_p against one negative at x_n is still
        violated, in the values of the metric; `level` is the loss on it. None where a loss has none, and
        `no_boundary` says why.
    views: rows i and i + N of its batch are two views, and labels are not looked at.
    """

    key: str
    title: str
    formula: str
    paper: Paper
    summary: str
    metric: str
    function: Callable[..., Terms] = field(repr=False)
    parameters: Mapping[str, Parameter] = field(repr=False)
    boundary: Callable[..., Tensor] | None = field(default=None, repr=False)
    level: float | None = None
    no_boundary: str = ""
    views: bool = False
    recipe: Recipe = Recipe()

    def __call__(self, contrast: Contrast, **theta: Any) -> Terms:
        """The loss of each anchor of `contrast`; raises ValueError as `check` does."""
        return self.function(contrast, **self.check(theta))

    @property
    def defaults(self) -> dict[str, Value]:
        """All parameters at their defaults."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    def check(self, theta: Mapping[str, Any]) -> dict[str, Value]:
        """All parameters: those of `theta`, checked, and defaults for the rest. ValueError on unknown names."""
        for name in theta:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise ValueError(f"{self.key} has no parameter {name!r}; it has: {known}")
        return {name: p.check(theta[name]) if name in theta else p.default for name, p in self.parameters.items()}

    def metric_of(self, theta: Mapping[str, Any]) -> str:
        """The metric its Contrast must hold under `theta`."""
        if "distance" in self.parameters:
            return str(theta.get("distance", self.parameters["distance"].default))
        return self.metric

    def contrast(self, z: Tensor, y: Tensor | None, theta: Mapping[str, Any]) -> Contrast:
        """The Contrast this loss makes of a batch: embeddings (B, D), labels (B,) or, for views, None."""
        if self.views:
            if y is not None and len(y) != len(z):
                raise ValueError(f"there are {len(y)} labels for {len(z)} embeddings")
            return Contrast.of_views(z, self.metric_of(theta))
        if y is None:
            raise ValueError(f"{self.key} needs labels")
        return Contrast.of_batch(z, y, self.metric_of(theta))


def loss(
    *,
    title: str,
    formula: str,
    paper: Paper,
    metric: str,
    boundary: Callable[..., Tensor] | None = None,
    level: float | None = None,
    no_boundary: str = "",
    views: bool = False,
    recipe: Recipe = Recipe(),
) -> Callable[[Callable[..., Terms]], Loss]:
    """Turn `function(contrast, **parameters) -> Terms` into a Loss; its name is the key, its docstring the summary."""
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")
    if (boundary is None) != (level is None) or (boundary is None) != bool(no_boundary):
        raise ValueError("a loss has a boundary and its level, or a reason why it has none")

    def describe(function: Callable[..., Terms]) -> Loss:
        return Loss(
            key=function.__name__,
            title=title,
            formula=formula,
            paper=paper,
            summary=(inspect.getdoc(function) or "").split("\n")[0],
            metric=metric,
            function=function,
            parameters=MappingProxyType(_parameters(function)),
            boundary=boundary,
            level=level,
            no_boundary=no_boundary,
            views=views,
            recipe=recipe,
        )

    return describe


def _parameters(function: Callable[..., Terms]) -> dict[str, Parameter]:
    """Read name, default and range of every parameter but the first, which is the Contrast."""
    hints = get_type_hints(function, include_extras=True)
    found = {}
    for name, parameter in list(inspect.signature(function).parameters.items())[1:]:
        annotation = hints[name]
        spec = annotation.__metadata__[0]
        match spec:
            case Param():
                kind = "integer" if annotation.__origin__ is int else "number"
            case Choice():
                kind = "choice"
            case _:
                kind = "flag"
        found[name] = Parameter(name, parameter.default, kind, spec)
    return found
