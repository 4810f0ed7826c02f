"""Read an .npz of labelled images without trusting it: every claim it makes is checked before it is unpacked.

The layout is the one Keras made usual: `x_train` and `x_test` are uint8 images, `y_train` and `y_test` their
integer labels. A zip member says how long it is, and the .npy header inside it says which dtype and shape it
has; both are read first, so a file that would unpack to gigabytes costs a few hundred bytes to refuse.
"""

from __future__ import annotations

import hashlib
import os
import re
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Mapping
from math import prod
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from numpy.lib import format as npy

T = TypeVar("T")

DAMAGE_ERRORS = (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)  # of an .npz, read

MEMBERS = ("x_train", "y_train", "x_test", "y_test")
MIN_SIDE, MAX_SIDE = 8, 64  # pixels
MAX_IMAGES = 200_000  # training and test images together
MAX_BYTES = 512 * 2**20  # of all members, unpacked
MAX_DIRECTORY = 2**14  # bytes of a zip's list of members; that of a million empty ones takes half a gigabyte to read
LAYOUT = (
    f"x_train, x_test: uint8 images (N, H, W) or (N, H, W, 1) of {MIN_SIDE} to {MAX_SIDE} pixels a side; "
    f"y_train, y_test: whole numbers (N,) from 0 to 255, of two classes or more; "
    f"at most {MAX_IMAGES:,} images and {MAX_BYTES // 2**20} MiB in all"
)


class DataError(ValueError):
    """A data set cannot be used; the message says which file, what was found and what was expected."""


class _Fault(Exception):
    """What was found, before the file's name and the expectation are put around it."""


def read(path: Path, expected: str = LAYOUT) -> dict[str, np.ndarray]:
    """The four arrays of the .npz at `path`: images (N, H, W) uint8, labels (N,) int64, C-contiguous.

    Headers and sizes are checked against `LAYOUT` first; pickled objects are never loaded. Raises DataError
    with the file, the finding and what was `expected`, in words.
    """
    try:
        return _read(path)
    except _Fault as fault:
        raise DataError(f"{plain_name(path.name)}: {fault}. Expected: {expected}.") from None
    except OSError as error:
        why = error.strerror or error
        raise DataError(f"{plain_name(path.name)}: cannot be read ({why}). Expected: {expected}.") from error
    except DAMAGE_ERRORS as error:
        found = f"damaged or cut short at {path.stat().st_size:,} bytes ({str(error) or type(error).__name__})"
        raise DataError(f"{plain_name(path.name)}: {found}. Expected: {expected}.") from error


def plain_name(name: str | Path) -> str:
    """The name of a file or of what is in it, without anything that Markdown or HTML would understand."""
    return re.sub(r"[^\w ./\\:+-]", "?", str(name))


def check_directory(stream: IO[bytes]) -> None:
    """Raise zipfile.BadZipFile for a zip whose list of members is longer than an .npz needs, before it is read.

    The list is as long as the zip's last 22 bytes say, by which zipfile goes too if there is nothing after and no other
    record before them, as there is where it is to be longer than four gigabytes.
    """
    length = stream.seek(0, os.SEEK_END)
    stream.seek(max(length - _END.size - _LOCATOR, 0))
    last = stream.read()
    if len(last) < _END.size:
        raise zipfile.BadZipFile("too short for a zip")
    mark, *_, directory, _, comment = _END.unpack(last[-_END.size :])
    if mark != b"PK\5\6" or comment or last[: -_END.size].startswith(b"PK\6\7"):
        raise zipfile.BadZipFile("it does not end as an .npz does")
    if directory > MAX_DIRECTORY:
        raise zipfile.BadZipFile(f"the list of what it holds has {directory:,} bytes, too many")
    stream.seek(0)


_END = struct.Struct("<4s4H2LH")  # the record at the end of a zip (PKWARE's APPNOTE, 4.3.16)
_LOCATOR = 20  # bytes of the record before it where the zip is one of 64 bits (4.3.15)


def load_asset(path: Path, unpack: Callable[[Mapping[str, np.ndarray[Any, Any]]], T], mend: str) -> T:
    """What `unpack` makes of the arrays in an .npz that a command of this project keeps in assets.

    Raises DataError, with `mend` as what to do, for a missing or damaged file, and where `unpack` raises a KeyError for
    something that isn't there or a ValueError or TypeError for something that is wrong.
    """
    try:
        if path.exists() and not zipfile.is_zipfile(path):
            raise ValueError("it is no .npz archive")
        with np.load(path, allow_pickle=False) as file:
            return unpack({name: file[name] for name in file.files})
    except FileNotFoundError:
        raise DataError(f"{path.name}: no such file. {mend}.") from None
    except KeyError as error:
        raise DataError(f"{path.name}: it holds no {error}. {mend}.") from error
    except (TypeError, *DAMAGE_ERRORS) as error:
        why = without_folder(error, path)
        raise DataError(f"{path.name}: damaged, or of another version ({why}). {mend}.") from error


def without_folder(error: Exception, path: Path) -> str:
    """What an error says of the file at `path`, without saying where this machine keeps it."""
    return str(error).replace(str(path), path.name)


def idx_sha256(array: np.ndarray) -> str:
    """SHA-256 of the bytes that `array`, of numbers 0 to 255, has as an IDX file, header included.

    IDX is the format both sets were published in: two zero bytes, 8 for uint8, the number of dimensions, each
    dimension as a big-endian 32-bit number, then the values in C order (LeCun, Cortes, Burges: MNIST's page).
    """
    digest = hashlib.sha256(struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape))
    digest.update(np.ascontiguousarray(array, dtype=np.uint8).data)
    return digest.hexdigest()


def _read(path: Path) -> dict[str, np.ndarray]:
    _look_like_npz(path)
    with path.open("rb") as file:
        check_directory(file)
        with zipfile.ZipFile(file) as archive:
            return _unpacked(archive)


def _unpacked(archive: zipfile.ZipFile) -> dict[str, np.ndarray]:
    members = _members(archive)
    headers: dict[str, tuple[int, ...]] = {}
    for name, member in members.items():
        with archive.open(member) as stream:
            headers[name] = _shape(name, member, stream)
    _agree(headers)
    arrays = {}
    for name, member in members.items():
        with archive.open(member) as stream:
            arrays[name] = npy.read_array(stream, allow_pickle=False)
            stream.read()  # to the very end, where the zip's own checksum is compared
    for name in ("x_train", "x_test"):
        arrays[name] = np.ascontiguousarray(arrays[name].reshape(arrays[name].shape[:3]))
    for name in ("y_train", "y_test"):
        arrays[name] = _labels(name, arrays[name])
    return arrays


def _look_like_npz(path: Path) -> None:
    if not path.exists():
        raise _Fault("no such file")
    if path.is_dir():
        raise _Fault("a folder without any .npz file")
    if not path.is_file():  # a pipe would be waited for
        raise _Fault("no ordinary file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise _Fault(f"{size:,} bytes, too large")
    with path.open("rb") as stream:
        head = stream.read(256)
    if head.startswith(b"PK"):
        return
    if not head:
        raise _Fault("an empty file")
    if head.startswith(b"version https://git-lfs"):
        raise _Fault("a Git LFS pointer, the note that stands for a file which was not fetched")
    if head.lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        raise _Fault("a web page, as a failed download leaves it")
    if head.startswith(npy.MAGIC_PREFIX):
        raise _Fault("a single .npy array, not an .npz of four")
    raise _Fault(f"{size:,} bytes that are no .npz archive")


def _members(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    entries = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    missing = [name for name in MEMBERS if name not in entries]
    if missing:
        there = ", ".join(plain_name(name[:40]) for name in sorted(entries)[:8]) or "nothing"
        raise _Fault(f"it holds {there}, but no {' and no '.join(missing)}")
    unpacked = sum(info.file_size for info in archive.infolist())
    if unpacked > MAX_BYTES:
        raise _Fault(f"it would unpack to {unpacked:,} bytes, too large")
    members = {name: entries[name] for name in MEMBERS}
    for name, info in members.items():
        if info.flag_bits & 1:
            raise _Fault(f"{name} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _Fault(f"{name} is packed by a method that numpy does not write")
    return members


def _shape(name: str, member: zipfile.ZipInfo, stream: IO[bytes]) -> tuple[int, ...]:
    """The shape that the member's .npy header claims, once dtype, shape and length fit each other."""
    version = npy.read_magic(stream)
    if version != (1, 0):  # the only one whose header is short, whatever it says of itself
        raise _Fault(f"{name} is an .npy of the unusual version {version}")
    try:
        shape, _, dtype = npy.read_array_header_1_0(stream)
    except (tokenize.TokenError, SyntaxError, TypeError, RecursionError, MemoryError) as error:
        # numpy reads the header as a Python literal, and a damaged one can fail in any of Python's ways
        raise _Fault(f"{name} has a damaged .npy header ({type(error).__name__})") from error
    if dtype.hasobject:
        raise _Fault(f"{name} holds pickled Python objects, which are never loaded")
    images = name.startswith("x")
    if images and dtype != np.uint8:
        raise _Fault(f"{name} has dtype {dtype}")
    if not images and dtype.kind not in "iu":
        raise _Fault(f"{name} has dtype {dtype}")
    sides = shape[1:3]
    fits = len(shape) == 3 or (len(shape) == 4 and shape[3] == 1) if images else len(shape) == 1
    if not fits or any(not MIN_SIDE <= side <= MAX_SIDE for side in sides):
        raise _Fault(f"{name} has shape {shape}")
    if prod(shape) * dtype.itemsize != member.file_size - stream.tell():
        raise _Fault(f"{name} claims shape {shape} of {dtype}, but {member.file_size:,} bytes are there")
    return shape


def _agree(shapes: Mapping[str, tuple[int, ...]]) -> None:
    for part in ("train", "test"):
        images, labels = shapes[f"x_{part}"][0], shapes[f"y_{part}"][0]
        if images != labels:
            raise _Fault(f"x_{part} has {images:,} images, y_{part} {labels:,} labels")
        if not images:
            raise _Fault(f"x_{part} is empty")
    if shapes["x_train"][1:3] != shapes["x_test"][1:3]:
        raise _Fault(f"x_train has shape {shapes['x_train']}, x_test {shapes['x_test']}: two sizes of image")
    images = shapes["x_train"][0] + shapes["x_test"][0]
    if images > MAX_IMAGES:
        raise _Fault(f"{images:,} images, too many")


def _labels(name: str, y: np.ndarray) -> np.ndarray:
    low, high = int(y.min()), int(y.max())
    if low < 0 or high > 255:
        raise _Fault(f"{name} has labels from {low} to {high}")
    if low == high:
        raise _Fault(f"{name} has the one class {low}; at least two are needed")
    return y.astype(np.int64)
