"""Turns at the workers: everybody has the same share, whoever asks for how much."""

import threading
import time
from concurrent.futures import BrokenExecutor, CancelledError, Future, wait

import pytest

from cl_core.runtime import fair_queue
from cl_core.runtime.fair_queue import FairQueue
from tests.executors import DyingExecutor, ImmediateExecutor, ThreadExecutor


class Hand(ThreadExecutor):
    """Does nothing by itself: `finish` says when the oldest piece of work is done, and how long it took."""

    size = 1

    def __init__(self):
        super().__init__()
        self.asked: list[tuple[Future, str]] = []

    def submit(self, task, /, *arguments, **named):
        self.asked.append((Future(), arguments[1]))
        return self.asked[-1][0]

    def finish(self, seconds: float = 1.0) -> str:
        future, name = self.asked.pop(0)
        future.set_result((seconds, name))
        return name


def named(name: str) -> str:
    return name


def test_whoever_has_had_the_least_is_next():
    hand = Hand()
    shared = FairQueue(hand)
    greedy, modest = shared.client(), shared.client()
    for i in range(20):
        greedy.submit(named, f"greedy {i}")
    for i in range(4):
        modest.submit(named, f"modest {i}")
    order = [hand.finish().split()[0] for _ in range(24)]
    assert order[:2] == ["greedy"] * 2  # before anybody else came
    assert order[2:10].count("modest") == 4
    assert shared.counts == (0, 0)


def test_a_turn_is_put_down_by_its_time_not_as_one():
    hand = Hand()
    shared = FairQueue(hand)
    seats = {name: shared.client() for name in ("long", "short")}
    for name, seat in seats.items():
        for _ in range(40):
            seat.submit(named, name)
    served = dict.fromkeys(seats, 0.0)
    for _ in range(44):
        name = hand.asked[0][1]
        seconds = 3.0 if name == "long" else 1.0
        hand.finish(seconds)
        served[name] += seconds
    assert abs(served["long"] - served["short"]) <= 6


def test_whoever_comes_back_is_level_with_those_at_work():
    hand = Hand()
    shared = FairQueue(hand)
    steady, idle = shared.client(), shared.client()
    for _ in range(50):
        steady.submit(named, "steady")
    for _ in range(30):
        hand.finish()
    for _ in range(20):
        idle.submit(named, "idle")
    order = [hand.finish() for _ in range(20)]
    assert 9 <= order.count("steady") <= 12  # of the time that was not used nothing is made up for


def test_what_has_no_seat_comes_soon_and_takes_turns_too():
    hand = Hand()
    shared = FairQueue(hand)
    seat = shared.client()
    for _ in range(9):
        seat.submit(named, "run")
    for _ in range(4):
        hand.finish()
    shared.submit(named, "file")
    assert "file" in [hand.finish() for _ in range(4)]


def test_the_workers_are_never_given_more_than_one_piece_to_go_on_with():
    hand = Hand()
    shared = FairQueue(hand)
    for i in range(7):
        shared.submit(named, str(i))
    assert len(hand.asked) == 2
    assert shared.counts == (2, 5)
    hand.finish()
    assert len(hand.asked) == 2


def test_pieces_are_shorter_the_more_want_one():
    hand = Hand()
    shared = FairQueue(hand)
    assert shared.time_slice(0.6) == 0.6
    for i in range(10):
        shared.client().submit(named, str(i))
    assert shared.time_slice(0.6) == fair_queue.ROUND / 10
    for i in range(90):
        shared.client().submit(named, str(i))
    assert shared.time_slice(0.6) == fair_queue.SHORTEST


def test_what_goes_wrong_is_the_futures_to_say():
    def fails():
        raise ValueError("no")

    seat = FairQueue(ImmediateExecutor()).client()
    with pytest.raises(ValueError, match="no"):
        seat.submit(fails).result()
    assert seat.submit(named, "after").result() == "after"

    class Broken(ThreadExecutor):
        def submit(self, task, /, *arguments, **named):
            raise BrokenExecutor("gone")

    with pytest.raises(BrokenExecutor):
        FairQueue(Broken()).submit(named, "x").result()
    dying = FairQueue(DyingExecutor(lambda name, before: before == 0)).client()
    with pytest.raises(BrokenExecutor):
        dying.submit(named, "x").result(timeout=10)
    assert dying.submit(named, "y").result(timeout=10) == "y"


def test_whoever_lost_a_worker_is_tried_alone():
    hand = Hand()
    shared = FairQueue(hand)
    killer, other = shared.client(), shared.client()
    first = [killer.submit(named, "killer"), other.submit(named, "other")]
    for future, _ in hand.asked[:]:
        hand.asked.pop(0)
        future.set_exception(BrokenExecutor("gone"))
    for future in first:
        with pytest.raises(BrokenExecutor):
            future.result()
    third = shared.client().submit(named, "third")
    again = [killer.submit(named, "killer"), other.submit(named, "other")]
    assert [name for _, name in hand.asked] == ["third"]
    hand.finish()
    assert third.done()
    assert [name for _, name in hand.asked] == ["killer"]
    hand.asked.pop(0)[0].set_exception(BrokenExecutor("gone"))
    assert [name for _, name in hand.asked] == ["other"]  # which has lost nothing by it
    hand.finish()
    assert again[1].result() == "other"
    other.submit(named, "other")
    shared.submit(named, "third")
    assert len(hand.asked) == 2  # in good company again


def test_work_that_is_called_off_holds_up_nobody():
    hand = Hand()
    shared = FairQueue(hand)
    futures = [shared.submit(named, str(i)) for i in range(5)]
    assert [each.cancel() for each in futures[2:4]] == [True, True]
    done = [hand.finish() for _ in range(3)]
    assert done == ["0", "1", "4"]
    assert shared.counts == (0, 0)


def test_the_end_calls_off_what_waits():
    hand = Hand()
    shared = FairQueue(hand)
    futures = [shared.submit(named, str(i)) for i in range(5)]
    shared.shutdown(cancel_futures=True)
    with pytest.raises(CancelledError):
        futures[4].result(timeout=10)
    assert not futures[0].done()  # the workers have it


def test_many_threads_at_once_lose_nothing():
    shared = FairQueue(ThreadExecutor())
    futures: list[Future] = []

    def ask():
        seat = shared.client()
        futures.extend(seat.submit(time.sleep, 0) for _ in range(50))

    asking = [threading.Thread(target=ask) for _ in range(8)]
    for each in asking:
        each.start()
    for each in asking:
        each.join()
    assert not wait(futures, timeout=60).not_done
    assert len(futures) == 400
    assert shared.counts == (0, 0)
    shared.shutdown()
