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
from cl_core.runtime import playback, process_pool, tasks, temp_dirs
from cl_core.runtime import run as run_module
from cl_core.runtime.run import FRAMES_PER_CHUNK, Run
from cl_core.training import RunSpec, frames
from cl_core.training.frames import PACES, Pace, RunProgress
from tests import ROOT
from tests.executors import DyingExecutor, ImmediateExecutor, are_deleted, engine_with, wait_until

SMALL = RunSpec(dataset="blobs", dim=4, batch=32)
EXPLODING = RunSpec(dataset="blobs", loss="npair", unit_norm=False, optimiser="sgd", rate=10.0)


def until(run: Run, seen: Callable[[RunProgress], bool], seconds: float = 60.0) -> RunProgress:
    """Look at a run as a page does until something is `seen`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        run.renew_lease()
        look = run.progress()
        if seen(look):
            return look
        time.sleep(0.01)
    raise AssertionError(f"not seen in {seconds} s: {look.phase} at step {look.step}, {look.failure}, {look.note}")


def opened(spec: RunSpec = SMALL, executor=None, pace: str = "flat-out") -> Run:
    run = engine_with(executor).open_run(spec, 500)
    run.set_pace(PACES[pace])
    until(run, lambda look: look.phase != "opening")
    return run


def test_a_run_opens_at_its_first_frame_and_waits():
    run = opened()
    look = run.progress()
    assert (look.phase, look.step, len(look.frames)) == ("paused", 0, 1)
    assert look.references is not None
    assert not run.started
    assert not run.busy


def test_what_the_engine_trains_is_what_advance_trains():
    run = opened()
    run.play()
    look = until(run, lambda look: len(look.frames) > 20)
    run.pause()
    at = look.frames[-1].step
    state = training.advance(training.start(SMALL), steps=at)
    expected = training.snapshot(state, 500).z
    np.testing.assert_array_equal(look.losses[:at], _losses(at))
    drawn = look.frames[-1].views[2].project(expected)
    np.testing.assert_array_equal(look.frames[-1].points[2], drawn)


def _losses(steps: int) -> np.ndarray:
    return training.advance(training.start(SMALL), steps=steps).losses


def test_frames_are_the_same_at_any_speed():
    steps = []
    for pace in ("flat-out", "fast"):
        run = opened(pace=pace)
        run.play()
        look = until(run, lambda look: len(look.frames) > 8)
        steps.append([(f.step, f.points[2].tobytes()) for f in look.frames[:8]])
    assert steps[0] == steps[1]
    assert [step for step, _ in steps[0]] == [0, *(frames.next_frame_step(SMALL, s) for s, _ in steps[0][:-1])]


def test_pause_holds_and_step_moves_by_one():
    run = opened()
    run.play()
    until(run, lambda look: look.step > 30)
    run.pause()
    held = until(run, lambda look: not run.busy).step
    time.sleep(0.3)
    assert run.progress().step == held
    for i in range(1, 4):
        run.step()
        look = until(run, lambda look: not run.busy)
        assert (look.step, look.frames[-1].step, look.phase) == (held + i, held + i, "paused")


def test_a_step_asked_for_during_a_chunk_is_done_after_it():
    run = opened()
    run.play()
    for _ in range(10):
        until(run, lambda look: run._training)
        run.step()
        look = until(run, lambda look: not run.busy)
        assert len(run.history._losses[-1]) == 1  # after the chunk, whatever it came to, one step
        assert look.frames[-1].step == look.step == len(look.losses)
        run.play()


def test_a_run_rests_at_a_frame(monkeypatch):
    monkeypatch.setattr(run_module, "CHUNK", 0.0)  # every chunk is a step, whatever lies between two frames
    run = opened()
    run.play()
    until(run, lambda look: look.step > 60)
    for _ in range(5):
        run.pause()
        look = until(run, lambda look: not run.busy)
        assert look.frames[-1].step == look.step
        run.play()
        rested = look.step
        until(run, lambda now, rested=rested: now.step > rested + 2)


def test_one_step_a_frame():
    run = opened(pace="every-step")
    run.play()
    look = until(run, lambda look: len(look.frames) >= 4)
    assert [f.step for f in look.frames[:4]] == [0, 1, 2, 3]


def test_one_step_a_frame_has_an_end(monkeypatch):
    monkeypatch.setattr(run_module, "MAX_FRAMES", 30)
    run = opened(pace="every-step")
    run._pace = Pace(None, every_step=True)
    run.play()
    look = until(run, lambda look: len(look.frames) >= 45)
    steps = [frame.step for frame in look.frames]
    assert steps[:30] == list(range(30))
    assert steps[40] == frames.next_frame_step(SMALL, steps[39]) > steps[39] + 1


def test_a_pace_is_kept():
    run = opened(pace="slow")
    run.play()
    began = time.monotonic()
    until(run, lambda look: len(look.frames) == 5)
    assert time.monotonic() - began > 3 / PACES["slow"].frames_per_second  # the first of the four comes at once


def test_a_run_that_nobody_looks_at_rests_and_goes_on_when_somebody_does(monkeypatch):
    monkeypatch.setattr(playback, "LEASE", 0.3)
    run = opened()
    run.play()
    until(run, lambda look: look.step > 5)
    time.sleep(0.6)
    wait_until(lambda: not (run._training or run._undrawn))  # what was under way is finished
    resting = run.progress().step
    time.sleep(0.4)
    assert run.progress().step == resting
    until(run, lambda look: look.step > resting)


def test_a_run_that_turns_to_nan_stops_and_keeps_its_history():
    run = opened(EXPLODING)
    run.play()
    look = until(run, lambda look: look.phase == "failed" and not run.busy)
    assert "learning rate (it was 10)" in (look.failure or "")
    assert len(look.losses) == look.step
    assert np.isfinite(look.losses).all()
    assert look.frames
    run.play()
    run.step()
    time.sleep(0.1)
    assert run.progress().step == look.step


def test_a_death_costs_one_chunk_and_is_said():
    run = opened(executor=DyingExecutor(lambda task, nth: task == "train_chunk" and nth == 3))
    run.play()
    look = until(run, lambda look: look.step > 50)
    assert "A worker process died" in (look.note or "")
    assert look.failure is None
    np.testing.assert_array_equal(look.losses, _losses(look.step))


def test_a_frame_is_drawn_again_after_a_death():
    run = opened(executor=DyingExecutor(lambda task, nth: task == "draw_frame" and nth in (2, 3)))
    run.play()
    look = until(run, lambda look: len(look.frames) > 8)
    assert [f.step for f in look.frames[:8]] == [0, 1, 2, 3, 4, 5, 6, 7]


def test_work_that_always_kills_its_worker_is_given_up():
    run = opened(executor=DyingExecutor(lambda task, nth: task == "train_chunk" and nth >= 2))
    run.play()
    look = until(run, lambda look: look.phase == "failed")
    assert "out of memory" in (look.failure or "")
    assert look.step == 2 * FRAMES_PER_CHUNK  # two chunks went well
    assert look.frames[-1].step <= look.step
    assert not run.busy


def test_a_broken_data_file_is_told_in_words(monkeypatch, tmp_path):
    broken = tmp_path / "broken.npz"
    broken.write_bytes(b"PK not really")
    monkeypatch.setenv("CL_LAB_DATA", str(broken))
    run = engine_with().open_run(RunSpec(dataset="own_broken"), 500)
    look = until(run, lambda look: look.phase == "failed")
    assert "broken.npz" in (look.failure or "")
    assert not run.busy


def test_a_frame_that_is_being_drawn_when_a_run_is_given_up_still_comes():
    run = opened()
    run.play()
    until(run, lambda look: look.step > 20)
    with run._context.changed:
        if not run._undrawn:
            run._undrawn.append(run._newest)
        before, run._drawing = len(run.history.frames), True
        run._fail("no data")
        drawn = Future()
        drawn.set_result(run.history.frames[-1])
        run.collect(tasks.draw_frame, drawn)
        assert len(run.history.frames) == before + 1
        assert not run._undrawn


def test_work_may_be_done_before_it_is_waited_for():
    run = opened(executor=ImmediateExecutor())
    run.play()
    until(run, lambda look: look.step > 20)


def test_many_runs_take_turns():
    shared = engine_with()
    runs = [shared.open_run(RunSpec(dataset="blobs", dim=4, batch=32, seed=seed), 500) for seed in range(5)]
    for run in runs:
        run.set_pace(PACES["flat-out"])
        run.play()
    end = time.monotonic() + 60
    while min(run.progress().step for run in runs) < 20:
        for run in runs:
            run.renew_lease()
        time.sleep(0.01)
        assert time.monotonic() < end
    steps = [run.progress().step for run in runs]
    assert max(steps) < 4 * min(steps)


def test_an_absurd_picture_is_refused():
    with pytest.raises(ValueError, match="not 1000000"):
        engine_with().open_run(SMALL, 1_000_000)


def test_a_run_that_is_forgotten_leaves_nothing_behind():
    run = opened()
    files = [slot for slot in run._storage.slots if slot is not None]
    if not files:
        pytest.skip("this machine shares no memory as files")
    assert any(file.exists() for file in files)
    del run
    wait_until(lambda: are_deleted(*files), seconds=10)


def test_without_shared_memory_states_travel_in_the_parcel(monkeypatch, tmp_path):
    monkeypatch.setattr(temp_dirs, "SHARED_MEMORY", tmp_path / "none")
    run = opened()
    assert run._storage.slots == (None,)
    run.play()
    look = until(run, lambda look: look.step > 20)
    np.testing.assert_array_equal(look.losses, _losses(look.step))


@pytest.fixture(scope="module")
def pool():
    made = process_pool.ProcessPool()
    yield made
    made.shutdown(cancel_futures=True)


def test_killing_a_real_worker_loses_at_most_a_chunk(pool):
    run = opened(executor=pool)
    run.play()
    until(run, lambda look: look.step > 20)
    assert isinstance(pool._processes, loky.ProcessPoolExecutor)
    os.kill(next(iter(pool._processes._processes)), signal.SIGKILL)
    look = until(run, lambda look: look.note is not None)
    shown = len(look.frames)
    after = until(run, lambda now: now.step > look.step + 30)
    run.pause()
    assert after.failure is None
    assert [f.step for f in after.frames[:shown]] == [f.step for f in look.frames]
    np.testing.assert_array_equal(after.losses, _losses(after.step))


def test_workers_end_with_their_server_however_it_ends():
    """A server that is killed has no time to say goodbye."""
    script = """
        import os, time
        from cl_core.runtime.process_pool import ProcessPool
        pool = ProcessPool()
        print(pool.submit(os.getpid).result(), flush=True)
        time.sleep(60)
    """
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(script)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LOKY_MAX_CPU_COUNT": "1"},  # one worker is enough to see
    )
    assert server.stdout is not None
    worker = int(server.stdout.readline())
    server.kill()
    server.wait()
    wait_until(lambda: not _alive(worker), seconds=20)


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except FileNotFoundError:
        return False
