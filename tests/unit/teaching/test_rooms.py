"""Answers of a class: counted once, without names, and without end to nobody's memory."""

import threading

import pytest

from cl_core.teaching import rooms
from cl_core.teaching.rooms import RoomError, Rooms, room_name


@pytest.mark.parametrize(
    ("text", "name"),
    [("class-7", "class-7"), (" ABC ", "abc"), ("ab", None), ("-ab", None), ("ab-", None), ("a" * 25, None),
     ("a b", None), ("", None), ("<script>", None), ("äöü", None), ("abc\n", "abc"), ("a\x00b", None)],
)  # fmt: skip
def test_a_name_is_short_and_plain(text, name):
    assert room_name(text) == name


def test_the_first_answer_counts_and_rooms_are_apart():
    every = Rooms()
    assert every.answers("abc", "q") == ()
    assert every.submit("abc", "q", "one", 2) == 2
    assert every.submit("abc", "q", "one", 0) == 2
    every.submit("abc", "q", "two", 1)
    every.submit("abc", "other", "two", (0.25, -1.0))
    every.submit("xyz", "q", "one", 3)
    assert every.answers("abc", "q") == (2, 1)
    assert every.answers("abc", "other") == ((0.25, -1.0),)
    assert every.answers("xyz", "q") == (3,)
    with pytest.raises(ValueError, match="no name"):
        every.submit("ABC", "q", "one", 1)


def test_there_is_an_end_to_rooms_questions_and_answers(monkeypatch):
    monkeypatch.setattr(rooms, "MAX_ROOMS", 2)
    monkeypatch.setattr(rooms, "MAX_QUESTIONS", 2)
    monkeypatch.setattr(rooms, "MAX_VISITORS", 2)
    now = [0.0]
    every = Rooms(lambda: now[0])
    for visitor in ("one", "two"):
        every.submit("abc", "q", visitor, 1)
    with pytest.raises(RoomError, match="have answered"):
        every.submit("abc", "q", "three", 1)
    assert every.submit("abc", "q", "one", 0) == 1
    every.submit("abc", "q2", "one", 1)
    with pytest.raises(RoomError, match="questions"):
        every.submit("abc", "q3", "one", 1)
    every.submit("def", "q", "one", 1)
    with pytest.raises(RoomError, match="rooms"):
        every.submit("ghi", "q", "one", 1)
    now[0] = rooms.IDLE_SECONDS - 1
    every.submit("def", "q", "two", 1)
    now[0] = rooms.IDLE_SECONDS + 1
    every.submit("ghi", "q", "one", 1)  # the one that was idle makes way
    assert every.answers("abc", "q") == ()
    assert len(every.answers("def", "q")) == 2


def test_many_at_once():
    every = Rooms()

    def answer(who):
        for question in range(20):
            every.submit("abc", str(question), str(who), who % 4)

    threads = [threading.Thread(target=answer, args=(who,)) for who in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for question in range(20):
        assert sorted(every.answers("abc", str(question))) == sorted(who % 4 for who in range(16))
