"""The data sets to train on: MNIST and Fashion-MNIST as published, two toy sets in the plane, and the user's own files.

The published sets ship with the lab and are verified whenever they are loaded (see `published`). The user's own sets
are .npz files in the same layout (see `image_files`), named by the environment variable `CL_LAB_DATA`: a file, a folder
of files, or several of either, separated by `os.pathsep`.
"""

from __future__ import annotations

import io
import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from math import ceil, prod, sqrt
from pathlib import Path
from typing import Literal

import numpy as np

from cl_core.data import image_files
from cl_core.data.npz import DataError, plain_name
from cl_core.data.published import PUBLISHED_NAMES, SHIPPED, verify
from cl_core.data.toys import five_rings, ten_blobs

__all__ = [
    "DATASETS",
    "DataError",
    "Dataset",
    "DatasetEntry",
    "available",
    "load",
    "probe_indices",
    "sprite_sheet",
    "training_indices",
]

ASSETS = Path(__file__).resolve().parents[2] / "assets"
DATA_VARIABLE = "CL_LAB_DATA"
MAX_FILES = 100  # own files at most, since they are listed anew whenever a run is set up


@dataclass(frozen=True)
class DatasetEntry:
    """Catalogue entry of a data set, known before the set is loaded.

    Attributes:
        title: for people.
        kind: whether an example is an image or a point of the plane.
        class_names: in the order of the labels; empty for an own set, whose labels have not been read yet.
        path: file of an own set.
        make: function of a random generator and a number n that returns n points of each class of a toy set, (C, n, 2).
        seed: of that random generator.
    """

    title: str
    kind: Literal["images", "points"]
    class_names: tuple[str, ...] = ()
    path: Path | None = None
    make: Callable[[np.random.Generator, int], np.ndarray] | None = field(default=None, repr=False)
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled data set, split into training and test set.

    All callers share the loaded arrays, so they are read-only: copy them (`torch.tensor`) before writing.

    Attributes:
        key: the name that `load` takes.
        title: for people.
        x_train, x_test: images (N, H, W) uint8, or points (N, 2) float32 in about [-1, 1].
        y_train, y_test: labels (N,) int64 from 0 to C - 1.
        class_names: (C,) in the order of the labels.
    """

    key: str
    title: str
    x_train: np.ndarray = field(repr=False)
    y_train: np.ndarray = field(repr=False)
    x_test: np.ndarray = field(repr=False)
    y_test: np.ndarray = field(repr=False)
    class_names: tuple[str, ...]

    def __post_init__(self) -> None:
        for array in (self.x_train, self.y_train, self.x_test, self.y_test):
            array.setflags(write=False)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example: (H, W), or (2,)."""
        return self.x_train.shape[1:]

    @property
    def inputs(self) -> int:
        """Number of values in one example."""
        return prod(self.shape)

    @property
    def is_image(self) -> bool:
        """Whether an example is an image rather than a point."""
        return len(self.shape) == 2

    @property
    def n_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)


DATASETS: dict[str, DatasetEntry] = {
    "mnist": DatasetEntry(f"{PUBLISHED_NAMES['mnist']}: handwritten digits", "images", tuple("0123456789")),
    "fashion_mnist": DatasetEntry(
        f"{PUBLISHED_NAMES['fashion_mnist']}: clothes",
        "images",
        (  # the authors' own names, in the order of their labels
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
    ),
    "blobs": DatasetEntry("Ten blobs in the plane", "points", tuple("ABCDEFGHIJ"), make=ten_blobs, seed=10),
    "rings": DatasetEntry(
        "Five rings in the plane",
        "points",
        ("innermost", "second", "third", "fourth", "outermost"),
        make=five_rings,
        seed=5,
    ),
}


def available() -> Mapping[str, DatasetEntry]:
    """Return every data set that `load` takes: `DATASETS`, then the user's own files as `own_<stem>`.

    Own files are listed without being read, so this is cheap and never fails; `load` reports what is wrong with one.

    Returns:
        key -> entry.
    """
    entries = dict(DATASETS)
    for path in _own_paths():
        stem = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_") or "data"
        key, number = f"own_{stem}", 1
        while key in entries:
            number += 1
            key = f"own_{stem}_{number}"
        entries[key] = DatasetEntry(f"{plain_name(path.stem)} (your own)", "images", path=path)
    return entries


def _own_paths() -> list[Path]:
    """Return the files that `CL_LAB_DATA` names, at most `MAX_FILES`."""
    paths: list[Path] = []
    for name in filter(None, os.environ.get(DATA_VARIABLE, "").split(os.pathsep)):
        path = Path(name).expanduser().absolute()
        # a folder without files stays in the list, so that loading it reports this
        paths += (sorted(path.glob("*.npz")) or [path]) if path.is_dir() else [path]
    return list(dict.fromkeys(paths))[:MAX_FILES]


def load(key: str) -> Dataset:
    """Return the data set that `available()` lists as `key`, from a cache unless its file has changed.

    Raises:
        DataError: when the key is unknown, or the file is missing, damaged, or in another layout.
    """
    entries = available()
    if key not in entries:
        raise DataError(f"no data set is called {key!r}; there are {', '.join(entries)}")
    entry = entries[key]
    path = entry.path or (ASSETS / f"{key}.npz" if key in SHIPPED else None)
    with _lock:  # two sessions that ask at the same time share one copy
        return _load(key, entry, path, _version(path))


_lock = threading.Lock()


def _version(path: Path | None) -> tuple[int, int] | None:
    """Return time of change and size of a file; None where there is none."""
    try:
        return (path.stat().st_mtime_ns, path.stat().st_size) if path else None
    except OSError:
        return None  # reading the file will report the error


@lru_cache(maxsize=4)
def _load(key: str, entry: DatasetEntry, path: Path | None, _version: tuple[int, int] | None) -> Dataset:
    """Read or generate a data set; `_version` is there for the cache only."""
    if entry.make is not None:
        rng = np.random.default_rng(entry.seed)
        train, test = (_shuffled(entry.make(rng, n // len(entry.class_names)), rng) for n in (4000, 1000))
        return Dataset(key, entry.title, *train, *test, entry.class_names)
    assert path is not None
    if entry.path is None:
        return Dataset(key, entry.title, **verify(key, path), class_names=entry.class_names)
    arrays = image_files.read(path)
    labels = np.union1d(arrays["y_train"], arrays["y_test"])
    for name in ("y_train", "y_test"):
        arrays[name] = np.searchsorted(labels, arrays[name])
    return Dataset(key, entry.title, **arrays, class_names=tuple(map(str, labels)))


def _shuffled(points: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Turn points by class (C, n, 2) into x (C * n, 2) float32 and y (C * n,) int64, in a random order."""
    classes, n, _ = points.shape
    order = rng.permutation(classes * n)
    return points.reshape(-1, 2).astype(np.float32)[order], np.repeat(np.arange(classes), n)[order]


def probe_indices(dataset: Dataset, n: int, seed: int = 0) -> np.ndarray:
    """Choose `n` test examples, as equally many of each class as possible.

    The classes take turns, each with its examples in an order that `seed` decides. So the first m indices of a probe
    are the probe of m examples, and are balanced too.

    Args:
        dataset: to choose from.
        n: how many; beyond the size of the test set all examples are chosen.
        seed: of the order.

    Returns:
        Indices into `x_test`, (n,) int64.

    Raises:
        ValueError: when `n` is negative.
    """
    return _balanced(dataset.y_test, n, seed)


def training_indices(dataset: Dataset, n: int, left_out: Sequence[int] = ()) -> np.ndarray:
    """Choose `n` training examples, as equally many of each class as possible.

    The classes take turns as in a probe, but in one order for all runs, whatever their seed. So the first m indices are
    the choice of m examples, and a reader that loads the examples in this order can train before it has all of them.

    Args:
        dataset: to choose from.
        n: how many; beyond the size of the training set all examples are chosen, in this order.
        left_out: labels of classes without a training example.

    Returns:
        Indices into `x_train`, (n,) int64.

    Raises:
        ValueError: when `n` is negative.
    """
    rows = np.flatnonzero(~np.isin(dataset.y_train, left_out))
    chosen: np.ndarray = rows[_balanced(dataset.y_train[rows], n, seed=0)]
    return chosen


def _balanced(labels: np.ndarray, n: int, seed: int) -> np.ndarray:
    """Return `n` of the rows of labels (N,): the classes take turns, each with its rows in random order."""
    if n < 0:
        raise ValueError(f"n must be at least 0, not {n}")
    order = np.random.default_rng(seed).permutation(len(labels))
    y = labels[order]
    rank = np.empty(len(y), dtype=np.int64)  # of an example in its class
    for label in np.unique(y):
        rank[y == label] = np.arange(np.count_nonzero(y == label))
    return order[np.lexsort((y, rank))][:n]


def sprite_sheet(dataset: Dataset, indices: Sequence[int] | np.ndarray, *, bits: int = 8) -> bytes:
    """Draw the test images at `indices` into one sprite sheet, row by row in a grid.

    The grid has `ceil(sqrt(n))` columns and `ceil(n / columns)` rows of cells of H x W pixels; image i is in row
    `i // columns`, column `i % columns`. Cells that are left over are black.

    Args:
        dataset: of the images.
        indices: (n,) into `x_test`.
        bits: 4 for 16 shades of grey, which take half the bytes, and longer to be packed.

    Returns:
        A grey PNG; empty bytes for a data set of points or without indices.
    """
    from PIL import Image  # not on top: worker processes that train do not need it

    n = len(indices)
    if not dataset.is_image or n == 0:
        return b""
    height, width = dataset.shape
    columns = ceil(sqrt(n))
    rows = ceil(n / columns)
    cells = np.zeros((rows * columns, height, width), dtype=np.uint8)
    cells[:n] = dataset.x_test[np.asarray(indices, dtype=np.int64)]
    sheet = cells.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
    png = io.BytesIO()
    if bits == 4:
        image = Image.fromarray(sheet >> 4, "P")
        image.putpalette([17 * shade for shade in range(16) for _ in range(3)])
        image.save(png, format="PNG", bits=4, compress_level=6)
    else:
        Image.fromarray(sheet).save(png, format="PNG", compress_level=1)
    return png.getvalue()
