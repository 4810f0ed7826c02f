"""Data sets of labelled images in .npz files, read without trusting the file.

The layout is the one Keras made usual: `x_train` and `x_test` are uint8 images, `y_train` and `y_test` their integer
labels. All four headers are checked, each for itself and against the others, before anything is unpacked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from cl_core.data.npz import (
    MAX_BYTES,
    Archive,
    DamagedNpzError,
    DataError,
    Header,
    NpzError,
    plain_dtype,
    plain_name,
    plain_reason,
)
from cl_core.data.zip_end import ends_as_zip

ARRAYS = ("x_train", "y_train", "x_test", "y_test")
MIN_SIDE, MAX_SIDE = 8, 64  # pixels
MAX_IMAGES = 200_000  # training and test images together
MIN_IMAGES = 6  # of each part: kNN accuracy compares an image with five others
MIN_PAIRED_CLASSES = 2  # classes of two images or more, in each part: an anchor needs a positive and a negative pair
LAYOUT = (
    f"x_train, x_test: uint8 images (N, H, W) or (N, H, W, 1) of {MIN_SIDE} to {MAX_SIDE} pixels a side; "
    f"y_train, y_test: whole numbers (N,) from 0 to 255; "
    f"each part with at least {MIN_IMAGES} images, and with two classes that have two images or more; "
    f"at most {MAX_IMAGES:,} images and {MAX_BYTES // 2**20} MiB in all"
)


def read(path: Path, expected: str = LAYOUT) -> dict[str, NDArray[Any]]:
    """Return the four arrays of the .npz at `path`; pickled objects are never loaded.

    Args:
        path: of the file.
        expected: what the error message says is expected, without a full stop.

    Returns:
        The arrays of `ARRAYS`, C-contiguous: images (N, H, W) uint8, labels (N,) int64.

    Raises:
        DataError: when the file is missing, unreadable, damaged, or not in `LAYOUT`; the message has the file's name
            without its folder, the finding, and what was expected.
    """
    try:
        _check_file(path)
        with path.open("rb") as stream:
            return _read_arrays(Archive(stream))
    except (NpzError, OSError) as error:
        raise DataError(f"{plain_name(path.name)}: {_finding(error, path)}. Expected: {expected}.") from error


def _finding(error: NpzError | OSError, path: Path) -> str:
    """Say in a clause what an error found in the file at `path`."""
    if isinstance(error, DamagedNpzError):
        return f"damaged or cut short at {path.stat().st_size:,} bytes"
    if isinstance(error, OSError):
        return f"cannot be read ({plain_reason(error)})"
    return str(error)


def _check_file(path: Path) -> None:
    """Name the usual mistakes: what lies at `path` in place of an .npz."""
    if not path.exists():
        raise NpzError("no such file")
    if path.is_dir():
        raise NpzError("a folder without any .npz file")
    if not path.is_file():  # opening a pipe would block
        raise NpzError("not a regular file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise NpzError(f"{size:,} bytes, too large")
    with path.open("rb") as stream:
        start = stream.read(256)
        is_zip = start.startswith(b"PK") or ends_as_zip(stream)  # bytes before a zip do no harm
    if is_zip:
        return
    if not start:
        raise NpzError("an empty file")
    if start.startswith(b"version https://git-lfs"):
        raise NpzError("a Git LFS pointer; the file itself was not downloaded")
    if start.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise NpzError("a web page, probably from a failed download")
    if start.startswith(npy.MAGIC_PREFIX):
        raise NpzError("a single .npy array, not an .npz of four")
    raise NpzError(f"{size:,} bytes, but not an .npz archive")


def _read_arrays(archive: Archive) -> dict[str, NDArray[Any]]:
    """Check all headers, then unpack the arrays."""
    missing = [name for name in ARRAYS if name not in archive.names]
    if missing:
        present = ", ".join(plain_name(name[:40]) for name in sorted(archive.names)[:8]) or "nothing"
        raise NpzError(f"it contains {present}, but no {' and no '.join(missing)}")
    headers = {name: archive.header(name) for name in ARRAYS}
    for name, header in headers.items():
        _check_header(name, header)
    _check_agreement({name: header.shape for name, header in headers.items()})
    arrays = {name: archive.array(name) for name in ARRAYS}
    for name in ("x_train", "x_test"):
        arrays[name] = arrays[name].reshape(arrays[name].shape[:3])
    for name in ("y_train", "y_test"):
        arrays[name] = _checked_labels(name, arrays[name])
    return arrays


def _check_header(name: str, header: Header) -> None:
    """Check dtype and shape of images (`x_...`) or labels (`y_...`)."""
    shape, dtype = header.shape, header.dtype
    images = name.startswith("x")
    if (images and dtype != np.uint8) or (not images and dtype.kind not in "iu"):
        raise NpzError(f"{name} has dtype {plain_dtype(dtype)}")
    sides = shape[1:3]
    fits = len(shape) == 3 or (len(shape) == 4 and shape[3] == 1) if images else len(shape) == 1
    if not fits or any(not MIN_SIDE <= side <= MAX_SIDE for side in sides):
        raise NpzError(f"{name} has shape {str(shape)[:80]}")


def _check_agreement(shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Check that images and labels are equally many, images of one size, and all of them not too many."""
    for part in ("train", "test"):
        images, labels = shapes[f"x_{part}"][0], shapes[f"y_{part}"][0]
        if images != labels:
            raise NpzError(f"x_{part} has {images:,} images, y_{part} {labels:,} labels")
        if images < MIN_IMAGES:
            found = f"has {images} image{'s' * (images > 1)}" if images else "is empty"
            raise NpzError(f"x_{part} {found}; at least {MIN_IMAGES} are needed")
    if shapes["x_train"][1:3] != shapes["x_test"][1:3]:
        raise NpzError(f"x_train has shape {shapes['x_train']}, x_test {shapes['x_test']}: two sizes of image")
    images = shapes["x_train"][0] + shapes["x_test"][0]
    if images > MAX_IMAGES:
        raise NpzError(f"{images:,} images, too many")


def _checked_labels(name: str, y: NDArray[Any]) -> NDArray[np.int64]:
    """Return labels (N,) as int64 once they are from 0 to 255, and two classes have pairs of images."""
    low, high = int(y.min()), int(y.max())
    if low < 0 or high > 255:
        raise NpzError(f"{name} has labels from {low} to {high}")
    if low == high:
        raise NpzError(f"{name} has the one class {low}; at least two are needed")
    paired = int((np.bincount(y.astype(np.int64)) > 1).sum())
    if paired < MIN_PAIRED_CLASSES:
        found = f"{paired} class{'es' * (paired != 1)} with two images or more"
        raise NpzError(f"{name} has {found}; at least {MIN_PAIRED_CLASSES} are needed")
    return y.astype(np.int64)
