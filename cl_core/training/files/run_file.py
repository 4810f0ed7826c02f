"""Save a run to a small .npz file and load it again; a loaded run trains on exactly as the saved one would have.

The file has no pickles. It holds the spec and the reference values as JSON (array `about`), the newest state's vector,
the loss of every step, and the frames, with points at float16 precision. Of a long run only so many frames are saved
that the file stays small, always with the first and the newest. The reader trusts nothing: it checks types, shapes and
ranges, and the spec is validated by `RunSpec`.
"""

import json
from collections.abc import Mapping
from dataclasses import MISSING, asdict, fields
from math import isfinite, nan
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.metrics import Metrics
from cl_core.analysis.projection import IdentityView, PcaView, View
from cl_core.data import datasets, npz
from cl_core.data.errors import ExplainedError
from cl_core.data.npz import DataError
from cl_core.training import loop, optimisers
from cl_core.training.collapse_values import collapse_and_floor
from cl_core.training.config import LATER_SETTINGS, MAX_STEPS, RunSpec
from cl_core.training.divergence import divergence_advice
from cl_core.training.files import safetensors
from cl_core.training.files.changes import parse_changes
from cl_core.training.frames import PROBE_SIZES, Frame, References, RunProgress
from cl_core.training.loop import State
from cl_core.training.regions import checked_regions
from cl_core.training.saved_run import SavedRun

VERSION = 1
MAX_FILE = 48 * 2**20  # bytes; a larger file is not read
MAX_UNPACKED_BYTES = 64 * 2**20
MAX_POINT_BYTES = 24 * 2**20  # of the saved points; a long run with many probe images saves only some of its frames
MAX_ABOUT_BYTES = 2**16
PLOT_DIMS = (2, 3)
METRIC_NAMES = tuple(field.name for field in fields(Metrics))
REQUIRED_METRICS = sum(field.default is MISSING for field in fields(Metrics))  # older files lack the others
MAX_MAGNITUDE = 2.0**127  # largest absolute value that can be drawn and measured

_DTYPES: Mapping[str, str] = MappingProxyType(
    {"about": "|u1", "vector": "<f4", "losses": "<f4", "steps": "<i4", "seconds": "<f8", "metrics": "<f8",
     "regions": "<f4"}
    | {f"{part}{k}": dtype for k in PLOT_DIMS for part, dtype in
       {"points": "<f2", "scale": "<f8", "shares": "<f8", "best": "<f8", "mean": "<f4", "axes": "<f4"}.items()}
)  # fmt: skip


def dumps(progress: RunProgress, state: State, n: int) -> bytes:
    """Write a run to the bytes of a file.

    Args:
        progress: frames, losses and reference values of the run.
        state: state of the run at the same moment.
        n: number of probe images in its frames.

    Returns:
        The bytes of a compressed .npz.

    Raises:
        ValueError: when the run has no frame yet.
    """
    if not progress.frames or progress.references is None:
        raise ValueError("a run can be saved from its first frame on")
    frames = [progress.frames[i] for i in frames_to_save(progress, n)]
    references = {name: value if isfinite(value) else None for name, value in asdict(progress.references).items()}
    about: dict[str, Any] = {
        "version": VERSION, "spec": asdict(state.spec), "n": n, "step": state.step, "seconds": state.seconds,
        "empty": progress.empty, "failure": state.failure, "references": references,
    }  # fmt: skip
    if progress.changes:
        about["changes"] = [asdict(change) for change in progress.changes]
    stored: dict[str, NDArray[Any]] = {
        "about": np.frombuffer(json.dumps(about, allow_nan=False).encode(), np.uint8),
        "vector": state.vector,
        "losses": progress.losses,
        "steps": np.array([frame.step for frame in frames]),
        "seconds": np.array([frame.seconds for frame in frames]),
        "metrics": np.array([[getattr(frame.metrics, name) for name in METRIC_NAMES] for frame in frames]),
    }
    regions = [frame.regions for frame in frames if frame.regions is not None]
    if len(regions) == len(frames):
        stored["regions"] = np.stack(regions)
    for k, newest_view in frames[-1].views.items():
        points = np.stack([frame.points[k] for frame in frames])
        # a power of two, so that saving a loaded run again loses no more digits
        scale = 2.0 ** np.ceil(np.log2(np.maximum(np.abs(points).max(axis=(1, 2)), 2.0**-100)))
        stored[f"points{k}"] = points / scale[:, None, None]
        stored[f"scale{k}"] = scale
        stored[f"shares{k}"] = np.array([frame.views[k].shares for frame in frames])
        stored[f"best{k}"] = np.array([frame.views[k].best_share for frame in frames])
        if isinstance(newest_view, PcaView):
            stored[f"mean{k}"], stored[f"axes{k}"] = newest_view.mean, newest_view.axes
    return npz.pack({name: np.ascontiguousarray(array, _DTYPES[name]) for name, array in stored.items()})


def frames_to_save(progress: RunProgress, n: int) -> list[int]:
    """Choose the frames that the file of a run holds: all, or evenly spaced ones so that it stays small.

    Args:
        progress: the run, with at least one frame.
        n: number of probe images in its frames.

    Returns:
        Ascending indices into `progress.frames`, always with the first and the last.
    """
    dims = min(progress.spec.dim, 3)
    max_frames = max(2, MAX_POINT_BYTES // (2 * n * (2 if dims == 2 else 5)))
    total = len(progress.frames)
    return sorted(set(np.linspace(0, total - 1, min(max_frames, total)).round().astype(int).tolist()))


def estimated_size(progress: RunProgress, n: int) -> int:
    """Estimate the size of a run's file from above: compression hardly shrinks weights, moments and points.

    Args:
        progress: the run, with at least one frame.
        n: number of probe images in its frames.

    Returns:
        Bytes.
    """
    points = len(frames_to_save(progress, n)) * n * (2 if progress.spec.dim == 2 else 5)
    return (1 + len(optimisers.MOMENT_NAMES[progress.spec.optimiser])) * safetensors.estimated_size(
        progress.spec
    ) + 2 * points


def loads(file: bytes) -> SavedRun:
    """Read a run from the bytes of an untrusted file.

    Nothing in the file is executed, and the sizes that it claims are checked before it is unpacked.

    Args:
        file: the bytes.

    Returns:
        The run.

    Raises:
        DataError: when the file is too large or damaged, or does not describe a run that this program can have saved.
    """
    if len(file) > MAX_FILE:
        raise DataError(f"It has {len(file):,} bytes, but at most {MAX_FILE:,} are allowed.")
    return from_arrays(npz.unpack(file, _DTYPES, MAX_UNPACKED_BYTES))


def from_arrays(stored: Mapping[str, NDArray[Any]]) -> SavedRun:
    """Read a run from untrusted arrays by name, as a file holds them.

    Args:
        stored: arrays of the types that files have.

    Returns:
        The run.

    Raises:
        DataError: when they do not describe a run that this program can have saved.
    """
    try:
        return _parse_run(stored)
    except DataError:
        raise
    except (KeyError, ValueError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise DataError(f"It does not contain a run of this app: {npz.plain_reason(error)}.") from error


def _parse_run(stored: Mapping[str, NDArray[Any]]) -> SavedRun:
    """Validate the arrays of a file; KeyError, ValueError or TypeError if they describe no run."""
    about = _parse_about(stored["about"])
    spec = _parse_spec(about["spec"])
    n, step, empty = (_get_int(about, name) for name in ("n", "step", "empty"))
    if n not in PROBE_SIZES or not 0 <= empty <= step <= MAX_STEPS:
        raise ExplainedError(f"{n} points after {step} steps can't be")
    vector, losses = stored["vector"], stored["losses"]
    _check_shape("vector", vector, loop.start(spec).vector.shape)
    _check_shape("losses", losses, (step,))
    failure = about["failure"]
    if failure is not None:  # its text is made again: that of the file is not trusted
        failure = divergence_advice(spec, step)
    elif not np.isfinite(vector).all():
        raise ExplainedError("its weights are not finite")
    seconds = _check_number(about["seconds"], 0.0)
    state = State(spec, step, vector, seconds, failure=failure)
    return SavedRun(
        n,
        state,
        _parse_frames(stored, spec, n, step),
        losses,
        empty,
        _parse_references(about["references"], spec),
        parse_changes(about.get("changes", []), spec, step),
    )


def _parse_about(text: NDArray[np.uint8]) -> dict[str, Any]:
    if text.size > MAX_ABOUT_BYTES:
        raise ExplainedError("its description is too long")
    about = json.loads(text.tobytes().decode(), parse_constant=_reject_constant)
    if not isinstance(about, dict) or about["version"] != VERSION:
        raise ExplainedError("it has another version")
    return about


def _reject_constant(constant: str) -> None:
    """Reject NaN and infinity, which Python's JSON reader accepts."""
    raise ExplainedError(f"{constant} is not a number")


def _parse_spec(values: Any) -> RunSpec:
    """Return the spec; `RunSpec` checks the type and range of every value."""
    names = {field.name for field in fields(RunSpec)}
    if not isinstance(values, dict) or not names - LATER_SETTINGS <= values.keys() <= names:
        raise ExplainedError("its settings are not those of a run")
    return RunSpec(**values)


def _parse_references(values: Mapping[str, Any], spec: RunSpec) -> References:
    collapse, floor, knn_raw = (
        nan if values[name] is None else _check_number(values[name], -MAX_MAGNITUDE)
        for name in ("collapse", "floor", "knn_raw")
    )
    if collapse == 0:  # older files have 0 if the run's first batch had no valid term
        collapse, floor = collapse_and_floor(spec)
    epoch_steps = _get_int(values, "epoch_steps")
    if not 1 <= epoch_steps <= MAX_MAGNITUDE:
        raise ExplainedError("its number of steps per epoch is wrong")
    return References(collapse, floor, knn_raw, epoch_steps)


def _parse_frames(stored: Mapping[str, NDArray[Any]], spec: RunSpec, n: int, step: int) -> tuple[Frame, ...]:
    steps, seconds, measured = (stored[name] for name in ("steps", "seconds", "metrics"))
    count = len(steps) if steps.ndim == 1 else 0
    if not count or steps[0] != 0 or (np.diff(steps) <= 0).any() or steps[-1] > step:
        raise ExplainedError("its frames' steps do not ascend from 0 to its newest step")
    _check_shape("seconds", seconds, (count,))
    metrics = _parse_metrics(measured, count)
    regions = checked_regions(stored.get("regions"), spec, count)
    dims = [k for k in PLOT_DIMS if k <= spec.dim]
    drawn = min(n, len(datasets.load(spec.dataset).y_test))
    for k in dims:
        for name, shape in {"points": (drawn, k), "shares": (k,), "scale": (), "best": ()}.items():
            _check_shape(f"{name}{k}", stored[f"{name}{k}"], (count, *shape))
        if not (np.abs(stored[f"points{k}"]) <= 1).all() or not (stored[f"scale{k}"] > 0).all():
            raise ExplainedError(f"points{k} are not scaled correctly")
    for name in ("seconds", *(f"{part}{k}" for k in dims for part in ("scale", "shares", "best"))):
        if not (np.abs(stored[name]) <= MAX_MAGNITUDE).all():
            raise ExplainedError(f"{name} has numbers out of range")
    return tuple(
        Frame(
            int(steps[i]),
            float(seconds[i]),
            metrics[i],
            {k: (stored[f"points{k}"][i].astype(np.float64) * stored[f"scale{k}"][i]).astype(np.float32) for k in dims},
            {k: _parse_view(stored, spec.dim, k, i, newest=i == count - 1) for k in dims},
            regions=regions[i],
        )
        for i in range(count)
    )


def _parse_metrics(measured: NDArray[Any], count: int) -> list[Metrics]:
    """Return the metrics of each frame; those that were added since the file was written have their default."""
    known = min(max(measured.shape[-1], REQUIRED_METRICS), len(METRIC_NAMES)) if measured.ndim else 0
    _check_shape("metrics", measured, (count, known))
    absent = np.isnan(measured)
    absent[:, :REQUIRED_METRICS] = False
    if not (absent | (np.abs(measured) <= MAX_MAGNITUDE)).all():
        raise ExplainedError("metrics has numbers out of range")
    return [Metrics(*map(float, row)) for row in measured]


def _parse_view(stored: Mapping[str, NDArray[Any]], dim: int, k: int, i: int, *, newest: bool) -> View:
    """Return the view of frame `i` along `k` axes; only that of the newest frame has its mean and axes."""
    shares, best = tuple(map(float, stored[f"shares{k}"][i])), float(stored[f"best{k}"][i])
    if dim == k:
        return IdentityView(shares, best)
    mean, axes = stored[f"mean{k}"], stored[f"axes{k}"]
    _check_shape(f"mean{k}", mean, (dim,))
    _check_shape(f"axes{k}", axes, (dim, k))
    if not newest:
        return PcaView(mean, axes, shares, best).compacted()
    if not (np.abs(mean) <= MAX_MAGNITUDE).all() or not np.allclose(
        axes.T.astype(np.float64) @ axes, np.eye(k), atol=1e-3
    ):
        raise ExplainedError(f"axes{k} are not orthonormal")
    return PcaView(mean, axes, shares, best)


def _check_shape(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    if array.shape != shape:
        raise ExplainedError(f"{name} has the shape {array.shape}, not {shape}")


def _get_int(values: Mapping[str, Any], name: str) -> int:
    value = values[name]
    if type(value) is not int:
        raise ExplainedError(f"{name} is not a whole number")
    return value


def _check_number(value: Any, low: float) -> float:
    if type(value) not in (int, float) or not low <= value <= MAX_MAGNITUDE:
        raise ExplainedError("a number is out of range")
    return float(value)
