"""The one message a moving picture sends to the browser: a small header in words, then arrays as plain bytes.

Four bytes (little-endian) say how long the header is; the header is UTF-8 JSON and names the buffers that follow it,
each as [name, type, count]. Header and buffers are padded to four bytes, so that a typed array can lie on them.
`envelope.js` is the other end.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

TYPES = ("uint8", "int16", "uint32", "float32")
NOT_FINITE = -32768  # the int16 that stands for a coordinate that is not finite
LARGEST = 32767


def pack(header: Mapping[str, Any], buffers: Mapping[str, NDArray[Any] | bytes]) -> bytes:
    """One message of a header and named buffers; equal contents give equal bytes.

    Raises ValueError for a buffer of a type that the browser's end does not know.
    """
    parts: list[bytes] = []
    listed: list[tuple[str, str, int]] = []
    for name, buffer in buffers.items():
        array = np.frombuffer(buffer, np.uint8) if isinstance(buffer, bytes) else np.ascontiguousarray(buffer)
        if array.dtype.name not in TYPES:
            raise ValueError(f"buffer {name!r} is {array.dtype.name}, not one of {', '.join(TYPES)}")
        listed.append((name, array.dtype.name, array.size))
        parts.append(_padded(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes(), b"\0"))
    text = json.dumps({**header, "buffers": listed}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    words = _padded(text.encode(), b" ")
    return b"".join((struct.pack("<I", len(words)), words, *parts))


def unpack(message: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the (flat) buffers of a message, as the browser reads them."""
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    start, buffers = 4 + length, {}
    for name, kind, count in header["buffers"]:
        buffers[name] = np.frombuffer(message, np.dtype(kind).newbyteorder("<"), count, start)
        start += -(-buffers[name].nbytes // 4) * 4
    return header, buffers


def quantise(points: NDArray[Any]) -> tuple[NDArray[np.int16], float]:
    """Coordinates as whole numbers and the scale that brings them back: `points` is about `whole * scale`.

    The error is at most half a scale, 1/65,534 of the largest coordinate. What is not finite becomes `NOWHERE`.
    """
    finite = np.isfinite(points)
    largest = float(np.abs(points, where=finite, out=np.zeros(points.shape)).max(initial=0.0))
    scale = largest / LARGEST or 1.0
    whole = np.rint(np.where(finite, points, 0.0) / scale)
    return np.where(finite, whole, NOT_FINITE).astype(np.int16), scale


def _padded(part: bytes, fill: bytes) -> bytes:
    return part + fill * (-len(part) % 4)
