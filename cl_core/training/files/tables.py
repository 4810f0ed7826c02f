"""Tables of a run: where its test images lie, and how it went, to be read by other programs."""

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
    """The embedding of the first `n` probe images, one a line.

    Columns: row (in the data set's test part), label, class (its name), z0, z1, ... (float32).
    """
    data = datasets.load(state.spec.dataset)
    rows = datasets.probe_indices(data, n)
    shot = loop.snapshot(state, n)
    names = np.array(data.class_names, dtype=object)[shot.y]
    columns = {"row": rows, "label": shot.y, "class": names}
    return pa.table(columns | {f"z{i}": axis for i, axis in enumerate(np.ascontiguousarray(shot.z.T))})


def history_table(look: RunProgress) -> pa.Table:
    """One line for the start and each step so far: step, loss, and where the step has a frame what was measured there.

    The loss of step k is that of its batch before its weights moved, so step 0 has none. Columns of `metrics.Metrics`,
    and seconds spent training, are empty between two frames.
    """
    steps = len(look.losses) + 1
    loss = pa.array(np.concatenate([[0], look.losses]).astype(np.float32), mask=np.arange(steps) == 0)
    seen = {frame.step: frame for frame in look.frames}
    measured = {step: asdict(frame.metrics) | {"seconds": frame.seconds} for step, frame in seen.items()}
    columns = {"step": pa.array(np.arange(steps)), "loss": loss}
    for name in ("seconds", *(field.name for field in fields(Metrics))):
        columns[name] = pa.array([measured.get(step, {}).get(name) for step in range(steps)], pa.float64())
    return pa.table(columns)


def to_csv(table: pa.Table) -> bytes:
    """Comma-separated values, each number with just the digits that bring it back."""
    file = io.BytesIO()
    pa_csv.write_csv(table, file, pa_csv.WriteOptions(quoting_style="needed"))
    return file.getvalue()


def to_parquet(table: pa.Table) -> bytes:
    """The same as a Parquet file."""
    file = io.BytesIO()
    pa_parquet.write_table(table, file, compression="zstd")
    return file.getvalue()


FORMATS: Mapping[str, Callable[[pa.Table], bytes]] = MappingProxyType({"csv": to_csv, "parquet": to_parquet})


def embedding_file(state: State, n: int, kind: str) -> bytes:
    """The `embedding` as a file of one of `FORMATS`."""
    return FORMATS[kind](embedding_table(state, n))
