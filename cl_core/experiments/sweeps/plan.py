"""What a sweep runs: one parameter of a loss on a grid of values, and with it another setting, with several seeds."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np

from cl_core.data.errors import ExplainedError
from cl_core.losses import LOSSES
from cl_core.losses.parameters import Parameter
from cl_core.training import BATCH_RANGE, DIM_RANGE, MAX_STEPS, RATE_RANGE, RunSpec, steps_per_epoch

MAX_VALUES, MAX_OTHER_VALUES, MAX_SEEDS, MAX_TRIALS = 15, 6, 10, 300
# settings of a run that can be varied beside the parameter -> title, range, whether its values are whole numbers
SETTINGS: Mapping[str, tuple[str, tuple[float, float], bool]] = MappingProxyType(
    {
        "batch": ("batch size", BATCH_RANGE, True),
        "rate": ("learning rate", RATE_RANGE, False),
        "dim": ("dimensions", DIM_RANGE, True),
        "steps": ("training steps", (1, MAX_STEPS), True),
        "training_images": ("training images", (10, 60_000), True),
    }
)
STEPS = "steps"  # the setting that needs no runs of its own: a run is measured on its way


@dataclass(frozen=True)
class Trial:
    """One run of a sweep.

    Attributes:
        value: value of the parameter.
        other: value of the other setting; NaN without one, and if that is `STEPS`.
        seed: seed of the run.
        spec: the run.
        measured: steps after which it is measured, ascending.
    """

    value: float
    other: float
    seed: int
    spec: RunSpec
    measured: tuple[int, ...]

    @property
    def key(self) -> tuple[float, float, int]:
        """Value, other value (-1 for none) and seed, which tell it from the other trials of its sweep."""
        return self.value, -1.0 if np.isnan(self.other) else self.other, self.seed


@dataclass(frozen=True)
class Plan:
    """A sweep.

    Attributes:
        base: the run whose settings are varied; its seed is ignored.
        parameter: name of a numeric parameter of its loss.
        values: values of the parameter, ascending.
        steps: after how many training steps each run is measured, ascending; its last entry ends the run.
        seeds: number of seeds, which are 0, 1, ...
        other: the other setting: a key of `SETTINGS`, another numeric parameter of the loss, or "" for none.
        other_values: its values, ascending; for `STEPS` they are `steps`.
        epochs: passes through the training images after which each run is measured, instead of `steps`.

    Raises:
        ValueError: when there is no such parameter or setting, when a value is out of its range, or when there are too
            many runs. Also what `RunSpec` raises.
    """

    base: RunSpec
    parameter: str
    values: tuple[float, ...]
    steps: tuple[int, ...] = (400,)
    seeds: int = 3
    other: str = ""
    other_values: tuple[float, ...] = ()
    epochs: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", _checked(self.values, "values", MAX_VALUES))
        parameters = numeric_parameters(self.base.loss)
        if self.parameter not in parameters:
            raise ExplainedError(f"{LOSSES[self.base.loss].title} has no number called {self.parameter!r:.40} to tune")
        if self.other not in ("", *SETTINGS, *parameters) or self.other == self.parameter:
            raise ExplainedError(f"{self.other!r:.40} can't be varied beside {self.parameter}")
        if not 1 <= self.seeds <= MAX_SEEDS:
            raise ExplainedError(f"a sweep has 1 to {MAX_SEEDS} seeds, not {self.seeds!s:.40}")
        if self.other:
            title = title_of(self.base.loss, self.other)
            object.__setattr__(self, "other_values", _checked(self.other_values, title, MAX_OTHER_VALUES))
            low, high = range_of(self.base.loss, self.other)
            for value in self.other_values:
                if not low <= value <= high:
                    raise ExplainedError(f"{title} is {value:g}, and must lie between {low:g} and {high:g}")
        if self.other == STEPS:
            object.__setattr__(self, "steps", tuple(map(int, self.other_values)))
        if not self.epochs and not all(1 <= step <= MAX_STEPS for step in self.steps):
            raise ExplainedError(f"a run has 1 to {MAX_STEPS:,} training steps")
        count = len(self.values) * max(1, len(self._runs_of_other())) * self.seeds
        if count > MAX_TRIALS:
            raise ExplainedError(
                f"{count:,} runs are too many: a sweep has at most {MAX_TRIALS}. Take fewer values or seeds."
            )
        _ = self.trials  # each run checks its settings

    @cached_property
    def trials(self) -> tuple[Trial, ...]:
        """All runs; those of the first seed come first, so that a curve is complete early."""
        return tuple(self._make_trials())

    @property
    def total_steps(self) -> int:
        """Training steps of all runs together."""
        return sum(trial.measured[-1] for trial in self.trials)

    @property
    def other_title(self) -> str:
        """Title of the other setting; "" without one."""
        return title_of(self.base.loss, self.other) if self.other else ""

    def setting_name(self, other: float, at: float) -> str:
        """Return the name of a setting of the rest, such as "batch size 64, 4 epochs".

        Args:
            other: value of the other setting; ignored without one.
            at: number of epochs or steps after which the runs were measured.
        """
        parts = [f"{self.other_title} {other:,g}"] if self.other else []
        if self.epochs:
            parts.append(f"{at:g} {'epoch' if at == 1 else 'epochs'}")
        return ", ".join(parts) or f"{at:,g} training steps"

    @property
    def logarithmic(self) -> bool:
        """Whether the values are drawn on a logarithmic axis."""
        return is_logarithmic(self.base.loss, self.parameter) and min(self.values) > 0

    def _runs_of_other(self) -> tuple[float, ...]:
        return () if self.other in ("", STEPS) else self.other_values

    def _make_trials(self) -> Iterator[Trial]:
        for seed, other, value in product(range(self.seeds), self._runs_of_other() or (np.nan,), self.values):
            spec = spec_of(self.base, self.parameter, value, self.other, other, seed)
            measured = tuple(epochs * steps_per_epoch(spec) for epochs in self.epochs) or self.steps
            yield Trial(value, float(other), seed, spec, measured)


def spec_of(base: RunSpec, parameter: str, value: float, other: str, other_value: float, seed: int) -> RunSpec:
    """Return one run of a sweep.

    Args:
        base: the run whose settings are varied.
        parameter: name of the parameter.
        value: its value.
        other: the other setting, as in `Plan`; "" or `STEPS` changes nothing.
        other_value: its value.
        seed: of the run.

    Raises:
        ValueError: when the settings are out of range or do not go together.
    """
    theta: dict[str, Any] = {**base.theta, parameter: _typed(base.loss, parameter, value)}
    settings: dict[str, Any] = {}
    if other in SETTINGS and other != STEPS:
        settings[other] = int(other_value) if SETTINGS[other][2] else float(other_value)
    elif other and other != STEPS:
        theta[other] = _typed(base.loss, other, other_value)
    return replace(base, theta=theta, seed=seed, **settings)


def numeric_parameters(loss: str) -> dict[str, Parameter]:
    """Return the numeric parameters of a loss by name."""
    return {name: each for name, each in LOSSES[loss].parameters.items() if each.kind in ("number", "integer")}


def range_of(loss: str, name: str) -> tuple[float, float]:
    """Return the range of a parameter of a loss, which is that of its slider, or of a setting of `SETTINGS`."""
    if name in SETTINGS:
        return SETTINGS[name][1]
    corners = numeric_parameters(loss)[name].corners
    return float(corners[0]), float(corners[-1])


def title_of(loss: str, name: str) -> str:
    """Return the title of a parameter of a loss or of a setting of `SETTINGS`."""
    return SETTINGS[name][0] if name in SETTINGS else numeric_parameters(loss)[name].title


def is_logarithmic(loss: str, name: str) -> bool:
    """Return whether a grid of this parameter or setting is logarithmic, as its slider is."""
    return name in SETTINGS or getattr(numeric_parameters(loss)[name].spec, "log", False)


def grid(loss: str, name: str, low: float, high: float, count: int) -> tuple[float, ...]:
    """Return values between two ends, evenly spaced or, where `is_logarithmic`, with a constant ratio.

    Whole numbers are rounded to integers and the others to two digits; values that are then equal are left out.

    Args:
        loss: key of the loss.
        name: a parameter of it, or a key of `SETTINGS`.
        low: smallest value.
        high: largest value.
        count: number of values, at most `MAX_VALUES`.

    Returns:
        The values, ascending.
    """
    logarithmic = is_logarithmic(loss, name) and low > 0
    values = np.geomspace(low, high, count) if logarithmic else np.linspace(low, high, count)
    whole = SETTINGS[name][2] if name in SETTINGS else numeric_parameters(loss)[name].kind == "integer"
    rounded = [round(float(value)) if whole else float(f"{value:.2g}") for value in values]
    return tuple(sorted({float(min(max(value, low), high)) for value in rounded}))


def _typed(loss: str, name: str, value: float) -> int | float:
    return int(value) if numeric_parameters(loss)[name].kind == "integer" else float(value)


def _checked(values: tuple[float, ...], title: str, most: int) -> tuple[float, ...]:
    """Return values as ascending numbers, each once."""
    numbers = tuple(sorted({float(value) for value in values}))
    if not 1 <= len(numbers) <= most:
        raise ExplainedError(f"{title}: a sweep takes 1 to {most} of them, not {len(numbers)}")
    return numbers
