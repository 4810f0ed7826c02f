"""The hardened reader and writer of .npz files: every claim of a file is checked before its data is unpacked.

An .npz is a zip whose members are .npy arrays. The zip's directory says how long each member is, and the .npy header
in the member says which dtype and shape it has. Both are read first and must agree, so that a file which would unpack
to gigabytes costs a few hundred bytes to refuse. Pickled objects are never loaded.
"""

from __future__ import annotations

import errno
import io
import logging
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from cl_core.data.errors import ExplainedError
from cl_core.data.zip_end import directory_size

T = TypeVar("T")

logger = logging.getLogger(__name__)

MAX_BYTES = 512 * 2**20  # of all members together, unpacked
MAX_DIRECTORY = 2**14  # bytes of a zip's directory; that of a million empty members takes half a gigabyte to read
MAX_REASON = 160  # characters of another error's text in a message or in the log
CHUNK_SIZE = 2**18  # bytes that are unpacked at a time
_SYSTEM_REASONS = {
    errno.ENOENT: "no such file",
    errno.EACCES: "no permission for it",
    errno.EPERM: "no permission for it",
    errno.EISDIR: "a folder",
    errno.ENOSPC: "no space left on the disk",
    errno.EIO: "a disk error",
    errno.ELOOP: "a link to itself",
    errno.EMFILE: "too many files are open",
}  # error number: clause


class DataError(ExplainedError):
    """A file or a data set cannot be used; the message says what was found."""


class NpzError(DataError):
    """An .npz is refused; the message is a clause such as "x_train is encrypted", which the caller completes."""


class DamagedNpzError(NpzError):
    """An .npz is damaged, cut short, or no zip archive; the log has what the zip, deflate or .npy reader said."""


@dataclass(frozen=True)
class Header:
    """The .npy header of a member, found to agree with the length that the zip says the member has.

    Attributes:
        shape: of the array.
        dtype: of the array; without Python objects.
        fortran_order: whether the array is stored column by column.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran_order: bool

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return prod(self.shape) * self.dtype.itemsize


class _Arrays(dict[str, NDArray[Any]]):
    """Arrays by name; NpzError, where a dict has KeyError, for one that the file does not hold."""

    def __missing__(self, name: str) -> NDArray[Any]:
        raise NpzError(f"it holds no {plain_name(name)}")


class Archive:
    """An .npz opened for reading; only the arrays that are asked for are checked further and unpacked.

    Args:
        stream: the file, seekable; it must stay open for as long as arrays are read.
        max_bytes: most bytes that all members together may unpack to.

    Attributes:
        names: of the arrays, in the order of the zip's directory.

    Raises:
        DamagedNpzError: when there is no zip archive, or its directory is damaged or longer than `MAX_DIRECTORY`.
        NpzError: when the archive would unpack to more than `max_bytes`.
        OSError: when the file cannot be read.
    """

    def __init__(self, stream: IO[bytes], max_bytes: int = MAX_BYTES) -> None:
        with _damage_reported():
            check_directory(stream)
            self._zip = zipfile.ZipFile(stream)
        self._members: dict[str, list[zipfile.ZipInfo]] = {}
        for info in self._zip.infolist():
            self._members.setdefault(info.filename.removesuffix(".npy"), []).append(info)
        self.names = tuple(self._members)
        unpacked = sum(info.file_size for info in self._zip.infolist())
        if unpacked > max_bytes:
            raise NpzError(f"it would unpack to {unpacked:,} bytes, too large (at most {max_bytes:,})")

    def header(self, name: str) -> Header:
        """Return the header of an array without unpacking the array.

        Raises:
            KeyError: when there is no array of that name.
            DamagedNpzError: when the member or its header is damaged.
            NpzError: when the member is there twice, encrypted, compressed by a method that numpy does not write, an
                .npy of a version other than 1.0, of Python objects, or of another length than its header says.
            OSError: when the file cannot be read.
        """
        with self._opened(name) as (_, header):
            return header

    def array(self, name: str) -> NDArray[Any]:
        """Return an array, C-contiguous and in the machine's byte order.

        Raises:
            KeyError, NpzError, DamagedNpzError, OSError: as `header` does.
        """
        with self._opened(name) as (stream, header):
            content = np.empty(header.size, np.uint8)
            # Bounded reads: without a number everything that is compressed would be unpacked, whatever the zip says of
            # it. At the member's last byte zipfile compares the checksum.
            for start in range(0, header.size, CHUNK_SIZE):
                chunk = content[start : start + CHUNK_SIZE]
                if stream.readinto(chunk.data) < len(chunk):
                    raise EOFError("it ends too early")
            array = content.view(header.dtype).reshape(header.shape, order="F" if header.fortran_order else "C")
            return np.asarray(array, header.dtype.newbyteorder("="), order="C")

    @contextmanager
    def _opened(self, name: str) -> Iterator[tuple[zipfile.ZipExtFile, Header]]:
        """Open a member behind its header."""
        member, *others = self._members[name]
        text = plain_name(name[:40])
        if others:
            raise NpzError(f"it holds {text} twice")
        if member.flag_bits & 1:
            raise NpzError(f"{text} is encrypted")
        if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise NpzError(f"{text} is packed by a method that numpy does not write")
        with _damage_reported(text), self._zip.open(member) as stream:
            assert isinstance(stream, zipfile.ZipExtFile)
            yield stream, _read_header(text, stream, member.file_size)


def _read_header(name: str, stream: IO[bytes], length: int) -> Header:
    """Read the .npy header of a member of `length` bytes, and check it."""
    version = npy.read_magic(stream)
    if version != (1, 0):  # the only version whose header is short, whatever it says of itself
        raise NpzError(f"{name} is an .npy of the unusual version {version}")
    shape, fortran_order, dtype = npy.read_array_header_1_0(stream)
    if dtype.hasobject:
        raise NpzError(f"{name} holds pickled Python objects, which are never loaded")
    header = Header(shape, dtype, fortran_order)
    if min(shape, default=0) < 0 or header.size != length - stream.tell():
        raise NpzError(f"{name} claims shape {str(shape)[:80]} of {plain_dtype(dtype)}, but {length:,} bytes are there")
    return header


@contextmanager
def _damage_reported(name: str = "") -> Iterator[None]:
    """Raise DamagedNpzError for any error of the readers of zip, deflate and .npy; `name` is that of the member."""
    try:
        yield
    except (NpzError, OSError):
        raise
    except Exception as error:  # numpy reads a header as a Python literal: a hostile one fails in any of Python's ways
        logger.warning("%s: %s", name or "an .npz", plain_name(repr(error)[:MAX_REASON]))
        raise DamagedNpzError(f"{name or 'it'} is damaged, cut short, or no .npz archive") from error


def check_directory(stream: IO[bytes]) -> None:
    """Refuse a zip whose directory is longer than an .npz needs, before zipfile reads it.

    Args:
        stream: the file, seekable; it is left at its start.

    Raises:
        zipfile.BadZipFile: when the file has no record of a zip's end.
        NpzError: when the directory is longer than `MAX_DIRECTORY`.
    """
    directory = directory_size(stream)
    if directory > MAX_DIRECTORY:
        raise NpzError(f"it has {directory:,} bytes of names in its list, too many (at most {MAX_DIRECTORY:,})")
    stream.seek(0)


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return an .npz of arrays, compressed, without pickles; `numpy.load` reads it too.

    Raises:
        ValueError: when an array is of Python objects.
    """
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def unpack(file: bytes, dtypes: Mapping[str, str], max_bytes: int) -> dict[str, NDArray[Any]]:
    """Return the arrays of an .npz from an untrusted source.

    Args:
        file: the .npz. It need not hold every array of `dtypes`, but no other.
        dtypes: array -> the dtype that it must have, as "<f4".
        max_bytes: most bytes that all arrays together may unpack to.

    Returns:
        The arrays that the file holds, each in C order; another name is an NpzError.

    Raises:
        DataError: when the file is anything else; the message is a sentence.
    """
    try:
        archive = Archive(io.BytesIO(file), max_bytes)
        if not set(archive.names) <= dtypes.keys():
            raise NpzError("it holds an array that does not belong here")
        for name in archive.names:
            header, dtype = archive.header(name), np.dtype(dtypes[name])
            if header.fortran_order or header.dtype != dtype:
                raise NpzError(f"{name} is an array of {plain_dtype(header.dtype)}, not of {dtype} in C order")
        return _Arrays({name: archive.array(name) for name in archive.names})
    except (NpzError, OSError) as error:
        raise DataError(re.sub("^it ", "It ", f"{plain_reason(error)}.")) from error


def load_asset(path: Path, build: Callable[[Mapping[str, NDArray[Any]]], T], mend: str) -> T:
    """Return what `build` makes of the arrays in an .npz that a command of this project writes to assets.

    Args:
        path: of the file.
        build: function of the file's arrays, by name; a missing one is an NpzError. It raises KeyError, ValueError or
            TypeError for one that is wrong.
        mend: how to restore the file; it ends the error message, without a full stop.

    Raises:
        DataError: when the file is missing or damaged, or `build` raises one of its errors.
    """
    try:
        with path.open("rb") as stream:
            archive = Archive(stream)
            return build(_Arrays({name: archive.array(name) for name in archive.names}))
    except FileNotFoundError:
        raise DataError(f"{path.name}: no such file. {mend}.") from None
    except (OSError, KeyError, TypeError, ValueError) as error:
        reason = plain_reason(error)
        raise DataError(f"{path.name}: damaged, or of another version ({reason}). {mend}.") from error


def plain_reason(error: Exception) -> str:
    """Return what a message may say of an error, in this project's own words; other texts go to the log.

    Args:
        error: the error. The text of an ExplainedError is returned, escaped as `plain_name` does.

    Returns:
        A clause of at most `MAX_REASON` characters, or more of an NpzError.
    """
    if isinstance(error, NpzError):
        return str(error)
    if isinstance(error, ExplainedError):
        return plain_name(str(error)[:MAX_REASON])
    logger.warning("%s", plain_name(repr(error)[:MAX_REASON]))
    if isinstance(error, OSError):
        return _SYSTEM_REASONS.get(error.errno or 0, "the system does not read or write it")
    if isinstance(error, KeyError):
        return "a part of it is missing"
    return "its content is not as expected"


def plain_name(name: str | Path) -> str:
    """Return the name of a file, or of a member of it, without characters that Markdown or HTML would interpret."""
    return re.sub(r"[^\w ,.;:'()/\\+-]", "?", str(name))


def plain_dtype(dtype: np.dtype[Any]) -> str:
    """Return the text of a dtype; the names of fields, which may be any text, are left out."""
    return dtype.name if dtype.kind == "V" else str(dtype)
