"""Training images that workers pack for browsers."""

from concurrent.futures import Future

import pytest

from cl_core.components.trainer.message import encode_examples
from cl_core.training import RunSpec
from cl_core.training.batches import training_set
from cl_core.ui.server import packed_images as module
from cl_core.ui.server.packed_images import packed_images
from tests.executors import IdleExecutor, ImmediateExecutor


@pytest.fixture(autouse=True)
def _empty(monkeypatch):
    monkeypatch.setattr(module, "_packed", {})


def blobs(n, **settings):
    return RunSpec(dataset="blobs", training_images=n, **settings)


@pytest.fixture
def queue():
    executor = ImmediateExecutor()
    yield executor
    executor.shutdown()


def test_file_holds_the_training_set(queue):
    x, y = training_set(blobs(1000))
    assert packed_images(queue, blobs(1000)).result() == encode_examples(x.numpy(), y.numpy())


def test_runs_with_wrong_labels_share_the_file_of_the_true_ones(queue):
    first = packed_images(queue, blobs(1000)).result()
    assert packed_images(queue, blobs(1000, wrong_labels=0.3)).result() is first
    x, y = training_set(blobs(1000, classes_left_out="2,3"))
    assert packed_images(queue, blobs(1000, classes_left_out="2,3")).result() == encode_examples(x.numpy(), y.numpy())


def test_images_are_packed_once(queue):
    idle = IdleExecutor()
    assert packed_images(idle, blobs(1000)) is packed_images(idle, blobs(1000))
    assert len(idle.submitted) == 1
    first = packed_images(queue, blobs(1000)).result()
    assert packed_images(queue, blobs(1000)).result() is first
    assert len(queue.submitted) == 1
    idle.fail_pending()


def test_packing_that_failed_is_tried_again():
    idle = IdleExecutor()
    failed = packed_images(idle, blobs(1000))
    idle.fail_pending()
    assert isinstance(failed.exception(), ValueError)
    again = packed_images(idle, blobs(1000))
    assert isinstance(again, Future)
    assert not again.done()
    idle.fail_pending()


def test_few_files_are_kept(queue, monkeypatch):
    monkeypatch.setattr(module, "MAX_PACKED", 2)
    for n in (1000, 2000, 1000, 3000, 1000):
        packed_images(queue, blobs(n))
    assert len(queue.submitted) == 3
    packed_images(queue, blobs(2000))  # which made room for 3,000
    assert len(queue.submitted) == 4
