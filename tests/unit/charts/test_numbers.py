"""Numbers as text, and the notes below a loss curve."""

import re
from dataclasses import replace
from functools import cache
from math import inf, isfinite, log, nan

import numpy as np
import pytest

from cl_core import charts
from cl_core.charts import short_number
from cl_core.losses import LOSSES
from cl_core.losses.parameters import Choice, Param
from cl_core.training import RunSpec, collapse_values
from cl_core.training.collapse_values import collapse_and_floor
from cl_core.training.frames import References
from tests import runs


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (-0.0, "0"), (5e-324, "0"), (2.98e-27, "0"), (-1e-9, "0"), (2.24e-5, "0"), (0.00026, "0.0003"),
        (0.0091, "0.0091"), (0.2, "0.2"), (0.69315, "0.693"), (0.9996, "1"), (log(3), "1.1"), (log(10), "2.3"),
        (4.844, "4.84"), (10.0055, "10"), (33.77, "33.8"), (99.96, "100"), (232.6, "232.6"), (-453.8, "-453.8"),
        (12345.67, "12,345.7"), (999_999.96, "1,000,000"), (1.234e9, "1.23 × 10⁹"), (-3e38, "-3 × 10³⁸"),
        (1.7e308, "1.7 × 10³⁰⁸"), (nan, "unknown"), (inf, "infinity"), (-inf, "-infinity"),
    ],
)  # fmt: skip
def test_short_number(value, text):
    assert short_number(value) == text


def corners(loss):
    """Return parameters with every slider at its ends and every choice, by itself and all together."""
    ends = {}
    for name, parameter in loss.parameters.items():
        match parameter.spec:
            case Param(low=low, high=high):
                ends[name] = [low, high]
            case Choice(options=options):
                ends[name] = list(options)
            case _:
                ends[name] = [False, True]
    together = [{name: values[end] for name, values in ends.items()} for end in (0, -1)]
    return [{}, *({name: value} for name, values in ends.items() for value in values), *together]


@pytest.mark.parametrize("key", LOSSES)
def test_reference_lines_are_written_in_plain_decimals_at_all_corners_of_the_sliders(key, monkeypatch):
    monkeypatch.setattr(collapse_values, "MAX_AVERAGED", 1)
    monkeypatch.setattr(collapse_values, "MAX_SEARCHED", 4)
    loss = LOSSES[key]
    for theta in corners(loss):
        spec = RunSpec("blobs", key, theta, batch=256 if loss.classes else 16, unit_norm=loss.recipe.unit_norm)
        collapse, floor = collapse_and_floor(spec)
        assert isfinite(collapse), theta
        lines = References(collapse, floor, 0.9, 10)
        alt = charts.loss_alt(lines, np.array([collapse, floor], np.float32), 1)
        assert not re.search(r"\de[-+]?\d|nan|inf", alt), (theta, alt)
        for value, name in ((collapse, "If all points coincide it is"), (floor, "the lowest possible loss")):
            if name in alt:
                written = float(re.search(rf"{name} ([\d,.]+\d|\d)", alt)[1].replace(",", ""))
                assert written == pytest.approx(value, rel=0.006, abs=6e-5), (theta, alt)


@pytest.mark.parametrize(
    ("collapse", "floor", "texts"),
    [
        (10.03, 2.98e-27, {"all points coincide 10", "lowest possible 0"}),
        (232.6, 5e-324, {"all points coincide 232.6", "lowest possible 0"}),
        (0.0, 0.0, {"all points coincide 0"}),
        (1e9, nan, {"all points coincide 1 × 10⁹"}),
        (nan, nan, set()),
    ],
)
def test_lines_of_the_loss_chart_have_such_labels(collapse, floor, texts):
    chart = charts.loss_chart(References(collapse, floor, 0.9, 10))
    inner = [layer for group in chart["layer"] for layer in (group, *group.get("layer", ()))]
    rows = [row for layer in inner for row in layer.get("data", {}).get("values", ())]
    assert {row["words"] for row in rows if "words" in row} == texts


def test_floor_of_arcface_is_zero_to_a_reader():
    lines = References(*collapse_and_floor(RunSpec("blobs", "arcface")), 0.9, 10)
    assert 0 < lines.floor < 1e-20
    assert charts.loss_alt(lines, np.empty(0, np.float32), 0) == (
        "No loss yet at step 0. If all points coincide it is 10, the lowest possible loss 0."
    )


@cache
def short_run():
    return runs.trained(steps=2)[0]


def progress_of(spec, first_loss=None):
    values = np.array([] if first_loss is None else [first_loss], np.float32)
    lines = References(*collapse_and_floor(spec), 0.9, 10)
    return replace(short_run(), spec=spec, losses=values, references=lines)


def test_note_tells_that_some_batches_have_no_positives():
    assert charts.loss_notes(progress_of(RunSpec(batch=4))) == (
        "About 53% of the batches have no valid term, mostly because no two of their images have the same class. Their "
        "loss is 0. The other batches have a loss of 1.1 if all points coincide."
    )
    for spec in (RunSpec(batch=4, images_per_class=2), RunSpec(batch=128), RunSpec(batch=4, loss="softmax")):
        assert charts.loss_notes(progress_of(spec)) == ""
    unknown = replace(progress_of(RunSpec(batch=4)), references=References(nan, nan, 0.9, 10))
    assert "is unknown: no batch with a positive and a negative pair" in charts.loss_notes(unknown)


@pytest.mark.parametrize("key", LOSSES)
def test_note_explains_why_a_loss_starts_above_collapse(key):
    spec = RunSpec("blobs", key, batch=256, unit_norm=LOSSES[key].recipe.unit_norm)
    collapse = collapse_and_floor(spec)[0]
    assert charts.loss_notes(progress_of(spec, collapse)) == ""
    assert charts.loss_notes(progress_of(spec, 0.9 * collapse)) == ""
    note = charts.loss_notes(progress_of(spec, 1.2 * collapse))
    assert note.startswith("The loss starts above its value for coinciding points because")
    assert ("class weights are random at first" in note) == LOSSES[key].classes
