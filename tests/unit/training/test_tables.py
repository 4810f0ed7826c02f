"""Exported tables hold the very numbers of the run."""

import io
from dataclasses import asdict, fields

import numpy as np
import pandas as pd
import pytest

from cl_core import training
from cl_core.analysis.metrics import Metrics
from cl_core.data import datasets
from cl_core.training.files import tables
from tests.runs import trained


@pytest.mark.parametrize(("kind", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_embedding_file_round_trip(kind, read):
    _, state = trained()
    table = read(io.BytesIO(tables.embedding_file(state, 500, kind)))
    snapshot, data = training.snapshot(state, 500), datasets.load("blobs")
    assert list(table.columns) == ["row", "label", "class", *(f"z{i}" for i in range(8))]
    assert (table[[f"z{i}" for i in range(8)]].to_numpy(np.float32) == snapshot.z).all()
    assert (data.y_test[table["row"]] == table["label"]).all()
    assert [data.class_names[label] for label in table["label"]] == table["class"].tolist()
    embedded = training.embed(state, data.x_test[table["row"].to_numpy()]).numpy()
    assert (embedded == snapshot.z).all()


@pytest.mark.parametrize(("kind", "read"), [("csv", pd.read_csv), ("parquet", pd.read_parquet)])
def test_history_table_round_trip(kind, read):
    progress, _ = trained()
    table = read(io.BytesIO(tables.FORMATS[kind](tables.history_table(progress))))
    assert table["step"].tolist() == list(range(7))
    assert np.isnan(table["loss"][0])
    assert (table["loss"].to_numpy(np.float32)[1:] == progress.losses).all()
    names = [field.name for field in fields(Metrics)]
    measured = table.dropna(subset=["knn"]).set_index("step")
    assert measured.index.tolist() == [0, 2, 4, 6]
    for frame in progress.frames:
        assert measured.loc[frame.step, names].to_dict() == asdict(frame.metrics)
        assert measured.loc[frame.step, "seconds"] == frame.seconds
