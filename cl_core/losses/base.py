"""The Loss class: a function together with its description.

The name, range and default of each parameter are read from the signature of the function; sliders, names in links,
tests and tables are made from them. The decorator `@loss` adds the formula, the paper, the decision boundary and common
misreadings.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from torch import Tensor

from cl_core.losses.contrast import Contrast, Terms
from cl_core.losses.distances import METRICS
from cl_core.losses.parameters import Parameter, Theta, Value, parameters_of
from cl_core.losses.schedule import Schedule

NO_SCHEDULE = "none"  # key of the schedule that keeps a parameter constant


@dataclass(frozen=True)
class Paper:
    """The publication that a formula comes from.

    Attributes:
        authors: Family names, or the first with "et al.".
        year: Year of publication.
        title: Its title.
        venue: Conference, journal or archive.
        url: Link to it.
    """

    authors: str
    year: int
    title: str
    venue: str
    url: str

    def __str__(self) -> str:
        return f"{self.authors} ({self.year}). {self.title}. {self.venue}."

    @property
    def markdown(self) -> str:
        """Authors and year as a Markdown link."""
        return f"[{self.authors} {self.year}]({self.url})"


@dataclass(frozen=True)
class Preset:
    """Parameter values of a publication or a library.

    Attributes:
        title: Where they are from, or what they are used for; shown to visitors.
        theta: Values by the names of parameters; the other parameters keep their defaults.
    """

    title: str
    theta: Mapping[str, Value]


@dataclass(frozen=True)
class Recipe:
    """Settings of a training run with which a loss learns without further tuning.

    Attributes:
        unit_norm: Whether embeddings are scaled to length 1.
        rate: Learning rate.
        batch: Rows per batch.
        dim: Dimensions of the embedding.
        encoder: Key of the encoder.
        schedule: Key of the annealing schedule, or NO_SCHEDULE.
    """

    unit_norm: bool = True
    rate: float = 1e-3
    batch: int = 128
    dim: int = 128
    encoder: str = "mlp"
    schedule: str = NO_SCHEDULE


@dataclass(frozen=True)
class Landmarks:
    """Places in the (s_n, s_p) plane that belong to a loss, besides its boundary; None for one that it does not have.

    Attributes:
        target: (s_n, s_p) that its gradient leads to.
        lowest: (s_n, s_p) of its smallest value, if that is another place.
        box: (s_n from, s_n to, s_p from, s_p to), the range that its parameters ask for.
        ellipse: Centre (s_n, s_p) and radii (along s_n, along s_p) of the ellipse whose arc is the boundary.
        neutral: The s_n below which a negative has no gradient.
    """

    target: tuple[float, float] | None = (-1.0, 1.0)
    lowest: tuple[float, float] | None = None
    box: tuple[float, float, float, float] | None = None
    ellipse: tuple[float, float, float, float] | None = None
    neutral: float | None = None


@dataclass(frozen=True, eq=False)
class Loss:
    """A loss function with its description; call it with a Contrast and its parameters to get Terms.

    Attributes:
        key: Name of the function; identifies the loss in links and files.
        title: Its name in the literature.
        template: The formula in LaTeX, with <name> in the place of each parameter (see `formula` and `formula_at`).
        paper: The source of the formula.
        summary: First line of the function's docstring, shown to visitors.
        metric: Metric of the Contrast it takes, unless it has a parameter `distance` (see `metric_of`).
        function: (contrast, **theta) -> Terms.
        parameters: Its parameters by name.
        boundary: (x_p, x_n, **theta) -> a number that is positive where a positive at x_p and a negative at x_n, values
            of the metric, are on the wrong side of the boundary; None if the loss has no boundary.
        level: The loss on the boundary.
        no_boundary: Why the loss has no boundary.
        curve: (t, **theta) -> (s_n, s_p), points of the boundary in the plane of similarities for t from 0 to 1; they
            may lie outside the square, or be NaN where there is no boundary.
        boundary_formula: The boundary in LaTeX.
        landmarks: (**theta) -> Landmarks.
        boundary_notes: (**theta) -> sentences on its boundary with their numbers, in place of those of its ellipse.
        weights: (s_p, s_n, **theta) -> the weights that it gives a positive and a negative; None where all weigh the
            same.
        caution: (dim, classes, unit_norm, **theta) -> why the parameters cannot be met, or "".
        views: Whether each image of a batch has two views, the only positives of each other.
        classes: Whether it compares embeddings with one weight vector per class, which it learns.
        bias: Whether it also learns one bias per class.
        lengths: Whether the length of embeddings counts, besides their direction.
        weight_lengths: Whether the lengths of class weights count, besides their directions.
        recipe: Settings to train it with.
        schedules: Annealing schedules of its parameter `annealing`, by key.
        presets: Published parameter values.
        aliases: Other names that it has in papers and libraries, which links may use.
        relations: How it is related to other losses; Markdown, as are the misreadings.
        misreadings: Common mistakes about it.
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
    boundary_notes: Callable[..., tuple[str, ...]] | None = field(default=None, repr=False)
    weights: Callable[..., tuple[Tensor, Tensor]] | None = field(default=None, repr=False)
    caution: Callable[..., str] = field(default=lambda **_: "", repr=False)
    views: bool = False
    classes: bool = False
    bias: bool = False
    lengths: bool = False
    weight_lengths: bool = False
    recipe: Recipe = Recipe()
    schedules: Mapping[str, Schedule] = field(default_factory=dict)
    presets: tuple[Preset, ...] = ()
    aliases: tuple[str, ...] = ()
    relations: tuple[str, ...] = ()
    misreadings: tuple[str, ...] = ()

    def __call__(self, contrast: Contrast, **theta: Any) -> Terms:
        """Compute the terms of each anchor of `contrast`; raises ValueError as `check` does."""
        return self.function(contrast, **self.check(theta))

    @property
    def defaults(self) -> dict[str, Value]:
        """Default values of all parameters."""
        return {name: parameter.default for name, parameter in self.parameters.items()}

    @property
    def short_title(self) -> str:
        """Its title without what stands in parentheses, for legends."""
        return self.title.split(" (")[0]

    def theta_text(self, theta: Mapping[str, Value]) -> str:
        """Return the names and values of parameters as pages show them, such as "margin 0.2, mining batch-hard"."""
        return ", ".join(self.parameters[name].text_of(value) for name, value in theta.items())

    @property
    def formula(self) -> str:
        """The formula in LaTeX, with the symbol of each parameter."""
        return _PLACEHOLDER.sub(lambda match: self.parameters[match[1]].symbol, self.template)

    def formula_at(self, theta: Mapping[str, Value]) -> str:
        """Return the formula in LaTeX with the numbers of `theta`, which must hold all parameters."""
        return _PLACEHOLDER.sub(lambda match: f"{theta[match[1]]:.4g}", self.template)

    def check(self, theta: Mapping[str, Any]) -> Theta:
        """Validate parameters and add defaults for those that are missing.

        Args:
            theta: Values by the names of parameters; a Theta of this loss is returned unchanged.

        Returns:
            The values of all parameters, read-only.

        Raises:
            ValueError: when a name is unknown or a value is not allowed.
        """
        if isinstance(theta, Theta) and theta.loss == self.key:
            return theta
        for name in theta:
            if name not in self.parameters:
                known = ", ".join(self.parameters) or "none"
                raise ValueError(f"{self.key} has no parameter {name!r}; it has: {known}")
        values = {name: p.check(theta[name]) if name in theta else p.default for name, p in self.parameters.items()}
        return Theta(values, self.key)

    def metric_of(self, theta: Mapping[str, Any]) -> str:
        """Return the metric, one of METRICS, of the Contrast that the loss takes for the parameters `theta`."""
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
        """Build the Contrast of a batch that this loss takes.

        Args:
            z: (B, D) embeddings.
            y: (B,) or (B, 1) integer labels; for a loss on views one label for each image, or None if rows i and
                i + B/2 are its views.
            theta: Parameters of the loss, which may choose the metric.
            weight: (C, D) class weights, for a loss that has them.
            bias: (C,) bias per class, for a loss that has one.

        Returns:
            A Contrast of the batch with itself, or with the class weights.

        Raises:
            ValueError: when labels or class weights are missing, or the tensors do not fit together.
        """
        if self.views:
            return Contrast.of_views(z, self.metric_of(theta), y)
        if y is None:
            raise ValueError(f"{self.key} needs labels")
        if self.classes:
            if weight is None:
                raise ValueError(f"{self.key} needs class weights")
            return Contrast.of_prototypes(z, y, weight, self.metric_of(theta), bias)
        return Contrast.of_batch(z, y, self.metric_of(theta))


_PLACEHOLDER = re.compile(r"<(\w+)>")


def loss(*, formula: str, metric: str, **description: Any) -> Callable[[Callable[..., Terms]], Loss]:
    """Turn a function `(contrast, **parameters) -> Terms` into a Loss (decorator).

    The function's name becomes the key, the first line of its docstring the summary, and its signature the parameters.

    Args:
        formula: The template of the formula, in LaTeX.
        metric: One of METRICS.
        **description: Other fields of Loss; at least title, paper, and a boundary or the reason why there is none.

    Returns:
        A decorator that returns the Loss.

    Raises:
        ValueError: when the metric is unknown, or boundary, level and curve are incomplete or combined with a reason.
    """
    if metric not in METRICS:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}, not {metric!r}")
    given = [description.get(name) is not None for name in ("boundary", "level", "curve")]
    if any(given) != all(given) or any(given) == bool(description.get("no_boundary")):
        raise ValueError("a loss has a boundary, its level and its curve, or a reason why it has none")

    def decorate(function: Callable[..., Terms]) -> Loss:
        return Loss(
            key=function.__name__,
            template=formula,
            summary=(inspect.getdoc(function) or "").split("\n")[0],
            metric=metric,
            function=function,
            parameters=MappingProxyType(parameters_of(function)),
            **description,
        )

    return decorate
