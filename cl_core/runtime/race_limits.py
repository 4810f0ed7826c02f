"""Limits of a race, wherever it goes on."""

from collections.abc import Sequence

from cl_core.data.errors import ExplainedError
from cl_core.training import RunSpec
from cl_core.training.frames import PROBE_SIZES

CONTENDER_RANGE = (2, 5)
SEED_COUNT_RANGE = (1, 5)
MAX_RUNS = 20  # of all contenders


def check_number_of_runs(contenders: int, seeds: int) -> None:
    """Raise ValueError if a race would have too many runs."""
    if contenders * seeds > MAX_RUNS:
        raise ExplainedError(
            f"A race has {MAX_RUNS} runs at most, and {contenders} contenders with {seeds} seeds each are "
            f"{contenders * seeds}. Take fewer seeds or fewer contenders."
        )


def check_race(specs: Sequence[RunSpec], n: int, seeds: int) -> None:
    """Raise ValueError if a race cannot have these arguments, see `Race`."""
    for what, value, (low, high) in (("contenders", len(specs), CONTENDER_RANGE), ("seeds", seeds, SEED_COUNT_RANGE)):
        if not low <= value <= high:
            raise ValueError(f"a race has {low} to {high} {what}, not {value}")
    check_number_of_runs(len(specs), seeds)
    if n not in PROBE_SIZES:
        raise ValueError(f"a picture shows one of {PROBE_SIZES} points, not {n}")
    if len({(spec.dataset, spec.seed) for spec in specs}) > 1:
        raise ValueError("the contenders of a race have one data set and one seed")
