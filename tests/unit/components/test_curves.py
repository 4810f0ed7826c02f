"""The charts that the browser draws of a run show what the app's charts show: words, colours, lines and scales."""

import json
import re
import subprocess
from dataclasses import fields
from math import isnan, log, nan
from typing import Any

import numpy as np
import pytest

from cl_core import charts
from cl_core.analysis.metrics import Metrics
from cl_core.charts import curves, triplet_kinds
from cl_core.components.bundle import SHARED
from cl_core.palette import EASY, HARD, SEMIHARD
from cl_core.training.frames import Frame, References
from cl_core.ui.pages import training_on_server
from tests import ROOT
from tests.unit.components.test_javascript import node

CSS = SHARED.parent / "trainer" / "curves.css"
REFERENCES = [
    References(4.841, 2.487, 0.915, 468),
    References(nan, nan, 0.5, 1),
    References(5.0, 5.0, 0.986, 1),  # no floor
    References(2.5e9, -0.0004, 1.0, 1),
    References(0.693, 0.0, 0.07, 1),
]
UNTRAINED = [0.773, 0.49, 0.9934, 0.99, 0.103]
LENGTHS = [0, 1, 300, 401, 20_000]


@pytest.fixture(scope="module")
def runs() -> list[tuple[References, float, np.ndarray, Frame]]:
    rng = np.random.default_rng(5)
    found = []
    for references, untrained, length in zip(REFERENCES, UNTRAINED, LENGTHS, strict=True):
        values = {field.name: float(rng.uniform()) for field in fields(Metrics)}
        losses = rng.lognormal(size=length).astype(np.float32)
        found.append((references, untrained, losses, Frame(int(length * 0.7), 1.0, Metrics(**values), {}, {})))
    return found


@pytest.fixture(scope="module")
def browser(runs, tmp_path_factory) -> dict[str, Any]:
    """What the JavaScript makes of the runs."""
    cases = [
        {
            "references": {
                name: None if isnan(value) else value
                for name, value in (("collapse", refs.collapse), ("floor", refs.floor), ("knnRaw", refs.knn_raw))
            },
            "untrained": untrained,
            "losses": losses.tolist(),
            "frame": {"step": frame.step, "metrics": {f.name: getattr(frame.metrics, f.name) for f in fields(Metrics)}},
        }
        for refs, untrained, losses, frame in runs
    ]
    file = tmp_path_factory.mktemp("curves") / "cases.json"
    file.write_text(json.dumps(cases))
    command = [node(), "tests/javascript/run_curves.js", str(file)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def guides(chart: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the horizontal lines of a chart, with the place of their labels."""
    found = []
    for part in chart["layer"]:
        if "layer" in part:
            rule, text = (layer["mark"] for layer in part["layer"])
            (row,) = part["data"]["values"]
            sides = {"right": text["align"] == "right", "above": text["dy"] < 0}
            found.append({"value": row["value"], "label": row["words"], **sides, "dash": rule["strokeDash"]})
    return found


def test_text_alternatives_are_those_of_the_app(runs, browser):
    for (references, untrained, losses, frame), described in zip(runs, browser["described"], strict=True):
        assert described["alts"] == [
            charts.loss_alt(references, losses, frame.step),
            charts.scores_alt(frame, references.knn_raw, untrained),
            charts.triplets_alt(frame),
        ]


def test_lines_to_compare_with_are_those_of_the_app(runs, browser):
    for (references, untrained, _, _), described in zip(runs, browser["described"], strict=True):
        loss, accuracy = described["guides"]
        assert loss == guides(charts.loss_chart(references))
        expected = guides(charts.score_chart(references.knn_raw, untrained))
        assert [{**guide, "value": 0} for guide in accuracy] == [{**guide, "value": 0} for guide in expected]
        np.testing.assert_allclose([g["value"] for g in accuracy], [g["value"] for g in expected], rtol=1e-12)


def test_loss_curve_is_thinned_like_that_of_the_app(runs, browser):
    for (_, _, losses, frame), described in zip(runs, browser["described"], strict=True):
        if len(losses):
            rows = charts.loss_rows(losses, frame.step).query("kind == 'loss'")
            np.testing.assert_array_equal(described["losses"]["steps"], rows.step)
            np.testing.assert_allclose(described["losses"]["values"], rows.value, rtol=2e-6)
        else:
            assert described["losses"] == {"steps": [], "values": []}


def test_words_and_colours_are_those_of_the_app(browser):
    words = browser["words"]
    found = {"loss": charts.loss_chart(REFERENCES[0]), "accuracy": charts.score_chart(0.9, 0.8)}
    for name, chart in {**found, "triplets": charts.triplet_chart()}.items():
        assert chart["layer"][0]["encoding"]["y"]["title"] == words[name]
    scale = found["accuracy"]["layer"][0]["encoding"]["color"]["scale"]
    assert scale["domain"] == [words["knn"], words["drawn"]]
    assert scale["range"] == [curves.SCORE, curves.DRAWN]
    assert {kind: words[kind] for kind in triplet_kinds.KINDS} == triplet_kinds.KIND_LABELS
    assert words["placeholder"] in training_on_server._show_numbers.__code__.co_consts
    colours = dict(re.findall(r"--(\w+): (#\w+);", CSS.read_text()))
    assert colours == {
        "score": curves.SCORE, "drawn": curves.DRAWN, "guide": curves.GUIDE, "cursor": curves.CURSOR,
        "hard": HARD, "semihard": SEMIHARD, "easy": EASY,
    }  # fmt: skip


def test_scale_of_accuracies_is_that_of_the_app(browser):
    y = charts.score_chart(0.9, 0.8)["layer"][0]["encoding"]["y"]
    low, high = y["scale"]["domain"]
    assert [value for value, _, _ in browser["errors"]] == y["axis"]["values"]
    for value, text, place in browser["errors"]:
        assert text == f"{1 - value:.0%}"
        assert place == pytest.approx(log(value / low) / log(high / low), abs=1e-12)
    assert browser["shares"] == [{"value": share, "text": f"{share:.0%}"} for share in (0, 0.5, 1)]
