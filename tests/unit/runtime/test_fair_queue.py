"""The fair queue: every client gets the same share of the workers, however many tasks it submits."""

import threading
import time
from concurrent.futures import BrokenExecutor, CancelledError, Future, wait

import pytest

from cl_core.runtime import fair_queue
from cl_core.runtime.fair_queue import FairQueue
from tests.executors import DyingExecutor, ImmediateExecutor, ThreadExecutor


class ManualExecutor(ThreadExecutor):
    """Runs nothing: `finish` sets when the oldest task is done, and how long it took."""

    size = 1

    def __init__(self):
        super().__init__()
        self.pending: list[tuple[Future, str]] = []

    def submit(self, task, /, *arguments, **named):
        self.pending.append((Future(), arguments[1]))
        return self.pending[-1][0]

    def finish(self, seconds: float = 1.0) -> str:
        future, name = self.pending.pop(0)
        future.set_result((seconds, name))
        return name


def echo(name: str) -> str:
    return name


def test_fair_queue_serves_least_served_client_first():
    executor = ManualExecutor()
    queue = FairQueue(executor)
    greedy, modest = queue.client(), queue.client()
    for i in range(20):
        greedy.submit(echo, f"greedy {i}")
    for i in range(4):
        modest.submit(echo, f"modest {i}")
    order = [executor.finish().split()[0] for _ in range(24)]
    assert order[:2] == ["greedy"] * 2  # submitted before the other client
    assert order[2:10].count("modest") == 4
    assert queue.counts == (0, 0)


def test_fair_queue_charges_clients_by_processor_time():
    executor = ManualExecutor()
    queue = FairQueue(executor)
    clients = {name: queue.client() for name in ("long", "short")}
    for name, client in clients.items():
        for _ in range(40):
            client.submit(echo, name)
    served = dict.fromkeys(clients, 0.0)
    for _ in range(44):
        name = executor.pending[0][1]
        seconds = 3.0 if name == "long" else 1.0
        executor.finish(seconds)
        served[name] += seconds
    assert abs(served["long"] - served["short"]) <= 6


def test_returning_client_starts_level_with_active_clients():
    executor = ManualExecutor()
    queue = FairQueue(executor)
    steady, idle = queue.client(), queue.client()
    for _ in range(50):
        steady.submit(echo, "steady")
    for _ in range(30):
        executor.finish()
    for _ in range(20):
        idle.submit(echo, "idle")
    order = [executor.finish() for _ in range(20)]
    assert 9 <= order.count("steady") <= 12  # unused time is not saved up


def test_task_without_client_is_served_in_turn():
    executor = ManualExecutor()
    queue = FairQueue(executor)
    client = queue.client()
    for _ in range(9):
        client.submit(echo, "run")
    for _ in range(4):
        executor.finish()
    queue.submit(echo, "file")
    assert "file" in [executor.finish() for _ in range(4)]


def test_workers_get_at_most_one_task_ahead():
    executor = ManualExecutor()
    queue = FairQueue(executor)
    for i in range(7):
        queue.submit(echo, str(i))
    assert len(executor.pending) == 2
    assert queue.counts == (2, 5)
    executor.finish()
    assert len(executor.pending) == 2


def test_time_slice_shrinks_with_the_number_of_clients():
    executor = ManualExecutor()
    queue = FairQueue(executor)
    assert queue.time_slice(0.6) == 0.6
    for i in range(10):
        queue.client().submit(echo, str(i))
    assert queue.time_slice(0.6) == fair_queue.ROUND_SECONDS / 10
    for i in range(90):
        queue.client().submit(echo, str(i))
    assert queue.time_slice(0.6) == fair_queue.MIN_TASK_SECONDS


def test_queue_is_shared_while_two_clients_have_tasks_and_shortly_after(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(fair_queue.time, "monotonic", lambda: now[0])
    executor = ManualExecutor()
    queue = FairQueue(executor)
    one, other = queue.client(), queue.client()
    one.submit(echo, "one")
    one.submit(echo, "one")
    assert not queue.is_shared
    other.submit(echo, "other")
    assert queue.is_shared
    for _ in range(3):
        executor.finish()
    now[0] += fair_queue.SHARED_SECONDS / 2
    assert queue.is_shared, "a client has no task between two of its tasks"
    now[0] += fair_queue.SHARED_SECONDS
    assert not queue.is_shared


def test_errors_are_set_on_the_future():
    def fails():
        raise ValueError("no")

    client = FairQueue(ImmediateExecutor()).client()
    with pytest.raises(ValueError, match="no"):
        client.submit(fails).result()
    assert client.submit(echo, "after").result() == "after"

    class Broken(ThreadExecutor):
        def submit(self, task, /, *arguments, **named):
            raise BrokenExecutor("gone")

    with pytest.raises(BrokenExecutor):
        FairQueue(Broken()).submit(echo, "x").result()
    dying = FairQueue(DyingExecutor(lambda name, before: before == 0)).client()
    with pytest.raises(BrokenExecutor):
        dying.submit(echo, "x").result(timeout=10)
    assert dying.submit(echo, "y").result(timeout=10) == "y"


def test_suspect_client_runs_alone():
    executor = ManualExecutor()
    queue = FairQueue(executor)
    killer, other = queue.client(), queue.client()
    first = [killer.submit(echo, "killer"), other.submit(echo, "other")]
    for future, _ in executor.pending[:]:
        executor.pending.pop(0)
        future.set_exception(BrokenExecutor("gone"))
    for future in first:
        with pytest.raises(BrokenExecutor):
            future.result()
    third = queue.client().submit(echo, "third")
    again = [killer.submit(echo, "killer"), other.submit(echo, "other")]
    assert [name for _, name in executor.pending] == ["third"]
    executor.finish()
    assert third.done()
    assert [name for _, name in executor.pending] == ["killer"]
    executor.pending.pop(0)[0].set_exception(BrokenExecutor("gone"))
    assert [name for _, name in executor.pending] == ["other"]  # it lost no task by this death
    executor.finish()
    assert again[1].result() == "other"
    other.submit(echo, "other")
    queue.submit(echo, "third")
    assert len(executor.pending) == 2  # no longer suspect


def test_cancelled_tasks_are_skipped():
    executor = ManualExecutor()
    queue = FairQueue(executor)
    futures = [queue.submit(echo, str(i)) for i in range(5)]
    assert [future.cancel() for future in futures[2:4]] == [True, True]
    done = [executor.finish() for _ in range(3)]
    assert done == ["0", "1", "4"]
    assert queue.counts == (0, 0)


def test_shutdown_cancels_waiting_tasks():
    executor = ManualExecutor()
    queue = FairQueue(executor)
    futures = [queue.submit(echo, str(i)) for i in range(5)]
    queue.shutdown(cancel_futures=True)
    with pytest.raises(CancelledError):
        futures[4].result(timeout=10)
    assert not futures[0].done()  # it was handed over before


def test_submitting_from_many_threads_loses_no_task():
    queue = FairQueue(ThreadExecutor())
    futures: list[Future] = []

    def submit_many():
        client = queue.client()
        futures.extend(client.submit(time.sleep, 0) for _ in range(50))

    threads = [threading.Thread(target=submit_many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wait(futures, timeout=60).not_done
    assert len(futures) == 400
    assert queue.counts == (0, 0)
    queue.shutdown()
