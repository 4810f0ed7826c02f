"""What breaks beside a run, below it and above it, and what its visitor sees of that."""

import gc
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Future
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import loky
import numpy as np
import pytest

from cl_core import training
from cl_core.runtime import playback, process_pool, spill, tasks, temp_dirs
from cl_core.runtime.engine import Engine
from cl_core.runtime.run import FRAMES_PER_CHUNK, Run
from cl_core.training import RunSpec
from cl_core.training.frames import PACES, RunProgress
from tests.executors import ThreadExecutor, are_deleted, engine_with, wait_until

SMALL = RunSpec(dataset="blobs", dim=4, batch=32)
KILLERS = (77, 78)  # seeds of the runs whose work kills its workers
OUT_OF_MEMORY = (  # as torch says it, and as numpy and Python do
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"),
    MemoryError(),
)
FULL = Path("/dev/full")  # has no room for anything


class Shared(ThreadExecutor):
    """Two workers that die together, as those of a pool do, with all that they have: of a chunk of one of `KILLERS`."""

    size = 2

    def __init__(self) -> None:
        super().__init__()
        self.handed: set[Future[Any]] = set()
        self.lock = threading.Lock()

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        answer: Future[Any] = Future()
        with self.lock:
            self.handed.add(answer)
        if any(isinstance(each, tasks.StateHandle) and each.state.spec.seed in KILLERS for each in arguments):
            threading.Timer(0.02, self.die).start()
        else:  # takes longer than the other needs to kill a worker
            real = super().submit(task, *arguments, **named)
            threading.Timer(0.05, lambda: self.end(answer, partial(pass_on, real, answer))).start()
        return answer

    def die(self) -> None:
        for answer in list(self.handed):
            self.end(answer, partial(answer.set_exception, BrokenExecutor("a process ended abruptly")))

    def end(self, answer: Future[Any], how: Callable[[], None]) -> None:
        with self.lock:
            alive = answer in self.handed
            self.handed.discard(answer)
        if alive:
            how()


def pass_on(done: Future[Any], answer: Future[Any]) -> None:
    """Have one future come to what another comes to."""
    if (error := done.exception()) is not None:  # of a run that went with its test
        answer.set_exception(error)
    else:
        answer.set_result(done.result())


class Starved(ThreadExecutor):
    """Has no memory for a chunk of which `starves` says so, told how many there were before."""

    def __init__(self, starves: Callable[[int], bool], error: Exception) -> None:
        super().__init__()
        self.starves, self.error = starves, error

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        chunk = any(each is tasks.train_chunk for each in (task, *arguments))
        before, self.chunks = getattr(self, "chunks", 0), getattr(self, "chunks", 0) + chunk
        return super().submit(self.fail if chunk and self.starves(before) else task, *arguments, **named)

    def fail(self, *_arguments: Any, **_named: Any) -> None:
        raise self.error


def begun(engine: Engine, seed: int = 0) -> Run:
    """A small run, played flat out."""
    run = engine.open_run(replace(SMALL, seed=seed), 500)
    run.set_pace(PACES["flat-out"])
    run.play()
    return run


def until(seen: Callable[..., object], *watched: Any, seconds: float = 60.0) -> Any:
    """Look at runs as their pages do until something is `seen` of all; the last look at the first."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for run in watched:
            run.renew_lease()
        looks = [run.progress() for run in watched]
        if all(seen(look) for look in looks):
            return looks[0]
        time.sleep(0.01)
    raise AssertionError([(look.phase, look.step, look) for look in looks])


def right(look: RunProgress) -> bool:
    """Whether a run came to what it comes to without any fault, and nothing of it is missing."""
    expected = training.advance(training.start(look.spec), steps=look.step).losses
    steps = [frame.step for frame in look.frames]
    return steps[0] == 0 and steps == sorted(set(steps)) and np.array_equal(look.losses, expected)


# Workers


def test_every_worker_is_killed_and_every_run_goes_on() -> None:
    """Said in one line on each page; whatever was shown stays."""
    pool = process_pool.ProcessPool(2)
    engine = engine_with(pool)
    both = [begun(engine, seed) for seed in (0, 1)]
    try:
        until(lambda look: look.step > 20, *both)
        shown = [[frame.step for frame in run.progress().frames] for run in both]
        assert isinstance(pool._processes, loky.ProcessPoolExecutor)
        for pid in list(pool._processes._processes):
            os.kill(pid, signal.SIGKILL)
        until(lambda look: look.note is not None, *both)
        before = max(run.progress().step for run in both)
        until(lambda look: look.step > before, *both)
    finally:
        for run in both:
            run.close()
        pool.shutdown(cancel_futures=True)
    for run, frames in zip(both, shown, strict=True):
        look = run.progress()
        assert "A worker process died" in (look.note or "")
        assert look.failure is None
        assert [frame.step for frame in look.frames][: len(frames)] == frames
        assert right(look)


def test_work_that_kills_its_workers_does_not_end_the_runs_of_others() -> None:
    """The others are told that a worker died, and go on; those that it was are given up."""
    engine = engine_with(Shared())
    *killers, one, other = [begun(engine, seed) for seed in (*KILLERS, 1, 2)]
    others = (one, other)
    until(lambda look: look.failure, *killers)
    for run in killers:
        assert "again and again" in (run.progress().failure or "")
        assert run.progress().frames
    until(lambda look: look.step > 20 or look.failure, *others)
    for run in others:
        assert run.progress().failure is None
        assert right(run.progress())


# Memory


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_a_chunk_without_memory_is_tried_again_and_said(error: Exception) -> None:
    run = begun(engine_with(Starved(lambda nth: nth == 2, error)))
    look = until(lambda look: look.step > 40 or look.failure, run)
    assert look.failure is None
    assert "memory" in (look.note or "")
    assert right(look)


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_a_run_for_which_there_is_no_memory_ends_in_words_and_keeps_what_it_had(error: Exception) -> None:
    run = begun(engine_with(Starved(lambda nth: nth >= 2, error)))
    look = until(lambda look: look.phase == "failed", run)
    assert "out of memory" in (look.failure or "")
    assert "smaller batch" in (look.failure or "")
    assert type(error).__name__ not in (look.failure or "")
    assert look.step == 2 * FRAMES_PER_CHUNK  # two chunks went well
    assert right(look)


# Disk


@contextmanager
def limited(room: int) -> Iterator[None]:
    """No file of this process grows beyond so many bytes: a full disk, for whoever writes."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_shared_memory_that_fills_up_is_done_without() -> None:
    """Its visitor sees nothing of it: states go through the pipe."""
    run = begun(engine_with())
    look = until(lambda look: look.step > 4, run)
    if run._storage.slots == (None,) or not FULL.exists():
        pytest.skip("this machine shares no memory as files, or has none that is always full")
    with run._context.changed:
        for slot in run._slots(spill.SLOTS):
            assert slot is not None
            slot.unlink(missing_ok=True)
            slot.symlink_to(FULL)
    later = until(lambda now: now.step > look.step + 200 or now.failure, run)
    assert later.failure is None
    assert right(later)


@pytest.mark.parametrize("missing", [1, 4096, 1 << 20])
def test_a_state_that_does_not_fit_whole_travels_whole(tmp_path: Path, missing: int) -> None:
    """numpy's own `tofile` leaves out, and does not say, what it could not write of its last few bytes."""
    state = training.start(SMALL)
    with limited(state.vector.nbytes - missing):
        parcel = tasks.StateHandle.store(state, tmp_path / "slot")
    np.testing.assert_array_equal(parcel.load().vector, state.vector)


# Absence


def left(run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let a run that plays be left until it is laid by; its file."""
    monkeypatch.setattr(spill, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(playback, "LEASE", 0.1)
    run.renew_lease()
    wait_until(lambda: run._storage.spilled)
    with run._context.changed:  # all of it is done
        pass
    monkeypatch.setattr(playback, "LEASE", 5.0)
    assert run._storage._file is not None
    return run._storage._file


def test_a_run_left_alone_takes_no_memory_and_is_there_whole_for_whoever_comes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """After an hour with the lid closed its visitor sees what they had seen, and it goes on by itself."""
    run = begun(engine_with())
    before = until(lambda look: look.step > 40, run)
    file = left(run, monkeypatch)
    assert not any(frame.points for frame in run.history.frames)
    assert not any(slot.exists() for slot in run._storage.slots if slot)
    assert run._newest is not None
    assert run._newest.state.vector.size == 0
    after = run.progress()
    assert not file.exists()
    for was, now in zip(before.frames, after.frames, strict=False):
        assert (was.step, was.metrics) == (now.step, now.metrics)
        for k, points in was.points.items():
            np.testing.assert_array_equal(points, now.points[k])
    assert after.note is None
    later = until(lambda look: look.step > after.step + 40, run)
    assert later.failure is None
    assert right(later)
    run.pause()
    until(lambda look: look.phase == "paused", run)
    file = left(run, monkeypatch)  # also when it rests
    del run
    wait_until(lambda: are_deleted(file), seconds=10)


def test_a_run_that_rests_is_not_laid_by_while_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(playback, "LEASE", 0.2)
    run = begun(engine_with())
    run.pause()
    end = time.monotonic() + 1.0
    while time.monotonic() < end:
        run.renew_lease()
        assert not run._storage.spilled
        time.sleep(0.02)


def test_a_race_left_alone_is_laid_by_and_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    race = engine_with().open_race([SMALL, RunSpec(loss="triplet", dataset="blobs", dim=4, batch=32)])
    race.set_pace(PACES["flat-out"])
    race.play()
    until(lambda look: look.step > 20, race)
    files = [left(run, monkeypatch) for (run,) in race.runs]
    look = until(lambda look: look.step > 60, race)
    assert not any(file.exists() for file in files)
    for (each,) in look.runs:
        assert right(each)


def test_where_the_disk_is_full_a_run_left_alone_stays_in_memory_until_there_is_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = begun(engine_with())
    until(lambda look: look.step > 40, run)
    tried, copy = [], run._storage.write_copy

    def noted(*whole: Any) -> bool:
        tried.append(copy(*whole))
        return tried[-1]

    monkeypatch.setattr(run._storage, "write_copy", noted)
    monkeypatch.setattr(spill, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(playback, "LEASE", 0.1)
    run.renew_lease()
    assert run._storage._file is not None
    with limited(1 << 12):
        wait_until(lambda: len(tried) > 2)
        assert not any(tried)
        assert not run._storage.spilled
        assert not run._storage._file.exists() or run._storage.spilling
    left(run, monkeypatch)
    later = until(lambda look: look.step > 60, run)
    assert right(later)


class Held:
    """A disk that takes as long as one likes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.savez, self.inside, self.go_on = np.savez, threading.Event(), threading.Event()
        monkeypatch.setattr(np, "savez", self)

    def __call__(self, *arguments: Any, **named: Any) -> None:
        self.inside.set()
        assert self.go_on.wait(30)
        self.savez(*arguments, **named)


@pytest.mark.parametrize("stays", [True, False])
def test_whoever_comes_back_while_a_run_is_laid_by_does_not_wait_for_the_disk(
    monkeypatch: pytest.MonkeyPatch, stays: bool
) -> None:
    """Nor is anything lost that they see then, even if they leave again before the disk is done."""
    run = begun(engine_with())
    before = until(lambda look: look.step > 40, run)
    disk = Held(monkeypatch)
    monkeypatch.setattr(spill, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(playback, "LEASE", 0.1)
    run.renew_lease()
    assert disk.inside.wait(30)
    monkeypatch.setattr(playback, "LEASE", 5.0)
    later = until(lambda look: look.step > before.step + 40, run)  # the disk is still at it
    if not stays:
        monkeypatch.setattr(playback, "LEASE", 0.0)
        run.renew_lease()
        time.sleep(0.3)
    disk.go_on.set()
    if stays:
        file = run._storage._file
        assert file is not None
        wait_until(lambda: not run._storage.spilling and not file.exists())
        assert not run._storage.spilled
    else:
        wait_until(lambda: run._storage.spilled)
    monkeypatch.setattr(playback, "LEASE", 5.0)
    assert run.progress().step >= later.step
    assert right(until(lambda look: look.step > later.step + 40, run))


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(file.read_bytes()[:1000])])
def test_a_run_whose_file_has_gone_says_so(monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], object]) -> None:
    run = begun(engine_with())
    until(lambda look: look.step > 40, run)
    damage(left(run, monkeypatch))
    look = run.progress()
    assert look.phase == "failed"
    assert "Reset makes the same run again" in (look.failure or "")
    assert not run.busy
    assert run.ended


# Tabs


def test_a_tab_closed_in_the_middle_of_a_chunk_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a reset: what the chunk still writes goes as well."""
    folder = temp_dirs.private_dir(temp_dirs.SHARED_MEMORY)
    if folder is None:
        pytest.skip("this machine shares no memory as files")
    thread, advance, inside, go_on = ThreadExecutor(), training.advance, threading.Event(), threading.Event()

    def held(*arguments: Any, **named: Any) -> Any:
        inside.set()
        assert go_on.wait(30)
        return advance(*arguments, **named)

    seen = [begun(engine_with(thread))]
    name = seen[0].name
    until(lambda look: look.step > 4, *seen)
    monkeypatch.setattr(training, "advance", held)
    assert inside.wait(30)
    seen.pop().close()
    gc.collect()
    go_on.set()
    thread.submit(int).result()  # the chunk is done
    wait_until(lambda: not list(folder.glob(f"{name}*")), seconds=10)
