"""Races and failures in the visitor's browser, in Streamlit's AppTest: what Python sends, and what it takes."""

import logging
from dataclasses import replace

import pytest

from cl_core.runtime.race import Race, frame_steps
from cl_core.runtime.visitor_race import VisitorRace
from cl_core.teaching.failures import FAILURES
from cl_core.ui.link import controls
from cl_core.ui.pages.race_controls import PLANE_RACE
from cl_core.ui.widgets import visitor_race
from tests.pages.apptest import FAST_RACE, click, component_headers, markdown_texts, open_page
from tests.unit.components.test_arena_report import METRICS, encoded, parts_of, run_of, text_of

SMALL = FAST_RACE | {"engine": "browser"}


@pytest.fixture
def browser(monkeypatch):
    """`browser(callback, value)`: what the component calls before the next run of the page."""
    callbacks, waiting = {}, []
    mount, read_link = visitor_race.arena, controls.link_notes

    def mount_and_note(content, **named):
        callbacks.update(named)
        return mount(content, **named)

    def call_and_read(*arguments, **named):
        while waiting:
            name, *values = waiting.pop(0)
            callbacks[name](*values)
        return read_link(*arguments, **named)

    monkeypatch.setattr(visitor_race, "arena", mount_and_note)
    monkeypatch.setattr(controls, "link_notes", call_and_read)
    return lambda name, *values: waiting.append((name, *values))


def header_of(app):
    [header] = component_headers(app)
    return header


def report(app, browser, **changes):
    """Let the browser report its race, and run the page as Streamlit then does."""
    browser("on_report", text_of(**({"key": header_of(app)["key"]} | changes)))
    return app.run()


def step_of(app, slot="race"):
    return app.session_state[slot].progress().step


def test_page_describes_the_race_and_computes_nothing(pool):
    app = open_page("compare", **SMALL, contenders="3", loss_3="nt_xent", seed="5", seeds="2", rate_2="0.01")
    assert not app.warning
    header = header_of(app)
    assert [each["choices"] for each in header["contenders"]] == [
        [{"seed": seed, "rate": rate, "theta": theta} for seed in (5, 6)]
        for rate, theta in ((0.001, {"temperature": 0.1}), (0.01, {"margin": 0.2}), (0.001, {"temperature": 0.5}))
    ]
    assert [each["label"]["name"] for each in header["contenders"]] == [
        "A Supervised NT-Xent · batch size 32 · learning rate 0.001",
        "B Triplet margin · batch size 32 · learning rate 0.01",
        "C NT-Xent · batch size 128 · learning rate 0.001",
    ]
    race = app.session_state.race
    assert isinstance(race, VisitorRace)
    assert header["frame_steps"] == frame_steps(race.specs, 2)
    assert len({each["run"] for each in header["contenders"]}) == 3
    assert header["pace"] == {"interval": 0, "everyStep": False}
    assert (header["known"], header["start"], header["until"]) == (None, "", None)
    assert "Scores appear with the first frame." in markdown_texts(app)


def test_reports_fill_curves_and_scores_and_are_acknowledged(pool, browser):
    app = open_page("compare", **SMALL)
    report(app, browser)
    assert header_of(app)["known"] == ["r", 4, 3]
    assert app.session_state.facts["step"] == 4
    assert app.session_state.facts["playing"] == "yes"
    assert len(app.get("vega_lite_chart")) == 1
    assert "| A Supervised NT-Xent | 90.0% | 80.0% | 70.0% |" in markdown_texts(app)
    assert "At step 4" in markdown_texts(app)
    report(app, browser, after=4, step=6, steps=(6,), phase="paused", playing=False)
    assert header_of(app)["known"] == ["r", 6, 3]
    assert app.session_state.facts["playing"] == "no"
    assert "At step 6" in markdown_texts(app)
    assert not app.exception


def test_report_that_was_lost_is_asked_for_again(pool, browser, caplog):
    app = open_page("compare", **SMALL)
    report(app, browser)
    with caplog.at_level(logging.WARNING):
        report(app, browser, after=6, step=8, steps=(8,))  # the one from 4 to 6 is missing
    assert "ignored" in caplog.text
    assert header_of(app)["known"] == ["r", 4, 3]  # so the browser sends all since step 4
    report(app, browser, after=4, step=8, steps=(6, 8))
    assert header_of(app)["known"] == ["r", 8, 3]


@pytest.mark.parametrize("forged", [None, 3, {}, "", "AAAA", "not of this session", "other number of runs"])
def test_forged_reports_are_ignored_with_a_line_in_the_log(pool, browser, caplog, forged):
    app = open_page("compare", **SMALL)
    if forged == "not of this session":
        forged = text_of()
    elif forged == "other number of runs":
        forged = text_of(key=header_of(app)["key"], runs=3)
    browser("on_report", forged)
    with caplog.at_level(logging.WARNING):
        app.run()
    assert not app.exception
    assert "what a browser has reported of a race is ignored" in caplog.text
    assert header_of(app)["known"] is None
    assert step_of(app) == -1


def test_settings_wait_while_a_race_of_others_is_shown(pool, browser):
    app = open_page("compare", **SMALL)
    first = header_of(app)["key"]
    report(app, browser)
    app.select_slider(key="rate_2").set_value(0.01).run()
    header = header_of(app)
    assert header["key"] != first
    assert header["known"] == ["r", 4, 3]
    assert app.session_state.race.specs[1].rate == 0.001
    report(app, browser, key=first, after=4, step=6, steps=(6,))  # which the browser still shows
    assert step_of(app) == 6
    report(app, browser, race="s", steps=(0, 1), step=1)  # started with the new settings
    assert app.session_state.race.specs[1].rate == 0.01
    assert step_of(app) == 1
    report(app, browser, key=first, race="r", after=-1, step=1, steps=(0, 1), started=False)
    assert app.session_state.race.specs[1].rate == 0.01  # late, of a race that is gone


def test_failed_contender_is_named(pool, browser):
    app = open_page("compare", **SMALL)
    header, buffers = parts_of(key=header_of(app)["key"])
    header["runs"][1], buffers["losses1"], buffers["measures1"] = run_of((0, 1), -1, 4, count=2, failure="Too fast.")
    browser("on_report", encoded(header, buffers))
    app.run()
    assert [error.value for error in app.error] == ["**B Triplet margin** has stopped. Too fast."]
    assert "| B Triplet margin | none | none | none | none |" in markdown_texts(app)
    assert not app.exception


def test_hidden_scores_stay_hidden(pool, browser):
    app = open_page("compare", **SMALL, scores="hidden")
    report(app, browser)
    assert header_of(app)["sentence"] == ""
    assert not app.get("vega_lite_chart")
    assert "MAP@R" not in markdown_texts(app)
    click(app, "reveal")
    assert "{knn}" in header_of(app)["sentence"]
    assert "MAP@R" in markdown_texts(app)


def test_linear_probe_has_its_curve_and_its_column(pool, browser):
    app = open_page("compare", **SMALL, score="probe")
    report(app, browser)
    assert len(app.get("vega_lite_chart")) == 1
    assert "| A Supervised NT-Xent | 90.0% | 80.0% | 70.0% | 85.0% |" in markdown_texts(app)


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ({"batch_2": "2048"}, "the limit is 1,024"),
        ({"dataset": "mnist", "contenders": "3", "seeds": "5"}, "Each of the 15 runs would load the training images"),
    ],
)
def test_race_runs_on_the_server_where_a_browser_cannot_and_the_page_says_why(idle_executor, link, reason):
    app = open_page("compare", **(SMALL | link))
    assert isinstance(app.session_state.race, Race)
    assert reason in app.info[0].value


def test_server_takes_over_and_gives_back(pool, browser):
    app = open_page("compare", **SMALL)
    report(app, browser)
    app.selectbox(key="engine").set_value("server").run()
    race = app.session_state.race
    assert isinstance(race, Race)
    app.selectbox(key="engine").set_value("browser").run()
    assert race._closed
    assert isinstance(app.session_state.race, VisitorRace)
    browser("on_refused", "WebAssembly is not allowed here.")
    app.run()
    assert isinstance(app.session_state.race, Race)
    assert "WebAssembly is not allowed here." in app.info[0].value
    assert not app.exception


def test_link_with_play_asks_for_one_start_and_new_seed_is_set(pool, browser):
    app = open_page("compare", **SMALL, play="true")
    start = header_of(app)["start"]
    assert start
    app.run()
    assert header_of(app)["start"] == start
    browser("on_reseed")
    app.run()
    assert app.session_state.seed == 1
    assert header_of(app)["contenders"][0]["choices"][0]["seed"] == 1


def test_card_starts_failure_and_symptoms_follow_the_reports(pool, browser):
    app = open_page("break_it", pace="flat-out")
    click(app, "break_hard_collapse")
    header = header_of(app)
    failure = FAILURES["hard_collapse"]
    assert header["start"]
    assert header["until"] == failure.steps
    assert [each["label"]["role"] for each in header["contenders"]] == ["Fails", "Cured"]
    assert header["badges"] == [[{"text": "spread, judged from step 5", "colour": ""}]] * 2
    assert "What happened" not in markdown_texts(app)

    steps = range(failure.steps + 1)
    header, buffers = parts_of(steps=steps, step=failure.steps, key=header["key"], phase="paused", playing=False)
    collapsed = replace(METRICS, spread=0.01)
    header["runs"][0], buffers["losses0"], buffers["measures0"] = run_of(steps, -1, failure.steps, metrics=collapsed)
    browser("on_report", encoded(header, buffers))
    app.run()
    assert header_of(app)["badges"] == [
        [{"text": "spread 0.010 < 0.050: collapsed", "colour": "red"}, {"text": "kNN 90%", "colour": ""}],
        [{"text": "spread 0.950: healthy", "colour": "green"}, {"text": "kNN 90%", "colour": ""}],
    ]
    assert failure.cure in markdown_texts(app)
    assert len(app.get("vega_lite_chart")) == 2
    assert not app.info
    assert [link.label for link in app.get("page_link")][-2:] == [
        "Open the failing run live",
        "Open the cured run live",
    ]


def test_failure_that_is_opened_again_is_another_race(pool, browser):
    app = open_page("break_it", failure="hot")
    first = header_of(app)
    assert not first["start"]
    report(app, browser)
    assert step_of(app, "breaking") == 4
    click(app, "all_failures")
    assert "breaking" not in app.session_state
    click(app, "break_hot")
    again = header_of(app)
    assert again["key"] != first["key"]
    assert again["turn"] != first["turn"]
    assert again["start"]
    assert step_of(app, "breaking") == -1


def test_locked_failure_has_no_other_card(pool):
    app = open_page("break_it", failure="hot", lock="failure,seed")
    assert app.button(key="all_failures").disabled
    assert app.selectbox(key="failure").disabled


def test_race_in_the_plane_shows_five_losses_with_their_class_weights(pool):
    app = open_page("compare", **SMALL | {"dim": "8"} | PLANE_RACE.link)
    header = header_of(app)
    assert not app.exception
    assert [each["about"]["spec"]["loss"] for each in header["contenders"]] == [
        "softmax", "l_softmax", "am_softmax", "arcface", "circle_class"
    ]  # fmt: skip
    assert [each["view"]["margin"] for each in header["contenders"]] == [False, True, True, True, True]
    assert header["show_regions"]
    assert set(header["regions"]) == {"ray", "region", "wedge"}
    assert not header_of(open_page("compare", **SMALL | PLANE_RACE.link, regions="false"))["show_regions"]


def test_race_of_too_many_runs_is_refused_with_both_numbers(pool):
    app = open_page("compare", **SMALL, contenders="5", seeds="5")
    assert not app.exception
    assert "20 runs at most, and 5 contenders with 5 seeds each are 25" in app.error[0].value
