"""The records at the end of a zip, read before zipfile unpacks the directory that they describe."""

import os
import struct
import zipfile
from typing import IO

_END_RECORD = struct.Struct("<4s4H2LH")  # the record at the end of a zip (PKWARE's APPNOTE, 4.3.16)
_ZIP64_LOCATOR = struct.Struct("<4sLQL")  # the record before it where the zip is one of 64 bits (4.3.15)
_ZIP64_RECORD = struct.Struct("<4sQ2H2L4Q")  # and the record before that (4.3.14)
_IN_ZIP64_RECORD = 2**32 - 1  # in place of a size that needs 64 bits
_MAX_COMMENT = 2**16 - 1  # bytes of a zip's comment, which follows its last record


def directory_size(stream: IO[bytes]) -> int:
    """Return the size of a zip's directory, as the records at its end say.

    The record is looked for as zipfile does. A zip of 64 bits may have two records that versions of zipfile go by, one
    before the locator and one where the locator says; then the larger size counts.

    Args:
        stream: the file, seekable; where it is left is not defined.

    Returns:
        Bytes.

    Raises:
        zipfile.BadZipFile: when there is no such record.
    """
    length = stream.seek(0, os.SEEK_END)
    start = stream.seek(max(length - _END_RECORD.size - _MAX_COMMENT, 0))
    tail = stream.read()
    # a zip without a comment ends in its record; else the last signature counts
    at = len(tail) - _END_RECORD.size
    if not (at >= 0 and tail.startswith(b"PK\5\6", at) and tail.endswith(b"\0\0")):
        at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < _END_RECORD.size:
        raise zipfile.BadZipFile("no record of a zip's end")
    *_, directory, _, _ = _END_RECORD.unpack_from(tail, at)
    locator = start + at - _ZIP64_LOCATOR.size
    signature, _, offset, _ = _ZIP64_LOCATOR.unpack(_bytes_at(stream, locator, _ZIP64_LOCATOR.size))
    sizes = []
    for place in (locator - _ZIP64_RECORD.size, offset) if signature == b"PK\6\7" else ():
        fields = _ZIP64_RECORD.unpack(_bytes_at(stream, place, _ZIP64_RECORD.size))
        if fields[0] == b"PK\6\6":
            sizes.append(int(fields[-2]))
    if not (sizes and directory == _IN_ZIP64_RECORD):
        sizes.append(int(directory))
    return max(sizes)


def ends_as_zip(stream: IO[bytes]) -> bool:
    """Return whether a file, seekable, ends as a zip does; other bytes may come before the zip."""
    try:
        directory_size(stream)
    except zipfile.BadZipFile:
        return False
    return True


def _bytes_at(stream: IO[bytes], place: int, size: int) -> bytes:
    """Return `size` bytes of a file from a place on; zeros for those that it does not have."""
    if not 0 <= place <= 2**62:
        return bytes(size)
    stream.seek(place)
    return stream.read(size).ljust(size, b"\0")
