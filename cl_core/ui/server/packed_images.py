"""Training images packed for visitors' browsers, by workers: some seconds for the images of MNIST."""

import threading
import weakref
from concurrent.futures import Executor, Future
from functools import partial

from cl_core.components.trainer.message import encode_examples
from cl_core.data import datasets
from cl_core.data.datasets import Dataset
from cl_core.training import RunSpec
from cl_core.training.batches import training_set

MAX_PACKED = 4  # files that are kept, of some ten megabytes each

Images = tuple[Dataset, int, str]  # data set, `RunSpec.training_images` and `RunSpec.classes_left_out`

_lock = threading.RLock()
_packed: dict[Images, bytes] = {}  # the one that was asked for last is the last
_under_way: "weakref.WeakKeyDictionary[Executor, dict[Images, Future[bytes]]]" = weakref.WeakKeyDictionary()


def packed_images(queue: Executor, spec: RunSpec) -> "Future[bytes]":
    """Return training images and their true labels as a file for browsers.

    A worker packs them, unless one has done so or is doing it.

    Args:
        queue: of the workers.
        spec: of a run on these images.

    Returns:
        The future of the file, which is as from `encode_examples`.
    """
    images = datasets.load(spec.dataset), spec.training_images, spec.classes_left_out
    with _lock:
        under_way = _under_way.setdefault(queue, {})
        if images in under_way:
            return under_way[images]
        if images in _packed:
            known: Future[bytes] = Future()
            known.set_result(_packed[images])
            _keep(images, known)
            return known
        future = under_way[images] = queue.submit(_pack, spec.dataset, *images[1:])
    future.add_done_callback(partial(_finish, under_way, images))
    return future


def _finish(under_way: dict[Images, "Future[bytes]"], images: Images, done: "Future[bytes]") -> None:
    with _lock:
        del under_way[images]
        if not done.cancelled() and done.exception() is None:
            _keep(images, done)


def _keep(images: Images, done: "Future[bytes]") -> None:
    """Keep a file as the one that was asked for last, and drop the first ones; lock held."""
    _packed.pop(images, None)
    _packed[images] = done.result()
    while len(_packed) > MAX_PACKED:
        _packed.pop(next(iter(_packed)))


def _pack(key: str, n: int, left_out: str) -> bytes:
    x, y = training_set(RunSpec(dataset=key, training_images=n, classes_left_out=left_out))
    return encode_examples(x.numpy(), y.numpy())
