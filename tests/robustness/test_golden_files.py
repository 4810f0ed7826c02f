"""Golden files: links, files and numbers of earlier versions keep their meaning; see golden/README.md."""

import io
import json
import shutil
from dataclasses import asdict, dataclass
from functools import cache
from importlib import import_module
from math import isnan, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from cl_core import losses, training
from cl_core.analysis import similarity_plane
from cl_core.analysis.metrics import Metrics
from cl_core.data import datasets
from cl_core.experiments import results
from cl_core.losses import LOSSES
from cl_core.pretrained import embeddings
from cl_core.programs.cache import CACHE_VARIABLE
from cl_core.runtime import dask_cluster
from cl_core.teaching import lessons
from cl_core.training import RunSpec
from cl_core.training.config import LATER_SETTINGS
from cl_core.training.files import run_file, tables
from cl_core.training.frames import RunProgress

GOLDEN = Path(__file__).parent / "golden"
PAGES = {
    "batch": "cl_core.ui.pages.batch",
    "boundaries": "cl_core.ui.pages.boundaries",
    "break_it": "cl_core.ui.pages.failures",
    "compare": "cl_core.ui.pages.race_controls",
    "derivations": "cl_core.ui.pages.derivations",
    "experiments": "cl_core.ui.pages.experiments.page",
    "retrieval": "cl_core.ui.pages.retrieval.page",
    "sweep": "cl_core.ui.pages.sweep.page",
    "training": "cl_core.ui.pages.training_controls",
    "triplets": "cl_core.ui.pages.triplets.page",
}


@cache
def golden(name: str) -> Any:
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def with_later_settings(spec: dict[str, Any]) -> dict[str, Any]:
    """Return stored settings of a run with those that were added since, at their defaults."""
    return {name: asdict(RunSpec())[name] for name in LATER_SETTINGS} | spec


@pytest.mark.parametrize("page", PAGES)
def test_link_settings_keep_their_names_options_and_defaults(page):
    settings_of = import_module(PAGES[page]).controls_for_link
    expected = golden("controls.json")[page]
    names = set()
    for loss in golden("losses.json")["losses"]:
        controls = {control.name: control for control in settings_of({"loss": loss})}
        names |= set(controls)
        for name, variants in expected.items():
            matching = [variant for variant in variants if variant["losses"] == "all" or loss in variant["losses"]]
            assert len(matching) <= 1
            if not matching:
                assert name not in controls
                continue
            control, (pinned,) = controls[name], matching
            default = list(control.default) if isinstance(control.default, tuple) else control.default
            assert default == pinned["default"], name
            if "options" in pinned:
                assert set(pinned["options"]) <= set(map(str, control.options)), name
            if "range" in pinned:
                assert [control.low, control.high] == pinned["range"], name
    assert names >= set(expected)


@pytest.mark.parametrize("key", golden("losses.json")["losses"])
def test_losses_keep_their_values(key):
    golden_file = golden("losses.json")
    expected = golden_file["losses"][key]
    loss = LOSSES[key]
    shape = {"num_classes": 3, "embedding_dim": 4} if loss.classes else {}
    module = losses.module(key, **shape).double()
    if module.weight is not None:
        module.weight.data.copy_(torch.tensor(golden_file["weight"], dtype=torch.float64))
    z, y = torch.tensor(golden_file["z"], dtype=torch.float64), torch.tensor(golden_file["y"])
    labels = None if loss.views else y  # the file's labels are classes, not pairs of views
    assert module(z, labels).item() == pytest.approx(expected["value"], rel=1e-9)
    assert module.n_terms == expected["terms"]
    classes = 3 if loss.classes else None
    for value, name in ((losses.collapse_value, "collapse"), (losses.floor_value, "floor")):
        assert value(key, {}, y, classes) == pytest.approx(expected[name], rel=1e-9, abs=1e-12)
    parameters = {
        parameter.name: {"default": parameter.default, "kind": parameter.kind} for parameter in loss.parameters.values()
    }
    assert parameters == expected["parameters"]
    grid = similarity_plane.similarity_plane(loss, {}, n=5)
    np.testing.assert_allclose(grid.value, expected["plane"], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(grid.d_y, expected["force"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("key", golden("first_steps.json"))
def test_runs_start_with_the_same_losses(key):
    expected = golden("first_steps.json")[key]
    spec = RunSpec(**expected["spec"])
    assert asdict(spec) == with_later_settings(expected["spec"])
    state = training.advance(training.start(spec), steps=3)
    np.testing.assert_allclose(state.losses, expected["losses"], rtol=1e-4)  # another processor rounds differently


def test_run_file_opens_to_the_same_run_and_trains_on():
    expected = golden("run.json")
    saved = run_file.loads((GOLDEN / "run.npz").read_bytes())
    assert asdict(saved.state.spec) == with_later_settings(expected["spec"])
    assert (saved.n, saved.state.step, saved.empty) == (expected["n"], expected["step"], 0)
    np.testing.assert_allclose(saved.losses, expected["losses"], rtol=1e-6)
    assert [frame.step for frame in saved.frames] == expected["steps"]
    assert [frame.metrics.knn for frame in saved.frames] == expected["knn"]
    assert asdict(saved.references) == expected["references"]
    assert float(saved.state.vector.sum()) == pytest.approx(expected["vector_sum"], rel=1e-5)
    np.testing.assert_allclose(saved.frames[-1].points[2][0], expected["first_point"], rtol=2e-3)  # kept as float16
    trained = training.advance(saved.state, steps=2)
    np.testing.assert_allclose(trained.losses, expected["next_losses"], rtol=1e-4)


def test_exported_tables_keep_their_columns():
    expected = golden("run.json")
    saved = run_file.loads((GOLDEN / "run.npz").read_bytes())
    progress = RunProgress(
        spec=saved.state.spec, phase="paused", step=saved.state.step, seconds=0.0, rate=0.0, frames=saved.frames,
        losses=saved.losses, empty=0, references=saved.references, note=None, failure=None,
    )  # fmt: skip
    for table, name in (
        (tables.history_table(progress), "history_columns"),
        (tables.embedding_table(saved.state, 500), "embedding_columns"),
    ):
        assert table.column_names[: len(expected[name])] == expected[name]  # a new metric is a new last column


def test_run_file_without_a_newer_metric_opens_with_nan(monkeypatch):
    @dataclass(frozen=True, slots=True)
    class MoreMetrics(Metrics):
        silhouette: float = nan

    monkeypatch.setattr(run_file, "Metrics", MoreMetrics)
    monkeypatch.setattr(run_file, "METRIC_NAMES", (*run_file.METRIC_NAMES, "silhouette"))
    saved = run_file.loads((GOLDEN / "run.npz").read_bytes())
    assert [frame.metrics.knn for frame in saved.frames] == golden("run.json")["knn"]
    assert all(isnan(frame.metrics.silhouette) for frame in saved.frames)


@pytest.mark.parametrize("n_metrics", [0, run_file.REQUIRED_METRICS - 1, len(run_file.METRIC_NAMES) + 1])
def test_run_file_with_wrong_number_of_metrics_is_refused(n_metrics):
    with np.load(GOLDEN / "run.npz") as archive:
        stored = dict(archive)
    stored["metrics"] = np.zeros((len(stored["metrics"]), n_metrics))
    buffer = io.BytesIO()
    np.savez(buffer, **stored)
    with pytest.raises(ValueError, match="metrics"):
        run_file.loads(buffer.getvalue())


def test_pretrained_embedding_opens_to_the_same_values(tmp_path, monkeypatch):
    expected = golden("embedding.json")
    (tmp_path / "prepared").mkdir()
    shutil.copy(GOLDEN / "embedding.npz", tmp_path / "prepared" / f"{expected['loss']}.npz")
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)
    embedding = embeddings.load(expected["loss"], expected["stage"])
    assert (asdict(embedding.spec), embedding.step, embedding.knn) == (
        with_later_settings(expected["spec"]),
        expected["step"],
        expected["knn"],
    )
    assert embedding.weight is not None
    for array, name in (
        (embedding.rows[:5], "rows"),
        (embedding.y[:5], "y"),
        (embedding.z[0, :4], "z"),
        (embedding.weight[0, :4], "weight"),
    ):
        assert array.tolist() == expected[name]


def test_lesson_is_read_to_the_same_steps():
    lesson = lessons.parse("lesson", (GOLDEN / "lesson.toml").read_text(encoding="utf-8"))
    assert json.loads(json.dumps(asdict(lesson))) == golden("lesson.json")


def test_result_of_a_cell_is_read_to_the_same_row():
    table, faults = results.load(GOLDEN)
    assert (len(table), faults) == (1, [])
    row = table.iloc[0]
    for name, expected in golden("result.json").items():
        assert isnan(row[name]) if expected is None else row[name] == expected, name
    assert np.isfinite(results.drawn_points(row)).all()


def test_environment_variables_keep_their_names():
    assert (datasets.DATA_VARIABLE, lessons.LESSONS_VARIABLE, CACHE_VARIABLE, dask_cluster.ADDRESS) == (
        "CL_LAB_DATA",
        "CL_LAB_LESSONS",
        "CL_LAB_CACHE",
        "DASK_SCHEDULER_ADDRESS",
    )
