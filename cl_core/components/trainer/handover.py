"""What the browser hands over of a run that it trains: the arrays of a run file, as text."""

import base64
import json
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis import class_regions
from cl_core.components.envelope import MAX_CODE, unpack
from cl_core.data.npz import DataError
from cl_core.training.files import run_file
from cl_core.training.saved_run import SavedRun

MAX_TEXT = 64 * 2**20  # characters of a handover that are read
LISTED = {"steps": "<i4", "seconds": "<f8", "metrics": "<f8"}  # arrays that stand in the header, as lists of numbers


def decode(reported: Any) -> SavedRun:
    """Read a run that a browser has handed over.

    It is an envelope in base64. The header has `about` (see `run_file`) and the lists `steps`, `seconds`, `metrics` (of
    each frame) and, for 2 and for 3 axes, `scale` and `shares`. The buffers are `vector`, `losses`, quantised `points`,
    the `regions` of a run that has them and, of the newest frame, `axes` and `mean`.

    Args:
        reported: untrusted value.

    Returns:
        The run, checked as one from a file.

    Raises:
        DataError: when it is no run.
    """
    if not isinstance(reported, str) or len(reported) > MAX_TEXT:
        raise DataError("Your browser has sent no run.")
    try:
        header, buffers = unpack(base64.b64decode(reported, validate=True))
        stored = _arrays(header, buffers)
    except (struct.error, KeyError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DataError("What your browser has sent cannot be read.") from error
    return run_file.from_arrays(stored)


def _arrays(header: Mapping[str, Any], buffers: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays of a run file."""
    about = header["about"]
    dim = int(about["spec"]["dim"])
    text = json.dumps(about, allow_nan=False).encode()
    count = len(header["steps"])
    stored: dict[str, NDArray[Any]] = {
        "about": np.frombuffer(text, np.uint8),
        "vector": _typed(buffers["vector"], "float32").copy(),  # of its own, which can be written
        "losses": _typed(buffers["losses"], "float32"),
        **{name: _listed(header[name]).astype(dtype) for name, dtype in LISTED.items()},
    }
    if "regions" in buffers:
        stored["regions"] = _typed(buffers["regions"], "float32").reshape(count, -1, class_regions.COLUMNS)
    for k in (2, 3):
        if dim < k:
            continue
        codes = _typed(buffers[f"points{k}"], "int16").reshape(count, -1, k)
        shares = _listed(header[f"shares{k}"])
        stored[f"points{k}"] = codes.astype(np.float32) / MAX_CODE
        stored[f"scale{k}"] = _listed(header[f"scale{k}"]) * MAX_CODE
        stored[f"shares{k}"] = shares
        stored[f"best{k}"] = np.minimum(shares.sum(axis=-1), 1.0)
        if dim > k:
            stored[f"axes{k}"] = _typed(buffers[f"axes{k}"], "float32").reshape(dim, k)
            stored[f"mean{k}"] = _typed(buffers["mean"], "float32")
    return stored


def _listed(numbers: Any) -> NDArray[np.float64]:
    """Return numbers of the header as an array; null is NaN."""
    return np.array(numbers, np.float64)


def _typed(array: NDArray[Any], name: str) -> NDArray[Any]:
    if array.dtype.name != name:
        raise ValueError(f"an array is {array.dtype.name}, not {name}")
    return array
