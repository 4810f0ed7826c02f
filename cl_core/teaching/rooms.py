"""Rooms: what everyone who opened the same link has answered, kept in memory, with nobody's name.

A server's rooms are its own: they end with it, and another server knows nothing of them.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import islice

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,22})[a-z0-9]")
ROOMS = 500  # of one server
QUESTIONS = 100  # of one room
VISITORS = 1000  # of one question
ANSWERS = 200_000  # in all rooms
CHOICES = 100  # of a question
TEXT = 400  # letters of what names a question, or a visitor
IDLE = 4 * 3600.0  # seconds without an answer after which a room makes way for new ones

Answer = int | tuple[float, float]


class RoomError(ValueError):
    """An answer that can't be taken; its text says why, for whoever gave it."""


@dataclass(eq=False)
class _Room:
    used: float
    answers: dict[str, dict[str, Answer]] = field(default_factory=dict)  # by question, and by visitor

    @property
    def alone(self) -> bool:
        """Whether a single visitor has answered here, or nobody."""
        return len({visitor for given in self.answers.values() for visitor in islice(given, 2)}) < 2

    def __len__(self) -> int:
        return sum(map(len, self.answers.values()))


def room_name(text: str) -> str | None:
    """The room that a link names, in lower case; None for what is no name: 3 to 24 letters, digits and hyphens."""
    name = text.strip().lower()
    return name if NAME.fullmatch(name) else None


class Rooms:
    """The answers of a server's visitors, by room and question. Safe to use from several threads.

    clock: seconds, for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._rooms: dict[str, _Room] = {}
        self._count = 0  # answers in all of them

    def submit(self, room: str, question: str, visitor: str, answer: Answer) -> Answer:
        """Take a visitor's answer, of which only the first counts; the one that counts.

        Raises ValueError for what is no name of a room, no answer, or has too long a name, and RoomError where there is
        no place left.
        """
        if room_name(room) != room:
            raise ValueError(f"{room!r:.40} is no name of a room")
        if max(len(question), len(visitor)) > TEXT:
            raise ValueError(f"a question or a visitor is named by {TEXT} letters at most")
        if not _is_answer(answer):
            raise ValueError(f"{answer!r:.40} is no answer")
        with self._lock:
            answers = self._of(room).answers
            if question not in answers and len(answers) >= QUESTIONS:
                raise RoomError(f"This room has had {QUESTIONS} questions; open another one.")
            given = answers.get(question, {})
            if visitor in given:
                return given[visitor]
            if len(given) >= VISITORS:
                raise RoomError(f"{VISITORS:,} visitors of this room have answered already.")
            if self._count >= ANSWERS:
                raise RoomError("This server holds no more answers. Try again later, or go on without a room.")
            self._count += 1
            return answers.setdefault(question, given).setdefault(visitor, answer)

    def answers(self, room: str, question: str) -> tuple[Answer, ...]:
        """All answers to a question so far, in the order in which they came."""
        with self._lock:
            found = self._rooms.get(room)
            return tuple(found.answers.get(question, {}).values()) if found else ()

    def answer_of(self, room: str, question: str, visitor: str) -> Answer | None:
        """What this visitor has answered."""
        with self._lock:
            found = self._rooms.get(room)
            return found.answers.get(question, {}).get(visitor) if found else None

    def _of(self, name: str) -> _Room:
        now = self._clock()
        if name in self._rooms:
            self._rooms[name].used = now
        if self._count >= ANSWERS or (name not in self._rooms and len(self._rooms) >= ROOMS):
            self._let_go(now)
        if name not in self._rooms and len(self._rooms) >= ROOMS:
            raise RoomError(f"This server holds {ROOMS} rooms already. Try again later, or go on without a room.")
        return self._rooms.setdefault(name, _Room(now))

    def _let_go(self, now: float) -> None:
        """Forget the rooms that nobody uses; where all are used, the oldest with a single visitor, who is no class.

        So nobody can take all rooms for long, alone.
        """
        self._rooms = {key: room for key, room in self._rooms.items() if now - room.used < IDLE}
        alone = [key for key, room in self._rooms.items() if room.alone and room.used < now]
        if len(self._rooms) >= ROOMS and alone:
            del self._rooms[min(alone, key=lambda key: self._rooms[key].used)]
        self._count = sum(map(len, self._rooms.values()))


def _is_answer(answer: object) -> bool:
    """The number of a choice, or a place on the plane."""
    if isinstance(answer, tuple):
        return len(answer) == 2 and all(isinstance(x, (int, float)) and -1 <= x <= 1 for x in answer)
    return type(answer) is int and 0 <= answer < CHOICES
