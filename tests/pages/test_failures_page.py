"""The failure gallery in Streamlit's AppTest, with a thread in place of worker processes."""

import re
from dataclasses import replace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cl_core.runtime.race import Race
from cl_core.teaching.failures import FAILURES
from cl_core.training import RunSpec
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.failure_results import link_to_run, symptom_badge
from cl_core.ui.pages.failures import ICONS
from tests.pages.apptest import component_headers, markdown_texts, open_page, run_until


def race_of(app: AppTest) -> Race:
    race: Race = app.session_state.breaking
    return race


@pytest.mark.slow
def test_card_starts_failure_and_symptom_and_explanation_appear(pool):
    app = open_page("break_it", engine="server")
    assert [app.button(key=f"break_{key}").label for key in FAILURES] == [
        failure.title for failure in FAILURES.values()
    ]
    app.button(key="break_hard_collapse").click().run()
    assert app.session_state.failure == "hard_collapse"
    assert race_of(app).playing
    assert "the value at which the loss stops" in markdown_texts(app)
    assert "What happened" not in markdown_texts(app)
    app.button_group(key="pace").set_value("flat-out").run()
    run_until(app, lambda app: race_of(app).progress().step >= 40 and not race_of(app).busy)
    assert race_of(app).progress().step == 40  # the same on every machine
    texts = markdown_texts(app)
    assert "< 0.050: collapsed" in texts
    assert ": healthy" in texts
    assert FAILURES["hard_collapse"].why in texts
    assert FAILURES["hard_collapse"].cure in texts
    assert not app.info
    first, second, timeline = component_headers(app)
    assert {first["group"], second["group"], timeline["group"]} == {"break"}
    assert len(app.get("vega_lite_chart")) == 2
    assert [link.label for link in app.get("page_link")][-2:] == [
        "Open the failing run live",
        "Open the cured run live",
    ]


def test_link_opens_failure_with_seed_without_starting_it(pool):
    app = run_until(
        open_page("break_it", engine="server", failure="alone", seed="11", pace="fast"),
        lambda app: race_of(app).progress().step == 0,
    )
    assert not app.warning
    fails, cured = race_of(app).specs
    assert (fails.batch, cured.batch, fails.seed, cured.seed) == (4, 16, 11, 11)
    assert (fails.images_per_class, cured.images_per_class) == (0, 2)
    assert not race_of(app).started
    assert "judged from step 20" in markdown_texts(app)
    assert FAILURES["alone"].watch in markdown_texts(app)
    app.button(key="step").click().run()
    run_until(app, lambda app: race_of(app).progress().step == 1)
    app.button(key="reset").click().run()
    run_until(app, lambda app: race_of(app).progress().step == 0)
    app.button(key="new_seed").click().run()
    assert {spec.seed for spec in race_of(app).specs} == {12}
    race = race_of(app)
    app.button(key="all_failures").click().run()
    assert race._closed
    assert "breaking" not in app.session_state
    assert app.button(key="break_cold")


@pytest.mark.slow
def test_batches_by_class_give_every_image_a_positive_and_the_loss_falls(pool):
    app = open_page("break_it", engine="server", failure="alone", play="true", pace="flat-out")
    run_until(app, lambda app: race_of(app).progress().step >= 100 and not race_of(app).busy)
    texts = markdown_texts(app)
    assert re.search(r"images with a positive 2\d% < 50%: too few", texts)
    assert "images with a positive 100%: healthy" in texts
    assert "batch size 16 · images of each class 2" in texts
    assert "batch size 4 · images drawn at random" in texts
    assert "of the batches have no valid term" in texts  # below the loss of the failing run
    assert not app.info
    fails, cured = (runs[0] for runs in race_of(app).progress().runs)
    assert (fails.empty > 30, cured.empty) == (True, 0)
    assert cured.losses[-20:].mean() < 0.75 * cured.losses[:10].mean()
    assert cured.references.collapse == pytest.approx(np.log(15))


def test_link_with_play_starts_failure(idle_executor):
    app = open_page("break_it", engine="server", failure="hot", play="true")
    assert race_of(app).playing


def test_locked_failure_cannot_be_changed(idle_executor):
    app = open_page("break_it", engine="server", failure="hot", lock="failure,seed")
    assert app.button(key="all_failures").disabled
    assert app.button(key="new_seed").disabled
    assert app.selectbox(key="failure").disabled


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({"failure": "<b>"}, "`failure` must be one of none, hard_collapse"),
        ({"seed": "-1"}, "`seed` must be a number"),
        ({"failure": "cold", "loss": "circle"}, "`loss` is not a setting of this page"),
    ],
)
def test_invalid_link_value_gives_warning_and_default(pool, link, expected):
    app = open_page("break_it", engine="server", **link)
    assert not app.exception
    assert any(expected in warning.value for warning in app.warning), [warning.value for warning in app.warning]


def test_symptom_reports_numerical_failure(pool):
    app = run_until(
        open_page("break_it", engine="server", failure="fast"), lambda app: race_of(app).progress().step == 0
    )
    progress = replace(race_of(app).progress().runs[0][0], failure="At step 3 the numbers ran out of range.")
    badge = symptom_badge(FAILURES["fast"], progress)
    assert (badge.text, badge.colour) == ("the numbers are out of range", "red")


def test_every_failure_has_an_icon():
    assert set(FAILURES) <= set(ICONS)


@pytest.mark.parametrize("failure", FAILURES.values(), ids=list(FAILURES))
@pytest.mark.parametrize("place", [0, 1])
def test_link_to_training_page_has_the_spec_of_the_run(failure, place):
    spec = failure.runs(3)[place]
    link = link_to_run(spec)
    read = {}
    for control in training_controls.controls_for_link(link):
        if control.name in link:
            assert control.error_in(link[control.name]) is None, control.name
            read[control.name] = control.parse(link[control.name])
    theta = {name: read.pop(name) for name in spec.theta}
    read["training_images"] = training_controls.count_of_images(read["training_images"])
    assert RunSpec(theta=theta, **{name: read[name] for name in read if name != "points"}) == spec
