"""Census jobs give the exact counts, with any workers, across stops and deaths of workers."""

import threading
import time
from collections.abc import Callable

import numpy as np
import pytest

from cl_core import training
from cl_core.analysis import triplet_counts
from cl_core.analysis.census import census
from cl_core.data import datasets
from cl_core.data.npz import DataError
from cl_core.pretrained import checkpoints, embeddings
from cl_core.runtime import census_job
from cl_core.runtime.census_job import CensusJob, CensusProgress, CensusRequest
from cl_core.runtime.process_pool import ProcessPool
from tests.executors import DyingExecutor, ThreadExecutor

REQUEST = CensusRequest("blobs", None, 300, 0.2, "sqeuclidean", (0.5, 1.0))


@pytest.fixture(autouse=True)
def _small_tasks(monkeypatch):
    monkeypatch.setattr(triplet_counts, "BLOCK_SIZE", 4000)
    monkeypatch.setattr(census_job, "TASK_SECONDS", 0.0)  # one block per task


@pytest.fixture
def thread():
    executor = ThreadExecutor()
    yield executor
    executor.shutdown()


def poll_until(job: CensusJob, condition: Callable[[CensusProgress], bool], seconds: float = 30.0) -> CensusProgress:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job.renew_lease()
        if condition(progress := job.progress()):
            return progress
        time.sleep(0.002)
    raise AssertionError(f"not after {seconds} s: {progress}")


def check_counts(progress: CensusProgress, request: CensusRequest) -> None:
    assert progress.phase == "done"
    assert progress.done == progress.total == len(request.rows)
    expected = census(request.embedding(), request.labels, request.margin, request.distance, margins=request.margins)
    assert progress.census is not None
    for name in (
        "per_anchor",
        "per_class_pair",
        "per_margin",
        "margins",
        "farthest_positive",
        "nearest_negative",
        "farthest_distance",
        "nearest_distance",
    ):
        assert np.array_equal(getattr(progress.census, name), getattr(expected, name)), name
    assert progress.census.total == request.triplets


def test_job_counts_what_census_counts(thread):
    progress = poll_until(CensusJob(thread, REQUEST), lambda progress: progress.phase == "done")
    check_counts(progress, REQUEST)
    assert thread.submitted.count("count_part") > 5
    assert progress.seconds > 0


def test_network_and_raw_pixels_are_counted(thread):
    for state in (None, checkpoints.load("supcon", "trained")):
        request = CensusRequest("mnist", state, 60, 0.2, "cosine")
        check_counts(poll_until(CensusJob(thread, request), lambda progress: progress.phase == "done"), request)
    assert np.allclose(np.linalg.norm(census_job.pixel_embedding("mnist", np.arange(5)), axis=1), 1)


def test_request_for_more_images_than_there_are_counts_all(thread):
    n_images = len(datasets.load("blobs").y_test)
    assert n_images < census_job.MAX_IMAGES
    request = CensusRequest("blobs", None, census_job.MAX_IMAGES, 0.2, "euclidean")
    assert len(request.rows) == n_images
    assert CensusJob(thread, request).progress().total == n_images


def test_stopped_job_can_be_resumed(thread):
    job = CensusJob(thread, REQUEST)
    poll_until(job, lambda progress: progress.done > 20)
    job.stop()
    job.renew_lease()  # a renewed lease does not start it again
    pause = threading.Event()
    while job.progress().phase == "counting":
        pause.wait(0.002)
    progress = job.progress()
    assert progress.phase == "stopped"
    assert 20 < progress.done < progress.total
    n_submitted = len(thread.submitted)
    pause.wait(0.05)
    assert len(thread.submitted) == n_submitted  # nothing more was submitted
    job.resume()
    check_counts(poll_until(job, lambda progress: progress.phase == "done"), REQUEST)


def test_job_stops_when_its_lease_ends(thread, monkeypatch):
    monkeypatch.setattr(census_job, "LEASE", 0.0)
    job = CensusJob(thread, REQUEST)
    end = time.monotonic() + 30
    while job.progress().phase == "counting" and time.monotonic() < end:
        time.sleep(0.01)
    assert job.progress().phase == "stopped"
    assert job.progress().done < job.progress().total


def test_worker_death_costs_one_task(thread):
    executor = DyingExecutor(
        lambda name, before: (name == "count_part" and before in (0, 3, 4)) or (name == "assemble" and before == 0)
    )
    progress = poll_until(CensusJob(executor, REQUEST), lambda progress: progress.phase == "done")
    check_counts(progress, REQUEST)
    assert "died" in (progress.note or "")
    executor.shutdown()


def test_job_fails_after_repeated_worker_deaths():
    executor = DyingExecutor(lambda name, before: before > 2)
    progress = poll_until(CensusJob(executor, REQUEST), lambda progress: progress.phase == "failed")
    assert "repeatedly" in (progress.failure or "")
    assert progress.done > 0
    executor.shutdown()


def test_error_in_a_worker_is_reported(thread, monkeypatch):
    def broken(*_):
        raise DataError("mnist.npz: damaged")

    monkeypatch.setattr(CensusRequest, "embedding", broken)
    progress = poll_until(CensusJob(thread, REQUEST), lambda progress: progress.phase == "failed")
    assert progress.failure == "mnist.npz: damaged"


def test_simultaneous_jobs_do_not_mix(thread):
    other = CensusRequest("blobs", None, 200, 1.0, "euclidean")
    jobs = {request: CensusJob(thread, request) for request in (REQUEST, other)}
    for request, job in jobs.items():
        check_counts(poll_until(job, lambda progress: progress.phase == "done"), request)


@pytest.mark.slow
def test_worker_processes_give_the_same_counts():
    pool = ProcessPool()
    check_counts(poll_until(CensusJob(pool, REQUEST), lambda progress: progress.phase == "done", 120), REQUEST)
    pool.shutdown()


@pytest.mark.parametrize("n", [0, -1, census_job.MAX_IMAGES + 1, 10**9])
def test_number_of_images_is_limited(n):
    with pytest.raises(ValueError, match="1 to 10,000"):
        CensusRequest("blobs", None, n, 0.2, "euclidean")


@pytest.mark.parametrize("stage", embeddings.STAGES)
@pytest.mark.parametrize("loss", checkpoints.LOSSES)
def test_checkpoints_embed_as_the_shipped_embeddings(loss, stage):
    checkpoint, embedding = checkpoints.load(loss, stage), embeddings.load(loss, stage)
    assert (checkpoint.spec, checkpoint.step) == (embedding.spec, embedding.step)
    z = training.snapshot(checkpoint, len(embedding.rows)).z
    assert np.abs(z - embedding.z).max() < 2e-3 * max(1, np.abs(z).max())  # both have float16 precision


def test_missing_or_damaged_checkpoint_is_reported(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="no checkpoint of 'circle'"):
        checkpoints.load("circle", "trained")
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)
    checkpoints._read.cache_clear()
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(DataError, match=r"no such file.*checkpoints"):
        checkpoints.load("supcon", "trained")
    (tmp_path / "checkpoints" / "supcon.npz").write_bytes(b"PK\x03\x04 not quite")
    with pytest.raises(DataError, match="damaged"):
        checkpoints.load("supcon", "trained")
    np.savez(tmp_path / "checkpoints" / "triplet.npz", about=np.array("{}"))
    with pytest.raises(DataError, match="a part of it is missing"):
        checkpoints.load("triplet", "trained")
