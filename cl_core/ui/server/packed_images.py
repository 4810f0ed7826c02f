"""Training images packed for visitors' browsers, by workers: some seconds for the images of MNIST."""

import threading
import weakref
from concurrent.futures import Executor, Future
from functools import partial

from cl_core.components.trainer.message import encode_examples
from cl_core.data.datasets import Dataset
from cl_core.training import RunSpec
from cl_core.training.batches import training_set

MAX_PACKED = 4  # files that are kept, of some ten megabytes each

Images = tuple[Dataset, int]  # data set and number, as `RunSpec.training_images`

_lock = threading.RLock()
_packed: dict[Images, bytes] = {}  # the one that was asked for last is the last
_under_way: "weakref.WeakKeyDictionary[Executor, dict[Images, Future[bytes]]]" = weakref.WeakKeyDictionary()


def packed_images(queue: Executor, data: Dataset, n: int) -> "Future[bytes]":
    """Return training images as a file for browsers; a worker packs them, unless one has or does.

    Args:
        queue: of the workers.
        data: data set of the images.
        n: how many, as `RunSpec.training_images`.

    Returns:
        The future of the file, which is as from `encode_examples`.
    """
    images = data, n
    with _lock:
        under_way = _under_way.setdefault(queue, {})
        if images in under_way:
            return under_way[images]
        if images in _packed:
            known: Future[bytes] = Future()
            known.set_result(_packed[images])
            _keep(images, known)
            return known
        future = under_way[images] = queue.submit(_pack, data.key, n)
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


def _pack(key: str, n: int) -> bytes:
    x, y = training_set(RunSpec(dataset=key, training_images=n))
    return encode_examples(x.numpy(), y.numpy())
