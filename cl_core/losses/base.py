"""A loss is one function whose signature and description say everything else there is to say about it.

The name, range and default of each parameter are read from the function's own signature; sliders, names in a link,
tests and tables are made from that. `@loss` adds formula, paper, boundary, and what people get wrong about it.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, get_origin, get_type_hints

from torch import Tensor

from cl_core.losses.contrast import METRICS, Contrast, Terms
from cl_core.losses.parameters import Parameter, Theta, Value, parameters_of

NO_SCHEDULE = "none"  # of a parameter that keeps its value

_KINDS: Mapping[Any, tuple[Any, str]] = {  # of a field: what it may hold, and that in words
    str: (str, "a text"),
    int: (int, "a whole number"),
    float: ((int, float), "a number"),
    bool: (bool, "True or False"),
    Mapping: (Mapping, "names with their values"),
}


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
class Preset:
    """Values that somebody published or ships: what they are used for, and what they are."""

    title: str
    theta: Mapping[str, Value]


@dataclass(frozen=True)
class Schedule:
    """How the weight lambda of the plain softmax falls while a run goes on: max(floor, start (1 + rate t)^-power)."""

    start: float
    rate: float
    power: float
    floor: float

    def at(self, step: int) -> float:
        """Lambda at step t = 1, 2, ..."""
        return max(self.floor, self.start * math.pow(1 + self.rate * step, -self.power))


@dataclass(frozen=True)
class Recipe:
    """What to start a live training from: values with which this loss learns without further care."""

    unit_norm: bool = True
    rate: float = 1e-3
    batch: int = 128
    dim: int = 128
    encoder: str = "mlp"
    schedule: str = NO_SCHEDULE


@dataclass(frozen=True)
class Landmarks:
    """Places in the (s_n, s_p) plane that belong to a loss, besides its boundary.

    target: (s_n, s_p) where its forces lead. lowest: where its value is smallest, if that is another place. box: (s_n
    from, to, s_p from, to), the range that its parameters ask for. ellipse: centre (s_n, s_p) and radii (along s_n,
    along s_p) of which the boundary is an arc. neutral: the s_n from which on a negative feels nothing.
    """

    target: tuple[float, float] | None = (-1.0, 1.0)
    lowest: tuple[float, float] | None = None
    box: tuple[float, float, float, float] | None = None
    ellipse: tuple[float, float, float, float] | None = None
    neutral: float | None = None


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss function with its description; call it with a Contrast and its parameters to get Terms.

    template: the formula in LaTeX with <name> where a parameter stands (see `formula` and `formula_at`).
    metric: what its Contrast must hold, unless a parameter `distance` says it (see `metric_of`).
    boundary: (x_p, x_n, **theta) -> positive where one positive at x_p against one negative at x_n is still
        violated, in the values of the metric; `level` is the loss on it. None where a loss has none, and
        `no_boundary` says why.
    curve: (t, **theta) -> (s_n, s_p), points of the boundary in the plane of similarities for t from 0 to 1; may
        leave the square, or be NaN where there is none. boundary_formula: the same in LaTeX.
    landmarks: theta -> Landmarks. caution: (dim, classes, unit_norm, **theta) -> why that can't be met, or "".
    views: rows i and i + N of its batch are two views, and labels are not looked at.
    classes: compares embeddings with one weight a class, which it learns; bias: and with one bias a class.
    lengths: how long embeddings are counts, not their directions alone.
    schedules: how its `annealing` may fall. presets, relations, misreadings: for those who read about it.
    """

    key: str
    title: str
    template: str
    paper: Paper
    summary: str
    metric: str
    function: Callable[..., Terms] = field(repr=False)
    parameters: Mapping[str, Parameter] = field(repr=False)
    boundary: Callable[..., Tensor] | None = field(default=None, repr=False)
    level: float | None = None
    no_boundary: str = ""
    curve: Callable[..., tuple[Tensor, Tensor]] | None = field(default=None, repr=False)
    boundary_formula: str = ""
    landmarks: Callable[..., Landmarks] = field(default=lambda **_: Landmarks(), repr=False)
    caution: Callable[..., str] = field(default=lambda **_: "", repr=False)
    views: bool = False
    classes: bool = False
    bias: bool = False
    lengths: bool = False
    recipe: Recipe = Recipe()
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    presets: tuple[Preset, ...] = ()
    relations: tuple[str, ...] = ()
    misreadings: tuple[str, ...] = ()

    def __call__(self, contrast: Contrast, **theta: Any) -> Terms:
        """The loss of each anchor of `contrast`; raises ValueError as `check` does."""
        return self.function(contrast, **self.check(theta))

    @property
    def defaults(self) -> dict[str, Value]:
        """All parameters at their defaults."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    @property
    def formula(self) -> str:
        """The formula in LaTeX, each parameter as its letter."""
        return _PLACE.sub(lambda found: self.parameters[found[1]].symbol, self.template)

    def formula_at(self, theta: Mapping[str, Value]) -> str:
        """The formula in LaTeX with the numbers of `theta` in it."""
        return _PLACE.sub(lambda found: f"{theta[found[1]]:.4g}", self.template)

    def check(self, theta: Mapping[str, Any]) -> Theta:
        """All parameters: those of `theta`, checked, and defaults for the rest. ValueError on unknown names."""
        if isinstance(theta, Theta) and theta.loss == self.key:
            return theta
        for name in theta:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise ValueError(f"{self.key} has no parameter {name!r}; it has: {known}")
        values = {name: p.check(theta[name]) if name in theta else p.default for name, p in self.parameters.items()}
        return Theta(values, self.key)

    def metric_of(self, theta: Mapping[str, Any]) -> str:
        """The metric its Contrast must hold under `theta`."""
        if "distance" in self.parameters:
            return str(theta.get("distance", self.parameters["distance"].default))
        return self.metric

    def contrast(
        self,
        z: Tensor,
        y: Tensor | None,
        theta: Mapping[str, Any],
        weight: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> Contrast:
        """The Contrast this loss makes of a batch: embeddings (B, D), labels (B,) or, for views, None.

        weight (C, D) and bias (C,): what a loss with class weights has learnt so far.
        """
        if self.views:
            if y is not None and len(y) != len(z):
                raise ValueError(f"there are {len(y)} labels for {len(z)} embeddings")
            return Contrast.of_views(z, self.metric_of(theta))
        if y is None:
            raise ValueError(f"{self.key} needs labels")
        if self.classes:
            if weight is None:
                raise ValueError(f"{self.key} needs class weights")
            return Contrast.of_prototypes(z, y, weight, self.metric_of(theta), bias)
        return Contrast.of_batch(z, y, self.metric_of(theta))


_PLACE = re.compile(r"<(\w+)>")


def loss(*, formula: str, metric: str, **description: Any) -> Callable[[Callable[..., Terms]], Loss]:
    """Turn `function(contrast, **parameters) -> Terms` into a Loss; its name is the key, its docstring the summary.

    formula is the template and `description` the other fields of Loss: title and paper at least.
    """
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")
    boundary = [description.get(name) is not None for name in ("boundary", "level", "curve")]
    if any(boundary) != all(boundary) or any(boundary) == bool(description.get("no_boundary")):
        raise ValueError("a loss has a boundary, its level and its curve, or a reason why it has none")

    def describe(function: Callable[..., Terms]) -> Loss:
        return Loss(
            key=function.__name__,
            template=formula,
            summary=(inspect.getdoc(function) or "").split("\n")[0],
            metric=metric,
            function=function,
            parameters=MappingProxyType(parameters_of(function)),
            **description,
        )

    return describe


def check_field_types(record: Any) -> None:
    """Raise ValueError, in words, where a field of a dataclass is not of the type that the class says.

    Types are text, number, whole number, truth and mapping; a whole number will do for a number, and a truth won't.
    """
    for name, hint in get_type_hints(type(record)).items():
        kind = get_origin(hint) or hint
        value = getattr(record, name)
        types, words = _KINDS[kind]
        if not isinstance(value, types) or isinstance(value, bool) != (kind is bool):
            raise ValueError(f"{name} must be {words}, not {value!r:.40}")
