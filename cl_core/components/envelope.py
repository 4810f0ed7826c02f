"""Binary format of the messages to interactive pictures: a JSON header, then arrays as raw bytes.

Four bytes (little-endian) hold the length of the header. The header is UTF-8 JSON and lists the buffers that follow it,
each as [name, type, count]. Header and buffers are padded to multiples of four bytes, so that typed arrays are aligned.
`envelope.js` is the decoder in the browser.
"""

import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

TYPES = ("uint8", "int16", "uint32", "float32")  # that `envelope.js` decodes
NOT_FINITE = -32768  # int16 code of a coordinate that is not finite
MAX_CODE = 32767  # largest int16 code of a finite coordinate


def pack(header: Mapping[str, Any], buffers: Mapping[str, NDArray[Any] | bytes]) -> bytes:
    """Encode a header and named buffers as one message.

    Args:
        header: values that JSON can hold; numbers must be finite.
        buffers: arrays of one of `TYPES`, or bytes, by name. Arrays are flattened in C order.

    Returns:
        The message; equal contents give equal bytes.

    Raises:
        ValueError: when a buffer has a type that the decoder does not know, or a number in the header is not finite.
    """
    parts: list[bytes] = []
    listing: list[tuple[str, str, int]] = []
    for name, buffer in buffers.items():
        array = np.frombuffer(buffer, np.uint8) if isinstance(buffer, bytes) else np.ascontiguousarray(buffer)
        if array.dtype.name not in TYPES:
            raise ValueError(f"buffer {name!r} is {array.dtype.name}, not one of {', '.join(TYPES)}")
        listing.append((name, array.dtype.name, array.size))
        parts.append(_padded(array.astype(array.dtype.newbyteorder("<"), copy=False).tobytes(), b"\0"))
    text = json.dumps({**header, "buffers": listing}, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    encoded = _padded(text.encode(), b" ")
    return b"".join((struct.pack("<I", len(encoded)), encoded, *parts))


def unpack(message: bytes) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Decode a message as the browser does.

    Args:
        message: a message from `pack`.

    Returns:
        The header, with the list of buffers as "buffers", and the buffers as flat arrays by name.
    """
    (length,) = struct.unpack_from("<I", message)
    header = json.loads(message[4 : 4 + length])
    start, buffers = 4 + length, {}
    for name, dtype, count in header["buffers"]:
        buffers[name] = np.frombuffer(message, np.dtype(dtype).newbyteorder("<"), count, start)
        start += -(-buffers[name].nbytes // 4) * 4
    return header, buffers


def quantise(points: NDArray[Any]) -> tuple[NDArray[np.int16], float]:
    """Quantise coordinates to 16 bits.

    Args:
        points: coordinates, of any shape.

    Returns:
        Integer codes of the same shape, and the scale: `points` is about `codes * scale`. The error is at most half a
        scale, 1/65,534 of the largest coordinate. The code of a coordinate that is not finite is `NOT_FINITE`.
    """
    finite = np.isfinite(points)
    largest = float(np.abs(points, where=finite, out=np.zeros(points.shape)).max(initial=0.0))
    scale = largest / MAX_CODE or 1.0
    codes = np.rint(np.where(finite, points, 0.0) / scale)
    return np.where(finite, codes, NOT_FINITE).astype(np.int16), scale


def _padded(part: bytes, fill: bytes) -> bytes:
    return part + fill * (-len(part) % 4)
