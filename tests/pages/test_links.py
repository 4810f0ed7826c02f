"""Links set controls, hide or lock them, and restore pictures; they are parsed strictly."""

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cl_core.ui.link import presentation
from cl_core.ui.link.picture_state import PictureState
from cl_core.ui.link.presentation import Presentation, names_in, presentation_of_link
from cl_core.ui.pages.boundaries import BETWEEN, PLACE
from cl_core.ui.pages.triplets.one_triplet import POSITIONS, PRESETS
from cl_core.ui.pages.triplets.real_batch import SELECTION
from tests.pages.apptest import (
    component_headers,
    open_from_link,
    route_pages_through_app,
    warnings_of,
    widget_keys,
)


@pytest.fixture(autouse=True)
def pages_run_through_app(monkeypatch):
    route_pages_through_app(monkeypatch)


def test_link_sets_presentation():
    link = {"hide": "margin, temperature,,margin", "lock": "loss", "big": "TRUE", "play": "yes"}
    assert presentation_of_link(link) == Presentation(
        frozenset({"margin", "temperature"}), frozenset({"loss"}), big=True, play=False
    )
    assert presentation_of_link({}) == Presentation()
    assert [presentation_of_link(link).is_free(name) for name in ("margin", "loss", "scale")] == [False, False, True]


def test_list_of_names_is_cut_at_its_limits():
    assert len(names_in(",".join(f"n{i}" for i in range(10_000)))) == presentation.MAX_LIST_NAMES
    assert sum(map(len, names_in("x" * 100_000))) == presentation.MAX_LIST_LENGTH


def test_hidden_control_keeps_value_without_widget(pool):
    app = open_from_link("boundaries", loss="circle", margin="0.4", hide="margin,pairs")
    assert "margin" not in widget_keys(app)
    assert "pairs" not in widget_keys(app)
    assert "scale" in widget_keys(app)
    assert app.session_state.margin == 0.4
    assert "0.5657" in " ".join(element.value for element in app.markdown)  # the radius, sqrt(2) m
    assert not warnings_of(app)
    app.run()
    assert app.session_state.margin == 0.4
    assert app.query_params["margin"] == "0.4"


def test_locked_control_is_disabled_and_keeps_value(pool):
    app = open_from_link("boundaries", loss="circle", margin="0.4", lock="margin")
    assert app.slider(key="margin").disabled
    assert app.slider(key="margin").value == 0.4
    assert not app.slider(key="scale").disabled


@pytest.mark.parametrize("how", ["hide", "lock"])
def test_hidden_or_locked_value_survives_change_of_loss(pool, how):
    app = open_from_link("boundaries", loss="circle", margin="0.4", scale="64", **{how: "margin"})
    app.selectbox(key="loss").set_value("am_softmax").run()
    assert app.session_state.margin == 0.4
    assert app.session_state.scale == 30.0  # not held: the default of AM-softmax
    # outside the range of the new loss, its default is used
    app = open_from_link("boundaries", loss="contrastive", margin="2.0", **{how: "margin"})
    app.selectbox(key="loss").set_value("circle").run()
    assert app.session_state.margin == 0.25


@pytest.mark.parametrize("how", ["hide", "lock"])
def test_presets_need_all_of_their_parameters_free(pool, how):
    presets = [key for key in widget_keys(open_from_link("boundaries", loss="circle")) if str(key).startswith("preset")]
    assert presets
    assert not {*presets} & widget_keys(open_from_link("boundaries", loss="circle", **{how: "scale"}))


def test_section_whose_controls_are_all_hidden_is_absent(pool):
    names = "embedded_by,stage,images,draw"
    assert "Which batch" in [expander.label for expander in open_from_link("batch").expander]
    app = open_from_link("batch", hide=names + ",steps")
    assert "Which batch" not in [expander.label for expander in app.expander]
    assert not {"apply", "steps", *names.split(",")} & widget_keys(app)
    assert component_headers(app)


def test_scene_sets_hidden_but_not_locked_controls(pool):
    app = open_from_link("triplets", scene="hard", margin="0.5", hide="space", lock="margin")
    app.button_group(key="scene").set_value("margin too large").run()
    assert (app.session_state.margin, app.session_state.space, app.session_state.distance) == (
        0.5,
        "circle",
        "euclidean",
    )


def test_unknown_names_give_a_limited_number_of_warnings(pool):
    app = open_from_link("boundaries", hide="margin,`no`", lock=",".join("abcdefghijk"), big="perhaps")
    assert warnings_of(app)[0] == "`hide` names `?no?`, which is not a setting of this page"
    assert len(warnings_of(app)) == 8
    assert any(
        "`big` must be true or false" in warning for warning in warnings_of(open_from_link("boundaries", big="perhaps"))
    )


@pytest.mark.parametrize(
    ("name", "text"), [("draw", "1e1"), ("draw", "5.5"), ("images", "32.0"), ("two", "1"), ("draw", "")]
)
def test_default_is_used_where_warning_says_so(pool, name, text):
    app = open_from_link("batch", **{name: text})
    assert "the default is used" in warnings_of(app)[0]
    assert app.session_state[name] == {"draw": 0, "images": 48, "two": True}[name]


def test_embedded_page_hides_sidebar_without_free_controls(pool):
    def hides_sidebar(app: AppTest) -> bool:
        return any("stSidebarCollapsedControl" in element.proto.body for element in app.get("html"))

    embedded = {"is_embedded": True}
    controls = "loss,margin,scale,pool,two,cover"
    app = open_from_link("boundaries", embedded, hide=controls)
    assert hides_sidebar(app)
    assert "share" not in widget_keys(app)
    assert hides_sidebar(open_from_link("boundaries", embedded, lock=controls))
    assert not hides_sidebar(open_from_link("boundaries", embedded, lock="loss,margin"))
    assert not hides_sidebar(open_from_link("boundaries", hide=controls))


def test_link_with_big_enlarges_font(pool):
    assert any("html {\n  font-size" in element.value for element in open_from_link("glossary", big="true").markdown)
    assert not any("html {\n  font-size" in element.value for element in open_from_link("glossary").markdown)


def test_link_with_play_starts_one_run(pool):
    app = open_from_link("boundaries", play="true")
    assert app.session_state.plays_at_once
    app.session_state.plays_at_once = False  # as the page that starts the run does
    assert not app.run().session_state.plays_at_once
    assert not open_from_link("boundaries").session_state.plays_at_once


@pytest.mark.parametrize(
    ("control", "text", "expected"),
    [
        (POSITIONS, "0,0;0.5,-1.25;1e0,0", None),
        (POSITIONS, "0,0;0.5,-1.25;1,0", ((0.0, 0.0), (0.5, -1.25), (1.0, 0.0))),
        (POSITIONS, "0,0;0.5,-1.26;1,0", None),
        (POSITIONS, "0,0;1,0", None),
        (POSITIONS, ";".join(["0,0"] * 9), None),
        (POSITIONS, "0,0;0,0;0,0,0", None),
        (POSITIONS, "0,0;0,0;0,nan", None),
        (POSITIONS, "0,0;0,0;0,٣", None),
        (POSITIONS, "0,0;0,0;0, 1", None),
        (POSITIONS, "0,0;" * 100_000, None),
        (PLACE, "0.2,0.6", ((0.2, 0.6),)),
        (PLACE, "0.2", None),
        (BETWEEN, "180", ((180.0,),)),
        (BETWEEN, "90.5", None),
        (BETWEEN, "181", None),
        (SELECTION, "12,7", ((12.0, 7.0),)),
        (SELECTION, "12", ((12.0,),)),
        (SELECTION, "64", None),
        (SELECTION, "-1", None),
    ],
)
def test_picture_state_is_parsed_strictly(control: PictureState, text, expected):
    assert (control.error_in(text) is None) == (expected is not None)
    assert control._places_in(text) == (expected or ())


def test_link_sets_points_of_its_scene(pool):
    at = "0.1,0.2;0.3,0.4;-0.5,0.6"
    app = open_from_link("triplets", scene="hard", at=at)
    assert component_headers(app)[0]["points"] == [[0.1, 0.2], [0.3, 0.4], [-0.5, 0.6]]
    assert not warnings_of(app)
    assert app.run().query_params["at"] == at
    # another scene has its own points
    app.button_group(key="scene").set_value("easy").run()
    assert component_headers(app)[0]["points"][1] == list(PRESETS["easy"].positive)
    assert "at" not in app.query_params
    # on the circle they are moved to it
    points = component_headers(open_from_link("triplets", scene="hard", at=at, space="circle"))[0]["points"]
    assert np.allclose(np.hypot(*np.transpose(points)), 1)


def test_wrong_number_of_points_gives_warning(pool):
    app = open_from_link("triplets", scene="all three", at="0,0;0.5,0;1,0")
    assert "has 3 points, but this scene needs 5" in warnings_of(app)[0]
    assert component_headers(app)[0]["points"][1] == list(PRESETS["all three"].positive)


def test_link_restores_state_of_pictures(pool):
    app = open_from_link("boundaries", loss="am_softmax", place="0.25,0.75")
    assert component_headers(app)[0]["kept"] == {"x": 0.25, "y": 0.75}
    app = open_from_link("boundaries", loss="am_softmax", plane="angles", place_angles="30,40", between="75")
    assert component_headers(app)[0]["between"] == 75
    assert component_headers(app)[1]["kept"] == {"x": 30.0, "y": 40.0}
    # the batch has 48 images, so anchor 50 is the weight of a class
    app = open_from_link("batch", loss="supcon", loss_2="am_softmax", anchor="50")
    assert [header["anchor"] for header in component_headers(app)] == [None, 50]


def test_selected_anchor_belongs_to_its_batch(pool):
    app = open_from_link("triplets", part="a real batch")
    app = open_from_link(
        "triplets", part="a real batch", look=str(other := (component_headers(app)[0]["anchor"] + 1) % 48)
    )
    assert component_headers(app)[0]["anchor"] == other
    app.slider(key="draw").set_value(1).run()
    assert "look" not in app.query_params
    assert not warnings_of(app)
    app = open_from_link("triplets", part="a real batch", look="5,5")
    assert "does not have that anchor" in warnings_of(app)[0]
