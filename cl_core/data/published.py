"""The data sets that ship with the lab, and the proof that their arrays are the published ones.

Each set is proved whenever it is loaded: its arrays, written as the IDX files that their authors gave out, must have
those files' SHA-256.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.data import image_files
from cl_core.data.npz import DataError

PUBLISHED_NAMES = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST"}

# array -> its shape, and the SHA-256 of the IDX file it was published as (origin: assets/README.md)
SHIPPED: dict[str, dict[str, tuple[tuple[int, ...], str]]] = {
    "mnist": {
        "x_train": ((60_000, 28, 28), "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
        "y_train": ((60_000,), "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
        "x_test": ((10_000, 28, 28), "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
        "y_test": ((10_000,), "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    },
    "fashion_mnist": {
        "x_train": ((60_000, 28, 28), "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888"),
        "y_train": ((60_000,), "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9"),
        "x_test": ((10_000, 28, 28), "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b"),
        "y_test": ((10_000,), "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34"),
    },
}


def verify(key: str, path: Path) -> dict[str, NDArray[Any]]:
    """Return the four arrays of the .npz at `path`, proved to be the published set `key`.

    Args:
        key: of `SHIPPED`.
        path: of the file, here or not yet in its place.

    Returns:
        Images (N, 28, 28) uint8, labels (N,) int64.

    Raises:
        DataError: when the file is missing or damaged, or holds other arrays; the message says what was found, what was
            expected and how to restore the file.
    """
    published = SHIPPED[key]
    mend = f"To mend it: `git checkout -- assets/{key}.npz`, or `python assets/rebuild.py {key}`"
    shapes = ", ".join(f"{name} {shape}" for name, (shape, _) in published.items())
    arrays = image_files.read(path, f"{PUBLISHED_NAMES[key]} whole, uint8, {shapes}. {mend}")
    for name, (shape, sha256) in published.items():
        if arrays[name].shape != shape:
            raise DataError(f"{path.name}: {name} has shape {arrays[name].shape}. Expected: {shape}. {mend}.")
        digest = idx_sha256(arrays[name])
        if digest != sha256:
            raise DataError(
                f"{path.name}: {name} is not the published array: as an IDX file its SHA-256 begins {digest[:12]}. "
                f"Expected: {sha256[:12]}. {mend}."
            )
    return arrays


def idx_sha256(array: NDArray[Any]) -> str:
    """Return the SHA-256, in hexadecimal, of the IDX file of an array of whole numbers 0 to 255.

    IDX is the format that both sets were published in: two zero bytes, 8 for uint8, the number of dimensions, each
    dimension as a big-endian 32-bit number, then the values in C order.

    Source: LeCun, Cortes and Burges, the MNIST database's page.
    """
    digest = hashlib.sha256(struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape))
    digest.update(np.ascontiguousarray(array, dtype=np.uint8).data)
    return digest.hexdigest()
