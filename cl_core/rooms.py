"""Rooms: what everyone who opened the same link has answered, kept in memory, with nobody's name.

A server's rooms are its own: they end with it, and another server knows nothing of them.
"""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,22})[a-z0-9]")
ROOMS = 500  # of one server
QUESTIONS = 100  # of one room
VISITORS = 1000  # of one question
IDLE = 4 * 3600.0  # seconds without an answer after which a room makes way for new ones

Answer = int | tuple[float, float]


class RoomError(ValueError):
    """An answer that can't be taken; its text says why, for whoever gave it."""


@dataclass(eq=False)
class _Room:
    used: float
    answers: dict[str, dict[str, Answer]] = field(default_factory=dict)  # by question, and by visitor


def name_of(text: str) -> str | None:
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

    def commit(self, room: str, question: str, visitor: str, answer: Answer) -> Answer:
        """Take a visitor's answer, of which only the first counts; the one that counts.

        Raises ValueError for what is no name of a room, and RoomError where there is no place left.
        """
        if name_of(room) != room:
            raise ValueError(f"{room!r} is no name of a room")
        with self._lock:
            answers = self._of(room).answers
            if question not in answers and len(answers) >= QUESTIONS:
                raise RoomError(f"This room has had {QUESTIONS} questions; open another one.")
            given = answers.setdefault(question, {})
            if visitor not in given and len(given) >= VISITORS:
                raise RoomError(f"{VISITORS:,} visitors of this room have answered already.")
            return given.setdefault(visitor, answer)

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
        if name not in self._rooms:
            if len(self._rooms) >= ROOMS:
                self._rooms = {key: room for key, room in self._rooms.items() if now - room.used < IDLE}
            if len(self._rooms) >= ROOMS:
                raise RoomError(f"This server holds {ROOMS} rooms already. Try again later, or go on without a room.")
            self._rooms[name] = _Room(now)
        self._rooms[name].used = now
        return self._rooms[name]
