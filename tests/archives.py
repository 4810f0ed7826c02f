"""Small data sets, and their .npz files, for tests that read and write archives."""

import io
import os
import struct

import numpy as np
import pytest

from cl_core.data import datasets
from cl_core.data.npz import DataError
from tests import ROOT

ARRAYS = ("x_train", "y_train", "x_test", "y_test")


def small_dataset(seed=0, train=40, test=20, side=8, labels=(0, 1, 2)):
    """Return the four arrays of a valid data set of the user's own, by name."""
    rng = np.random.default_rng(seed)
    return {
        "x_train": rng.integers(0, 256, (train, side, side), dtype=np.uint8),
        "y_train": np.resize(np.array(labels), train),
        "x_test": rng.integers(0, 256, (test, side, side), dtype=np.uint8),
        "y_test": np.resize(np.array(labels), test),
    }


def write_npz(path, **arrays):
    np.savez_compressed(path, **arrays)
    return path


def use_own_files(monkeypatch, *paths):
    """Set CL_LAB_DATA to files or folders."""
    monkeypatch.setenv("CL_LAB_DATA", os.pathsep.join(map(str, paths)))


def small_dataset_with(**arrays):
    return small_dataset() | arrays


def npy_bytes(array):
    stream = io.BytesIO()
    np.lib.format.write_array(stream, array)
    return stream.getvalue()


def idx_bytes(array):
    """Return the IDX file of an array, after the description of the format."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(struct.pack(">I", side) for side in array.shape)
    return header + array.astype(np.uint8).tobytes()


def load_arrays(key):
    """Return writable copies of a shipped data set's arrays, as numpy reads them."""
    with np.load(ROOT / "assets" / f"{key}.npz", allow_pickle=False) as stored:
        return {name: stored[name] for name in ARRAYS}


def assert_missing_and_truncated_are_reported(path, arrays, load_error):
    """Check what loading a prepared .npz says where it is missing, a Git LFS pointer, and cut short.

    Args:
        path: where the loader looks for the file; nothing is there yet.
        arrays: what the file should hold, by name.
        load_error: function that loads the file, and returns the message of its error.
    """
    assert "no such file" in load_error()
    path.write_bytes(b"version https://git-lfs.github.com/spec/v1")
    assert "no .npz archive" in load_error()
    write_npz(path, **arrays)
    path.write_bytes(path.read_bytes()[:5000])
    assert "no .npz archive" in load_error()


def shipped_copy(tmp_path, monkeypatch, name, load, command):
    """Let an empty folder take the place of assets, for tests that write damaged copies of a shipped file there.

    Args:
        tmp_path: pytest's.
        monkeypatch: pytest's.
        name: of the file in assets.
        load: function that loads it, without a cache.
        command: which makes it again, after `python -m cl_core.pretrained`.

    Returns:
        The path of the copy, of which nothing is there yet; the shipped arrays by name; and a function that loads the
        copy, and returns the message of its error.
    """
    path = tmp_path / name
    path.parent.mkdir()
    with np.load(datasets.ASSETS / name) as file:
        arrays = dict(file)
    monkeypatch.setattr(datasets, "ASSETS", tmp_path)

    def load_error() -> str:
        with pytest.raises(DataError) as caught:
            load()
        message = str(caught.value)
        assert path.name in message
        assert str(path.parent) not in message
        assert f"`git checkout -- assets/{name}`" in message
        assert f"`python -m cl_core.pretrained {command}`" in message
        return message

    return path, arrays, load_error


def assert_changes_are_reported(path, arrays, load_error, changes):
    """Check that loading a prepared .npz with wrong contents says what is wrong.

    Args:
        path: where the loader looks for the file.
        arrays: what the file should hold, by name.
        load_error: function that loads the file, and returns the message of its error.
        changes: part of the message -> arrays that are changed, None for one that is left out.
    """
    for message, change in changes.items():
        changed = {name: array for name, array in {**arrays, **change}.items() if array is not None}
        np.savez_compressed(path, **changed)
        assert message in load_error()
