"""Sweeps: every cell runs once, failures are reported, and a killed sweep resumes."""

import argparse
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import BrokenExecutor, Executor, Future
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from cl_core.experiments import STUDIES, __main__, pipeline, results, sweep
from cl_core.runtime import dask_cluster
from tests import ROOT
from tests.executors import ThreadExecutor, wait_until
from tests.unit.experiments.test_results import outcome, raise_no_space, save

CELLS = list(STUDIES["right"].of_seeds(1))
PAUSE = "CL_TEST_PAUSE"  # seconds that `log_cell` takes
LOG = "CL_TEST_LOG"  # the file to which `log_cell` appends each cell that starts, and the process


def fake_cell(cell):
    """Return a made-up result at once."""
    return outcome(steps=cell.steps, knn=len(cell.name) / 100), {"machine": "a machine"}


def log_cell(cell):
    with Path(os.environ[LOG]).open("a") as log:
        log.write(f"{cell.name} {os.getpid()}\n")
    time.sleep(float(os.environ.get(PAUSE, "0")))
    return fake_cell(cell)


def partly_failing_cell(cell):
    if cell == CELLS[1]:
        raise ValueError("a batch is too large")
    if cell == CELLS[2]:
        raise RuntimeError("out of luck")
    return fake_cell(cell)


class SharedDeathExecutor(Executor):
    """Fails all tasks under way when one of them is a cell that kills its worker."""

    def __init__(self, killers) -> None:
        self.killers = killers
        self.started: list[str] = []
        self._running: dict = {}

    def submit(self, task, cell):
        self.started.append(cell.name)
        future: Future = Future()
        self._running[future] = cell
        threading.Timer(0.02, self._end).start()
        return future

    def _end(self):
        running, self._running = self._running, {}
        dead = any(cell in self.killers for cell in running.values())
        for future, cell in running.items():
            if dead:
                future.set_exception(BrokenExecutor("a process ended abruptly"))
            else:
                future.set_result(fake_cell(cell))


@pytest.fixture
def thread():
    executor = ThreadExecutor()
    yield executor
    executor.shutdown()


def test_sweep_runs_every_cell_once(tmp_path, thread, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", fake_cell)
    calls = []
    first = sweep.sweep(
        CELLS[:3], thread, tmp_path, at_once=1, callback=lambda cell, failure: calls.append((cell, failure))
    )
    assert first.finished == CELLS[:3]
    assert calls == [(cell, None) for cell in CELLS[:3]]
    second = sweep.sweep(CELLS[:5], thread, tmp_path, at_once=1)
    assert second.finished == CELLS[3:5]
    assert len(thread.submitted) == 5
    assert results.finished_cells(CELLS, tmp_path) == set(CELLS[:5])


def test_sweep_saves_the_numbers_of_run_cell(tmp_path, thread):
    tiny = replace(CELLS[3], dataset="blobs", steps=20, epochs=1)
    sweep.sweep([tiny], thread, tmp_path)
    row = results.load(tmp_path)[0].iloc[0]
    expected = pipeline.run_cell(tiny)
    for name in ("accuracy_right", "accuracy_odd", "knn", "map_r", "compactness", "loss"):
        assert row[name] == getattr(expected, name)


def test_failed_cells_are_reported_and_the_others_run(tmp_path, thread, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", partly_failing_cell)
    report = sweep.sweep(CELLS[:4], thread, tmp_path, at_once=1)
    assert report.finished == [CELLS[0], CELLS[3]]
    assert report.failed == {
        CELLS[1]: f"{CELLS[1].name}: a batch is too large",
        CELLS[2]: f"{CELLS[2].name}: RuntimeError: out of luck",
    }
    assert len(thread.submitted) == 4


def test_cell_that_kills_workers_is_given_up_and_the_others_finish(tmp_path):
    executor = SharedDeathExecutor({CELLS[1]})
    report = sweep.sweep(CELLS, executor, tmp_path, at_once=4)
    assert set(report.finished) == {*CELLS} - {CELLS[1]}
    assert list(report.failed) == [CELLS[1]]
    assert f"died {sweep.MAX_WORKER_DEATHS} times" in report.failed[CELLS[1]]
    assert executor.started.count(CELLS[1].name) == sweep.MAX_WORKER_DEATHS
    assert len(executor.started) == len(CELLS) + 3 + sweep.MAX_WORKER_DEATHS - 1  # the three cells beside it run twice


def test_workers_that_die_before_a_task_are_replaced(tmp_path, thread, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", fake_cell)
    submit, deaths = thread.submit, iter([True, False, True])

    def submit_or_die(*task):
        if next(deaths, False):
            raise BrokenExecutor("a process ended abruptly")
        return submit(*task)

    monkeypatch.setattr(thread, "submit", submit_or_die)
    assert len(sweep.sweep(CELLS, thread, tmp_path).finished) == len(CELLS)


def test_damaged_results_are_run_again(tmp_path, thread, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", fake_cell)
    valid_file = save(tmp_path, CELLS[0]).read_bytes()
    results.result_path(CELLS[1], tmp_path).write_bytes(valid_file[: len(valid_file) // 2])
    results.result_path(CELLS[2], tmp_path).write_bytes(valid_file)  # of another cell
    report = sweep.sweep(CELLS[:3], thread, tmp_path, at_once=1)
    assert report.finished == CELLS[1:3]
    assert results.finished_cells(CELLS, tmp_path) == set(CELLS[:3])


class BatchExecutor(Executor):
    """Waits for `n` tasks, and then runs them all."""

    def __init__(self, n) -> None:
        self.n = n
        self._running: list = []

    def submit(self, task, cell):
        future: Future = Future()
        self._running.append((future, task, cell))
        if len(self._running) == self.n:
            for each_future, each_task, each_cell in self._running:
                each_future.set_result(each_task(each_cell))
        return future


def test_results_beside_one_that_cannot_be_written_are_saved(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", fake_cell)
    results.result_path(CELLS[1], tmp_path).mkdir(parents=True)  # no file can be moved there
    with pytest.raises(OSError, match="could not be written"):
        sweep.sweep(CELLS[:4], BatchExecutor(4), tmp_path, at_once=4)
    assert results.finished_cells(CELLS, tmp_path) == {CELLS[0], CELLS[2], CELLS[3]}


def run_arguments(folder, **values):
    defaults = {"studies": ["right"], "seeds": 1, "cell": "*", "workers": None, "results": folder, "dry": False}
    return argparse.Namespace(**{**defaults, **values})


def test_dry_run_prints_what_there_is_to_do(tmp_path, thread, monkeypatch, capsys):
    monkeypatch.setattr(dask_cluster.process_pool, "ProcessPool", lambda *_: thread)
    monkeypatch.setattr(thread, "size", 2, raising=False)
    monkeypatch.setattr(sweep, "cell_task", partly_failing_cell)
    results.result_path(CELLS[0], tmp_path).write_text("no result")
    assert __main__.run(run_arguments(tmp_path, dry=True)) == 0
    output = capsys.readouterr()
    assert f"0 of {len(CELLS)} cells are finished; {len(CELLS)} to run" in output.out
    assert "with 2 workers" in output.out
    assert f"unreadable in {tmp_path}: {results.result_path(CELLS[0], tmp_path).name}" in output.err
    assert __main__.run(run_arguments(tmp_path, cell="nothing")) == 2
    assert "no cell is called 'nothing'" in capsys.readouterr().err


def test_run_command_counts_failed_cells(tmp_path, thread, monkeypatch, capsys):
    monkeypatch.setattr(dask_cluster, "make_executor", lambda size: thread)
    monkeypatch.setattr(sweep, "cell_task", partly_failing_cell)
    assert __main__.run(run_arguments(tmp_path, workers=2)) == 1
    assert f"{len(CELLS) - 2} finished, 2 failed" in capsys.readouterr().out


def test_full_disk_ends_the_sweep_and_keeps_finished_results(tmp_path, thread, monkeypatch, capsys):
    monkeypatch.setattr(sweep, "cell_task", fake_cell)
    monkeypatch.setattr(dask_cluster, "make_executor", lambda size: thread)
    sweep.sweep(CELLS[:2], thread, tmp_path)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, hard))  # bytes in any one file
    try:
        with pytest.raises(OSError, match=r"could not be written \(File too large\)"):
            sweep.sweep(CELLS, thread, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    assert len(list(tmp_path.iterdir())) == 2
    assert results.finished_cells(CELLS, tmp_path) == set(CELLS[:2])
    monkeypatch.setattr(results.pd.DataFrame, "to_parquet", raise_no_space)
    assert __main__.run(run_arguments(tmp_path, workers=1)) == 1
    output = capsys.readouterr().err
    assert "could not be written (No space left on device)" in output
    assert "the same command resumes from there" in output


# Run in its own process, with real workers that run `log_cell`.
COMMAND = """
    from cl_core.runtime import process_pool
    from cl_core.experiments import __main__, sweep
    from tests.executors import initialise_quickly
    from tests.unit.experiments.test_sweep import log_cell

    sweep.cell_task, process_pool._initialise_worker = log_cell, initialise_quickly
    __main__.main()
"""


def start_command(folder, log, workers):
    return subprocess.Popen(  # a shell starts background jobs with Ctrl-C ignored
        [sys.executable, "-c", textwrap.dedent(COMMAND), "run", "--studies", "right", "--workers", str(workers),
         "--results", str(folder)],
        cwd=ROOT, env=os.environ | {LOG: str(log), PAUSE: "0.4"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


@pytest.mark.slow
def test_killed_sweep_resumes_without_repeating_finished_cells(tmp_path, thread, monkeypatch):
    folder, log = tmp_path / "results", tmp_path / "log"
    log.touch()

    def started_cells():
        return [line.split() for line in log.read_text().splitlines()]

    def finished_cells():
        return {path.stem for path in folder.glob("*.parquet")}

    running = start_command(folder, log, workers=2)
    wait_until(lambda: len(finished_cells()) >= 2, seconds=90)
    os.kill(int(started_cells()[-1][1]), signal.SIGKILL)  # a worker
    first = len(finished_cells())
    wait_until(lambda: len(finished_cells()) >= first + 3, seconds=90)
    assert running.poll() is None
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    saved_cells, n_started = finished_cells(), len(started_cells())

    stopped = start_command(folder, log, workers=1)
    wait_until(lambda: len(finished_cells()) >= len(saved_cells) + 1, seconds=90)
    os.killpg(stopped.pid, signal.SIGINT)  # as Ctrl-C does
    output, errors = stopped.communicate(timeout=60)
    assert stopped.returncode == 130
    assert f"{len(saved_cells)} of {len(CELLS)} cells are finished" in output
    assert "Stopped. Finished cells are kept" in output
    assert "Traceback" not in errors
    assert not saved_cells & {name for name, _ in started_cells()[n_started:]}
    saved_cells = finished_cells()

    n_started = len(started_cells())
    monkeypatch.setattr(sweep, "cell_task", log_cell)
    monkeypatch.setenv(LOG, str(log))
    assert len(sweep.sweep(CELLS[:-1], thread, folder).finished) == len(CELLS) - 1 - len(saved_cells)
    assert not saved_cells & {name for name, _ in started_cells()[n_started:]}
    table, faults = results.load(folder)
    assert (len(table), faults) == (len(CELLS) - 1, [])
