"""Lessons: plain files in assets/lessons, one step after another, each with a view to open and something to do there.

A lesson is a TOML file; assets/lessons/README.md says what may stand in it.
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

FOLDER = datasets.ASSETS / "lessons"
LESSONS_VARIABLE = "CL_LAB_LESSONS"  # names a folder with a teacher's own lessons, which come first
FILES = 50  # of a folder
SIZE = 200_000  # bytes of a file
LINE = 2000  # letters; of longer names and numbers TOML's reader takes gigabytes, or fails in other ways than its own
STEPS = 40
TITLE = 200  # letters
SETTINGS = 64  # of a link
CONDITIONS = 20  # of a step
CHOICES = (2, 6)
PLANE = "boundaries"  # the page whose plane can be clicked on for an answer


class LessonError(ValueError):
    """A lesson that can't be read; its text says which, where and why."""


@dataclass(frozen=True)
class Condition:
    """What a step waits for: a fact of the page, and what it is to be."""

    fact: str
    relation: str
    value: float | str

    def holds(self, facts: Mapping[str, Any]) -> bool:
        """Whether the facts are so; a fact that is not there is not so."""
        if self.fact not in facts:
            return False
        there = facts[self.fact]
        if isinstance(self.value, str):
            same = _text(there) == self.value
            return same if self.relation == "is" else not same
        if isinstance(there, bool) or not isinstance(there, (int, float)):
            return False
        compared = {
            "is": there == self.value, "is not": there != self.value, ">": there > self.value,
            "<": there < self.value, ">=": there >= self.value, "<=": there <= self.value,
        }  # fmt: skip
        return bool(compared[self.relation])


@dataclass(frozen=True)
class Question:
    """Something to commit oneself to before it is shown.

    Attributes:
        words: Markdown.
        choices: what there is to choose from; empty for a question that is answered by a click on the plane.
        right: the place of the right one among the choices, from 0; for a click, the right (s_n, s_p); None where that
            is not told yet, or nothing is.
        answer: Markdown, shown afterwards.
    """

    words: str
    choices: tuple[str, ...]
    right: int | tuple[float, float] | None
    answer: str


@dataclass(frozen=True)
class Step:
    """One step of a lesson.

    Attributes:
        title, words: what it is called, and what to try; Markdown.
        minutes: how long it takes in class.
        page: of the app, as in its address.
        link: settings of that page by name.
        question: None where there is none.
        done: what has to be so, all of it; empty where that is for the visitor to say.
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
    """A lesson: `key` is its file's name, `words` is Markdown."""

    key: str
    title: str
    words: str
    steps: tuple[Step, ...]

    @property
    def minutes(self) -> float:
        """How long all of it takes."""
        return sum(step.minutes for step in self.steps)


def folders() -> list[Path]:
    """Where lessons are looked for."""
    own = os.environ.get(LESSONS_VARIABLE)
    return [*([Path(own)] if own else []), FOLDER]


def available() -> tuple[dict[str, Lesson], list[str]]:
    """Every lesson by its key, and in words what is wrong with files that are none."""
    found: dict[str, Lesson] = {}
    faults = []
    for folder in folders():
        if not folder.is_dir():
            faults.append(f"{folder.name}, which {LESSONS_VARIABLE} names, is no folder.")
            continue
        listed = sorted(folder.glob("*.toml"))
        if len(listed) > FILES:
            faults.append(f"{folder.name} has {len(listed):,} lessons, of which {FILES} are read.")
        for path in listed[:FILES]:
            try:
                lesson = _read(path, path.stat().st_mtime_ns)
            except OSError as error:
                faults.append(f"{path.name}: {error.strerror}")
            except LessonError as error:
                faults.append(str(error))
            else:
                found.setdefault(lesson.key, lesson)
    return found, faults


@lru_cache(maxsize=2 * FILES)
def _read(path: Path, _stamp: int) -> Lesson:
    if not path.is_file():  # a pipe would be waited for
        raise LessonError(f"{path.name}: no ordinary file.")
    if path.stat().st_size > SIZE:
        raise LessonError(f"{path.name}: larger than {SIZE:,} bytes, which no lesson is.")
    try:
        return parse(path.stem, path.read_text(encoding="utf-8"))
    except (LessonError, UnicodeDecodeError) as error:
        raise LessonError(f"{path.name}: {error}") from None


def parse(key: str, text: str) -> Lesson:
    """A lesson from the text of its file; LessonError, in words, for what is none."""
    if max(map(len, text.splitlines()), default=0) > LINE:
        raise LessonError(f"a line has {LINE:,} letters at most")
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise LessonError(f"this is no TOML: {error}") from None
    parts = _Table(table, "the lesson", {"title", "words", "steps"})
    steps = parts.get("steps", list)
    if not 1 <= len(steps) <= STEPS or not all(isinstance(step, dict) for step in steps):
        raise LessonError(f"a lesson has 1 to {STEPS} [[steps]]")
    made = tuple(_step(step, f"step {i}") for i, step in enumerate(steps, 1))
    return Lesson(key, _title(parts, "the lesson"), parts.get("words", str, ""), made)


def _step(table: dict[str, Any], where: str) -> Step:
    parts = _Table(table, where, {"title", "words", "minutes", "open", "question", "done"})
    title = _title(parts, where)
    where = f"{where} ({title})"
    page, _, query = parts.get("open", str).partition("?")
    if not re.fullmatch(r"[a-z_]+", page):
        raise LessonError(f'{where}: open names a page and its settings, as "triplets?margin=0.5", not {page[:40]!r}')
    try:
        link = dict(parse_qsl(query, keep_blank_values=True, max_num_fields=SETTINGS))
    except ValueError:
        raise LessonError(f"{where}: open has {SETTINGS} settings at most") from None
    waits = parts.get("done", list, [])
    if len(waits) > CONDITIONS:
        raise LessonError(f"{where}: done has {CONDITIONS} texts at most")
    minutes = parts.get("minutes", (int, float), 5)
    if not 0 < minutes <= 600:
        raise LessonError(f"{where}: minutes lie between 0 and 600")
    asked = parts.get("question", dict, {})
    question = _question(asked, f"{where}, its question") if asked else None
    if question is not None and not question.choices and page != PLANE:
        raise LessonError(f"{where}: a place is answered on the page {PLANE}, so that is what it must open")
    return Step(
        title=title,
        words=parts.get("words", str),
        minutes=minutes,
        page=page,
        link=link,
        question=question,
        done=tuple(_condition(line, where) for line in waits),
    )


def _title(parts: "_Table", where: str) -> str:
    title: str = parts.get("title", str)
    if len(title) > TITLE:
        raise LessonError(f"{where}: a title has {TITLE} letters at most")
    return title


def _question(table: dict[str, Any], where: str) -> Question:
    parts = _Table(table, where, {"words", "choices", "right", "place", "answer"})
    words, answer = parts.get("words", str), parts.get("answer", str, "")
    if "place" in table:
        place = parts.get("place", list)
        if len(place) != 2 or not all(type(x) in (int, float) and -1 <= x <= 1 for x in place):
            raise LessonError(f"{where}: place is [s_n, s_p], two numbers from -1 to 1")
        return Question(words, (), (float(place[0]), float(place[1])), answer)
    choices, right = parts.get("choices", list), parts.get("right", int) if "right" in table else None
    if not CHOICES[0] <= len(choices) <= CHOICES[1] or not all(_short(choice) for choice in choices):
        raise LessonError(f"{where}: there are {CHOICES[0]} to {CHOICES[1]} choices, each a text of {TITLE} letters")
    if len(set(choices)) < len(choices):
        raise LessonError(f"{where}: no two choices are the same")
    if right is not None and not 1 <= right <= len(choices):
        raise LessonError(f"{where}: right is the number of the right choice, from 1 to {len(choices)}")
    return Question(words, tuple(choices), None if right is None else right - 1, answer)


def _short(choice: Any) -> bool:
    return isinstance(choice, str) and len(choice) <= TITLE


_CONDITION = re.compile(r"\s*(\w+)\s*(>=|<=|>|<|\bis not\b|\bis\b)\s*(.+?)\s*")


def _condition(line: Any, where: str) -> Condition:
    found = _CONDITION.fullmatch(line) if isinstance(line, str) else None
    if found is None:
        raise LessonError(
            f'{where}: done is a list of texts such as "margin >= 0.5" or "loss is circle", not {line!r:.100}'
        )
    fact, relation, text = found.groups()
    try:
        return Condition(fact, relation, float(text))
    except ValueError:
        if relation not in ("is", "is not"):
            raise LessonError(f"{where}: {line!r} compares with a number, or says is or is not") from None
        return Condition(fact, relation, text)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


class _Table:
    """A table of the file, whose faults are said with its place."""

    def __init__(self, table: dict[str, Any], where: str, known: set[str]) -> None:
        self._table, self._where = table, where
        if strange := sorted(set(table) - known):
            raise LessonError(f"{where} has {strange[0][:40]!r}; it may have {', '.join(sorted(known))}")

    def get(self, name: str, kind: Any, default: Any = None) -> Any:
        value = self._table.get(name, default)
        if value is None:
            raise LessonError(f"{self._where} has no {name}")
        if not isinstance(value, kind) or isinstance(value, bool):
            kinds = {str: "a text", int: "a whole number", list: "a list", dict: "a table"}
            raise LessonError(f"{self._where}: {name} must be {kinds.get(kind, 'a number')}")
        return value
