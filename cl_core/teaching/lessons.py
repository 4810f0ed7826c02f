"""Lessons: TOML files in assets/lessons, whose steps each open a page and give the visitor a task there.

The format is described in assets/lessons/README.md.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from cl_core.data import datasets
from cl_core.data.errors import ExplainedError
from cl_core.data.npz import plain_reason

FOLDER = datasets.ASSETS / "lessons"
LESSONS_VARIABLE = "CL_LAB_LESSONS"  # environment variable: a folder with a teacher's own lessons, which come first
MAX_FILES = 50  # of a folder
MAX_FILE_BYTES = 200_000
MAX_LINE_LENGTH = 2000  # with longer names or numbers, tomllib takes gigabytes or fails with undocumented exceptions
MAX_STEPS = 40
MAX_TITLE_LENGTH = 200
MAX_LINK_SETTINGS = 64
MAX_CONDITIONS = 20  # of a step
CHOICES = (2, 6)  # fewest and most of a question
PLANE_PAGE = "boundaries"  # the page whose plane can be clicked to answer a question


class LessonError(ExplainedError):
    """A lesson that cannot be read; the message, which pages show, says where the error is and why it is one."""


@dataclass(frozen=True)
class Condition:
    """A condition for the end of a step: a fact of the page, compared with a value.

    Attributes:
        fact: name of the fact.
        relation: "is", "is not", ">", "<", ">=" or "<=".
        value: a number, or a text with "is" and "is not".
    """

    fact: str
    relation: str
    value: float | str

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Return whether the condition is met; False for a missing fact, and for a text compared with a number.

        Args:
            facts: the facts of the page by name.
        """
        if self.fact not in facts:
            return False
        fact_value = facts[self.fact]
        if isinstance(self.value, str):
            same = _as_text(fact_value) == self.value
            return same if self.relation == "is" else not same
        if isinstance(fact_value, bool) or not isinstance(fact_value, (int, float)):
            return False
        results = {
            "is": fact_value == self.value, "is not": fact_value != self.value, ">": fact_value > self.value,
            "<": fact_value < self.value, ">=": fact_value >= self.value, "<=": fact_value <= self.value,
        }  # fmt: skip
        return bool(results[self.relation])


@dataclass(frozen=True)
class Question:
    """A question to be answered before the answer is shown.

    Attributes:
        words: the question; Markdown.
        choices: the answers to choose from; empty if it is answered by a click on the plane.
        right: index of the right choice; for a click, the right (s_n, s_p); None if no answer counts as right.
        answer: the explanation shown afterwards; Markdown.
    """

    words: str
    choices: tuple[str, ...]
    right: int | tuple[float, float] | None
    answer: str


@dataclass(frozen=True)
class Step:
    """One step of a lesson.

    Attributes:
        title: title of the step.
        words: the task; Markdown.
        minutes: time that it takes in class.
        page: the page of the app that it opens, as in the URL.
        link: settings of that page by name.
        question: its question; None if it has none.
        done: conditions that must all hold for the step to be done; empty if the visitor decides.
    """

    title: str
    words: str
    minutes: float
    page: str
    link: Mapping[str, str]
    question: Question | None
    done: tuple[Condition, ...]


@dataclass(frozen=True)
class Lesson:
    """A lesson.

    Attributes:
        key: name of its file, without the suffix.
        title: title of the lesson.
        words: description for the list of lessons; Markdown.
        steps: the steps in order, at least one.
    """

    key: str
    title: str
    words: str
    steps: tuple[Step, ...]

    @property
    def minutes(self) -> float:
        """Time that all steps take together."""
        return sum(step.minutes for step in self.steps)


def folders() -> list[Path]:
    """Return the folders that are searched for lessons, in order of precedence."""
    own_folder = os.environ.get(LESSONS_VARIABLE)
    return [*([Path(own_folder)] if own_folder else []), FOLDER]


def available() -> tuple[dict[str, Lesson], list[str]]:
    """Read all lessons.

    Returns:
        The lessons by key, those of the teacher's folder first, and a message for each file that is no lesson.
    """
    lessons: dict[str, Lesson] = {}
    errors = []
    for folder in folders():
        if not folder.is_dir():
            errors.append(f"{folder.name}, which {LESSONS_VARIABLE} names, is not a folder.")
            continue
        paths = sorted(folder.glob("*.toml"))
        if len(paths) > MAX_FILES:
            errors.append(f"{folder.name} has {len(paths):,} lessons; only the first {MAX_FILES} are read.")
        for path in paths[:MAX_FILES]:
            try:
                lesson = _read(path, path.stat().st_mtime_ns)
            except (OSError, LessonError) as error:
                explained = isinstance(error, LessonError)
                errors.append(str(error) if explained else f"{path.name}: {plain_reason(error)}.")
            else:
                lessons.setdefault(lesson.key, lesson)
    return lessons, errors


@lru_cache(maxsize=2 * MAX_FILES)
def _read(path: Path, _modified_ns: int) -> Lesson:
    """Read a lesson; cached until the file's time of modification changes."""
    if not path.is_file():  # reading a pipe would block
        raise LessonError(f"{path.name}: not a regular file.")
    if path.stat().st_size > MAX_FILE_BYTES:
        raise LessonError(f"{path.name}: larger than {MAX_FILE_BYTES:,} bytes, the limit for a lesson.")
    try:
        return parse(path.stem, path.read_text(encoding="utf-8"))
    except (LessonError, UnicodeDecodeError) as error:
        text = str(error) if isinstance(error, LessonError) else f"byte {error.start:,} is not UTF-8."
        raise LessonError(f"{path.name}: {text}") from None


def parse(key: str, text: str) -> Lesson:
    """Parse the text of a lesson file.

    Args:
        key: key of the lesson.
        text: TOML.

    Returns:
        The lesson.

    Raises:
        LessonError: when the text is not a lesson.
    """
    if max(map(len, text.splitlines()), default=0) > MAX_LINE_LENGTH:
        raise LessonError(f"a line is longer than {MAX_LINE_LENGTH:,} characters")
    try:
        toml = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"at line \d+, column \d+", str(error))
        raise LessonError(f"this is not valid TOML{f' {place[0]}' if place else ''}") from None
    table = _Table(toml, "the lesson", {"title", "words", "steps"})
    step_tables = table.get("steps", list)
    if not 1 <= len(step_tables) <= MAX_STEPS or not all(isinstance(step, dict) for step in step_tables):
        raise LessonError(f"a lesson must have 1 to {MAX_STEPS} [[steps]]")
    steps = tuple(_parse_step(step, f"step {i}") for i, step in enumerate(step_tables, 1))
    return Lesson(key, _parse_title(table, "the lesson"), table.get("words", str, ""), steps)


def _parse_step(toml: dict[str, Any], where: str) -> Step:
    table = _Table(toml, where, {"title", "words", "minutes", "open", "question", "done"})
    title = _parse_title(table, where)
    where = f"{where} ({title})"
    page, _, query = table.get("open", str).partition("?")
    if not re.fullmatch(r"[a-z_]+", page):
        raise LessonError(f'{where}: open must be a page and settings, as "triplets?margin=0.5", not {page[:40]!r}')
    try:
        link = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_LINK_SETTINGS))
    except ValueError:
        raise LessonError(f"{where}: open may have at most {MAX_LINK_SETTINGS} settings") from None
    conditions = table.get("done", list, [])
    if len(conditions) > MAX_CONDITIONS:
        raise LessonError(f"{where}: done may have at most {MAX_CONDITIONS} conditions")
    minutes = table.get("minutes", (int, float), 5)
    if not 0 < minutes <= 600:
        raise LessonError(f"{where}: minutes must be above 0 and at most 600")
    question_toml = table.get("question", dict, {})
    question = _parse_question(question_toml, f"{where}, its question") if question_toml else None
    if question is not None and not question.choices and page != PLANE_PAGE:
        raise LessonError(f"{where}: a question with a place must open the page {PLANE_PAGE}")
    return Step(
        title=title,
        words=table.get("words", str),
        minutes=minutes,
        page=page,
        link=link,
        question=question,
        done=tuple(_parse_condition(text, where) for text in conditions),
    )


def _parse_title(table: "_Table", where: str) -> str:
    title: str = table.get("title", str)
    if len(title) > MAX_TITLE_LENGTH:
        raise LessonError(f"{where}: a title may have at most {MAX_TITLE_LENGTH} characters")
    return title


def _parse_question(toml: dict[str, Any], where: str) -> Question:
    table = _Table(toml, where, {"words", "choices", "right", "place", "answer"})
    words, answer = table.get("words", str), table.get("answer", str, "")
    if "place" in toml:
        place = table.get("place", list)
        if len(place) != 2 or not all(type(x) in (int, float) and -1 <= x <= 1 for x in place):
            raise LessonError(f"{where}: place must be [s_n, s_p], two numbers from -1 to 1")
        return Question(words, (), (float(place[0]), float(place[1])), answer)
    choices, right = table.get("choices", list), table.get("right", int) if "right" in toml else None
    if not CHOICES[0] <= len(choices) <= CHOICES[1] or not all(_is_short_text(choice) for choice in choices):
        raise LessonError(
            f"{where}: choices must be {CHOICES[0]} to {CHOICES[1]} texts of at most {MAX_TITLE_LENGTH} characters"
        )
    if len(set(choices)) < len(choices):
        raise LessonError(f"{where}: two choices are the same")
    if right is not None and not 1 <= right <= len(choices):
        raise LessonError(f"{where}: right must be the number of the correct choice, from 1 to {len(choices)}")
    return Question(words, tuple(choices), None if right is None else right - 1, answer)


def _is_short_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= MAX_TITLE_LENGTH


_CONDITION = re.compile(r"\s*(\w+)\s*(>=|<=|>|<|\bis not\b|\bis\b)\s*(.+?)\s*")


def _parse_condition(condition: Any, where: str) -> Condition:
    match = _CONDITION.fullmatch(condition) if isinstance(condition, str) else None
    if match is None:
        raise LessonError(
            f'{where}: done must be texts such as "margin >= 0.5" or "loss is circle", not {condition!r:.100}'
        )
    fact, relation, value = match.groups()
    try:
        return Condition(fact, relation, float(value))
    except ValueError:
        if relation not in ("is", "is not"):
            raise LessonError(f"{where}: {condition!r} must use a number, or is, or is not") from None
        return Condition(fact, relation, value)


def _as_text(value: Any) -> str:
    """Return a fact as the text of a lesson file has it: True as "true"."""
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Table:
    """A table of the file; its errors say where it stands."""

    def __init__(self, toml: dict[str, Any], where: str, known: set[str]) -> None:
        self._toml, self._where = toml, where
        if unknown := sorted(set(toml) - known):
            raise LessonError(f"{where} has an unknown {unknown[0][:40]!r}; it may have {', '.join(sorted(known))}")

    def get(self, name: str, expected_type: Any, default: Any = None) -> Any:
        """Return a value of the table; LessonError if it has another type, or is missing and has no default."""
        value = self._toml.get(name, default)
        if value is None:
            raise LessonError(f"{self._where} has no {name}")
        if not isinstance(value, expected_type) or isinstance(value, bool):
            type_names = {str: "a text", int: "a whole number", list: "a list", dict: "a table"}
            raise LessonError(f"{self._where}: {name} must be {type_names.get(expected_type, 'a number')}")
        return value
