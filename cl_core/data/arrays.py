"""Arrays in an .npz, and out of one that nobody vouches for: what it claims is checked before it is unpacked."""

import io
import zipfile
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from cl_core.data.npz import DataError

MAX_MEMBERS = 32


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """An .npz of arrays, in which nothing is pickled: `numpy.load` reads it."""
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def unpack(file: bytes, dtypes: Mapping[str, str], most: int) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz, each of the type (as "<f4") that `dtypes` gives its name; of unpacked bytes `most` in all.

    Sizes and headers are read first, so that a file that would unpack to more is refused before it does. A file need
    not hold every name. Raises DataError, in words, for anything that is not such a file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(file)) as stored:
            members = _members(stored, dtypes, most)
            return {name: _array(stored, member, name, dtypes[name]) for name, member in members.items()}
    except DataError:
        raise
    except Exception as error:  # a hostile file makes readers of zip, deflate and .npy fail in any of Python's ways
        found = str(error)[:120] or type(error).__name__
        raise DataError(f"It is damaged, cut short, or no .npz archive ({type(error).__name__}: {found}).") from error


def _members(stored: zipfile.ZipFile, dtypes: Mapping[str, str], most: int) -> dict[str, zipfile.ZipInfo]:
    listed = stored.infolist()
    if len(listed) > MAX_MEMBERS:
        raise DataError(f"It holds {len(listed):,} arrays, where {MAX_MEMBERS} are the most.")
    members: dict[str, zipfile.ZipInfo] = {}
    for info in listed:
        name = info.filename.removesuffix(".npy")
        if name not in dtypes or name in members:
            raise DataError("It holds an array that does not belong here, or one of them twice.")
        if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise DataError(f"{name} is encrypted, or packed by a method that numpy does not write.")
        members[name] = info
    unpacked = sum(info.file_size for info in listed)
    if unpacked > most:
        raise DataError(f"It would unpack to {unpacked:,} bytes, where {most:,} are the most.")
    return members


def _array(stored: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, wanted: str) -> NDArray[Any]:
    with stored.open(member) as stream:
        if npy.read_magic(stream) != (1, 0):
            raise DataError(f"{name} is an .npy of an unusual version.")
        shape, fortran, dtype = npy.read_array_header_1_0(stream)
        if fortran or dtype != np.dtype(wanted):
            raise DataError(f"{name} is an array of {str(dtype)[:40]}, not of {np.dtype(wanted)} in C order.")
        size = prod(shape) * dtype.itemsize
        if min(shape, default=1) < 0 or size != member.file_size - stream.tell():
            raise DataError(f"{name} does not have the size that it claims.")
        # so many bytes and no more: without a number all that is packed would be unpacked, whatever the zip says of it;
        # at the last byte the zip's own checksum is compared
        content = stream.read(size)
        return np.frombuffer(content, dtype).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
