"""The data that the lab trains on: MNIST and Fashion-MNIST as published, two toys in the plane, and your own.

A set that ships with the lab is proved to be the published one whenever it is loaded: its arrays, written as
the IDX files their authors gave out, must have those files' SHA-256. Your own sets are .npz files in the same
layout, named by the environment variable `CL_LAB_DATA`: a file, a folder of them, or several of either with
`os.pathsep` between.
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

__all__ = [
    "DATASETS",
    "DataError",
    "Dataset",
    "DatasetEntry",
    "available",
    "load",
    "probe_indices",
    "sprite_sheet",
]

ASSETS = Path(__file__).resolve().parents[2] / "assets"
DATA_VARIABLE = "CL_LAB_DATA"
MAX_FILES = 100  # that it may come to; all are looked for whenever a run is set up
GOLDEN_ANGLE = np.pi * (3 - sqrt(5))


@dataclass(frozen=True)
class DatasetEntry:
    """What a catalogue says of a data set before it is loaded.

    `class_names` is empty for an own set, whose labels have not been read yet. `path` is the file of an own
    set; `make` and `seed` are the generator of a toy and its dice.
    """

    title: str
    kind: Literal["images", "points"]
    class_names: tuple[str, ...] = ()
    path: Path | None = None
    make: Callable[[np.random.Generator, int], np.ndarray] | None = field(default=None, repr=False)
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Dataset:
    """A labelled data set, split into training and test.

    `x_train`, `x_test`: uint8 (N, H, W) for images, float32 (N, 2) for points in about [-1, 1]. `y_train`,
    `y_test`: int64 (N,) from 0 to C - 1, where C = `len(class_names)`. One load is shared by every reader, so
    the arrays are read-only: index them or copy them (`torch.tensor`) before you write.
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
        """How many numbers one example has."""
        return prod(self.shape)

    @property
    def is_image(self) -> bool:
        """Whether an example is a picture rather than a point."""
        return len(self.shape) == 2

    @property
    def n_classes(self) -> int:
        """How many classes there are."""
        return len(self.class_names)


def _ten_blobs(rng: np.random.Generator, n: int) -> np.ndarray:
    """`n` points of each of ten Gaussian blobs, their centres spread like sunflower seeds: (10, n, 2)."""
    rank = np.arange(10)
    turn = GOLDEN_ANGLE * rank
    centre = 0.85 * np.sqrt((rank + 0.5) / 10) * np.stack([np.cos(turn), np.sin(turn)])  # (2, 10)
    points: np.ndarray = centre.T[:, None] + rng.normal(scale=0.07, size=(10, n, 2))
    return points


def _five_rings(rng: np.random.Generator, n: int) -> np.ndarray:
    """`n` points of each of five rings around the origin, which no straight line can part: (5, n, 2)."""
    turn = rng.uniform(0, 2 * np.pi, size=(5, n))
    radius = np.linspace(0.15, 0.95, 5)[:, None] + rng.normal(scale=0.025, size=(5, n))
    return np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=-1)


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
    "blobs": DatasetEntry("Ten blobs in the plane", "points", tuple("ABCDEFGHIJ"), make=_ten_blobs, seed=10),
    "rings": DatasetEntry(
        "Five rings in the plane",
        "points",
        ("innermost", "second", "third", "fourth", "outermost"),
        make=_five_rings,
        seed=5,
    ),
}


def available() -> Mapping[str, DatasetEntry]:
    """Every data set that `load` can be asked for: `DATASETS`, then the visitor's own as `own_<stem>`.

    Own files are listed unread, so this is cheap and never fails: what is wrong with one is said by `load`.
    """
    entries = dict(DATASETS)
    for path in _own_paths():
        stem = re.sub(r"[^a-z0-9]+", "_", path.stem.lower()).strip("_") or "data"
        key, again = f"own_{stem}", 1
        while key in entries:
            again += 1
            key = f"own_{stem}_{again}"
        entries[key] = DatasetEntry(f"{plain_name(path.stem)} (your own)", "images", path=path)
    return entries


def _own_paths() -> list[Path]:
    paths: list[Path] = []
    for name in filter(None, os.environ.get(DATA_VARIABLE, "").split(os.pathsep)):
        path = Path(name).expanduser().absolute()
        # a folder without any stays in the list, so that loading it can say so
        paths += (sorted(path.glob("*.npz")) or [path]) if path.is_dir() else [path]
    return list(dict.fromkeys(paths))[:MAX_FILES]


def load(key: str) -> Dataset:
    """The data set that `available()` lists as `key`; kept in memory, read again when its file has changed.

    Raises DataError when the key is unknown, or the file is missing, damaged, or not what it should be.
    """
    entries = available()
    if key not in entries:
        raise DataError(f"no data set is called {key!r}; there are {', '.join(entries)}")
    entry = entries[key]
    path = entry.path or (ASSETS / f"{key}.npz" if key in SHIPPED else None)
    with _loading:  # two visitors who come at once share one copy
        return _load(key, entry, path, _stamp(path))


_loading = threading.Lock()


def _stamp(path: Path | None) -> tuple[int, int] | None:
    try:
        return (path.stat().st_mtime_ns, path.stat().st_size) if path else None
    except OSError:
        return None  # reading it will say why


@lru_cache(maxsize=4)
def _load(key: str, entry: DatasetEntry, path: Path | None, _stamp: tuple[int, int] | None) -> Dataset:
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
    """Points (C, n, 2) by class as x (C * n, 2) float32 and y (C * n,) int64, in a random order."""
    classes, n, _ = points.shape
    order = rng.permutation(classes * n)
    return points.reshape(-1, 2).astype(np.float32)[order], np.repeat(np.arange(classes), n)[order]


def probe_indices(dataset: Dataset, n: int, seed: int = 0) -> np.ndarray:
    """Which `n` test examples to look at: indices into `x_test`, int64 (n,), as many of each class as can be.

    The classes take turns, each with its examples in an order that `seed` decides; so the first m of a probe
    are the probe of m, and are balanced too. With `n` beyond the test set all of it comes. Raises ValueError
    when `n` is negative.
    """
    if n < 0:
        raise ValueError(f"a probe of {n} examples cannot be")
    order = np.random.default_rng(seed).permutation(len(dataset.y_test))
    y = dataset.y_test[order]
    turn = np.empty(len(y), dtype=np.int64)  # an example's rank among its class
    for label in range(dataset.n_classes):
        turn[y == label] = np.arange(np.count_nonzero(y == label))
    return order[np.lexsort((y, turn))][:n]


def sprite_sheet(dataset: Dataset, indices: Sequence[int] | np.ndarray) -> bytes:
    """The test images at `indices` on one sheet: an 8-bit grey PNG, row by row in a grid.

    The grid has `ceil(sqrt(n))` columns and `ceil(n / columns)` rows, each cell H x W pixels and those left
    over black: image i is in row `i // columns`, column `i % columns`. Empty bytes for points or no indices.
    """
    from PIL import Image  # here, because training in another process needs no pictures

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
    Image.fromarray(sheet).save(png, format="PNG", compress_level=1)
    return png.getvalue()
