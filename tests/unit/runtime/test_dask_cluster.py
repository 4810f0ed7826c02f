import os
import resource
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import CancelledError
from dataclasses import replace

import numpy as np
import pytest
import torch

from cl_core import training
from cl_core.experiments import STUDIES, __main__, pipeline, results, sweep
from cl_core.runtime import dask_cluster, process_pool
from cl_core.runtime.dask_cluster import ClusterError, DaskCluster
from cl_core.runtime.engine import Engine
from cl_core.training import RunSpec
from cl_core.training.frames import PACES
from tests import ROOT
from tests.executors import ThreadExecutor, wait_until
from tests.unit.experiments.test_sweep import CELLS, LOG, asked, made, slow

distributed = pytest.importorskip("distributed")


class Started:
    """A scheduler and two workers under nannies, each a process of its own."""

    def __init__(self, folder) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self._start("scheduler", "--host", self.address)

        def listens():
            with socket.socket() as caller:
                return caller.connect_ex(("127.0.0.1", port)) == 0

        wait_until(listens, seconds=90)  # whoever calls too early waits longer and longer between two tries
        self._workers = self._start("worker", self.address, "--nworkers", "2", "--nthreads", "1")

    def _start(self, *command):
        return subprocess.Popen(
            [sys.executable, "-m", "dask", *command, "--no-dashboard"],
            cwd=self.folder, env=os.environ | {LOG: str(self.folder / "log"), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip

    def end(self) -> None:
        for process in (self._workers, self.scheduler):
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    made = Started(tmp_path_factory.mktemp("dask"))
    yield made
    made.end()


@pytest.fixture
def joined(started, monkeypatch):
    monkeypatch.setenv(dask_cluster.ADDRESS, started.address)
    monkeypatch.setattr(dask_cluster, "TIMEOUT", 60.0)  # its workers are on their way
    executor = dask_cluster.make_executor()
    wait_until(lambda: executor.size == 2, seconds=90)
    yield executor
    executor.shutdown(cancel_futures=True)


def local(n, threads):
    """A cluster of threads in this process."""
    return distributed.LocalCluster(
        n_workers=n, threads_per_worker=threads, processes=False, dashboard_address=":0", protocol="tcp://"
    )


def test_without_an_address_work_is_done_here(monkeypatch):
    monkeypatch.delenv(dask_cluster.ADDRESS, raising=False)
    pool = dask_cluster.make_executor(3)
    assert isinstance(pool, process_pool.ProcessPool)
    assert pool.size == 3
    assert dask_cluster.make_executor().size >= 1


def test_an_address_that_nobody_answers_is_said(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(dask_cluster, "TIMEOUT", 0.5)
    with socket.socket() as mute, socket.socket() as free:
        for listening in (mute, free):
            listening.bind(("127.0.0.1", 0))
        mute.listen()
        addresses = [f"tcp://127.0.0.1:{one.getsockname()[1]}" for one in (mute, free)]
        for address in (*addresses, "nonsense", "foo://127.0.0.1:1"):
            monkeypatch.setenv(dask_cluster.ADDRESS, address)
            with pytest.raises(ClusterError, match=r"No Dask scheduler answers at .*, which DASK_SCHEDULER_ADDRESS"):
                dask_cluster.make_executor()
    assert __main__.run(asked(tmp_path)) == 1
    assert "No Dask scheduler answers at foo" in capsys.readouterr().err


@pytest.mark.parametrize(("n", "threads", "words"), [(0, 1, "has no workers"), (1, 2, "need one thread each")])
def test_a_cluster_that_is_of_no_use_is_said(monkeypatch, n, threads, words):
    monkeypatch.setattr(dask_cluster, "TIMEOUT", 1.0)
    with (
        local(n, threads) as useless,
        pytest.raises(ClusterError, match=words) as caught,
    ):
        DaskCluster(useless.scheduler_address)
    assert "--nthreads 1" in str(caught.value)


def test_work_goes_out_and_comes_back(joined):
    def faults():
        """Pages that the operating system has to find for twenty tensors of 1 MiB, one after the other."""
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(20):
            torch.ones(1 << 18)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    assert joined.submit(divmod, 7, 2).result() == (3, 1)
    assert joined.submit(int, "11", base=2).result() == 3
    with pytest.raises(ValueError, match="invalid literal"):
        joined.submit(int, "x").result()
    given_up = joined.submit(time.sleep, 1)
    assert given_up.cancel()
    with pytest.raises(CancelledError):
        given_up.result(timeout=1)
    assert joined.submit(torch.get_num_threads).result() == 1
    assert joined.submit(os.getenv, "MALLOC_TRIM_THRESHOLD_").result() is not None
    assert joined.submit(faults).result() < 1000  # of 5,120 that are touched


def test_a_run_on_a_cluster_is_the_run_of_this_machine(joined):
    spec = RunSpec(dataset="blobs", dim=4, batch=32)
    engine = Engine(joined)
    run = engine.open_run(spec, 500)
    assert run._storage.slots == (None,)
    run.set_pace(PACES["flat-out"])
    run.play()

    def far():
        run.renew_lease()
        return run.progress().step > 40 or run.progress().failure

    wait_until(far, seconds=90)
    run.pause()
    look = run.progress()
    engine.close()
    assert look.failure is None
    np.testing.assert_array_equal(look.losses, training.advance(training.start(spec), steps=look.step).losses)


def test_a_cell_comes_to_the_same_as_here(joined, tmp_path):
    tiny = replace(STUDIES["right"].cells[3], dataset="blobs", steps=20, epochs=1)
    sweep.sweep([tiny], joined, tmp_path)
    row, here = results.load(tmp_path)[0].iloc[0], pipeline.run_cell(tiny)
    for name in ("accuracy_right", "accuracy_odd", "knn", "loss"):
        assert row[name] == getattr(here, name)


def begun(started):
    log = started.folder / "log"
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


def test_a_worker_that_is_killed_costs_what_it_was_at(joined, started, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", slow)
    killed = []

    def kill(cell, failure):
        if not killed:
            killed.append(begun(started)[-1])
            os.kill(int(killed[0][1]), signal.SIGKILL)

    report = sweep.sweep(CELLS[:8], joined, tmp_path, callback=kill)
    assert report.failed == {}
    assert results.finished_cells(CELLS, tmp_path) == set(CELLS[:8])
    names = [name for name, _ in begun(started)]
    assert len(names) <= 9
    again = {name for name in names if names.count(name) > 1}
    assert again <= {killed[0][0]}


def test_work_that_ends_worker_after_worker_is_told_in_words(joined, monkeypatch):
    failure = distributed.KilledWorker("work", None, 3)
    handed = type("Handed", (), {"result": lambda self: (_ for _ in ()).throw(failure)})()
    future = joined.submit(divmod, 7, 2)
    future.result()
    future = dask_cluster.Future()
    joined._deliver(handed, future)
    with pytest.raises(ValueError, match="4 workers of the cluster died"):
        future.result()


def test_a_cluster_without_workers_does_not_keep_anybody_waiting(monkeypatch):
    monkeypatch.setattr(dask_cluster, "NO_WORKERS_TIMEOUT", 0.3)
    monkeypatch.setattr(dask_cluster, "POLL_INTERVAL", 0.1)
    with local(1, 1) as small:
        executor = DaskCluster(small.scheduler_address)
        small.scale(0)
        wait_until(lambda: not small.scheduler.workers, seconds=90)
        with pytest.raises(ClusterError, match="lost all its workers"):
            executor.submit(divmod, 7, 2).result(timeout=30)
        executor.shutdown(cancel_futures=True)


def test_the_benchmark_sweeps_by_both_and_says_how_much_more(monkeypatch):
    from tests.benchmarks import dask, machine

    todo = dask.cells(5, 10)
    assert len({cell.name for cell in todo}) == 5
    monkeypatch.setattr(sweep, "cell_task", made)
    executor = ThreadExecutor()
    assert dask.seconds(executor, todo) > 0
    executor.shutdown()
    assert len(executor.submitted) == 5
    monkeypatch.setattr(dask, "compare", lambda *_: [(10.0, 10.5), (10.0, 9.0), (20.0, 22.0)])
    monkeypatch.setattr(machine, "describe", lambda: "a machine")
    text = dask.markdown(5, 10, 3)
    assert "| 1 | 10.0 s | 10.5 s | +5.0% |" in text
    assert "Median: +5.0%" in text


def test_a_scheduler_that_is_killed_ends_the_sweep_with_a_word(started, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(dask_cluster.ADDRESS, started.address)
    monkeypatch.setattr(sweep, "cell_task", slow)

    def kill():
        wait_until(lambda: len(list(tmp_path.glob("*.parquet"))) >= 2, seconds=90)
        os.killpg(started.scheduler.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    assert __main__.run(asked(tmp_path)) == 1
    killer.join()
    said = capsys.readouterr().err
    assert f"The Dask scheduler at {started.address} is gone" in said
    assert "the same command goes on from there" in said
    table, faults = results.load(tmp_path)
    assert 2 <= len(table) < len(CELLS)
    assert faults == []
