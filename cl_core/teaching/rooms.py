"""Rooms: the anonymous answers of all visitors who opened the same link, held in memory.

The rooms belong to one server process: they end with it, and another server does not have them.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

from cl_core.data.errors import ExplainedError

ROOM_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,22})[a-z0-9]")
MAX_ROOMS = 500  # of one server
MAX_QUESTIONS = 100  # of one room
MAX_VISITORS = 1000  # of one question
MAX_ANSWERS = 200_000  # in all rooms
MAX_CHOICES = 100  # of a question
MAX_ID_LENGTH = 400  # letters, of the identifier of a question or a visitor
IDLE_SECONDS = 4 * 3600.0  # time without an answer after which a room may be removed

Answer = int | tuple[float, float]  # index of a choice, or (s_n, s_p) on the plane


class RoomError(ExplainedError):
    """An answer that was not accepted because a limit is reached; the message is shown to the visitor."""


@dataclass(eq=False)
class _Room:
    last_used: float
    answers: dict[str, dict[str, Answer]] = field(default_factory=dict)  # by question, and by visitor

    @property
    def has_at_most_one_visitor(self) -> bool:
        """Whether no more than one visitor has answered a question of the room."""
        return len({visitor for by_visitor in self.answers.values() for visitor in islice(by_visitor, 2)}) < 2

    def __len__(self) -> int:
        return sum(map(len, self.answers.values()))


def room_name(text: str) -> str | None:
    """Normalise the name of a room.

    Args:
        text: name from a link or from a text field.

    Returns:
        The name in lower case; None if it is not valid: 3 to 24 letters, digits and hyphens, no hyphen at its ends.
    """
    name = text.strip().lower()
    return name if ROOM_NAME.fullmatch(name) else None


class Rooms:
    """The answers of a server's visitors, by room and question. Thread-safe.

    Args:
        clock: returns the time in seconds; tests replace it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rooms: dict[str, _Room] = {}
        self._count = 0  # answers in all rooms

    def submit(self, room: str, question: str, visitor: str, answer: Answer) -> Answer:
        """Store the answer of a visitor; only the first answer to a question counts.

        Args:
            room: name of the room, as `room_name` returns it; a new room is opened.
            question: identifier of the question.
            visitor: identifier of the visitor.
            answer: index of the choice, or (s_n, s_p) on the plane, each from -1 to 1.

        Returns:
            The answer that counts: the visitor's first.

        Raises:
            ValueError: when the name, an identifier or the answer is not valid.
            RoomError: when the server, the room or the question has no space left.
        """
        if room_name(room) != room:
            raise ValueError(f"{room!r:.40} is no name of a room")
        if max(len(question), len(visitor)) > MAX_ID_LENGTH:
            raise ValueError(f"a question or a visitor is named by {MAX_ID_LENGTH} letters at most")
        if not _is_answer(answer):
            raise ValueError(f"{answer!r:.40} is no answer")
        with self._lock:
            answers = self._get_or_open(room).answers
            if question not in answers and len(answers) >= MAX_QUESTIONS:
                raise RoomError(f"This room has reached its limit of {MAX_QUESTIONS} questions. Open another room.")
            by_visitor = answers.get(question, {})
            if visitor in by_visitor:
                return by_visitor[visitor]
            if len(by_visitor) >= MAX_VISITORS:
                raise RoomError(f"{MAX_VISITORS:,} visitors have already answered this question, which is the limit.")
            if self._count >= MAX_ANSWERS:
                raise RoomError("This server cannot store more answers. Try again later, or continue without a room.")
            self._count += 1
            return answers.setdefault(question, by_visitor).setdefault(visitor, answer)

    def answers(self, room: str, question: str) -> tuple[Answer, ...]:
        """Return all answers to a question so far.

        Args:
            room: name of the room.
            question: identifier of the question.

        Returns:
            The answers in order of arrival; empty if there is no such room or question.
        """
        with self._lock:
            existing = self._rooms.get(room)
            return tuple(existing.answers.get(question, {}).values()) if existing else ()

    def _get_or_open(self, name: str) -> _Room:
        """Return a room, opened if need be; RoomError if the server has no space left (lock held)."""
        now = self._clock()
        if name in self._rooms:
            self._rooms[name].last_used = now
        if self._count >= MAX_ANSWERS or (name not in self._rooms and len(self._rooms) >= MAX_ROOMS):
            self._remove_idle(now)
        if name not in self._rooms and len(self._rooms) >= MAX_ROOMS:
            raise RoomError(f"This server has {MAX_ROOMS} rooms already. Try again later, or continue without a room.")
        return self._rooms.setdefault(name, _Room(now))

    def _remove_idle(self, now: float) -> None:
        """Remove idle rooms; if no space is free then, the least recently used room with a single visitor (lock held).

        A room with a single visitor is no class. Removing it keeps one visitor from occupying all rooms.
        """
        self._rooms = {key: room for key, room in self._rooms.items() if now - room.last_used < IDLE_SECONDS}
        removable = [key for key, room in self._rooms.items() if room.has_at_most_one_visitor and room.last_used < now]
        if len(self._rooms) >= MAX_ROOMS and removable:
            del self._rooms[min(removable, key=lambda key: self._rooms[key].last_used)]
        self._count = sum(map(len, self._rooms.values()))


def _is_answer(answer: object) -> bool:
    """Return whether a value is the index of a choice, or a point of the plane."""
    if isinstance(answer, tuple):
        return len(answer) == 2 and all(isinstance(x, (int, float)) and -1 <= x <= 1 for x in answer)
    return type(answer) is int and 0 <= answer < MAX_CHOICES
