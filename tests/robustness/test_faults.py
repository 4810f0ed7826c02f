"""Faults around a run: workers, memory, disk, absent and closed pages; and what the page shows of them."""

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
from cl_core.runtime import playback, process_pool, retry, spill, tasks, temp_dirs
from cl_core.runtime.engine import Engine
from cl_core.runtime.run import FRAMES_PER_CHUNK, Run
from cl_core.training import RunSpec
from cl_core.training.frames import PACES, RunProgress
from tests.executors import ThreadExecutor, are_deleted, engine_with, wait_until

SMALL = RunSpec(dataset="blobs", dim=4, batch=32)
KILLER_SEEDS = (77, 78)  # seeds of runs whose tasks kill their workers
OUT_OF_MEMORY = (  # as torch reports it, and as numpy and Python do
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried"),
    MemoryError(),
)
FULL_DEVICE = Path("/dev/full")  # a device to which every write fails


class SharedWorkers(ThreadExecutor):
    """Two workers that die together with all tasks, as those of a pool do, when one gets a chunk of `KILLER_SEEDS`."""

    size = 2

    def __init__(self) -> None:
        super().__init__()
        self.pending: set[Future[Any]] = set()
        self.lock = threading.Lock()

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        with self.lock:
            self.pending.add(future)
        if any(
            isinstance(argument, tasks.StateHandle) and argument.state.spec.seed in KILLER_SEEDS
            for argument in arguments
        ):
            threading.Timer(0.02, self.die).start()
        else:  # longer than a killer needs
            real = super().submit(task, *arguments, **named)
            threading.Timer(0.05, lambda: self.finish(future, partial(copy_outcome, real, future))).start()
        return future

    def die(self) -> None:
        for future in list(self.pending):
            self.finish(future, partial(future.set_exception, BrokenExecutor("a process ended abruptly")))

    def finish(self, future: Future[Any], resolve: Callable[[], None]) -> None:
        with self.lock:
            alive = future in self.pending
            self.pending.discard(future)
        if alive:
            resolve()


def copy_outcome(source: Future[Any], target: Future[Any]) -> None:
    """Copy result or exception of one future to another."""
    if (error := source.exception()) is not None:  # of a run that was closed with its test
        target.set_exception(error)
    else:
        target.set_result(source.result())


class WorkersWithoutMemory(ThreadExecutor):
    """Raises `error` for each chunk for which `out_of_memory` is true, called with the number of earlier chunks."""

    def __init__(self, out_of_memory: Callable[[int], bool], error: Exception) -> None:
        super().__init__()
        self.out_of_memory, self.error = out_of_memory, error

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future[Any]:
        chunk = any(argument is tasks.train_chunk for argument in (task, *arguments))
        before, self.chunks = getattr(self, "chunks", 0), getattr(self, "chunks", 0) + chunk
        return super().submit(self.fail if chunk and self.out_of_memory(before) else task, *arguments, **named)

    def fail(self, *_arguments: Any, **_named: Any) -> None:
        raise self.error


def start_run(engine: Engine, seed: int = 0) -> Run:
    """Start a small run at maximum speed."""
    run = engine.open_run(replace(SMALL, seed=seed), 500)
    run.set_pace(PACES["flat-out"])
    run.play()
    return run


def poll_until(condition: Callable[..., object], *runs: Any, seconds: float = 60.0) -> Any:
    """Poll runs as their pages do until a condition holds for all; return the last progress of the first."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for run in runs:
            run.renew_lease()
        all_progress = [run.progress() for run in runs]
        if all(condition(progress) for progress in all_progress):
            return all_progress[0]
        time.sleep(0.01)
    raise AssertionError([(progress.phase, progress.step, progress) for progress in all_progress])


def is_complete_and_correct(progress: RunProgress) -> bool:
    """Return whether a run has the losses of a run without faults, and no missing or repeated frame."""
    expected = training.advance(training.start(progress.spec), steps=progress.step).losses
    steps = [frame.step for frame in progress.frames]
    return steps[0] == 0 and steps == sorted(set(steps)) and np.array_equal(progress.losses, expected)


# Workers


@pytest.mark.slow
def test_runs_continue_after_all_workers_are_killed() -> None:
    """Each page reports it in one line and keeps its frames."""
    pool = process_pool.ProcessPool(2)
    engine = engine_with(pool)
    runs = [start_run(engine, seed) for seed in (0, 1)]
    try:
        poll_until(lambda progress: progress.step > 20, *runs)
        steps_before = [[frame.step for frame in run.progress().frames] for run in runs]
        assert isinstance(pool._processes, loky.ProcessPoolExecutor)
        for pid in list(pool._processes._processes):
            os.kill(pid, signal.SIGKILL)
        poll_until(lambda progress: progress.note is not None, *runs)
        before = max(run.progress().step for run in runs)
        poll_until(lambda progress: progress.step > before, *runs)
    finally:
        for run in runs:
            run.close()
        pool.shutdown(cancel_futures=True)
    for run, frames in zip(runs, steps_before, strict=True):
        progress = run.progress()
        assert "A worker process died" in (progress.note or "")
        assert progress.failure is None
        assert [frame.step for frame in progress.frames][: len(frames)] == frames
        assert is_complete_and_correct(progress)


def test_task_that_kills_workers_does_not_end_other_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs whose task killed workers fail; the others continue."""
    monkeypatch.setattr(retry, "RETRY_DELAY", 0.01)
    engine = engine_with(SharedWorkers())
    *killers, first, second = [start_run(engine, seed) for seed in (*KILLER_SEEDS, 1, 2)]
    others = (first, second)
    poll_until(lambda progress: progress.failure, *killers)
    for run in killers:
        assert "repeatedly" in (run.progress().failure or "")
        assert run.progress().frames
    poll_until(lambda progress: progress.step > 20 or progress.failure, *others)
    for run in others:
        assert run.progress().failure is None
        assert is_complete_and_correct(run.progress())


# Memory


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_chunk_out_of_memory_is_retried_and_reported(error: Exception) -> None:
    run = start_run(engine_with(WorkersWithoutMemory(lambda nth: nth == 2, error)))
    progress = poll_until(lambda progress: progress.step > 40 or progress.failure, run)
    assert progress.failure is None
    assert "memory" in (progress.note or "")
    assert is_complete_and_correct(progress)


@pytest.mark.parametrize("error", OUT_OF_MEMORY, ids=lambda error: type(error).__name__)
def test_run_out_of_memory_fails_with_advice_and_keeps_frames(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    monkeypatch.setattr(retry, "RETRY_DELAY", 0.01)
    run = start_run(engine_with(WorkersWithoutMemory(lambda nth: nth >= 2, error)))
    progress = poll_until(lambda progress: progress.phase == "failed", run)
    assert "out of memory" in (progress.failure or "")
    assert "smaller batch" in (progress.failure or "")
    assert type(error).__name__ not in (progress.failure or "")
    assert progress.step == 2 * FRAMES_PER_CHUNK  # two chunks were done
    assert is_complete_and_correct(progress)


# Disk


@contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    """Limit the size of all files that this process writes: a full disk, to the writer."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_shared_memory_is_replaced_by_pipes() -> None:
    """States go through the pipe instead, and the page reports nothing."""
    run = start_run(engine_with())
    earlier = poll_until(lambda progress: progress.step > 4, run)
    if run._storage.slots == (None,) or not FULL_DEVICE.exists():
        pytest.skip("this machine shares no memory as files, or has none that is always full")
    with run._context.changed:
        for slot in run._slots(spill.SLOTS):
            assert slot is not None
            slot.unlink(missing_ok=True)
            slot.symlink_to(FULL_DEVICE)
    later = poll_until(lambda progress: progress.step > earlier.step + 60 or progress.failure, run)
    assert later.failure is None
    assert is_complete_and_correct(later)


@pytest.mark.parametrize("missing", [1, 4096, 1 << 20])
def test_state_that_does_not_fit_on_disk_travels_in_memory(tmp_path: Path, missing: int) -> None:
    """numpy's `tofile` drops the last few bytes without an error when they cannot be written."""
    state = training.start(SMALL)
    with file_size_limit(state.vector.nbytes - missing):
        handle = tasks.StateHandle.store(state, tmp_path / "slot")
    np.testing.assert_array_equal(handle.load().vector, state.vector)


# Leases and spilling


def spill_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let the lease of a run expire until it is spilled; return its file."""
    monkeypatch.setattr(spill, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(playback, "LEASE", 0.1)
    run.renew_lease()
    wait_until(lambda: run._storage.spilled)
    with run._context.changed:  # wait until the spill has ended
        pass
    monkeypatch.setattr(playback, "LEASE", 5.0)
    assert run._storage._file is not None
    return run._storage._file


def test_idle_run_is_spilled_and_restored_completely(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A page that comes back shows the same frames, and the run continues by itself."""
    run = start_run(engine_with())
    before = poll_until(lambda progress: progress.step > 40, run)
    file = spill_run(run, monkeypatch)
    assert not any(frame.points for frame in run.history.frames)
    assert not any(slot.exists() for slot in run._storage.slots if slot)
    assert run._newest is not None
    assert run._newest.state.vector.size == 0
    after = run.progress()
    assert not file.exists()
    for old, new in zip(before.frames, after.frames, strict=False):
        assert (old.step, old.metrics) == (new.step, new.metrics)
        for k, points in old.points.items():
            np.testing.assert_array_equal(points, new.points[k])
    assert after.note is None
    later = poll_until(lambda progress: progress.step > after.step + 40, run)
    assert later.failure is None
    assert is_complete_and_correct(later)
    run.pause()
    poll_until(lambda progress: progress.phase == "paused", run)
    file = spill_run(run, monkeypatch)  # also while it is paused
    del run
    wait_until(lambda: are_deleted(file), seconds=10)


def test_paused_run_with_lease_is_not_spilled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(playback, "LEASE", 0.2)
    run = start_run(engine_with())
    poll_until(lambda progress: progress.frames, run)
    run.pause()
    end = time.monotonic() + 0.5  # five times as long as an idle run is kept in memory
    while time.monotonic() < end:
        run.renew_lease()
        time.sleep(0.02)
        assert not run._storage.spilled  # before a renewal, which would restore the run


def test_idle_race_is_spilled_and_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    race = engine_with().open_race([SMALL, RunSpec(loss="triplet", dataset="blobs", dim=4, batch=32)])
    race.set_pace(PACES["flat-out"])
    race.play()
    poll_until(lambda progress: progress.step > 20, race)
    files = [spill_run(run, monkeypatch) for (run,) in race.runs]
    progress = poll_until(lambda progress: progress.step > 60, race)
    assert not any(file.exists() for file in files)
    for (run_progress,) in progress.runs:
        assert is_complete_and_correct(run_progress)


def test_run_stays_in_memory_until_full_disk_has_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = start_run(engine_with())
    poll_until(lambda progress: progress.step > 40, run)
    results, write_copy = [], run._storage.write_copy

    def recorded(*content: Any) -> bool:
        results.append(write_copy(*content))
        return results[-1]

    monkeypatch.setattr(run._storage, "write_copy", recorded)
    monkeypatch.setattr(spill, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(playback, "LEASE", 0.1)
    run.renew_lease()
    assert run._storage._file is not None
    with file_size_limit(1 << 12):
        wait_until(lambda: len(results) > 2)
        assert not any(results)
        assert not run._storage.spilled
        assert not run._storage._file.exists() or run._storage.spilling
    spill_run(run, monkeypatch)
    later = poll_until(lambda progress: progress.step > 60, run)
    assert is_complete_and_correct(later)


class SlowDisk:
    """A disk whose writes wait until they are released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.savez, self.started, self.released = np.savez, threading.Event(), threading.Event()
        monkeypatch.setattr(np, "savez", self)

    def __call__(self, *arguments: Any, **named: Any) -> None:
        self.started.set()
        assert self.released.wait(30)
        self.savez(*arguments, **named)


@pytest.mark.parametrize("stays", [True, False])
def test_returning_page_does_not_wait_for_spill_in_progress(monkeypatch: pytest.MonkeyPatch, stays: bool) -> None:
    """Steps trained meanwhile are kept, even if the page leaves again before the file is written."""
    run = start_run(engine_with())
    before = poll_until(lambda progress: progress.step > 40, run)
    disk = SlowDisk(monkeypatch)
    monkeypatch.setattr(spill, "IDLE_SECONDS", 0.1)
    monkeypatch.setattr(playback, "LEASE", 0.1)
    run.renew_lease()
    assert disk.started.wait(30)
    monkeypatch.setattr(playback, "LEASE", 5.0)
    later = poll_until(lambda progress: progress.step > before.step + 40, run)  # the file is still being written
    if not stays:
        monkeypatch.setattr(playback, "LEASE", 0.0)
        run.renew_lease()
        time.sleep(0.3)
    disk.released.set()
    if stays:
        file = run._storage._file
        assert file is not None
        wait_until(lambda: not run._storage.spilling and not file.exists())
        assert not run._storage.spilled
    else:
        wait_until(lambda: run._storage.spilled)
    monkeypatch.setattr(playback, "LEASE", 5.0)
    assert run.progress().step >= later.step
    assert is_complete_and_correct(poll_until(lambda progress: progress.step > later.step + 40, run))


@pytest.mark.parametrize("damage", [Path.unlink, lambda file: file.write_bytes(file.read_bytes()[:1000])])
def test_run_whose_spill_file_is_missing_or_damaged_fails(
    monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], object]
) -> None:
    run = start_run(engine_with())
    poll_until(lambda progress: progress.step > 40, run)
    damage(spill_run(run, monkeypatch))
    progress = run.progress()
    assert progress.phase == "failed"
    assert "Reset repeats the run" in (progress.failure or "")
    assert not run.busy
    assert run.ended


# Closed pages


def test_page_closed_during_a_chunk_leaves_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that the chunk writes after the page has closed are removed, too, as after a reset."""
    folder = temp_dirs.private_dir(temp_dirs.SHARED_MEMORY)
    if folder is None:
        pytest.skip("this machine shares no memory as files")
    thread, advance, started, released = ThreadExecutor(), training.advance, threading.Event(), threading.Event()

    def blocked_advance(*arguments: Any, **named: Any) -> Any:
        started.set()
        assert released.wait(30)
        return advance(*arguments, **named)

    runs = [start_run(engine_with(thread))]
    name = runs[0].name
    poll_until(lambda progress: progress.step > 4, *runs)
    monkeypatch.setattr(training, "advance", blocked_advance)
    assert started.wait(30)
    runs.pop().close()
    gc.collect()
    released.set()
    thread.submit(int).result()  # the chunk is done
    wait_until(lambda: not list(folder.glob(f"{name}*")), seconds=10)
