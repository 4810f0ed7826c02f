"""Read the changes of a run's settings from the description in a run file, which is not trusted."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cl_core.data.errors import ExplainedError
from cl_core.training.config import RunSpec
from cl_core.training.frames import Change

MAX_CHANGES = 200  # of the settings of one run


def parse_changes(values: Any, spec: RunSpec, last: int) -> tuple[Change, ...]:
    """Return the changes of a run's settings.

    Args:
        values: what the file says; older files have an empty list.
        spec: the settings at the end.
        last: number of steps done.

    Raises:
        ValueError: when these are no changes that such a run can have had; also KeyError or TypeError.
    """
    if not isinstance(values, list) or len(values) > MAX_CHANGES:
        raise ExplainedError("its changes are no list, or too long")
    return tuple(_parse_change(each, spec, last) for each in values)


def _parse_change(values: Mapping[str, Any], spec: RunSpec, last: int) -> Change:
    """Return one change; `RunSpec` checks the type and range of every value."""
    step, rate, theta = values["step"], values["rate"], dict(values["theta"])
    if type(step) is not int or not 0 < step <= last or not theta.keys() <= spec.theta.keys():
        raise ExplainedError("a change of its settings can't be")
    changed = replace(spec, rate=rate, theta={**spec.theta, **theta})
    return Change(step, changed.rate, {name: float(changed.theta[name]) for name in theta})
