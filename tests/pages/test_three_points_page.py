"""The part "three points" of the page of retrieval: its presets, its link, and the facts for lessons."""

import pytest

from cl_core.analysis.point_scene import point_scene
from cl_core.ui.pages.retrieval.three_points import MARGIN, PRESETS
from tests.pages.apptest import click, component_headers, open_page, warnings_of


def picture_of(app):
    (header,) = (header for header in component_headers(app) if "labels" in header and "weights" in header)
    return header


def test_first_scene_is_classified_correctly_and_retrieved_wrongly():
    app = open_page("retrieval")
    header = picture_of(app)
    assert header["margin"] is None, "softmax has none"
    facts = app.session_state["facts"]
    assert (facts["classified"], facts["retrieved"]) == (3, 1)
    found = point_scene(header["points"], header["labels"], header["weights"], 0.0, "euclidean")
    assert (found.classified.sum(), found.retrieved.sum()) == (3, 1), "by distance too"
    found = point_scene(header["points"], header["labels"], header["weights"], MARGIN.default, "cosine")
    assert found.met.tolist() == [True, False, False], "the two near the boundary do not meet the margin"
    assert "3 of 3 classified correctly, the nearest neighbour correct for 1 of 3" in header["alt"]


@pytest.mark.parametrize("measure", ["cosine", "euclidean"])
@pytest.mark.parametrize(
    ("name", "classified", "retrieved"),
    [("three points", 3, 1), ("two of each class", 4, 2), ("three classes", 6, 4), ("margin met", 4, 4)],
)
def test_presets_are_as_described(name, classified, retrieved, measure):
    preset = PRESETS[name]
    found = point_scene(preset.points, preset.labels, preset.weights, MARGIN.default, measure)
    assert (found.classified.sum(), found.retrieved.sum()) == (classified, retrieved)
    assert found.met.all() == (name == "margin met")


def test_link_sets_places_directions_loss_and_margin():
    app = open_page(
        "retrieval", points="two of each class", places="-0.5,0.5;-0.1,1;0.1,1;0.5,0.5", weights="180;0",
        regions="am_softmax", margin="0.8", measure="euclidean",
    )  # fmt: skip
    header = picture_of(app)
    assert header["points"] == [[-0.5, 0.5], [-0.1, 1], [0.1, 1], [0.5, 0.5]]
    assert (header["weights"], header["margin"], header["measure"]) == ([180, 0], 0.8, "euclidean")
    assert app.session_state["facts"]["met"] == 2
    click(app, "points_back")
    assert picture_of(app)["points"] == [list(point) for point in PRESETS["two of each class"].points]


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ({"points": "nine"}, "`points` must be one of"),
        ({"regions": "hinge"}, "`regions` must be one of"),
        ({"margin": "9"}, "`margin` must be a number from 0 to 1.5"),
        ({"measure": "dot"}, "`measure` must be one of"),
        ({"places": "1,2"}, "`places` must be 2 numbers"),
        ({"places": "0,1;1,0"}, "`places` has 2 entries, but this scene needs 3"),
        ({"weights": "0;400"}, "`weights` must be 1 whole numbers from 0 to 359"),
        ({"weights": "0;90;180"}, "`weights` has 3 entries, but this scene needs 2"),
    ],
)
def test_nonsense_in_the_link_gives_a_message_and_the_default(link, message):
    app = open_page("retrieval", **link)
    assert any(message in warning for warning in warnings_of(app)), warnings_of(app)
    header = picture_of(app)
    preset = PRESETS["three points"]
    assert header["points"] == [list(point) for point in preset.points]
    assert header["weights"] == list(preset.weights)
