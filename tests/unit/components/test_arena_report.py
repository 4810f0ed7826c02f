"""Reports of a race in a browser: added to what is known, and never trusted."""

import base64
import json
from dataclasses import astuple
from math import inf, isnan, nan

import numpy as np
import pytest

from cl_core.analysis.metrics import Metrics
from cl_core.components.arena import report
from cl_core.components.envelope import pack
from cl_core.data.npz import DataError
from cl_core.runtime.visitor_race import VisitorRace
from cl_core.training import MAX_STEPS, RunSpec

PROBE = 0.85
METRICS = Metrics(0.9, 0.8, 0.7, 0.5, -2.0, 0.6, 0.3, 0.1, 0.95, 0.4)
SPECS = [RunSpec(dataset="blobs", loss=loss, dim=8, batch=32, seed=3) for loss in ("supcon", "triplet")]


def run_of(steps, after, step, **changes):
    """Return what a report says of a run, and its buffers."""
    count = changes.pop("count", step - max(after, 0))
    metrics = changes.pop("metrics", METRICS)
    run = {"steps": list(steps), "empty": min(2, step), "failure": None, "references": [1.5, None]} | changes
    losses = np.linspace(1.0, 0.5, count, dtype=np.float32)
    measures = np.array([[0.1 * each, PROBE, *astuple(metrics)] for each in steps], np.float32)
    return run, losses, measures.reshape(len(run["steps"]), -1)


def parts_of(steps=(0, 1, 4), after=-1, step=4, runs=2, **changes):
    """Return header and buffers of a report as `report.js` makes them."""
    made = [run_of(steps, after, step) for _ in range(runs)]
    header = {
        "race": "r", "key": "k", "after": after, "step": step, "version": 3, "phase": "running", "playing": True,
        "started": True, "rate": 12.5, "runs": [run for run, _, _ in made],
    } | changes  # fmt: skip
    buffers = {f"losses{k}": losses for k, (_, losses, _) in enumerate(made)}
    return header, buffers | {f"measures{k}": measures for k, (_, _, measures) in enumerate(made)}


def encoded(header, buffers):
    return base64.b64encode(pack(header, buffers)).decode()


def text_of(**changes):
    return encoded(*parts_of(**changes))


def new_race(seeds=1):
    return VisitorRace("k", SPECS, 500, seeds, 0.75, (10, 20))


def taken(race, /, **changes):
    race.take(report.decode(text_of(**changes)))
    return race.progress()


def test_race_is_as_reported():
    progress = taken(new_race())
    assert (progress.phase, progress.step, progress.rate) == ("running", 4, 12.5)
    for (run,), spec, epoch_steps in zip(progress.runs, SPECS, (10, 20), strict=True):
        assert (run.spec, run.phase, run.step, run.empty) == (spec, "running", 4, 2)
        assert [frame.step for frame in run.frames] == [0, 1, 4]
        assert astuple(run.frames[1].metrics) == pytest.approx(astuple(METRICS))
        assert run.seconds == pytest.approx(0.4)
        assert run.losses.tolist() == pytest.approx(np.linspace(1.0, 0.5, 4).tolist())
        assert (run.references.collapse, run.references.knn_raw, run.references.epoch_steps) == (1.5, 0.75, epoch_steps)
        assert isnan(run.references.floor)
        assert run.frames[0].probe == pytest.approx(PROBE)


def test_runs_of_a_contender_have_seeds_of_their_own():
    race = new_race(seeds=3)
    progress = taken(race, runs=6)
    assert [[run.spec.seed for run in runs] for runs in progress.runs] == [[3, 4, 5], [3, 4, 5]]


def test_reports_add_up_also_where_one_was_sent_twice():
    race = new_race()
    taken(race)
    taken(race)
    taken(race, steps=(1, 4, 6), after=0, step=6)  # as after an answer that was lost
    progress = taken(race, steps=(8,), after=6, step=8)
    [[run], _] = progress.runs
    assert [frame.step for frame in run.frames] == [0, 1, 4, 6, 8]
    assert len(run.losses) == 8
    assert race.known == ("r", 8, 3)


def test_report_with_a_gap_or_of_the_past_changes_nothing():
    race = new_race()
    taken(race)
    for wrong in ({"after": 5, "step": 8, "steps": (8,)}, {"step": 3, "steps": (0, 3)}, {"runs": 1}, {"runs": 3}):
        with pytest.raises(ValueError, match="a report"):
            taken(race, **wrong)
        assert race.known == ("r", 4, 3)
        assert len(race.progress().runs[0][0].frames) == 3
    with pytest.raises(ValueError, match="does not fit"):
        taken(new_race(), after=4, step=8, steps=(8,))


def test_another_race_begins_anew():
    race = new_race()
    taken(race)
    progress = taken(race, race="s", steps=(0,), step=0, phase="paused", playing=False)
    assert (progress.phase, progress.step) == ("paused", 0)
    assert [len(run.frames) for (run,) in progress.runs] == [1, 1]


def test_failed_run_ends_where_it_did():
    header, buffers = parts_of()
    run, buffers["losses1"], buffers["measures1"] = run_of((0, 1), -1, 4, count=2, failure="At step 3 …")
    header["runs"][1] = run
    race = new_race()
    race.take(report.decode(encoded(header, buffers)))
    (going,), (failed,) = race.progress().runs
    assert (going.phase, going.failure) == ("running", None)
    assert (failed.phase, failed.failure, failed.step) == ("failed", "At step 3 …", 2)


@pytest.mark.parametrize(
    "changes",
    [
        {"race": ""}, {"race": 7}, {"race": "r" * 101}, {"key": None}, {"after": -2}, {"after": True},
        {"step": 4.0}, {"step": MAX_STEPS + 1}, {"after": 5}, {"version": -1}, {"phase": "flying"},
        {"phase": ["running"]},
        {"rate": "fast"}, {"rate": inf}, {"rate": -1}, {"runs": None}, {"runs": [None, None]}, {"runs": [{}, {}]},
    ],
)  # fmt: skip
def test_header_that_cannot_be_is_refused(changes):
    header, buffers = parts_of()
    text = json.dumps(header | changes)  # also what `pack` does not pack
    with pytest.raises((DataError, ValueError)):
        report.decode(encoded(json.loads(text.replace("Infinity", "1e999")), buffers))


@pytest.mark.parametrize(
    "changes",
    [
        {"steps": [0, 1, 5]}, {"steps": [0, 1, 1]}, {"steps": [1, 0, 4]}, {"steps": [0, 1, "4"]}, {"steps": [0, 1]},
        {"empty": -1}, {"empty": 5}, {"empty": 1.5}, {"failure": ""}, {"failure": 3}, {"failure": "x" * 1001},
        {"references": [1.0]}, {"references": ["1", 0]}, {"references": [1e31, 0]}, {"references": 3},
    ],
)  # fmt: skip
def test_run_that_cannot_be_is_refused(changes):
    header, buffers = parts_of()
    header["runs"][0] |= changes
    with pytest.raises(DataError):
        report.decode(encoded(header, buffers))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("losses0", np.ones(3, np.float32)), ("losses0", np.ones(5, np.float32)), ("losses0", np.ones(4, np.uint32)),
        ("losses0", np.full(4, nan, np.float32)), ("losses0", np.full(4, inf, np.float32)),
        ("measures0", np.zeros((3, 11), np.float32)), ("measures0", np.zeros((3, 12), np.uint8)),
        ("measures0", np.full((3, 12), 1.5, np.float32)), ("measures0", np.full((3, 12), -1.0, np.float32)),
        ("measures0", np.full((3, 12), inf, np.float32)),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(name, value):
    header, buffers = parts_of()
    with pytest.raises(DataError):
        report.decode(encoded(header, buffers | {name: value}))


def test_measure_that_is_not_known_stays_so():
    header, buffers = parts_of()
    buffers["measures0"][0, [1, 5]] = nan
    frame = report.decode(encoded(header, buffers)).runs[0].frames[0]
    assert isnan(frame.metrics.alignment)
    assert isnan(frame.probe)


@pytest.mark.parametrize("wrong", [None, 3, {}, "", "@@@@", "AAAA", "A" * (report.MAX_TEXT + 4)])
def test_anything_else_is_refused(wrong):
    with pytest.raises(DataError):
        report.decode(wrong)


def test_buffers_that_are_missing_are_refused():
    header, buffers = parts_of()
    del buffers["measures1"]
    with pytest.raises(DataError):
        report.decode(encoded(header, buffers))
