"""Messages to the picture of points: round trips, answers of the browser, refused scenes, facts in JavaScript."""

import json
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from cl_core.analysis.point_scene import point_scene
from cl_core.components.envelope import unpack
from cl_core.components.points import WORDS, Points, PointsState, decode, encode
from cl_core.palette import NEGATIVE, POSITIVE
from tests import ROOT
from tests.unit.analysis.test_point_scene import random_scene
from tests.unit.components.test_javascript import node

INITIAL = PointsState(((-0.5, 0.5), (0.0, 1.0), (0.25, -1.25)), (140, 40))
SCENE = Points("s/0", INITIAL, (0, 0, 1), "Softmax", None, "cosine", slider="margin", alt="three points")


def test_header_holds_the_scene():
    header, buffers = unpack(encode(SCENE, height=300))
    assert buffers == {}
    assert header["points"] == [list(point) for point in INITIAL.points]
    assert (header["weights"], header["labels"], header["margin"]) == ([140, 40], [0, 0, 1], None)
    assert (header["loss"], header["slider"], header["height"]) == ("Softmax", "margin", 300)
    assert header["palette"]["light"][3:] == [POSITIVE.light[0], NEGATIVE.light[0]]
    assert header["words"] == dict(WORDS)
    moved = replace(INITIAL, weights=(90, 0))
    header, _ = unpack(encode(replace(SCENE, margin=0.35, words={"why": "x"}), state=moved))
    assert (header["weights"], header["margin"], header["words"]["why"]) == ([90, 0], 0.35, "x")


def test_answer_of_the_browser_is_read():
    answer = {"stream": "s/0", "points": [[0, 1], [0.5, 0.5], [1.25, -1]], "weights": [0, 359.0]}
    assert decode(answer, SCENE) == PointsState(((0, 1), (0.5, 0.5), (1.25, -1)), (0, 359))


@pytest.mark.parametrize(
    "change",
    [
        {"stream": "s/1"},
        {"points": [[0, 1], [0.5, 0.5]]},
        {"points": [[0, 1], [0.5, 0.5], [1.3, 0]]},
        {"points": [[0, 1], [0.5, 0.5], [float("nan"), 0]]},
        {"points": [[0, 1], [0.5, 0.5], "ab"]},
        {"points": None},
        {"weights": [0]},
        {"weights": [0, 360]},
        {"weights": [0, "1"]},
        {"weights": [0, float("nan")]},
    ],
)
def test_malformed_answer_is_ignored(change):
    answer = {"stream": "s/0", "points": [[0, 1], [0.5, 0.5], [1, 0]], "weights": [0, 90]}
    assert decode(answer, SCENE) is not None
    assert decode({**answer, **change}, SCENE) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": (0, 1)}, "2 to 6 points"),
        ({"labels": (0, 1, 2)}, "class weights, and labels"),
        ({"initial": replace(INITIAL, weights=(1, 2, 3, 4))}, "2 to 3 class weights"),
        ({"initial": replace(INITIAL, points=((0, 0), (0, 1), (2, 0)))}, "within 1.25 of 0"),
        ({"initial": replace(INITIAL, weights=(0, 360))}, "0 to 359 degrees"),
        ({"margin": -0.1}, "margin must be"),
        ({"margin": float("inf")}, "margin must be"),
        ({"measure": "dot"}, "measure must be one of"),
    ],
)
def test_scene_that_cannot_be_drawn_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        encode(replace(SCENE, **change))


def test_facts_of_the_browser_are_those_of_python():
    scenes = [(*random_scene(seed), measure) for seed in range(300) for measure in ("cosine", "euclidean")]
    names = ("points", "labels", "weights", "margin", "measure")
    given = json.dumps([dict(zip(names, scene, strict=True)) for scene in scenes], default=int)
    command = [node(), "tests/javascript/run_points.js"]
    done = subprocess.run(command, cwd=ROOT, input=given, check=True, capture_output=True, text=True)
    for scene, found in zip(scenes, json.loads(done.stdout), strict=True):
        facts = point_scene(*scene)
        for name in ("classified", "met", "nearest", "retrieved"):
            assert found[name] == getattr(facts, name).tolist(), (scene, name)
        for name in ("distance", "cosine"):
            np.testing.assert_allclose(found[name], getattr(facts, name), rtol=0, atol=1e-12)
        np.testing.assert_allclose(found["classCosine"], facts.class_cosine, rtol=0, atol=1e-12)
        regions = [[np.nan, np.nan] if region is None else region for region in found["regions"]]
        np.testing.assert_allclose(regions, facts.regions, rtol=0, atol=1e-9)
        for name in ("widest", "gap"):
            assert (np.nan if found[name] is None else found[name]) == pytest.approx(
                getattr(facts, name), abs=1e-9, nan_ok=True
            )
        assert found["certain"] == facts.retrieval_is_certain
