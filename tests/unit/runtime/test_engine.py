"""Runs of the engine: play, pause, pace, leases, failures, and worker processes that die."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import loky
import numpy as np
import pytest

from cl_core import training
from cl_core.runtime import engine as engine_module
from cl_core.runtime import playback, process_pool, retry, tasks, temp_dirs
from cl_core.runtime import run as run_module
from cl_core.runtime.run import FRAMES_PER_CHUNK, Run
from cl_core.training import RunSpec, frames
from cl_core.training.frames import PACES, Pace, RunProgress
from tests import ROOT
from tests.executors import DyingExecutor, ImmediateExecutor, are_deleted, engine_with, initialise_quickly, wait_until

SMALL = RunSpec(dataset="blobs", dim=4, batch=32)
POINTS = 100  # fewer than a page shows: frames are made faster
EXPLODING = RunSpec(dataset="blobs", loss="npair", unit_norm=False, optimiser="sgd", rate=10.0)


def poll_until(run: Run, condition: Callable[[RunProgress], bool], seconds: float = 60.0) -> RunProgress:
    """Renew the lease and read the progress of a run, as a page does, until a condition holds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run.renew_lease()
        progress = run.progress()
        if condition(progress):
            return progress
        time.sleep(0.01)
    raise AssertionError(
        f"not after {seconds} s: {progress.phase} at step {progress.step}, {progress.failure}, {progress.note}"
    )


def open_run(spec: RunSpec = SMALL, executor=None, pace: str = "flat-out") -> Run:
    run = engine_with(executor).open_run(spec, POINTS)
    run.set_pace(PACES[pace])
    poll_until(run, lambda progress: progress.phase != "opening")
    return run


@pytest.fixture(autouse=True)
def _allow_few_points(monkeypatch):
    monkeypatch.setattr(engine_module, "PROBE_SIZES", (POINTS, *engine_module.PROBE_SIZES))


@pytest.fixture
def quick_retries(monkeypatch):
    monkeypatch.setattr(retry, "RETRY_DELAY", 0.01)


def test_run_opens_paused_at_its_first_frame():
    run = open_run()
    progress = run.progress()
    assert (progress.phase, progress.step, len(progress.frames)) == ("paused", 0, 1)
    assert progress.references is not None
    assert not run.started
    assert not run.busy


def test_engine_trains_exactly_as_advance_does():
    run = open_run()
    run.play()
    progress = poll_until(run, lambda progress: len(progress.frames) > 20)
    run.pause()
    step = progress.frames[-1].step
    state = training.advance(training.start(SMALL), steps=step)
    expected = training.snapshot(state, POINTS).z
    np.testing.assert_array_equal(progress.losses[:step], _losses(step))
    expected_points = progress.frames[-1].views[2].project(expected)
    np.testing.assert_array_equal(progress.frames[-1].points[2], expected_points)


def _losses(steps: int) -> np.ndarray:
    return training.advance(training.start(SMALL), steps=steps).losses


def test_frames_do_not_depend_on_the_pace():
    steps = []
    for pace in ("flat-out", "fast"):
        run = open_run(pace=pace)
        run.play()
        progress = poll_until(run, lambda progress: len(progress.frames) > 8)
        steps.append([(f.step, f.points[2].tobytes()) for f in progress.frames[:8]])
    assert steps[0] == steps[1]
    assert [step for step, _ in steps[0]] == [0, *(frames.next_frame_step(SMALL, s) for s, _ in steps[0][:-1])]


def test_paused_run_stays_and_step_advances_by_one():
    run = open_run()
    run.play()
    poll_until(run, lambda progress: progress.step > 30)
    run.pause()
    paused_step = poll_until(run, lambda progress: not run.busy).step
    time.sleep(0.1)  # several chunks, if it were not paused
    assert run.progress().step == paused_step
    for i in range(1, 4):
        run.step()
        progress = poll_until(run, lambda progress: not run.busy)
        assert (progress.step, progress.frames[-1].step, progress.phase) == (paused_step + i, paused_step + i, "paused")


def test_step_requested_during_a_chunk_is_done_after_it():
    run = open_run()
    run.play()
    for _ in range(5):
        poll_until(run, lambda progress: run._training)
        run.step()
        progress = poll_until(run, lambda progress: not run.busy)
        assert len(run.history._losses[-1]) == 1  # the last chunk, after the one under way, is one step
        assert progress.frames[-1].step == progress.step == len(progress.losses)
        run.play()


def test_run_pauses_at_a_frame(monkeypatch):
    monkeypatch.setattr(run_module, "CHUNK", 0.0)  # every chunk is one step, even between two frames
    run = open_run()
    run.play()
    poll_until(run, lambda progress: progress.step > 28)  # from here on frames are 4 steps apart
    for _ in range(5):
        run.pause()
        progress = poll_until(run, lambda progress: not run.busy)
        assert progress.frames[-1].step == progress.step
        run.play()
        paused_step = progress.step
        poll_until(run, lambda progress, paused_step=paused_step: progress.step > paused_step + 2)


def test_every_step_pace_makes_a_frame_of_each_step():
    run = open_run(pace="every-step")
    run.play()
    progress = poll_until(run, lambda progress: len(progress.frames) >= 4)
    assert [f.step for f in progress.frames[:4]] == [0, 1, 2, 3]


def test_every_step_pace_falls_back_to_frame_steps_after_max_frames(monkeypatch):
    monkeypatch.setattr(run_module, "MAX_FRAMES", 15)
    run = open_run(pace="every-step")
    run._pace = Pace(None, every_step=True)
    run.play()
    progress = poll_until(run, lambda progress: len(progress.frames) >= 19)
    steps = [frame.step for frame in progress.frames]
    assert steps[:15] == list(range(15))
    assert steps[18] == frames.next_frame_step(SMALL, steps[17]) > steps[17] + 1


def test_pace_limits_frames_per_second():
    run = open_run(pace="fast")
    run.play()
    start = time.monotonic()
    poll_until(run, lambda progress: len(progress.frames) == 5)
    assert time.monotonic() - start > 3 / PACES["fast"].frames_per_second  # the first of the four is not delayed


def test_run_stops_without_lease_and_resumes_with_it(monkeypatch):
    monkeypatch.setattr(playback, "LEASE", 0.1)
    run = open_run()
    run.play()
    poll_until(run, lambda progress: progress.step > 5)
    time.sleep(0.2)
    wait_until(lambda: not (run._training or run._undrawn))  # tasks under way are finished
    stopped_step = run.progress().step
    time.sleep(0.2)
    assert run.progress().step == stopped_step
    poll_until(run, lambda progress: progress.step > stopped_step)


def test_diverged_run_stops_and_keeps_its_history():
    run = open_run(EXPLODING)
    run.play()
    progress = poll_until(run, lambda progress: progress.phase == "failed" and not run.busy)
    assert "learning rate (it was 10)" in (progress.failure or "")
    assert len(progress.losses) == progress.step
    assert np.isfinite(progress.losses).all()
    assert progress.frames
    run.play()
    run.step()
    time.sleep(0.1)
    assert run.progress().step == progress.step


def test_worker_death_costs_one_chunk_and_is_noted(quick_retries):
    run = open_run(executor=DyingExecutor(lambda task, nth: task == "train_chunk" and nth == 3))
    run.play()
    progress = poll_until(run, lambda progress: progress.step > 25)
    assert "A worker process died" in (progress.note or "")
    assert progress.failure is None
    np.testing.assert_array_equal(progress.losses, _losses(progress.step))


def test_frame_is_drawn_again_after_worker_death(quick_retries):
    run = open_run(executor=DyingExecutor(lambda task, nth: task == "draw_frame" and nth in (2, 3)))
    run.play()
    progress = poll_until(run, lambda progress: len(progress.frames) > 8)
    assert [f.step for f in progress.frames[:8]] == [0, 1, 2, 3, 4, 5, 6, 7]


def test_run_fails_after_repeated_worker_deaths(quick_retries):
    run = open_run(executor=DyingExecutor(lambda task, nth: task == "train_chunk" and nth >= 2))
    run.play()
    progress = poll_until(run, lambda progress: progress.phase == "failed")
    assert "out of memory" in (progress.failure or "")
    assert progress.step == 2 * FRAMES_PER_CHUNK  # two chunks succeeded
    assert progress.frames[-1].step <= progress.step
    assert not run.busy


def test_broken_data_file_is_reported(monkeypatch, tmp_path):
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK not really")
    monkeypatch.setenv("CL_LAB_DATA", str(broken))
    run = engine_with().open_run(RunSpec(dataset="own_broken"), 500)
    progress = poll_until(run, lambda progress: progress.phase == "failed")
    assert "broken.npz" in (progress.failure or "")
    assert not run.busy


def test_frame_being_drawn_when_a_run_fails_still_arrives():
    run = open_run()
    run.play()
    poll_until(run, lambda progress: progress.step > 20)
    with run._context.changed:
        if not run._undrawn:
            run._undrawn.append(run._newest)
        before, run._drawing = len(run.history.frames), True
        run._fail("no data")
        future = Future()
        future.set_result(run.history.frames[-1])
        run.collect(tasks.draw_frame, future)
        assert len(run.history.frames) == before + 1
        assert not run._undrawn


def test_task_may_be_done_before_submit_returns(monkeypatch):
    monkeypatch.setattr(playback, "LEASE", 0.1)  # until its end the engine does not release its lock
    run = open_run(executor=ImmediateExecutor())
    run.play()
    poll_until(run, lambda progress: progress.step > 20)


def test_many_runs_share_the_workers():
    engine = engine_with()
    runs = [engine.open_run(RunSpec(dataset="blobs", dim=4, batch=32, seed=seed), POINTS) for seed in range(5)]
    for run in runs:
        run.set_pace(PACES["flat-out"])
        run.play()
    end = time.monotonic() + 60
    while min(run.progress().step for run in runs) < 8:
        for run in runs:
            run.renew_lease()
        time.sleep(0.01)
        assert time.monotonic() < end
    steps = [run.progress().step for run in runs]
    assert max(steps) < 4 * min(steps)


def test_unknown_number_of_points_is_refused():
    with pytest.raises(ValueError, match="not 1000000"):
        engine_with().open_run(SMALL, 1_000_000)


def test_run_deletes_its_files_when_garbage_collected():
    run = open_run()
    files = [slot for slot in run._storage.slots if slot is not None]
    if not files:
        pytest.skip("this machine shares no memory as files")
    assert any(file.exists() for file in files)
    del run
    wait_until(lambda: are_deleted(*files), seconds=10)


def test_states_are_pickled_without_shared_memory(monkeypatch, tmp_path):
    monkeypatch.setattr(temp_dirs, "SHARED_MEMORY", tmp_path / "none")
    run = open_run()
    assert run._storage.slots == (None,)
    run.play()
    progress = poll_until(run, lambda progress: progress.step > 20)
    np.testing.assert_array_equal(progress.losses, _losses(progress.step))


@pytest.fixture
def process_executor(monkeypatch):
    monkeypatch.setattr(process_pool, "_initialise_worker", initialise_quickly)
    executor = process_pool.ProcessPool(1)
    yield executor
    executor.shutdown(cancel_futures=True)


@pytest.mark.slow
def test_killed_worker_process_costs_at_most_one_chunk(process_executor):
    run = open_run(executor=process_executor)
    run.play()
    poll_until(run, lambda progress: progress.step > 8)
    assert isinstance(process_executor._processes, loky.ProcessPoolExecutor)
    os.kill(next(iter(process_executor._processes._processes)), signal.SIGKILL)
    progress = poll_until(run, lambda progress: progress.note is not None)
    n_frames = len(progress.frames)
    after = poll_until(run, lambda now: now.step > progress.step + 10)
    run.pause()
    assert after.failure is None
    assert [f.step for f in after.frames[:n_frames]] == [f.step for f in progress.frames]
    np.testing.assert_array_equal(after.losses, _losses(after.step))


@pytest.mark.slow
def test_workers_exit_after_their_server_is_killed():
    """A killed server cannot shut its workers down, so they watch for their parent."""
    script = """
        import os, time
        from cl_core.runtime import process_pool
        from tests.executors import initialise_quickly
        process_pool._initialise_worker = initialise_quickly
        pool = process_pool.ProcessPool(1)
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(60)
    """
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert server.stdout is not None
    worker = int(server.stdout.readline())
    server.kill()
    server.wait()
    wait_until(lambda: not _is_running(worker), seconds=20)


def _is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except FileNotFoundError:
        return False
