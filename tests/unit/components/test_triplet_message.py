"""Messages to the picture of one triplet: round trips, validated answers, and refused scenes."""

import math
import re
from dataclasses import fields
from pathlib import Path

import pytest

from cl_core.analysis.triplet_scene import TripletScene
from cl_core.components import triplet as component
from cl_core.components.bundle import bundle_html
from cl_core.components.envelope import unpack
from cl_core.components.live import Live
from cl_core.components.triplet import MAX_COORDINATE, WORDS, Triplets, TripletState, encode
from cl_core.losses.miners import KINDS
from cl_core.losses.triplet import DISTANCES
from cl_core.palette import EASY, HARD, KIND_SYMBOLS, SEMIHARD

FOLDER = Path(component.__file__).parent


def scene(**changes) -> Triplets:
    defaults = {
        "stream": "one",
        "anchor": (0.0, 0.0),
        "positive": (0.6, 0.0),
        "negatives": [(0.0, 0.5), (-1.0, 1.0)],
        "margin": 0.2,
        "distance": "euclidean",
        "circle": False,
    }
    return Triplets(**{**defaults, **changes})


def answer_with(**changes):
    points = [[0.1, 0.2], [0.3, -0.4], [0.5, 0.6], [-0.7, -1.25]]
    return {"stream": "one", "points": points, "selected": 1, **changes}


def header_of(picture: Triplets, **rest):
    header, buffers = unpack(encode(picture, **rest))
    assert buffers == {}
    return header


def test_scene_is_sent_without_rounding():
    header = header_of(scene(margin=0.1 + 0.2, alt="<b>"), height=300)
    assert header["points"] == [[0, 0], [0.6, 0], [0, 0.5], [-1, 1]]
    assert header["measured"]["margin"] == [0.1 + 0.2]
    assert (header["distance"], header["circle"], header["height"], header["alt"]) == ("euclidean", False, 300, "<b>")
    assert (header["stream"], header["selected"], header["span"]) == ("one", 0, MAX_COORDINATE)


def test_kinds_have_the_marks_and_colours_of_the_app():
    header = header_of(scene())
    assert header["marks"] == KIND_SYMBOLS
    assert set(header["marks"]) == set(KINDS)
    for paper in ("light", "dark"):
        assert header["palette"][paper][:3] == [EASY, SEMIHARD, HARD]
    assert header["words"]["semihard"] == "semi-hard"


def test_equal_scenes_give_equal_messages():
    assert encode(scene()) == encode(scene())
    assert encode(scene(margin=0.25)) != encode(scene())


def test_points_on_the_circle_have_length_one():
    points = header_of(scene(circle=True, distance="cosine"))["points"]
    assert points[0] == [1, 0], "the origin has no direction"
    assert [math.hypot(*point) for point in points] == pytest.approx([1] * 4)
    assert points[3] == pytest.approx([-math.sqrt(0.5), math.sqrt(0.5)])


def test_state_of_the_viewer_overrides_the_scene():
    state = component.decode(answer_with(), scene())
    assert state == TripletState((0.1, 0.2), (0.3, -0.4), ((0.5, 0.6), (-0.7, -1.25)), 1)
    header = header_of(scene(), state=state)
    assert (header["points"], header["selected"]) == (answer_with()["points"], 1)
    assert component.decode(
        answer_with(points=[[1, 0], [0, 2 / 3], [0, -1], [1, 1]]), scene(circle=True)
    ) == TripletState((1, 0), (0, 1), ((0, -1), (1 / math.sqrt(2), 1 / math.sqrt(2))), 1)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "points",
        {},
        answer_with(stream="two"),
        answer_with(selected=2),
        answer_with(selected=-1),
        answer_with(selected=0.5),
        answer_with(points=answer_with()["points"][:3]),
        answer_with(points=[*answer_with()["points"], [0, 0]]),
        answer_with(points="abcd"),
        answer_with(points=[[0, 0, 0]] * 4),
        answer_with(points=[["0", "0"]] * 4),
        answer_with(points=["00"] * 4),
        answer_with(points=[None] * 4),
        answer_with(points=[[math.nan, 0]] * 4),
        answer_with(points=[[0, -math.inf]] * 4),
        answer_with(points=[[0, 1.26]] * 4),
    ],
)
def test_invalid_answer_is_ignored(answer):
    assert component.decode(answer, scene()) is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"negatives": []}, "there must be 1 to 6 negatives, not 0"),
        ({"negatives": [(0, 0)] * 7}, "there must be 1 to 6 negatives, not 7"),
        ({"anchor": (math.nan, 0)}, "anchor must be a pair of finite numbers within 1.25 of 0"),
        ({"positive": (0, 0, 0)}, "positive must be a pair"),
        ({"negatives": [(0, 0), (0, math.inf)]}, "negative 2 must be a pair"),
        ({"positive": (1.3, 0)}, "positive must be a pair"),
        ({"margin": -0.1}, "margin must be a finite number of 0 or more, not -0.1"),
        ({"margin": math.nan}, "margin must be a finite number"),
        ({"distance": "manhattan"}, "distance must be one of sqeuclidean, euclidean, cosine, not 'manhattan'"),
        ({"distance": "cosine"}, "circle must be True"),
    ],
)
def test_invalid_scene_is_refused(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        encode(scene(**changes))


def test_words_can_be_replaced_one_by_one():
    assert header_of(scene(words={"scene": "Punkte ziehen"}))["words"] == {**WORDS, "scene": "Punkte ziehen"}


def test_every_word_is_used():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    buttons = re.findall(r'data-do="(\w+)"', bundle_html(FOLDER / "triplet.html"))
    assert set(WORDS) == set(re.findall(r"\bwords\.(\w+)\b(?!\()", source)) | {*KINDS, *buttons}


def test_browser_gets_what_the_loss_makes_of_the_points_that_it_shows():
    moved = TripletState((0, 0), (0.6, 0), ((0, 0.6), (0, 0.7)))
    header = header_of(scene(), state=moved)
    measured = header["measured"]
    assert set(measured) == {field.name for field in fields(TripletScene)}
    assert [header["kinds"][kind] for kind in measured["kinds"]] == ["hard", "semihard"]
    assert measured["losses"] == pytest.approx([0.2, 0.1])
    assert measured["rings"] == pytest.approx([0.6, 0.8, math.sqrt(0.36 + 0.2)])
    letters = [[header_of(scene(distance=each, circle=True))[name] for name in ("letter", "otherLetter", "most")]
               for each in DISTANCES]  # fmt: skip
    assert letters == [["d²", "d", 4], ["d", "d²", 2], ["1 − s", "d²", 2]]


def test_program_and_its_sliders_are_sent_along():
    live = Live("/engine.wasm", b"program", {"margin": "margin"}, {"margin": 0.2})
    header, buffers = unpack(encode(scene(live=live)))
    assert header["live"] == {"engine": "/engine.wasm", "sliders": {"margin": "margin"}, "values": {"margin": 0.2}}
    assert buffers["program"].tobytes() == b"program"
    assert header_of(scene())["live"] is None


def test_javascript_has_no_formula_of_a_distance_or_a_loss():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    assert not re.search(r"sqrt|\*\* 2|relu|dAp [-+] |edge -", source)


def test_javascript_never_inserts_html():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)
