"""Rooms count one anonymous answer per visitor and question, with limits on rooms, questions and answers."""

import threading

import pytest

from cl_core.teaching import rooms
from cl_core.teaching.rooms import RoomError, Rooms, room_name


@pytest.mark.parametrize(
    ("text", "name"),
    [("class-7", "class-7"), (" ABC ", "abc"), ("ab", None), ("-ab", None), ("ab-", None), ("a" * 25, None),
     ("a b", None), ("", None), ("<script>", None), ("äöü", None), ("abc\n", "abc"), ("a\x00b", None)],
)  # fmt: skip
def test_room_name_is_normalised_or_refused(text, name):
    assert room_name(text) == name


def test_first_answer_counts_and_rooms_are_separate():
    registry = Rooms()
    assert registry.answers("abc", "q") == ()
    assert registry.submit("abc", "q", "one", 2) == 2
    assert registry.submit("abc", "q", "one", 0) == 2
    registry.submit("abc", "q", "two", 1)
    registry.submit("abc", "other", "two", (0.25, -1.0))
    registry.submit("xyz", "q", "one", 3)
    assert registry.answers("abc", "q") == (2, 1)
    assert registry.answers("abc", "other") == ((0.25, -1.0),)
    assert registry.answers("xyz", "q") == (3,)
    with pytest.raises(ValueError, match="no name"):
        registry.submit("ABC", "q", "one", 1)


def test_rooms_questions_and_answers_are_limited(monkeypatch):
    monkeypatch.setattr(rooms, "MAX_ROOMS", 2)
    monkeypatch.setattr(rooms, "MAX_QUESTIONS", 2)
    monkeypatch.setattr(rooms, "MAX_VISITORS", 2)
    now = [0.0]
    registry = Rooms(lambda: now[0])
    for visitor in ("one", "two"):
        registry.submit("abc", "q", visitor, 1)
    with pytest.raises(RoomError, match="already answered"):
        registry.submit("abc", "q", "three", 1)
    assert registry.submit("abc", "q", "one", 0) == 1
    registry.submit("abc", "q2", "one", 1)
    with pytest.raises(RoomError, match="questions"):
        registry.submit("abc", "q3", "one", 1)
    registry.submit("def", "q", "one", 1)
    with pytest.raises(RoomError, match="rooms"):
        registry.submit("ghi", "q", "one", 1)
    now[0] = rooms.IDLE_SECONDS - 1
    registry.submit("def", "q", "two", 1)
    now[0] = rooms.IDLE_SECONDS + 1
    registry.submit("ghi", "q", "one", 1)  # replaces the idle room
    assert registry.answers("abc", "q") == ()
    assert len(registry.answers("def", "q")) == 2


def test_answers_from_many_threads_are_all_counted():
    registry = Rooms()

    def answer(visitor):
        for question in range(20):
            registry.submit("abc", str(question), str(visitor), visitor % 4)

    threads = [threading.Thread(target=answer, args=(visitor,)) for visitor in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for question in range(20):
        assert sorted(registry.answers("abc", str(question))) == sorted(visitor % 4 for visitor in range(16))
