"""Results as files: one for each finished cell, written whole or not at all."""

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
from cl_core.data.npz import DataError, without_folder
from cl_core.experiments.grid import STUDIES, Cell
from cl_core.experiments.pipeline import DRAWN, Outcome

SHIPPED = datasets.ASSETS / "experiments"
# of every row; `steps` is what the cell asks for, and `steps_done` what came of it where its first stage failed
NUMBERS = tuple(name for name in Outcome.__annotations__ if name not in ("steps", "failure", "points"))
ABANDONED = 60.0  # seconds after which a file that is still being written was left by a sweep that was killed


def result_path(cell: Cell, folder: Path = SHIPPED) -> Path:
    """Where a cell's result is kept."""
    return folder / f"{cell.name}.parquet"


def save(cell: Cell, outcome: Outcome, made: dict[str, str], folder: Path = SHIPPED) -> Path:
    """Keep a result, with its cell, its spec and what it was `made` with.

    It's written beside its place and then moved there, which a full disk or a kill can't leave half done. Raises
    OSError, in words, where it can't be written; then there is no file of that name, or the one from before.
    """
    spec = {f"spec_{name}": _plain(value) for name, value in asdict(cell.spec).items()}
    found = {**asdict(outcome), "points": outcome.points.tobytes(), "steps_done": outcome.steps}
    values = {**found, **cell.row(), **spec, **_prefixed(made)}
    place, beside = result_path(cell, folder), None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".", suffix=".part")
        os.close(handle)
        beside = Path(name)
        pd.DataFrame([values]).to_parquet(beside, index=False, write_page_checksum=True)
        with beside.open("rb") as written:
            os.fsync(written.fileno())  # some disks say only here that they are full
        beside.chmod(0o644)  # a temporary file is its owner's alone
        beside.replace(place)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error
        raise OSError(f"{place}: could not be written ({reason}).") from None
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)
    return place


def delete_partial_files(folder: Path = SHIPPED) -> None:
    """Delete what sweeps that were killed have left half written; what others are writing right now stays."""
    for left in folder.glob(".*.part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > ABANDONED:
                left.unlink()


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
        except FileNotFoundError:
            continue  # deleted since the folder was looked at
        except DataError as error:
            faults.append(str(error))
    table = pd.DataFrame(rows) if rows else pd.DataFrame(columns=[*Cell.__annotations__, *NUMBERS])
    return table, faults


@lru_cache(maxsize=1024)
def _read(path: Path, _stamp: int) -> dict[str, Any]:
    try:
        rows = parquet.read_table(path, page_checksum_verification=True).to_pylist()
        if len(rows) != 1:
            raise ValueError(f"{len(rows)} rows where one belongs")
        row: dict[str, Any] = rows[0]
        cell = _cell(row)
        if cell.study not in STUDIES or path.stem != cell.name:
            raise ValueError("what is in it is of another cell")
        for name, value in asdict(cell.spec).items():
            if (was := row[f"spec_{name}"]) != _plain(value):
                raise ValueError(f"it was run with {name} {was!r}, which now is {value!r}")
        row |= {name: nan if row[name] is None else float(row[name]) for name in NUMBERS}
        if not isinstance(row["failure"], str):
            raise ValueError("it does not say whether it failed")
        drawn_points(row)
    except FileNotFoundError:
        raise
    except (ValueError, TypeError, KeyError, OSError, pyarrow.ArrowException) as error:
        why = without_folder(error, path)
        raise DataError(
            f"{path.name}: no result of a cell, or damaged ({why}). Delete it, and run the cell again."
        ) from error
    return row


def _cell(row: Mapping[str, Any]) -> Cell:
    return Cell(**{name: row[name] for name in Cell.__annotations__})


def drawn_points(row: Mapping[str, Any] | pd.Series) -> NDArray[np.float32]:
    """The PCA view of a result's first probe images, (DRAWN, 2); ValueError where there is none."""
    return np.frombuffer(row["points"], np.float16).reshape(DRAWN, 2).astype(np.float32)


def finished_cells(cells: Iterable[Cell], folder: Path = SHIPPED) -> set[Cell]:
    """Which of these cells have a result that can be read and is theirs in every field."""
    there = set()
    for cell in cells:
        path = result_path(cell, folder)
        with suppress(DataError, OSError):
            if _cell(_read(path, path.stat().st_mtime_ns)) == cell:
                there.add(cell)
    return there
