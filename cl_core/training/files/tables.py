"""The embedding and the history of a run as CSV and Parquet tables."""

import io
from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from types import MappingProxyType

import numpy as np
import pyarrow as pa
from pyarrow import csv as pa_csv
from pyarrow import parquet as pa_parquet

from cl_core.analysis.metrics import Metrics
from cl_core.data import datasets
from cl_core.training import loop
from cl_core.training.frames import RunProgress
from cl_core.training.loop import State


def embedding_table(state: State, n: int) -> pa.Table:
    """Embed the first `n` probe images and return a table with one row per image.

    Args:
        state: the run.
        n: number of probe images.

    Returns:
        Columns `row` (index into the data set's test part), `label`, `class` (its name), and `z0`, `z1`, ... (float32).
    """
    data = datasets.load(state.spec.dataset)
    rows = datasets.probe_indices(data, n)
    snapshot = loop.snapshot(state, n)
    names = np.array(data.class_names, dtype=object)[snapshot.y]
    columns = {"row": rows, "label": snapshot.y, "class": names}
    return pa.table(columns | {f"z{i}": axis for i, axis in enumerate(np.ascontiguousarray(snapshot.z.T))})


def history_table(progress: RunProgress) -> pa.Table:
    """Return the loss of every step of a run, with the metrics of its frames.

    Args:
        progress: the run.

    Returns:
        One row for the start and for each step so far. Columns: `step`, `loss`, `seconds` (spent training) and the
        fields of `metrics.Metrics`; all but the first two are null at steps without a frame. The loss of step k is that
        of its batch before its weights changed, so step 0 has none.
    """
    steps = len(progress.losses) + 1
    loss = pa.array(np.concatenate([[0], progress.losses]).astype(np.float32), mask=np.arange(steps) == 0)
    frames = {frame.step: frame for frame in progress.frames}
    measured = {step: asdict(frame.metrics) | {"seconds": frame.seconds} for step, frame in frames.items()}
    columns = {"step": pa.array(np.arange(steps)), "loss": loss}
    for name in ("seconds", *(field.name for field in fields(Metrics))):
        columns[name] = pa.array([measured.get(step, {}).get(name) for step in range(steps)], pa.float64())
    return pa.table(columns)


def to_csv(table: pa.Table) -> bytes:
    """Write a table as comma-separated values, each number with the fewest digits that restore it exactly.

    Args:
        table: the table.

    Returns:
        The bytes of the file, UTF-8.
    """
    file = io.BytesIO()
    pa_csv.write_csv(table, file, pa_csv.WriteOptions(quoting_style="needed"))
    return file.getvalue()


def to_parquet(table: pa.Table) -> bytes:
    """Write a table as a Parquet file.

    Args:
        table: the table.

    Returns:
        The bytes of the file, compressed by zstd.
    """
    file = io.BytesIO()
    pa_parquet.write_table(table, file, compression="zstd")
    return file.getvalue()


FORMATS: Mapping[str, Callable[[pa.Table], bytes]] = MappingProxyType({"csv": to_csv, "parquet": to_parquet})


def embedding_file(state: State, n: int, file_format: str) -> bytes:
    """Write the table of `embedding_table` as a file.

    Args:
        state: the run.
        n: number of probe images.
        file_format: key of `FORMATS`.

    Returns:
        The bytes of the file.
    """
    return FORMATS[file_format](embedding_table(state, n))
