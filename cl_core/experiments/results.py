"""Result files: one Parquet file for each finished cell, written atomically."""

import os
import tempfile
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from numpy.typing import NDArray
from pyarrow import parquet

from cl_core.data import datasets
from cl_core.data.errors import ExplainedError
from cl_core.data.npz import DataError, plain_reason
from cl_core.experiments.grid import STUDIES, Cell
from cl_core.experiments.pipeline import DRAWN, Outcome
from cl_core.training.config import LATER_SETTINGS, RunSpec

SHIPPED = datasets.ASSETS / "experiments"
# numeric outcomes in every row. The column `steps` is the cell's; those that were done, fewer after a failure, are in
# `steps_done`
NUMBERS = tuple(name for name in Outcome.__annotations__ if name not in ("steps", "failure", "points"))
PARTIAL_FILE_LIFETIME = 60.0  # seconds without a change after which a partial file belongs to a killed sweep


def result_path(cell: Cell, folder: Path = SHIPPED) -> Path:
    """Return the path of a cell's result file in `folder`."""
    return folder / f"{cell.name}.parquet"


def save(cell: Cell, outcome: Outcome, environment: dict[str, str], folder: Path = SHIPPED) -> Path:
    """Write the result of a cell, with its spec and the environment in which it was computed.

    The file is written under a temporary name and then moved, so that a full disk or a killed process cannot leave a
    partial result.

    Args:
        cell: the cell.
        outcome: its outcome.
        environment: machine and library versions by name; stored in columns `made_*`.
        folder: folder of results; it is created if it does not exist.

    Returns:
        Path of the file.

    Raises:
        OSError: when the file cannot be written; an earlier result of the cell is then still there.
    """
    spec_columns = {f"spec_{name}": _parquet_value(value) for name, value in asdict(cell.spec).items()}
    outcome_columns = {**asdict(outcome), "points": outcome.points.tobytes(), "steps_done": outcome.steps}
    values = {**outcome_columns, **cell.row(), **spec_columns, **_environment_columns(environment)}
    path, partial = result_path(cell, folder), None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        os.close(handle)
        partial = Path(name)
        pd.DataFrame([values]).to_parquet(partial, index=False, write_page_checksum=True)
        with partial.open("rb") as file:
            os.fsync(file.fileno())  # some disks report only here that they are full
        partial.chmod(0o644)  # mkstemp lets only the owner read a file
        partial.replace(path)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise OSError(f"{path}: could not be written ({reason}).") from None
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
    return path


def delete_partial_files(folder: Path = SHIPPED) -> None:
    """Delete the partial files of killed sweeps; recent ones are kept, since another sweep may be writing them.

    Args:
        folder: folder of results.
    """
    for partial in folder.glob(".*.part"):
        with suppress(OSError):
            if time.time() - partial.stat().st_mtime > PARTIAL_FILE_LIFETIME:
                partial.unlink()


def _environment_columns(environment: dict[str, str]) -> dict[str, str]:
    return {f"made_{name}": text for name, text in environment.items()}


def _parquet_value(value: Any) -> Any:
    """Return a dictionary as text, since Parquet would give all rows the same keys; other values unchanged."""
    return repr(value) if isinstance(value, dict) else value


def load(folder: Path = SHIPPED) -> tuple[pd.DataFrame, list[str]]:
    """Load all results of a folder.

    Args:
        folder: folder of results; it need not exist.

    Returns:
        A table with one row for each readable file, sorted by file name, and a message for each unreadable file.
    """
    paths = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    rows, faults = [], []
    for path in paths:
        try:
            rows.append(_read(path, path.stat().st_mtime_ns))
        except FileNotFoundError:
            continue  # deleted since the folder was listed
        except DataError as error:
            faults.append(str(error))
    table = pd.DataFrame(rows) if rows else pd.DataFrame(columns=[*Cell.__annotations__, *NUMBERS])
    return table, faults


@lru_cache(maxsize=1024)
def _read(path: Path, _stamp: int) -> dict[str, Any]:
    """Return the row of a result file; `_stamp`, its modification time, keeps the cache from returning an older row."""
    try:
        rows = parquet.read_table(path, page_checksum_verification=True).to_pylist()
        if len(rows) != 1:
            raise ExplainedError(f"{len(rows)} rows where one belongs")
        row: dict[str, Any] = rows[0]
        cell = _cell(row)
        if cell.study not in STUDIES or path.stem != cell.name:
            raise ExplainedError("what is in it is of another cell")
        for name, value in asdict(cell.spec).items():
            column = f"spec_{name}"
            if name in LATER_SETTINGS and column not in row:
                row[column] = getattr(RunSpec, name)  # the file is older than this setting
            if (stored := row[column]) != _parquet_value(value):
                raise ExplainedError(f"it was run with {name} {stored!r}, which now is {value!r}")
        row |= {name: nan if row[name] is None else float(row[name]) for name in NUMBERS}
        if not isinstance(row["failure"], str):
            raise ExplainedError("it does not say whether it failed")
        drawn_points(row)
    except FileNotFoundError:
        raise
    except (ValueError, TypeError, KeyError, OSError, pyarrow.ArrowException) as error:
        reason = plain_reason(error)
        raise DataError(
            f"{path.name}: no result of a cell, or damaged ({reason}). Delete it, and run the cell again."
        ) from error
    return row


def _cell(row: Mapping[str, Any]) -> Cell:
    return Cell(**{name: row[name] for name in Cell.__annotations__})


def drawn_points(row: Mapping[str, Any] | pd.Series) -> NDArray[np.float32]:
    """Return the PCA view of a result's first probe images.

    Args:
        row: a row of the results.

    Returns:
        (DRAWN, 2) float32 coordinates.

    Raises:
        ValueError: when the row has no coordinates of that shape.
    """
    return np.frombuffer(row["points"], np.float16).reshape(DRAWN, 2).astype(np.float32)


def finished_cells(cells: Iterable[Cell], folder: Path = SHIPPED) -> set[Cell]:
    """Return the cells that have a readable result which agrees with them in every field.

    Args:
        cells: the cells to look up.
        folder: folder of results.

    Returns:
        Those of `cells` that need not be run again.
    """
    finished = set()
    for cell in cells:
        path = result_path(cell, folder)
        with suppress(DataError, OSError):
            if _cell(_read(path, path.stat().st_mtime_ns)) == cell:
                finished.add(cell)
    return finished
