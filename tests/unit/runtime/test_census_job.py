"""A census under way: whoever counts it, however often it is stopped or a worker dies, the counts are the census's."""

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
from cl_core.runtime import census_job
from cl_core.runtime.census_job import CensusJob, CensusProgress, CensusRequest
from cl_core.runtime.process_pool import ProcessPool
from cl_core.training.pretrained import checkpoints, embeddings
from tests.executors import DyingExecutor, ThreadExecutor

QUESTION = CensusRequest("blobs", None, 300, 0.2, "sqeuclidean", (0.5, 1.0))


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch):
    monkeypatch.setattr(triplet_counts, "BLOCK", 4000)
    monkeypatch.setattr(census_job, "TASK_SECONDS", 0.0)  # one block to each part


@pytest.fixture
def thread():
    made = ThreadExecutor()
    yield made
    made.shutdown()


def until(job: CensusJob, seen: Callable[[CensusProgress], bool], seconds: float = 30.0) -> CensusProgress:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        job.renew_lease()
        if seen(look := job.progress()):
            return look
        time.sleep(0.002)
    raise AssertionError(f"not seen in {seconds} s: {look}")


def check(look: CensusProgress, question: CensusRequest) -> None:
    assert look.phase == "done"
    assert look.done == look.total == len(question.rows)
    wanted = census(question.embedding(), question.labels, question.margin, question.distance, margins=question.margins)
    assert look.census is not None
    for name in ("per_anchor", "per_class_pair", "per_margin", "margins", "farthest", "nearest", "far", "near"):
        assert np.array_equal(getattr(look.census, name), getattr(wanted, name)), name
    assert look.census.total == question.triplets


def test_it_counts_what_the_census_counts(thread):
    look = until(CensusJob(thread, QUESTION), lambda look: look.phase == "done")
    check(look, QUESTION)
    assert thread.submitted.count("count_part") > 5
    assert look.seconds > 0


def test_a_net_and_raw_pixels_are_counted(thread):
    for state in (None, checkpoints.load("supcon", "trained")):
        question = CensusRequest("mnist", state, 60, 0.2, "cosine")
        check(until(CensusJob(thread, question), lambda look: look.phase == "done"), question)
    assert np.allclose(np.linalg.norm(census_job.pixel_embedding("mnist", np.arange(5)), axis=1), 1)


def test_fewer_images_than_asked_for_are_all_of_them(thread):
    there = len(datasets.load("blobs").y_test)
    assert there < census_job.MAX_IMAGES
    question = CensusRequest("blobs", None, census_job.MAX_IMAGES, 0.2, "euclidean")
    assert len(question.rows) == there
    assert CensusJob(thread, question).progress().total == there


def test_it_can_be_stopped_and_goes_on(thread):
    job = CensusJob(thread, QUESTION)
    until(job, lambda look: look.done > 20)
    job.stop()
    job.renew_lease()  # a page that looks on does not start it again
    stopped = threading.Event()
    while job.progress().phase == "counting":
        stopped.wait(0.002)
    look = job.progress()
    assert look.phase == "stopped"
    assert 20 < look.done < look.total
    asked = len(thread.submitted)
    stopped.wait(0.05)
    assert len(thread.submitted) == asked  # nothing more was handed out
    job.resume()
    check(until(job, lambda look: look.phase == "done"), QUESTION)


def test_it_stops_when_nobody_looks(thread, monkeypatch):
    monkeypatch.setattr(census_job, "LEASE", 0.0)
    job = CensusJob(thread, QUESTION)
    end = time.monotonic() + 30
    while job.progress().phase == "counting" and time.monotonic() < end:
        time.sleep(0.01)
    assert job.progress().phase == "stopped"
    assert job.progress().done < job.progress().total


def test_a_worker_that_dies_costs_a_part(thread):
    mortal = DyingExecutor(
        lambda name, before: (name == "count_part" and before in (0, 3, 4)) or (name == "assemble" and before == 0)
    )
    look = until(CensusJob(mortal, QUESTION), lambda look: look.phase == "done")
    check(look, QUESTION)
    assert "died" in (look.note or "")
    mortal.shutdown()


def test_workers_that_die_again_and_again_are_given_up():
    mortal = DyingExecutor(lambda name, before: before > 2)
    look = until(CensusJob(mortal, QUESTION), lambda look: look.phase == "failed")
    assert "again and again" in (look.failure or "")
    assert look.done > 0
    mortal.shutdown()


def test_what_goes_wrong_in_a_worker_is_said(thread, monkeypatch):
    def broken(*_):
        raise DataError("mnist.npz: damaged")

    monkeypatch.setattr(CensusRequest, "embedding", broken)
    look = until(CensusJob(thread, QUESTION), lambda look: look.phase == "failed")
    assert look.failure == "mnist.npz: damaged"


def test_two_at_a_time_do_not_mix(thread):
    other = CensusRequest("blobs", None, 200, 1.0, "euclidean")
    jobs = {question: CensusJob(thread, question) for question in (QUESTION, other)}
    for question, job in jobs.items():
        check(until(job, lambda look: look.phase == "done"), question)


def test_worker_processes_count_the_same():
    pool = ProcessPool()
    check(until(CensusJob(pool, QUESTION), lambda look: look.phase == "done", 120), QUESTION)
    pool.shutdown()


@pytest.mark.parametrize("n", [0, -1, census_job.MAX_IMAGES + 1, 10**9])
def test_a_census_has_its_bounds(n):
    with pytest.raises(ValueError, match="1 to 10,000"):
        CensusRequest("blobs", None, n, 0.2, "euclidean")


@pytest.mark.parametrize("stage", embeddings.STAGES)
@pytest.mark.parametrize("loss", checkpoints.LOSSES)
def test_kept_nets_embed_as_the_prepared_ones_did(loss, stage):
    kept, shown = checkpoints.load(loss, stage), embeddings.load(loss, stage)
    assert (kept.spec, kept.step) == (shown.spec, shown.step)
    z = training.snapshot(kept, len(shown.rows)).z
    assert np.abs(z - shown.z).max() < 2e-3  # both have the digits of a float16


def test_a_net_that_is_not_kept_or_damaged_is_said(tmp_path, monkeypatch):
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
    with pytest.raises(DataError, match="it holds no 'spec'"):
        checkpoints.load("triplet", "trained")
