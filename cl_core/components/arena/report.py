"""What a browser reports of its race: measures and losses since what the server has."""

import base64
import struct
from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import inf, nan
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.metrics import Metrics
from cl_core.components.envelope import unpack
from cl_core.data.npz import DataError
from cl_core.runtime.visitor_race import RaceReport, RunReport
from cl_core.training import MAX_STEPS
from cl_core.training.frames import Frame, Phase

MAX_TEXT = 8 * 2**20  # characters of a report that are read
MAX_NAME = 100  # characters of the name of a race
MAX_KEY = 200
MAX_FAILURE = 1000  # characters of a failure's text
MEASURES = [field.name for field in fields(Metrics)]
LIMITS: Mapping[str, tuple[float, float]] = {  # of measures; the others are shares, from 0 to 1
    "alignment": (0.0, inf),
    "uniformity": (-inf, inf),
    "spread": (0.0, inf),
}
TOLERANCE = 1e-5  # by which a measure may leave its range: it is rounded to float32


def decode(reported: Any) -> RaceReport:
    """Read a report of a race.

    It is an envelope in base64. The header has what `report.js` says; the buffers of run k are `losses<k>` and
    `measures<k>`, which has a row for each frame: its seconds, its linear probe, and the fields of `Metrics`.

    Args:
        reported: untrusted value.

    Returns:
        The report; types, ranges and lengths are checked.

    Raises:
        DataError: when it is no report.
    """
    if not isinstance(reported, str) or len(reported) > MAX_TEXT:
        raise DataError("a race's report is no text, or too long")
    try:
        header, buffers = unpack(base64.b64decode(reported, validate=True))
        return _report(header, buffers)
    except (struct.error, LookupError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DataError("a race's report cannot be read") from error


def _report(header: Mapping[str, Any], buffers: Mapping[str, NDArray[Any]]) -> RaceReport:
    after, step = _whole(header["after"], -1, MAX_STEPS), _whole(header["step"], 0, MAX_STEPS)
    if after > step:
        raise ValueError(f"it ends at step {step}, before {after}")
    phase: Phase = header["phase"]
    if phase not in get_args(Phase):
        raise ValueError("there is no such phase")
    return RaceReport(
        race=_text(header["race"], MAX_NAME),
        key=_text(header["key"], MAX_KEY),
        after=after,
        step=step,
        version=_whole(header["version"], 0, 2**31),
        phase=phase,
        playing=header["playing"] is True,
        started=header["started"] is True,
        rate=_number(header["rate"], 0.0, 1e6),
        runs=tuple(
            _run(run, buffers[f"losses{k}"], buffers[f"measures{k}"], after, step)
            for k, run in enumerate(header["runs"])
        ),
    )


def _run(run: Mapping[str, Any], losses: NDArray[Any], measures: NDArray[Any], after: int, step: int) -> RunReport:
    """Check what is reported of a run for the steps from `after` up to `step`."""
    failure = None if run["failure"] is None else _text(run["failure"], MAX_FAILURE)
    steps = [_whole(each, after + 1, step) for each in run["steps"]]
    if steps != sorted(set(steps)):
        raise ValueError("the steps of the frames do not ascend")
    if losses.dtype != np.float32 or measures.dtype != np.float32:
        raise ValueError("numbers are not float32")
    due = step - max(after, 0)
    if len(losses) > due or (failure is None and len(losses) != due) or not np.isfinite(losses).all():
        raise ValueError(f"there are {len(losses)} losses of {due} steps, or some are not finite")
    rows = measures.astype(np.float64).reshape(len(steps), 2 + len(MEASURES))
    references = run["references"]
    return RunReport(
        frames=tuple(map(_frame, steps, rows.tolist())),
        losses=losses,
        empty=None if run["empty"] is None else _whole(run["empty"], 0, step),
        failure=failure,
        references=None if references is None else (_reference(references[0]), _reference(references[1])),
    )


def _frame(step: int, row: Sequence[float]) -> Frame:
    """Return the frame of a row of `measures`, which are checked."""
    seconds, probe, *values = row
    metrics = Metrics(**{name: _measure(name, value) for name, value in zip(MEASURES, values, strict=True)})
    return Frame(step, _number(seconds, 0.0, 1e9), metrics, points={}, views={}, probe=_measure("probe", probe))


def _measure(name: str, value: float) -> float:
    """Return a checked measure; NaN is one that is not known."""
    low, high = LIMITS.get(name, (0.0, 1.0))
    if value != value:
        return nan
    if not (low - TOLERANCE <= value <= high + TOLERANCE and abs(value) < inf):
        raise ValueError(f"{name} is {value}")
    return min(max(value, low), high)


def _reference(value: Any) -> float:
    return nan if value is None else _number(value, -1e30, 1e30)


def _whole(value: Any, low: int, high: int) -> int:
    if type(value) is not int or not low <= value <= high:
        raise ValueError(f"{value!r:.40} is no whole number from {low} to {high}")
    return value


def _number(value: Any, low: float, high: float) -> float:
    if type(value) not in (int, float) or not low <= value <= high:
        raise ValueError(f"{value!r:.40} is no number from {low} to {high}")
    return float(value)


def _text(value: Any, most: int) -> str:
    if not isinstance(value, str) or not value or len(value) > most:
        raise ValueError(f"a text is missing, or has more than {most} characters")
    return value
