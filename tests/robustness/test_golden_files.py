"""Golden files: links, files and numbers of an older version still mean what they meant; see golden/README.md."""

import json
import shutil
from dataclasses import asdict
from functools import cache
from importlib import import_module
from math import isnan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cl_core import losses, training
from cl_core.analysis import similarity_plane
from cl_core.data import datasets
from cl_core.experiments import results
from cl_core.losses import LOSSES
from cl_core.runtime import dask_cluster
from cl_core.teaching import lessons
from cl_core.training import RunSpec
from cl_core.training.files import run_file, tables
from cl_core.training.frames import RunProgress
from cl_core.training.pretrained import embeddings

GOLDEN = Path(__file__).parent / "golden"
PAGES = {
    "batch": "cl_core.ui.pages.batch",
    "boundaries": "cl_core.ui.pages.boundaries",
    "break_it": "cl_core.ui.pages.failures",
    "compare": "cl_core.ui.pages.race_controls",
    "experiments": "cl_core.ui.pages.experiments.page",
    "training": "cl_core.ui.pages.training_controls",
    "triplets": "cl_core.ui.pages.triplets.page",
}


@cache
def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("page", PAGES)
def test_link_settings_keep_their_names_options_and_defaults(page):
    settings_of = import_module(PAGES[page]).controls_for_link
    expected = golden("controls.json")[page]
    names = set()
    for loss in golden("losses.json")["losses"]:
        controls = {control.name: control for control in settings_of({"loss": loss})}
        names |= set(controls)
        for name, variants in expected.items():
            known = [each for each in variants if each["losses"] == "all" or loss in each["losses"]]
            assert len(known) <= 1
            if not known:
                assert name not in controls
                continue
            control, (wanted,) = controls[name], known
            default = list(control.default) if isinstance(control.default, tuple) else control.default
            assert default == wanted["default"], name
            if "options" in wanted:
                assert set(wanted["options"]) <= set(map(str, control.options)), name
            if "range" in wanted:
                assert [control.low, control.high] == wanted["range"], name
    assert names >= set(expected)


@pytest.mark.parametrize("key", golden("losses.json")["losses"])
def test_losses_keep_their_values(key):
    pinned = golden("losses.json")
    wanted = pinned["losses"][key]
    loss = LOSSES[key]
    shape = {"num_classes": 3, "embedding_dim": 4} if loss.classes else {}
    module = losses.module(key, **shape).double()
    if module.weight is not None:
        module.weight.data.copy_(torch.tensor(pinned["weight"], dtype=torch.float64))
    z, y = torch.tensor(pinned["z"], dtype=torch.float64), torch.tensor(pinned["y"])
    assert module(z, y).item() == pytest.approx(wanted["value"], rel=1e-9)
    assert module.n_terms == wanted["terms"]
    classes = 3 if loss.classes else None
    for value, name in ((losses.collapse_value, "collapse"), (losses.floor_value, "floor")):
        assert value(key, {}, y, classes) == pytest.approx(wanted[name], rel=1e-9, abs=1e-12)
    known = {each.name: {"default": each.default, "kind": each.kind} for each in loss.parameters.values()}
    assert known == wanted["parameters"]
    grid = similarity_plane.similarity_plane(loss, {}, n=5)
    np.testing.assert_allclose(grid.value, wanted["plane"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(grid.d_y, wanted["force"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("key", golden("first_steps.json"))
def test_runs_start_with_the_same_losses(key):
    wanted = golden("first_steps.json")[key]
    spec = RunSpec(**wanted["spec"])
    assert asdict(spec) == wanted["spec"]
    state = training.advance(training.start(spec), steps=3)
    np.testing.assert_allclose(state.losses, wanted["losses"], rtol=1e-4)  # another processor rounds differently


def test_run_file_opens_to_the_same_run_and_trains_on():
    wanted = golden("run.json")
    saved = run_file.loads((GOLDEN / "run.npz").read_bytes())
    assert asdict(saved.state.spec) == wanted["spec"]
    assert (saved.n, saved.state.step, saved.empty) == (wanted["n"], wanted["step"], 0)
    np.testing.assert_allclose(saved.losses, wanted["losses"], rtol=1e-6)
    assert [frame.step for frame in saved.frames] == wanted["steps"]
    assert [frame.metrics.knn for frame in saved.frames] == wanted["knn"]
    assert asdict(saved.references) == wanted["references"]
    assert float(saved.state.vector.sum()) == pytest.approx(wanted["vector_sum"], rel=1e-5)
    np.testing.assert_allclose(saved.frames[-1].points[2][0], wanted["first_point"], rtol=2e-3)  # kept as float16
    trained = training.advance(saved.state, steps=2)
    np.testing.assert_allclose(trained.losses, wanted["next_losses"], rtol=1e-4)


def test_exported_tables_keep_their_columns():
    wanted = golden("run.json")
    saved = run_file.loads((GOLDEN / "run.npz").read_bytes())
    look = RunProgress(
        spec=saved.state.spec, phase="paused", step=saved.state.step, seconds=0.0, rate=0.0, frames=saved.frames,
        losses=saved.losses, empty=0, references=saved.references, note=None, failure=None,
    )  # fmt: skip
    assert tables.history_table(look).column_names == wanted["history_columns"]
    assert tables.embedding_table(saved.state, 500).column_names == wanted["embedding_columns"]


def test_prepared_embedding_opens_to_the_same_values(tmp_path, monkeypatch):
    wanted = golden("embedding.json")
    (tmp_path / "prepared").mkdir()
    shutil.copy(GOLDEN / "embedding.npz", tmp_path / "prepared" / f"{wanted['loss']}.npz")
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)
    kept = embeddings.load(wanted["loss"], wanted["stage"])
    assert (asdict(kept.spec), kept.step, kept.knn) == (wanted["spec"], wanted["step"], wanted["knn"])
    assert kept.weight is not None
    for array, name in (
        (kept.rows[:5], "rows"),
        (kept.y[:5], "y"),
        (kept.z[0, :4], "z"),
        (kept.weight[0, :4], "weight"),
    ):
        assert array.tolist() == wanted[name]


def test_lesson_is_read_to_the_same_steps():
    lesson = lessons.parse("lesson", (GOLDEN / "lesson.toml").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(asdict(lesson))) == golden("lesson.json")


def test_result_of_a_cell_is_read_to_the_same_row():
    table, faults = results.load(GOLDEN)
    assert (len(table), faults) == (1, [])
    row = table.iloc[0]
    for name, wanted in golden("result.json").items():
        assert isnan(row[name]) if wanted is None else row[name] == wanted, name
    assert np.isfinite(results.drawn_points(row)).all()


def test_environment_variables_keep_their_names():
    assert (datasets.DATA_VARIABLE, lessons.LESSONS_VARIABLE, dask_cluster.ADDRESS) == (
        "CL_LAB_DATA",
        "CL_LAB_LESSONS",
        "DASK_SCHEDULER_ADDRESS",
    )
