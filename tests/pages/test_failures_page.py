"""The failure gallery under Streamlit's AppTest, with workers that are no processes."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from cl_core.runtime.race import Race
from cl_core.teaching.failures import FAILURES
from cl_core.training import RunSpec
from cl_core.ui.pages import training_controls
from cl_core.ui.pages.failures import ICONS, link_to_run, symptom_text
from tests import ROOT
from tests.pages.test_race_page import headers, words
from tests.pages.test_training_page import until


def page(**link: str) -> AppTest:
    """The gallery, opened from a link."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    app.query_params.update(link)
    app.run()
    app.switch_page("pages/break_it.py")
    return app.run()


def race_of(app: AppTest) -> Race:
    found: Race = app.session_state.breaking
    return found


def test_one_click_on_a_card_starts_it_and_its_sign_and_words_appear(pool):
    app = page()
    assert [app.button(key=f"break_{key}").label for key in FAILURES] == [each.title for each in FAILURES.values()]
    app.button(key="break_hard_collapse").click().run()
    assert app.session_state.failure == "hard_collapse"
    assert race_of(app).playing
    assert "where the loss comes to rest" in words(app)
    assert "What happened" not in words(app)
    app.button_group(key="pace").set_value("flat-out").run()
    until(app, lambda app: race_of(app).progress().step >= 40 and not race_of(app).busy)
    assert race_of(app).progress().step == 40  # the same for whoever opens it
    said = words(app)
    assert "< 0.050: collapsed" in said
    assert ", not < 0.050" in said
    assert FAILURES["hard_collapse"].why in said
    assert FAILURES["hard_collapse"].cure in said
    assert not app.info
    first, second, time_of_both = headers(app)
    assert {first["group"], second["group"], time_of_both["group"]} == {"break"}
    assert len(app.get("vega_lite_chart")) == 2
    assert [link.label for link in app.get("page_link")][-2:] == [
        "Open the failing run live",
        "Open the cured run live",
    ]


def test_a_link_opens_a_failure_with_its_seed_and_waits(pool):
    app = until(page(failure="alone", seed="11", pace="fast"), lambda app: race_of(app).progress().step == 0)
    assert not app.warning
    fails, cured = race_of(app).specs
    assert (fails.batch, cured.batch, fails.seed, cured.seed) == (4, 128, 11, 11)
    assert not race_of(app).started
    assert "judged from step 20" in words(app)
    assert FAILURES["alone"].watch in words(app)
    app.button(key="step").click().run()
    until(app, lambda app: race_of(app).progress().step == 1)
    app.button(key="reset").click().run()
    until(app, lambda app: race_of(app).progress().step == 0)
    app.button(key="new_seed").click().run()
    assert {spec.seed for spec in race_of(app).specs} == {12}
    held = race_of(app)
    app.button(key="all_failures").click().run()
    assert held._closed
    assert race_of(app) is None
    assert app.button(key="break_cold")


def test_a_link_can_start_it(pool):
    app = page(failure="hot", play="true")
    assert race_of(app).playing


def test_a_locked_failure_leaves_no_way_to_another(pool):
    app = page(failure="hot", lock="failure,seed")
    assert app.button(key="all_failures").disabled
    assert app.button(key="new_seed").disabled
    assert app.selectbox(key="failure").disabled


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ({"failure": "<b>"}, "`failure` must be one of none, hard_collapse"),
        ({"seed": "-1"}, "`seed` must be a number"),
        ({"failure": "cold", "loss": "circle"}, "`loss` is not a setting here"),
    ],
)
def test_nonsense_in_a_link_is_said_and_the_default_used(pool, link, said):
    app = page(**link)
    assert not app.exception
    assert any(said in note.value for note in app.warning), [note.value for note in app.warning]


def test_a_run_whose_numbers_leave_their_range_says_so(pool):
    app = until(page(failure="fast"), lambda app: race_of(app).progress().step == 0)
    look = replace(race_of(app).progress().runs[0][0], failure="At step 3 the numbers ran out of range.")
    assert "out of range" in symptom_text(FAILURES["fast"], look)


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
    assert RunSpec(theta=theta, **{name: read[name] for name in read if name != "points"}) == spec
