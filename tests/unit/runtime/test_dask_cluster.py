"""Workers of a Dask cluster: tasks, runs and sweeps, and clusters that are unsuitable or get lost."""

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
from tests.unit.experiments.test_sweep import CELLS, LOG, fake_cell, log_cell, run_arguments

distributed = pytest.importorskip("distributed")


class RunningCluster:
    """A scheduler and two workers under nannies, in processes."""

    def __init__(self, folder) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tcp://127.0.0.1:{port}"
        self.scheduler = self._start("scheduler", "--host", self.address)

        def is_listening():
            with socket.socket() as caller:
                return caller.connect_ex(("127.0.0.1", port)) == 0

        wait_until(is_listening, seconds=90)  # a client that connects too early waits ever longer between two tries
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
def cluster(tmp_path_factory):
    running = RunningCluster(tmp_path_factory.mktemp("dask"))
    yield running
    running.end()


@pytest.fixture
def executor(cluster, monkeypatch):
    monkeypatch.setenv(dask_cluster.ADDRESS, cluster.address)
    monkeypatch.setattr(dask_cluster, "TIMEOUT", 60.0)  # its workers may still be starting
    executor = dask_cluster.make_executor()
    wait_until(lambda: executor.size == 2, seconds=90)
    yield executor
    executor.shutdown(cancel_futures=True)


def thread_cluster(n, threads):
    """Return a cluster of threads in this process."""
    return distributed.LocalCluster(
        n_workers=n, threads_per_worker=threads, processes=False, dashboard_address=":0", protocol="tcp://"
    )


def test_without_address_make_executor_returns_a_process_pool(monkeypatch):
    monkeypatch.delenv(dask_cluster.ADDRESS, raising=False)
    pool = dask_cluster.make_executor(3)
    assert isinstance(pool, process_pool.ProcessPool)
    assert pool.size == 3
    assert dask_cluster.make_executor().size >= 1


def test_unreachable_scheduler_is_reported(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(dask_cluster, "TIMEOUT", 0.2)
    with socket.socket() as silent, socket.socket() as free:
        for bound in (silent, free):
            bound.bind(("127.0.0.1", 0))
        silent.listen()
        addresses = [f"tcp://127.0.0.1:{address.getsockname()[1]}" for address in (silent, free)]
        for address in (*addresses, "nonsense", "foo://127.0.0.1:1"):
            monkeypatch.setenv(dask_cluster.ADDRESS, address)
            with pytest.raises(ClusterError, match=r"No Dask scheduler answers at .*, which DASK_SCHEDULER_ADDRESS"):
                dask_cluster.make_executor()
    assert __main__.run(run_arguments(tmp_path)) == 1
    assert "No Dask scheduler answers at foo" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("n", "threads", "message"), [(0, 1, "has no workers"), (1, 2, "need one thread each")])
def test_unsuitable_cluster_is_reported(monkeypatch, n, threads, message):
    monkeypatch.setattr(dask_cluster, "TIMEOUT", 1.0)
    with (
        thread_cluster(n, threads) as unsuitable,
        pytest.raises(ClusterError, match=message) as caught,
    ):
        DaskCluster(unsuitable.scheduler_address)
    assert "--nthreads 1" in str(caught.value)


@pytest.mark.slow
def test_tasks_run_on_the_cluster(executor):
    def faults():
        """Return the number of page faults of allocating twenty tensors of 1 MiB, one after the other."""
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(20):
            torch.ones(1 << 18)
        return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

    assert executor.submit(divmod, 7, 2).result() == (3, 1)
    assert executor.submit(int, "11", base=2).result() == 3
    with pytest.raises(ValueError, match="invalid literal"):
        executor.submit(int, "x").result()
    cancelled = executor.submit(time.sleep, 1)
    assert cancelled.cancel()
    with pytest.raises(CancelledError):
        cancelled.result(timeout=1)
    assert executor.submit(torch.get_num_threads).result() == 1
    assert executor.submit(os.getenv, "MALLOC_TRIM_THRESHOLD_").result() is not None
    assert executor.submit(faults).result() < 1000  # of 5,120 pages that are touched


@pytest.mark.slow
def test_run_on_cluster_equals_run_on_this_machine(executor):
    spec = RunSpec(dataset="blobs", dim=4, batch=32)
    engine = Engine(executor)
    run = engine.open_run(spec, 500)
    assert run._storage.slots == (None,)
    run.set_pace(PACES["flat-out"])
    run.play()

    def is_far_enough():
        run.renew_lease()
        return run.progress().step > 40 or run.progress().failure

    wait_until(is_far_enough, seconds=90)
    run.pause()
    progress = run.progress()
    engine.close()
    assert progress.failure is None
    np.testing.assert_array_equal(progress.losses, training.advance(training.start(spec), steps=progress.step).losses)


@pytest.mark.slow
def test_cell_on_cluster_equals_cell_on_this_machine(executor, tmp_path):
    tiny = replace(STUDIES["right"].cells[3], dataset="blobs", steps=20, epochs=1)
    sweep.sweep([tiny], executor, tmp_path)
    row, local = results.load(tmp_path)[0].iloc[0], pipeline.run_cell(tiny)
    for name in ("accuracy_right", "accuracy_odd", "knn", "loss"):
        assert row[name] == getattr(local, name)


def started_cells(cluster):
    log = cluster.folder / "log"
    return [line.split() for line in log.read_text().splitlines()] if log.exists() else []


@pytest.mark.slow
def test_killed_worker_costs_only_its_cell(executor, cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(sweep, "cell_task", log_cell)
    killed = []

    def kill(cell, failure):
        if not killed:
            killed.append(started_cells(cluster)[-1])
            os.kill(int(killed[0][1]), signal.SIGKILL)

    report = sweep.sweep(CELLS[:8], executor, tmp_path, callback=kill)
    assert report.failed == {}
    assert results.finished_cells(CELLS, tmp_path) == set(CELLS[:8])
    names = [name for name, _ in started_cells(cluster)]
    assert len(names) <= 9
    repeated = {name for name in names if names.count(name) > 1}
    assert repeated <= {killed[0][0]}


@pytest.mark.slow
def test_task_that_repeatedly_kills_workers_fails_with_value_error(executor, monkeypatch):
    failure = distributed.KilledWorker("work", None, 3)
    dask_future = type("KilledFuture", (), {"result": lambda self: (_ for _ in ()).throw(failure)})()
    future = executor.submit(divmod, 7, 2)
    future.result()
    future = dask_cluster.Future()
    executor._deliver(dask_future, future)
    with pytest.raises(ValueError, match="4 workers of the cluster died"):
        future.result()


@pytest.mark.slow
def test_cluster_that_loses_its_workers_fails_waiting_tasks(monkeypatch):
    monkeypatch.setattr(dask_cluster, "NO_WORKERS_TIMEOUT", 0.3)
    monkeypatch.setattr(dask_cluster, "POLL_INTERVAL", 0.1)
    with thread_cluster(1, 1) as cluster:
        executor = DaskCluster(cluster.scheduler_address)
        cluster.scale(0)
        wait_until(lambda: not cluster.scheduler.workers, seconds=90)
        with pytest.raises(ClusterError, match="lost all its workers"):
            executor.submit(divmod, 7, 2).result(timeout=30)
        executor.shutdown(cancel_futures=True)


def test_benchmark_compares_cluster_and_process_pool(monkeypatch):
    from tests.benchmarks import dask, machine

    cells = dask.short_cells(5, 10)
    assert len({cell.name for cell in cells}) == 5
    monkeypatch.setattr(sweep, "cell_task", fake_cell)
    executor = ThreadExecutor()
    assert dask.sweep_seconds(executor, cells) > 0
    executor.shutdown()
    assert len(executor.submitted) == 5
    monkeypatch.setattr(dask, "compare", lambda *_: [(10.0, 10.5), (10.0, 9.0), (20.0, 22.0)])
    monkeypatch.setattr(machine, "describe", lambda: "a machine")
    text = dask.markdown(5, 10, 3)
    assert "| 1 | 10.0 s | 10.5 s | +5.0% |" in text
    assert "Median: +5.0%" in text


@pytest.mark.slow
def test_killed_scheduler_ends_the_sweep_with_a_message(cluster, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(dask_cluster.ADDRESS, cluster.address)
    monkeypatch.setattr(sweep, "cell_task", log_cell)

    def kill():
        wait_until(lambda: len(list(tmp_path.glob("*.parquet"))) >= 2, seconds=90)
        os.killpg(cluster.scheduler.pid, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    assert __main__.run(run_arguments(tmp_path)) == 1
    killer.join()
    output = capsys.readouterr().err
    assert f"The Dask scheduler at {cluster.address} cannot be reached any more" in output
    assert "the same command resumes from there" in output
    table, faults = results.load(tmp_path)
    assert 2 <= len(table) < len(CELLS)
    assert faults == []
