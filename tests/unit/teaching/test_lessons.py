"""Lesson files: what is wrong with one is said with its place, and what a step waits for is decided by facts alone."""

import pytest

from cl_core.teaching import lessons
from cl_core.teaching.lessons import Condition, LessonError, parse

STEP = '[[steps]]\ntitle = "A"\nwords = "do"\nopen = "boundaries?loss=circle&cover=true"\n'
ASKED = '[steps.question]\nwords = "where?"\nanswer = "there"\n'


def lesson(*parts: str) -> str:
    return "\n".join(('title = "T"', *parts))


def test_a_lesson_is_read_as_it_is_written():
    found = parse("mine", lesson('words = "W"', STEP, 'minutes = 2.5\ndone = ["margin >= 0.5", "loss is not triplet"]',
                                 ASKED, 'choices = ["a", "b"]\nright = 2', STEP))  # fmt: skip
    assert (found.key, found.title, found.words, found.minutes) == ("mine", "T", "W", 7.5)
    first, second = found.steps
    assert (first.page, dict(first.link)) == ("boundaries", {"loss": "circle", "cover": "true"})
    assert first.done == (Condition("margin", ">=", 0.5), Condition("loss", "is not", "triplet"))
    assert first.question is not None
    assert (first.question.choices, first.question.right, first.question.answer) == (("a", "b"), 1, "there")
    assert (second.question, second.done) == (None, ())


def test_what_is_right_may_be_left_open_or_be_a_place():
    open_, place = parse("x", lesson(STEP, ASKED, 'choices = ["a", "b"]', STEP, ASKED, "place = [0, 0.65]")).steps
    assert open_.question is not None
    assert open_.question.right is None
    assert place.question is not None
    assert (place.question.choices, place.question.right) == ((), (0.0, 0.65))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("title = ", "this is no TOML"),
        ("[[steps]]", "step 1 has no title"),
        (STEP, "the lesson has no title"),
        (lesson(), "the lesson has no steps"),
        (lesson("steps = []"), "a lesson has 1 to 40"),
        (lesson("steps = [1]"), "a lesson has 1 to 40"),
        (lesson("author = 1", STEP), "the lesson has 'author'; it may have steps, title, words"),
        ("title = 1\n" + STEP, "the lesson: title must be a text"),
        (lesson(STEP, "wait = 1"), r"step 1 has 'wait'"),
        (lesson(STEP, STEP.replace("boundaries?", "../app?")), r"step 2 \(A\): open names a page"),
        (lesson(STEP, "minutes = 0"), "minutes lie between"),
        (lesson(STEP, "minutes = nan"), "minutes lie between"),
        (lesson(STEP, "minutes = true"), "minutes must be a number"),
        (lesson(STEP, 'done = "margin > 1"'), "done must be a list"),
        (lesson(STEP, 'done = ["margin"]'), "done is a list of texts such as"),
        (lesson(STEP, "done = [1]"), "done is a list of texts such as"),
        (lesson(STEP, 'done = ["loss > circle"]'), "compares with a number"),
        (lesson(STEP, ASKED), r"its question has no choices"),
        (lesson(STEP, ASKED, 'choices = ["a"]'), "2 to 6 choices"),
        (lesson(STEP, ASKED, 'choices = ["a", "a"]'), "no two choices are the same"),
        (lesson(STEP, ASKED, "choices = [1, 2]"), "2 to 6 choices, each a text"),
        (lesson(STEP, ASKED, 'choices = ["a", "b"]\nright = 3'), "from 1 to 2"),
        (lesson(STEP, ASKED, 'choices = ["a", "b"]\nright = "a"'), "right must be a whole number"),
        (lesson(STEP, ASKED, "place = [0, 2]"), "two numbers from -1 to 1"),
        (lesson(STEP.replace("boundaries", "batch"), ASKED, "place = [0, 1]"), "answered on the page boundaries"),
    ],
)
def test_a_fault_is_said_with_its_place(text, words):
    with pytest.raises(LessonError, match=words):
        parse("x", text)


@pytest.mark.parametrize(
    ("fact", "relation", "value", "there", "holds"),
    [
        ("knn", ">=", 0.9, 0.9, True), ("knn", ">", 0.9, 0.9, False), ("knn", "<", 0.9, 0.1, True),
        ("knn", "<=", 0.9, 1, False), ("step", "is", 3.0, 3, True), ("step", "is not", 3.0, 4, True),
        ("loss", "is", "circle", "circle", True), ("loss", "is not", "circle", "circle", False),
        ("two", "is", "true", True, True), ("two", "is", 1.0, True, False), ("knn", ">", 0.9, "high", False),
        ("knn", ">", 0.9, float("nan"), False),
    ],
)  # fmt: skip
def test_a_condition_holds_by_what_is_there(fact, relation, value, there, holds):
    condition = Condition(fact, relation, value)
    assert condition.holds({fact: there}) == holds
    assert not condition.holds({"another": there})


def test_a_teachers_own_folder_comes_first_and_its_faults_are_told(tmp_path, monkeypatch):
    monkeypatch.setenv(lessons.LESSONS_VARIABLE, str(tmp_path))
    (tmp_path / "fifty-minutes.toml").write_text(lesson(STEP))
    (tmp_path / "broken.toml").write_text("title = ")
    (tmp_path / "huge.toml").write_text("#" * (lessons.MAX_FILE_BYTES + 1))
    (tmp_path / "other.toml").write_bytes(b"\xff\xfe")
    found, faults = lessons.available()
    assert next(iter(found)) == "fifty-minutes"
    assert found["fifty-minutes"].title == "T"
    assert "ten-minutes-alone" in found
    assert [fault.split(":")[0] for fault in faults] == ["broken.toml", "huge.toml", "other.toml"]
    assert str(tmp_path) not in " ".join(faults)
    (tmp_path / "fifty-minutes.toml").write_text(lesson(STEP).replace('"T"', '"A longer title"'))
    assert lessons.available()[0]["fifty-minutes"].title == "A longer title"
    monkeypatch.setenv(lessons.LESSONS_VARIABLE, str(tmp_path / "nowhere"))
    assert lessons.available()[1] == [f"nowhere, which {lessons.LESSONS_VARIABLE} names, is no folder."]


def test_the_class_takes_fifty_minutes_and_the_short_one_ten():
    found, faults = lessons.available()
    assert not faults
    assert (found["fifty-minutes"].minutes, found["ten-minutes-alone"].minutes) == (50, 10)
