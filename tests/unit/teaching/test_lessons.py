"""Lesson files: faults are reported with their place, and conditions of steps are decided by facts."""

import pytest

from cl_core.teaching import lessons
from cl_core.teaching.lessons import Condition, LessonError, parse

STEP = '[[steps]]\ntitle = "A"\nwords = "do"\nopen = "boundaries?loss=circle&cover=true"\n'
QUESTION = '[steps.question]\nwords = "where?"\nanswer = "there"\n'


def lesson_text(*parts: str) -> str:
    return "\n".join(('title = "T"', *parts))


def test_parse_reads_every_field():
    parsed = parse("mine", lesson_text(
        'words = "W"', STEP, 'minutes = 2.5\ndone = ["margin >= 0.5", "loss is not triplet"]',
        QUESTION, 'choices = ["a", "b"]\nright = 2', STEP,
    ))  # fmt: skip
    assert (parsed.key, parsed.title, parsed.words, parsed.minutes) == ("mine", "T", "W", 7.5)
    first, second = parsed.steps
    assert (first.page, dict(first.link)) == ("boundaries", {"loss": "circle", "cover": "true"})
    assert first.done == (Condition("margin", ">=", 0.5), Condition("loss", "is not", "triplet"))
    assert first.question is not None
    assert (first.question.choices, first.question.right, first.question.answer) == (("a", "b"), 1, "there")
    assert (second.question, second.done) == (None, ())


def test_question_may_have_no_right_answer_or_a_place():
    open_, place = parse(
        "x", lesson_text(STEP, QUESTION, 'choices = ["a", "b"]', STEP, QUESTION, "place = [0, 0.65]")
    ).steps
    assert open_.question is not None
    assert open_.question.right is None
    assert place.question is not None
    assert (place.question.choices, place.question.right) == ((), (0.0, 0.65))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title = ", "this is not valid TOML"),
        ("[[steps]]", "step 1 has no title"),
        (STEP, "the lesson has no title"),
        (lesson_text(), "the lesson has no steps"),
        (lesson_text("steps = []"), "a lesson must have 1 to 40"),
        (lesson_text("steps = [1]"), "a lesson must have 1 to 40"),
        (lesson_text("author = 1", STEP), "the lesson has an unknown 'author'; it may have steps, title, words"),
        ("title = 1\n" + STEP, "the lesson: title must be a text"),
        (lesson_text(STEP, "wait = 1"), "step 1 has an unknown 'wait'"),
        (lesson_text(STEP, STEP.replace("boundaries?", "../app?")), r"step 2 \(A\): open must be a page"),
        (lesson_text(STEP, "minutes = 0"), "minutes must be above 0"),
        (lesson_text(STEP, "minutes = nan"), "minutes must be above 0"),
        (lesson_text(STEP, "minutes = true"), "minutes must be a number"),
        (lesson_text(STEP, 'done = "margin > 1"'), "done must be a list"),
        (lesson_text(STEP, 'done = ["margin"]'), "done must be texts such as"),
        (lesson_text(STEP, "done = [1]"), "done must be texts such as"),
        (lesson_text(STEP, 'done = ["loss > circle"]'), "must use a number"),
        (lesson_text(STEP, QUESTION), r"its question has no choices"),
        (lesson_text(STEP, QUESTION, 'choices = ["a"]'), "2 to 6 texts"),
        (lesson_text(STEP, QUESTION, 'choices = ["a", "a"]'), "two choices are the same"),
        (lesson_text(STEP, QUESTION, "choices = [1, 2]"), "choices must be 2 to 6 texts"),
        (lesson_text(STEP, QUESTION, 'choices = ["a", "b"]\nright = 3'), "from 1 to 2"),
        (lesson_text(STEP, QUESTION, 'choices = ["a", "b"]\nright = "a"'), "right must be a whole number"),
        (lesson_text(STEP, QUESTION, "place = [0, 2]"), "two numbers from -1 to 1"),
        (
            lesson_text(STEP.replace("boundaries", "batch"), QUESTION, "place = [0, 1]"),
            "must open the page boundaries",
        ),
    ],
)
def test_fault_is_reported_with_its_place(text, message):
    with pytest.raises(LessonError, match=message):
        parse("x", text)


@pytest.mark.parametrize(
    ("fact", "relation", "value", "actual", "holds"),
    [
        ("knn", ">=", 0.9, 0.9, True), ("knn", ">", 0.9, 0.9, False), ("knn", "<", 0.9, 0.1, True),
        ("knn", "<=", 0.9, 1, False), ("step", "is", 3.0, 3, True), ("step", "is not", 3.0, 4, True),
        ("loss", "is", "circle", "circle", True), ("loss", "is not", "circle", "circle", False),
        ("two", "is", "true", True, True), ("two", "is", 1.0, True, False), ("knn", ">", 0.9, "high", False),
        ("knn", ">", 0.9, float("nan"), False),
    ],
)  # fmt: skip
def test_condition_compares_a_fact_with_a_value(fact, relation, value, actual, holds):
    condition = Condition(fact, relation, value)
    assert condition.holds({fact: actual}) == holds
    assert not condition.holds({"another": actual})


def test_own_lesson_folder_comes_first_and_its_faults_are_reported(tmp_path, monkeypatch):
    monkeypatch.setenv(lessons.LESSONS_VARIABLE, str(tmp_path))
    (tmp_path / "fifty-minutes.toml").write_text(lesson_text(STEP))
    (tmp_path / "broken.toml").write_text("title = ")
    (tmp_path / "huge.toml").write_text("#" * (lessons.MAX_FILE_BYTES + 1))
    (tmp_path / "other.toml").write_bytes(b"\xff\xfe")
    available, faults = lessons.available()
    assert next(iter(available)) == "fifty-minutes"
    assert available["fifty-minutes"].title == "T"
    assert "ten-minutes-alone" in available
    assert [fault.split(":")[0] for fault in faults] == ["broken.toml", "huge.toml", "other.toml"]
    assert str(tmp_path) not in " ".join(faults)
    (tmp_path / "fifty-minutes.toml").write_text(lesson_text(STEP).replace('"T"', '"A longer title"'))
    assert lessons.available()[0]["fifty-minutes"].title == "A longer title"
    monkeypatch.setenv(lessons.LESSONS_VARIABLE, str(tmp_path / "nowhere"))
    assert lessons.available()[1] == [f"nowhere, which {lessons.LESSONS_VARIABLE} names, is not a folder."]


def test_shipped_lessons_take_fifty_and_ten_minutes():
    available, faults = lessons.available()
    assert not faults
    minutes = {key: lesson.minutes for key, lesson in available.items()}
    assert minutes == {"fifty-minutes": 50, "softmax-to-circle": 50, "ten-minutes-alone": 10}
