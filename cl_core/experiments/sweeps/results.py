"""Results of sweeps as tables and files: one Parquet file for each sweep, with its plan."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from numpy.typing import NDArray
from pyarrow import parquet

from cl_core.data.npz import DataError, plain_reason
from cl_core.experiments.sweeps.plan import STEPS, Plan
from cl_core.experiments.sweeps.trials import DRAWN, Outcome
from cl_core.training import RunSpec

COLUMNS = ("value", "other", "seed", "step", "at", "knn", "map_r", "spread", "failure", "points")
_PLAN = b"plan"  # key of the plan in a file's metadata
Outcomes = Mapping[tuple[float, float, int], tuple[Outcome, ...]]


def table_of(plan: Plan, outcomes: Outcomes) -> pd.DataFrame:
    """Return measurements as a table.

    Args:
        plan: the sweep.
        outcomes: measurements of its finished runs, by `Trial.key`.

    Returns:
        A row for each measurement, with the columns `COLUMNS`: `other` is the value of the other setting (-1 without
        one), `at` the number of epochs if the plan has `epochs`, and else the number of steps, `points` are bytes.
    """
    rows = []
    for trial in plan.trials:
        for number, outcome in enumerate(outcomes.get(trial.key, ())):
            value, other, seed = trial.key
            at = plan.epochs[number] if plan.epochs else trial.measured[number]
            if plan.other == STEPS:
                other = float(at)
            values = (outcome.knn, outcome.map_r, outcome.spread, outcome.failure, outcome.points.tobytes())
            rows.append((value, other, seed, trial.measured[number], at, *values))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def outcomes_of(plan: Plan, table: pd.DataFrame) -> Outcomes:
    """Return the measurements of the runs that are complete in a table; the reverse of `table_of`."""
    by_run: dict[tuple[float, float, int], list[Outcome]] = {}
    for row in table.sort_values("step").to_dict("records"):
        key = (row["value"], -1.0 if plan.other == STEPS else row["other"], row["seed"])
        outcome = Outcome(
            row["step"], row["knn"], row["map_r"], row["spread"], points_of(row["points"]), row["failure"]
        )
        by_run.setdefault(key, []).append(outcome)
    lengths = {trial.key: len(trial.measured) for trial in plan.trials}
    return {key: tuple(found) for key, found in by_run.items() if len(found) == lengths.get(key)}


def points_of(data: bytes) -> NDArray[np.int8]:
    """Return the stored points of a row as (DRAWN, 2)."""
    return np.frombuffer(data, np.int8).reshape(DRAWN, 2)


def save(plan: Plan, table: pd.DataFrame, path: Path) -> None:
    """Write a sweep into a file, under a temporary name first, so that a killed process leaves no partial file.

    Args:
        plan: the sweep.
        table: its measurements, as from `table_of`.
        path: the file; its folder is created if it does not exist.

    Raises:
        OSError: when the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    content = pyarrow.Table.from_pandas(table, preserve_index=False)
    content = content.replace_schema_metadata({_PLAN: json.dumps(asdict(plan)).encode()})
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        parquet.write_table(content, partial, compression="zstd", write_page_checksum=True)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def load(path: Path) -> tuple[Plan, pd.DataFrame]:
    """Load a sweep.

    Args:
        path: a file of `save`.

    Returns:
        The plan, and the measurements as from `table_of`.

    Raises:
        FileNotFoundError: when there is no such file.
        DataError: when the file is damaged, or of another kind.
    """
    try:
        content = parquet.read_table(path, page_checksum_verification=True)
        plan = _plan_of(json.loads((content.schema.metadata or {})[_PLAN]))
        table = content.to_pandas()
        if tuple(table.columns) != COLUMNS:
            raise ValueError("it has other columns")
        for data in table["points"]:
            points_of(data)
    except FileNotFoundError:
        raise
    except (ValueError, TypeError, KeyError, OSError, pyarrow.ArrowException) as error:
        raise DataError(f"{path.name}: no sweep, or damaged ({plain_reason(error)}).") from error
    return plan, table


def _plan_of(values: dict[str, Any]) -> Plan:
    """Return the plan that was stored as a dictionary; JSON has lists for tuples."""
    settings: dict[str, Any] = {name: tuple(each) if isinstance(each, list) else each for name, each in values.items()}
    return Plan(**{**settings, "base": RunSpec(**values["base"])})
