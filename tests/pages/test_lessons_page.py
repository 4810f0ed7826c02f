"""Lessons in AppTest: every step opens as its file says, notices that it is done, and hides the solution until then."""

from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from cl_core.analysis import similarity_plane
from cl_core.losses import LOSSES
from cl_core.teaching import lessons
from cl_core.teaching.rooms import room_name
from cl_core.ui.pages.lesson_bar import link_of
from cl_core.ui.pages.lessons import LETTERS, address_of, new_room_name
from cl_core.ui.widgets import question
from tests.pages.apptest import (
    click,
    component_messages,
    open_from_link,
    page_texts,
    route_pages_through_app,
    warnings_of,
)

LESSONS = lessons.available()[0]
STEPS = [(key, number) for key, lesson in LESSONS.items() for number in range(1, len(lesson.steps) + 1)]
SHAPE, PLACE = 4, 5  # steps of "fifty-minutes" that ask for a shape and for a position


@pytest.fixture(autouse=True)
def pages_run_through_app_with_empty_rooms(monkeypatch):
    route_pages_through_app(monkeypatch)
    question.rooms.clear()


def open_step(key: str, number: int, room: str = "", **other: str) -> AppTest:
    """Open a step of a lesson by its link."""
    lesson = LESSONS[key]
    page = lesson.steps[number - 1].page
    link: dict[str, Any] = {**link_of(lesson, number, room), **other}
    return open_from_link("" if page == "start" else page, **link)


def open_shape_question(room: str = "") -> AppTest:
    return open_step("fifty-minutes", SHAPE, room)


def submit_answer(app: AppTest, choice: int) -> AppTest:
    room = app.session_state.question.room
    app.button_group(key=f"choice {room} {app.session_state.question.key}").set_value(choice)
    return click(app, "commit")


def html_texts(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


@pytest.mark.parametrize(("key", "number"), STEPS)
def test_step_opens_without_warnings_and_is_not_done_yet(pool, key, number):
    app = open_step(key, number)
    step = LESSONS[key].steps[number - 1]
    assert not warnings_of(app)
    assert not app.error
    assert f"**{step.title}**" in page_texts(app)
    assert step.words in page_texts(app)
    assert step.done, "no condition says when the step is done"
    assert not app.session_state.lesson_done
    if step.question is not None:
        assert step.question.words in page_texts(app) + "".join(group.proto.label for group in app.button_group)
        assert step.question.answer not in page_texts(app)


def test_answer_is_accepted_once_and_then_solution_shown(pool):
    app = click(open_shape_question(), "commit")
    assert "Choose an answer first" in page_texts(app)
    header, buffers = component_messages(app)[0]
    assert np.isnan(buffers["value"]).all()
    assert [curve["role"] for curve in header["curves"]] == ["neutral"]
    assert not header["marks"]
    assert "radius" not in page_texts(app)
    app = submit_answer(app, 0)
    step = LESSONS["fifty-minutes"].steps[SHAPE - 1]
    assert step.question.answer in page_texts(app)
    assert "Your answer: **A straight line, parallel to the diagonal**. Correct: **An arc of a circle**" in page_texts(
        app
    )
    assert "commit" not in {button.key for button in app.button}
    assert "fifty-minutes/4" in app.session_state.lesson_done
    _, buffers = component_messages(app)[0]
    assert np.allclose(
        buffers["value"], similarity_plane.similarity_plane(LOSSES["circle"], {}).value.ravel(), rtol=1e-6
    )
    assert "radius" in page_texts(app)
    app = app.run()
    assert app.session_state.answers == {("", "fifty-minutes/4"): 0}


def test_solution_can_be_shown_without_answering(pool):
    app = click(click(open_shape_question("abc"), "without"), "show_answer")
    assert LESSONS["fifty-minutes"].steps[SHAPE - 1].question.answer in page_texts(app)
    assert "Your answer" not in page_texts(app)
    assert question.rooms().answers("abc", "fifty-minutes/4") == ()


def test_sessions_in_one_room_see_all_answers(pool):
    first, second, other = open_shape_question("abc"), open_shape_question("abc"), open_shape_question("xyz")
    submit_answer(first, 2)
    assert "**1 answer**" in page_texts(second.run())
    assert "✓ correct" not in html_texts(second)
    submit_answer(second, 0)
    bars = html_texts(second)
    assert "An arc of a circle <b>✓ correct</b></span><b>1</b>" in bars
    assert "A straight line, parallel to the diagonal <b>· you</b></span><b>1</b>" in bars
    assert "<b>✓ correct</b> <b>· you</b></span><b>1</b>" in html_texts(first.run())
    assert "**2 answers**" in page_texts(first)
    assert "**0 answers**" in page_texts(other.run())


def test_position_is_predicted_on_covered_plane_and_all_are_shown(pool):
    question.rooms().submit("abc", "fifty-minutes/5", "another", (0.5, -0.5))
    app = open_step("fifty-minutes", PLACE, "abc")
    assert app.button(key="commit").disabled
    app = open_step("fifty-minutes", PLACE, "abc", place="0.1,0.7")
    assert np.isnan(component_messages(app)[0][1]["value"]).all()
    app = click(app, "commit")
    header, buffers = component_messages(app)[0]
    assert np.isfinite(buffers["value"]).all()
    assert np.allclose(buffers["points"] * header["scale"], [0.5, -0.5, 0.1, 0.7], atol=1e-4)
    assert [mark["label"] for mark in header["marks"] if mark["role"] == "corner"] == ["you"]
    boundary = similarity_plane.similarity_plane(LOSSES["circle"], {}).boundary
    distance = np.nanmin(np.hypot(*(boundary - [0.1, 0.7]).T))
    assert f"Your point is **{distance:.2f}** away from the current boundary" in page_texts(app)
    assert f"Your point is **{np.hypot(0.1, 0.7 - 0.646):.2f}** away from (0, 0.646)" in page_texts(app)
    assert "fifty-minutes/5" not in app.session_state.lesson_done  # the margin must be changed as well
    app.slider(key="margin").set_value(0.4).run()
    assert "fifty-minutes/5" in app.session_state.lesson_done


def test_cover_without_question_is_removed_by_prediction(pool):
    app = open_from_link("boundaries", loss="triplet", cover="true", place="0,0")
    assert np.isnan(component_messages(app)[0][1]["value"]).all()
    app = click(app, "commit")
    assert np.isfinite(component_messages(app)[0][1]["value"]).all()
    assert "Your point is **0.07** away from the current boundary" in page_texts(app)  # d², m = 0.2: 0.1 / sqrt 2


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ({"lesson": "<b>"}, "`lesson`: there is no lesson `?b?`"),
        ({"lesson": "fifty-minutes", "step": "99"}, "`step` must be a whole number from 1 to 11, not `99`"),
        ({"lesson": "fifty-minutes", "step": "-1"}, "`step` must be"),
        ({"lesson": "fifty-minutes", "step": "9" * 5000}, "`step` must be"),
        ({"room": "a b"}, "`room` must be 3 to 24 letters"),
        ({"lesson": "fifty-minutes", "room": "../x"}, "you are not in a room"),
    ],
)
def test_invalid_lesson_link_gives_one_warning(pool, link, expected):
    app = open_from_link("boundaries", loss="circle", **link)
    assert len(warnings_of(app)) == 1
    assert expected in warnings_of(app)[0]


def test_lesson_bar_stays_on_other_pages_until_exit(pool):
    app = open_shape_question("abc")
    app.query_params.clear()
    app.switch_page("pages/glossary.py").run()
    assert "room abc" in page_texts(app)
    assert "Back to this step" in [link.proto.label for link in app.get("page_link")]
    assert LESSONS["fifty-minutes"].steps[SHAPE - 1].words not in page_texts(app)
    app = click(app, "lesson_leave")
    assert "room abc" not in page_texts(app)
    assert not [link for link in app.get("page_link") if link.proto.label == "Back to this step"]


def test_step_ignores_facts_of_earlier_pages(pool):
    app = open_step("ten-minutes-alone", 1)
    app.session_state.facts = {"first": "easy"}
    app.run()
    assert not app.session_state.lesson_done  # the page has replaced this fact
    app = open_step("ten-minutes-alone", 1, at="0,0;0.65,-0.2;-0.9,0.9")
    assert app.session_state.lesson_done == {"ten-minutes-alone/1"}
    assert ":material/check_circle: done" in page_texts(app)


def test_collapsed_lesson_shows_title_without_text(pool):
    app = click(open_shape_question(), "lesson_fold")
    assert LESSONS["fifty-minutes"].steps[SHAPE - 1].words not in page_texts(app)
    assert "**Predict a boundary**" in page_texts(app)


def test_list_of_lessons_links_to_every_step_and_creates_rooms(pool):
    app = open_from_link("lessons")
    assert not app.exception
    labels = [link.proto.label for link in app.get("page_link")]
    for lesson in LESSONS.values():
        assert {f"{i}. {step.title}" for i, step in enumerate(lesson.steps, 1)} <= set(labels)
    app = click(app, "room_fifty-minutes")
    assert "lesson=fifty-minutes&step=1&room=" in app.code[0].value
    app.text_input(key="room_name").set_value("class 7")
    app = click(app, "room_fifty-minutes")
    assert "A name must be 3 to 24 letters" in page_texts(app)
    app.text_input(key="room_name").set_value("Class-7")
    app = click(app, "room_fifty-minutes")
    assert app.code[0].value.endswith("?lesson=fifty-minutes&step=1&room=class-7")


def test_generated_room_names_are_valid():
    names = {new_room_name() for _ in range(50)}
    assert len(names) > 40
    assert all(room_name(name) == name and name[0] in LETTERS for name in names)
    assert address_of("start", {"room": "abc"}).endswith("/?room=abc")


def test_texts_of_a_lesson_are_never_interpreted_as_markup(pool, tmp_path, monkeypatch):
    monkeypatch.setenv(lessons.LESSONS_VARIABLE, str(tmp_path))
    (tmp_path / "bad.toml").write_text(
        'title = "T"\n[[steps]]\ntitle = "A"\nopen = "start"\nwords = "w"\n[steps.question]\nwords = "?"\n'
        'choices = ["<img src=x onerror=alert(1)>", "*b* $x$"]'
    )
    (tmp_path / "[x](y).toml").write_text("title")
    app = open_from_link("", lesson="bad", step="1", room="abc")
    assert app.button_group[0].options == [r"\<img src=x onerror=alert\(1\)\>", r"\*b\* \$x\$"]
    submit_answer(app, 0)
    assert "&lt;img src=x onerror=alert(1)&gt;" in html_texts(app)
    assert "<img src=x" not in html_texts(app)
    assert any(warning.startswith("?x??y?.toml") for warning in warnings_of(open_from_link("lessons")))
