"""Results as files: one for each finished cell, written whole or not at all."""

import os
import tempfile
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow
from numpy.typing import NDArray

from cl_core import datasets
from cl_core.archive import DataError
from cl_core.experiments.cells import STUDIES, Cell
from cl_core.experiments.stages import DRAWN, Outcome

SHIPPED = datasets.ASSETS / "experiments"
NUMBERS = ("accuracy_right", "accuracy_odd", "knn", "seconds", "steps")  # that every row must have


def path_of(cell: Cell, folder: Path = SHIPPED) -> Path:
    """Where a cell's result is kept."""
    return folder / f"{cell.name}.parquet"


def save(cell: Cell, outcome: Outcome, made: dict[str, str], folder: Path = SHIPPED) -> Path:
    """Keep a result, with its cell, its spec and what it was `made` with.

    It's written beside its place and then moved there, which a full disk or a kill can't leave half done. Raises
    OSError, in words, where it can't be written; then there is no file of that name, or the one from before.
    """
    spec = {f"spec_{name}": _plain(value) for name, value in asdict(cell.spec).items()}
    values = {**cell.row(), **asdict(outcome), "points": outcome.points.tobytes(), **spec, **_prefixed(made)}
    folder.mkdir(parents=True, exist_ok=True)
    place = path_of(cell, folder)
    handle, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
    os.close(handle)
    beside = Path(name)
    try:
        pd.DataFrame([values]).to_parquet(beside, index=False)
        beside.replace(place)
    except OSError as error:
        raise OSError(f"{place}: could not be written ({error.strerror or error}); nothing else was lost") from error
    finally:
        beside.unlink(missing_ok=True)
    return place


def _prefixed(made: dict[str, str]) -> dict[str, str]:
    return {f"made_{name}": text for name, text in made.items()}


def _plain(value: Any) -> Any:
    """A dictionary as text, since Parquet would give all rows the same keys."""
    return repr(value) if isinstance(value, dict) else value


def load(folder: Path = SHIPPED) -> tuple[pd.DataFrame, list[str]]:
    """All results in a folder, a row each, sorted; and what could not be read of them, in words."""
    paths = sorted(folder.glob("*.parquet")) if folder.is_dir() else []
    rows, faults = [], []
    for path in paths:
        try:
            rows.append(_read(path, path.stat().st_mtime_ns))
        except (DataError, OSError) as error:
            faults.append(str(error))
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame(columns=[*Cell.__annotations__, *NUMBERS])
    return table, faults


@lru_cache(maxsize=1024)
def _read(path: Path, _stamp: int) -> pd.DataFrame:
    try:
        row = pd.read_parquet(path)
        if len(row) != 1:
            raise ValueError(f"{len(row)} rows where one belongs")
        cell = Cell(**{name: row[name].item() for name in Cell.__annotations__})
        if cell.study not in STUDIES or path.stem != cell.name:
            raise ValueError("what is in it is of another cell")
        row[list(NUMBERS)].astype(float)
        points(row.iloc[0])
    except (ValueError, TypeError, KeyError, pyarrow.ArrowException) as error:
        raise DataError(
            f"{path}: no result of a cell, or damaged ({error}). Delete it, and run the cell again."
        ) from error
    return row


def points(row: pd.Series) -> NDArray[np.float32]:
    """The PCA view of a result's first probe images, (DRAWN, 2); ValueError where there is none."""
    return np.frombuffer(row["points"], np.float16).reshape(DRAWN, 2).astype(np.float32)


def done(cells: Iterable[Cell], folder: Path = SHIPPED) -> set[Cell]:
    """Which of these cells have a result that can be read."""
    there = set()
    for cell in cells:
        path = path_of(cell, folder)
        try:
            _read(path, path.stat().st_mtime_ns)
        except (DataError, OSError):
            continue
        there.add(cell)
    return there
