"""A run as a small file that opens again and trains on as if it had never been away.

An .npz without pickles: what was asked for and the lines to draw beside it as JSON, the newest state's vector, the loss
of every step, and the frames, their points with the digits of a float16. Of a long run so many frames are kept that
the file stays small, always with the first and the newest. Reading trusts nothing: types, shapes and ranges are
checked, and the spec goes through `RunSpec` like any other.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from math import isfinite, nan
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.metrics import Metrics
from cl_core.analysis.projection import IdentityView, PcaView, View
from cl_core.data import npz
from cl_core.data.npz import DataError
from cl_core.training import loop
from cl_core.training.config import MAX_STEPS, RunSpec
from cl_core.training.files import safetensors
from cl_core.training.frames import PROBE_SIZES, Frame, References, RunProgress
from cl_core.training.loop import State
from cl_core.training.saved_run import SavedRun

VERSION = 1
MAX_FILE = 48 * 2**20  # bytes of a file that is read at all
MAX_BYTES = 64 * 2**20  # of what it unpacks to
MAX_POINTS = 24 * 2**20  # bytes of points that are written: of a long run through many images not every frame
MAX_TEXT = 2**16  # bytes
DIMS = (2, 3)
MEASURES = tuple(field.name for field in fields(Metrics))
LIMIT = 2.0**127  # beyond which nothing is drawn or measured

_DTYPES: Mapping[str, str] = MappingProxyType(
    {"about": "|u1", "vector": "<f4", "losses": "<f4", "steps": "<i4", "seconds": "<f8", "metrics": "<f8"}
    | {f"{part}{k}": dtype for k in DIMS for part, dtype in
       {"points": "<f2", "scale": "<f8", "shares": "<f8", "best": "<f8", "mean": "<f4", "axes": "<f4"}.items()}
)  # fmt: skip


def dumps(look: RunProgress, state: State, n: int) -> bytes:
    """The file of a run that is looked at through `n` probe images; `look` and `state` are of one moment.

    Raises ValueError for a run that has no frame yet.
    """
    if not look.frames or look.references is None:
        raise ValueError("a run can be kept from its first frame on")
    frames = [look.frames[i] for i in frames_to_save(look, n)]
    lines = {name: value if isfinite(value) else None for name, value in asdict(look.references).items()}
    about = {
        "version": VERSION, "spec": asdict(state.spec), "n": n, "step": state.step, "seconds": state.seconds,
        "empty": look.empty, "failure": state.failure, "references": lines,
    }  # fmt: skip
    stored: dict[str, NDArray[Any]] = {
        "about": np.frombuffer(json.dumps(about, allow_nan=False).encode(), np.uint8),
        "vector": state.vector,
        "losses": look.losses,
        "steps": np.array([frame.step for frame in frames]),
        "seconds": np.array([frame.seconds for frame in frames]),
        "metrics": np.array([[getattr(frame.metrics, name) for name in MEASURES] for frame in frames]),
    }
    for k, last in frames[-1].views.items():
        points = np.stack([frame.points[k] for frame in frames])
        # a power of two, so that what has been kept once is kept again without another loss
        scale = 2.0 ** np.ceil(np.log2(np.maximum(np.abs(points).max(axis=(1, 2)), 2.0**-100)))
        stored[f"points{k}"] = points / scale[:, None, None]
        stored[f"scale{k}"] = scale
        stored[f"shares{k}"] = np.array([frame.views[k].shares for frame in frames])
        stored[f"best{k}"] = np.array([frame.views[k].best_share for frame in frames])
        if isinstance(last, PcaView):
            stored[f"mean{k}"], stored[f"axes{k}"] = last.mean, last.axes
    return npz.pack({name: np.ascontiguousarray(part, _DTYPES[name]) for name, part in stored.items()})


def frames_to_save(look: RunProgress, n: int) -> list[int]:
    """The numbers of the frames that a file keeps: all, or evenly many between the first and the newest."""
    dims = min(look.spec.dim, 3)
    most = max(2, MAX_POINTS // (2 * n * (2 if dims == 2 else 5)))
    total = len(look.frames)
    return sorted(set(np.linspace(0, total - 1, min(most, total)).round().astype(int).tolist()))


def estimated_size(look: RunProgress, n: int) -> int:
    """At most about how many bytes the file of a run has: weights, moments and points hardly get smaller by packing."""
    points = len(frames_to_save(look, n)) * n * (2 if look.spec.dim == 2 else 5)
    return (3 if look.spec.optimiser == "adam" else 2) * safetensors.estimated_size(look.spec) + 2 * points


def loads(file: bytes) -> SavedRun:
    """The run in a file that anybody may have made.

    Raises archive.DataError, in words, for a file that is too large, damaged, or holds what no run of this program
    could have left; nothing in it is ever run, and what it claims to be is checked before it is unpacked.
    """
    if len(file) > MAX_FILE:
        raise DataError(f"It has {len(file):,} bytes, where {MAX_FILE:,} are the most.")
    stored = npz.unpack(file, _DTYPES, MAX_BYTES)
    try:
        return _unpacked(stored)
    except DataError:
        raise
    except KeyError as error:
        raise DataError(f"It holds no {str(error)[:40]}.") from error
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DataError(f"It holds no run of this program: {str(error)[:200]}.") from error


def _unpacked(stored: Mapping[str, NDArray[Any]]) -> SavedRun:
    about = _about(stored["about"])
    spec = _spec(about["spec"])
    n, step, empty = (_whole(about, name) for name in ("n", "step", "empty"))
    if n not in PROBE_SIZES or not 0 <= empty <= step <= MAX_STEPS:
        raise ValueError(f"{n} points after {step} steps can't be")
    vector, losses = stored["vector"], stored["losses"]
    _shaped("vector", vector, loop.start(spec).vector.shape)
    _shaped("losses", losses, (step,))
    failure = about["failure"]
    if failure is not None:  # in our words, not in the file's
        failure = loop.divergence_advice(spec, step)
    elif not np.isfinite(vector).all():
        raise ValueError("its weights are not finite")
    seconds = _number(about["seconds"], 0.0)
    state = State(spec, step, vector, seconds, failure=failure)
    return SavedRun(n, state, _frames(stored, spec, n, step), losses, empty, _references(about["references"]))


def _about(text: NDArray[np.uint8]) -> dict[str, Any]:
    if text.size > MAX_TEXT:
        raise ValueError("its description is too long")
    about = json.loads(text.tobytes().decode(), parse_constant=_refuse)
    if not isinstance(about, dict) or about["version"] != VERSION:
        raise ValueError("it is of another version")
    return about


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is no number")


def _spec(values: Any) -> RunSpec:
    """The spec, which checks the type and range of every value in it."""
    if not isinstance(values, dict) or values.keys() != {field.name for field in fields(RunSpec)}:
        raise ValueError("its settings are not those of a run")
    return RunSpec(**values)


def _references(values: Mapping[str, Any]) -> References:
    collapse, floor, knn_raw = (
        nan if values[name] is None else _number(values[name], -LIMIT) for name in ("collapse", "floor", "knn_raw")
    )
    epoch_steps = _whole(values, "epoch_steps")
    if not 1 <= epoch_steps <= LIMIT:
        raise ValueError("an epoch has no such number of steps")
    return References(collapse, floor, knn_raw, epoch_steps)


def _frames(stored: Mapping[str, NDArray[Any]], spec: RunSpec, n: int, step: int) -> tuple[Frame, ...]:
    steps, seconds, measured = (stored[name] for name in ("steps", "seconds", "metrics"))
    count = len(steps) if steps.ndim == 1 else 0
    if not count or steps[0] != 0 or (np.diff(steps) <= 0).any() or steps[-1] > step:
        raise ValueError("its frames' steps do not ascend from 0 to its newest step")
    _shaped("seconds", seconds, (count,))
    _shaped("metrics", measured, (count, len(MEASURES)))
    dims = [k for k in DIMS if k <= spec.dim]
    for k in dims:
        for name, shape in {"points": (n, k), "shares": (k,), "scale": (), "best": ()}.items():
            _shaped(f"{name}{k}", stored[f"{name}{k}"], (count, *shape))
        if not (np.abs(stored[f"points{k}"]) <= 1).all() or not (stored[f"scale{k}"] > 0).all():
            raise ValueError(f"points{k} are not to scale")
    for name in ("seconds", "metrics", *(f"{part}{k}" for k in dims for part in ("scale", "shares", "best"))):
        if not (np.abs(stored[name]) <= LIMIT).all():
            raise ValueError(f"{name} has numbers out of range")
    return tuple(
        Frame(
            int(steps[i]),
            float(seconds[i]),
            Metrics(*map(float, measured[i])),
            {k: (stored[f"points{k}"][i].astype(np.float64) * stored[f"scale{k}"][i]).astype(np.float32) for k in dims},
            {k: _view(stored, spec.dim, k, i, last=i == count - 1) for k in dims},
        )
        for i in range(count)
    )


def _view(stored: Mapping[str, NDArray[Any]], dim: int, k: int, i: int, *, last: bool) -> View:
    shares, best = tuple(map(float, stored[f"shares{k}"][i])), float(stored[f"best{k}"][i])
    if dim == k:
        return IdentityView(shares, best)
    mean, axes = stored[f"mean{k}"], stored[f"axes{k}"]
    _shaped(f"mean{k}", mean, (dim,))
    _shaped(f"axes{k}", axes, (dim, k))
    if not last:
        return PcaView(mean, axes, shares, best).compacted()
    if not (np.abs(mean) <= LIMIT).all() or not np.allclose(axes.T.astype(np.float64) @ axes, np.eye(k), atol=1e-3):
        raise ValueError(f"axes{k} are no axes")
    return PcaView(mean, axes, shares, best)


def _shaped(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ValueError(f"{name} has the shape {array.shape}, not {shape}")


def _whole(values: Mapping[str, Any], name: str) -> int:
    value = values[name]
    if type(value) is not int:
        raise ValueError(f"{name} is no whole number")
    return value


def _number(value: Any, low: float) -> float:
    if type(value) not in (int, float) or not low <= value <= LIMIT:
        raise ValueError("a number is out of range")
    return float(value)
