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
from cl_core.runtime import dask_cluster, process_pool
from tests.executors import ThreadExecutor, wait_until
from tests.unit.experiments.test_results import no_space, outcome, saved

CELLS = list(STUDIES["right"].of_seeds(1))
PAUSE = "CL_TEST_PAUSE"  # seconds that `slow` takes
LOG = "CL_TEST_LOG"  # names the file in which `slow` notes what was begun, and by which process


def made(cell):
    """A result from nowhere, in no time."""
    return outcome(steps=cell.steps, knn=len(cell.name) / 100), {"machine": "a machine"}


def slow(cell):
    with Path(os.environ[LOG]).open("a") as log:
        log.write(f"{cell.name} {os.getpid()}\n")
    time.sleep(float(os.environ.get(PAUSE, "0")))
    return made(cell)


def prepare(parent, niceness):
    """In a worker that will not train."""
    process_pool.prepare_worker = lambda: None
    process_pool._initialise_worker(parent, niceness)


def refused(cell):
    if cell == CELLS[1]:
        raise ValueError("a batch is too large")
    if cell == CELLS[2]:
        raise RuntimeError("out of luck")
    return made(cell)


class Fragile(Executor):
    """Ends whatever is under way when it comes to a cell that kills its worker."""

    def __init__(self, killers) -> None:
        self.killers = killers
        self.begun: list[str] = []
        self._out: dict = {}

    def submit(self, task, cell):
        self.begun.append(cell.name)
        future: Future = Future()
        self._out[future] = cell
        threading.Timer(0.02, self._end).start()
        return future

    def _end(self):
        out, self._out = self._out, {}
        dies = any(cell in self.killers for cell in out.values())
        for future, cell in out.items():
            if dies:
                future.set_exception(BrokenExecutor("a process ended abruptly"))
            else:
                future.set_result(made(cell))


@pytest.fixture
def thread():
    executor = ThreadExecutor()
    yield executor
    executor.shutdown()


def test_a_sweep_finishes_everything_once(tmp_path, thread, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", made)
    heard = []
    first = sweep.sweep(
        CELLS[:3], thread, tmp_path, at_once=1, callback=lambda cell, failure: heard.append((cell, failure))
    )
    assert first.finished == CELLS[:3]
    assert heard == [(cell, None) for cell in CELLS[:3]]
    again = sweep.sweep(CELLS[:5], thread, tmp_path, at_once=1)
    assert again.finished == CELLS[3:5]
    assert len(thread.submitted) == 5
    assert results.finished_cells(CELLS, tmp_path) == set(CELLS[:5])


def test_a_real_cell_gives_the_same_numbers_again(tmp_path, thread):
    tiny = replace(CELLS[3], dataset="blobs", steps=20, epochs=1)
    sweep.sweep([tiny], thread, tmp_path)
    row = results.load(tmp_path)[0].iloc[0]
    again = pipeline.run_cell(tiny)
    for name in ("accuracy_right", "accuracy_odd", "knn", "map_r", "compactness", "loss"):
        assert row[name] == getattr(again, name)


def test_what_can_not_be_run_is_said_and_the_rest_goes_on(tmp_path, thread, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", refused)
    report = sweep.sweep(CELLS[:4], thread, tmp_path, at_once=1)
    assert report.finished == [CELLS[0], CELLS[3]]
    assert report.failed == {
        CELLS[1]: f"{CELLS[1].name}: a batch is too large",
        CELLS[2]: f"{CELLS[2].name}: RuntimeError: out of luck",
    }
    assert len(thread.submitted) == 4


def test_a_cell_that_kills_its_workers_is_left_out_and_its_neighbours_are_not(tmp_path):
    executor = Fragile({CELLS[1]})
    report = sweep.sweep(CELLS, executor, tmp_path, at_once=4)
    assert set(report.finished) == {*CELLS} - {CELLS[1]}
    assert list(report.failed) == [CELLS[1]]
    assert f"died {sweep.MAX_WORKER_DEATHS} times" in report.failed[CELLS[1]]
    assert executor.begun.count(CELLS[1].name) == sweep.MAX_WORKER_DEATHS
    assert len(executor.begun) == len(CELLS) + 3 + sweep.MAX_WORKER_DEATHS - 1  # those beside it once more


def test_workers_that_die_before_they_have_work(tmp_path, thread, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", made)
    submit, deaths = thread.submit, iter([True, False, True])

    def mortal(*work):
        if next(deaths, False):
            raise BrokenExecutor("a process ended abruptly")
        return submit(*work)

    monkeypatch.setattr(thread, "submit", mortal)
    assert len(sweep.sweep(CELLS, thread, tmp_path).finished) == len(CELLS)


def test_a_damaged_result_is_run_again(tmp_path, thread, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", made)
    whole = saved(tmp_path, CELLS[0]).read_bytes()
    results.result_path(CELLS[1], tmp_path).write_bytes(whole[: len(whole) // 2])
    results.result_path(CELLS[2], tmp_path).write_bytes(whole)  # of another cell
    report = sweep.sweep(CELLS[:3], thread, tmp_path, at_once=1)
    assert report.finished == CELLS[1:3]
    assert results.finished_cells(CELLS, tmp_path) == set(CELLS[:3])


class Together(Executor):
    """Waits until all of `n` pieces are there, and then does them."""

    def __init__(self, n) -> None:
        self.n = n
        self._out: list = []

    def submit(self, task, cell):
        future: Future = Future()
        self._out.append((future, task, cell))
        if len(self._out) == self.n:
            for each, work, one in self._out:
                each.set_result(work(one))
        return future


def test_what_ended_with_one_that_could_not_be_written_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", made)
    results.result_path(CELLS[1], tmp_path).mkdir(parents=True)  # nothing can be moved there
    with pytest.raises(OSError, match="could not be written"):
        sweep.sweep(CELLS[:4], Together(4), tmp_path, at_once=4)
    assert results.finished_cells(CELLS, tmp_path) == {CELLS[0], CELLS[2], CELLS[3]}


def asked(folder, **values):
    given = {"studies": ["right"], "seeds": 1, "cell": "*", "workers": None, "results": folder, "dry": False}
    return argparse.Namespace(**{**given, **values})


def test_the_command_says_what_it_did(tmp_path, thread, monkeypatch, capsys):
    monkeypatch.setattr(dask_cluster.process_pool, "ProcessPool", lambda *_: thread)
    monkeypatch.setattr(thread, "size", 2, raising=False)
    monkeypatch.setattr(sweep, "cell_task", refused)
    results.result_path(CELLS[0], tmp_path).write_text("no result")
    assert __main__.run(asked(tmp_path, dry=True)) == 0
    said = capsys.readouterr()
    assert f"0 of {len(CELLS)} cells are there; {len(CELLS)} to run" in said.out
    assert "with 2 workers" in said.out
    assert f"unreadable in {tmp_path}: {results.result_path(CELLS[0], tmp_path).name}" in said.err
    assert __main__.run(asked(tmp_path, cell="nothing")) == 2
    assert "no cell is called 'nothing'" in capsys.readouterr().err


def test_the_command_counts_what_failed(tmp_path, thread, monkeypatch, capsys):
    monkeypatch.setattr(dask_cluster, "make_executor", lambda size: thread)
    monkeypatch.setattr(sweep, "cell_task", refused)
    assert __main__.run(asked(tmp_path, workers=2)) == 1
    assert f"{len(CELLS) - 2} finished, 2 failed" in capsys.readouterr().out


def test_a_full_disk_ends_a_sweep_and_keeps_what_was_finished(tmp_path, thread, monkeypatch, capsys):
    monkeypatch.setattr(sweep, "cell_task", made)
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
    monkeypatch.setattr(results.pd.DataFrame, "to_parquet", no_space)
    assert __main__.run(asked(tmp_path, workers=1)) == 1
    said = capsys.readouterr().err
    assert "could not be written (No space left on device)" in said
    assert "the same command goes on from there" in said


# Below: the command in a process of its own, with real workers and `slow` as their work.
COMMAND = """
    from cl_core.runtime import process_pool
    from cl_core.experiments import __main__, sweep
    from tests import test_sweep

    sweep.cell_task, process_pool._initialise_worker = test_sweep.slow, test_sweep.prepare
    __main__.main()
"""


def command(folder, log):
    return subprocess.Popen(  # the shell of a job in the background may have told us not to listen to Ctrl-C
        [sys.executable, "-c", textwrap.dedent(COMMAND), "run", "--studies", "right", "--workers", "2",
         "--results", str(folder)],
        env=os.environ | {LOG: str(log), PAUSE: "1.5"}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True, preexec_fn=partial(signal.signal, signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip


def test_whatever_kills_a_sweep_it_goes_on_where_it_was(tmp_path, thread, monkeypatch):
    folder, log = tmp_path / "results", tmp_path / "log"
    log.touch()

    def begun():
        return [line.split() for line in log.read_text().splitlines()]

    def finished():
        return {path.stem for path in folder.glob("*.parquet")}

    running = command(folder, log)
    wait_until(lambda: len(finished()) >= 2, seconds=90)
    os.kill(int(begun()[-1][1]), signal.SIGKILL)  # a worker
    first = len(finished())
    wait_until(lambda: len(finished()) >= first + 3, seconds=90)
    assert running.poll() is None
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()
    kept, noted = finished(), len(begun())

    stopped = command(folder, log)
    wait_until(lambda: len(finished()) >= len(kept) + 1, seconds=90)
    os.killpg(stopped.pid, signal.SIGINT)  # as Ctrl-C does
    said, errors = stopped.communicate(timeout=60)
    assert stopped.returncode == 130
    assert f"{len(kept)} of {len(CELLS)} cells are there" in said
    assert "Stopped. What was finished is kept" in said
    assert "Traceback" not in errors
    assert not kept & {name for name, _ in begun()[noted:]}
    kept = finished()

    noted = len(begun())
    monkeypatch.setattr(sweep, "cell_task", slow)
    monkeypatch.setenv(LOG, str(log))
    assert len(sweep.sweep(CELLS[:-1], thread, folder).finished) == len(CELLS) - 1 - len(kept)
    assert not kept & {name for name, _ in begun()[noted:]}
    table, faults = results.load(folder)
    assert (len(table), faults) == (len(CELLS) - 1, [])
