"""What the worker reads: the file of a run, with its programs and what Python alone knows, and files of examples."""

from __future__ import annotations

import gzip
from dataclasses import asdict, fields
from math import isfinite
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cl_core.analysis.metrics import Metrics
from cl_core.components.envelope import pack
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.programs import runs
from cl_core.programs.frames import first_axes
from cl_core.programs.graph import UnsupportedError
from cl_core.programs.initial_weights import initial_weights
from cl_core.programs.program import Program
from cl_core.training import RunSpec, config, divergence
from cl_core.training.batches import training_set
from cl_core.training.collapse_values import averaged_labels, collapse_and_floor
from cl_core.training.frames import MAX_FRAMES, steps_to_the_end

COMPRESSION = 6  # level of gzip: higher ones take longer for 1 % of the bytes


def encode(spec: RunSpec, n: int) -> bytes:
    """Encode a run for the worker.

    Args:
        spec: the run. Seed, learning rate and the values of sliders do not matter: the visitor chooses them.
        n: number of probe examples in its frames.

    Returns:
        A message whose header is `Settings` of `run.js`, and whose buffers are its `Programs`.

    Raises:
        UnsupportedError: when a browser cannot train such a run; the text tells the visitor why.
    """
    labels = training_set(spec)[1]
    images = runs.largest_batch(spec).images_per_step
    _check(spec, images, len(labels))
    compiled = runs.programs(spec, n)
    frame = Program.from_bytes(compiled["frame"])
    programs: dict[str, NDArray[Any] | bytes] = {**compiled}
    settings = {
        "rows": len(labels),
        "images": images,
        "images_per_class": spec.images_per_class,
        "network": next(slot.count for slot in frame.inputs if slot.name == "weights"),
        "metrics": [field.name for field in fields(Metrics)],
        "first_axes": {name: axes.flatten().tolist() for name, axes in first_axes(spec.dim).items()},
        "weights": asdict(initial_weights(spec)),
        "frame_steps": steps_to_the_end(spec),
        "max_frames": MAX_FRAMES,
        "divergence": {
            "message": divergence.MESSAGE,
            "hints": [asdict(hint) for hint in divergence.hints(spec)],
            "fallback": divergence.FALLBACK,
        },
    }
    if "references" in programs:
        programs["labels"] = torch.cat(averaged_labels(spec)).numpy().astype(np.uint32)
    else:
        values = zip(("collapse", "floor"), collapse_and_floor(spec), strict=True)
        settings["references"] = {name: value if isfinite(value) else None for name, value in values}
    if spec.wrong_labels:
        programs["given_labels"] = labels.numpy().astype(np.uint8)
    if spec.schedule in LOSSES[spec.loss].schedules:
        programs["annealing"] = _annealing(spec).astype("<f8").tobytes()
    return pack(settings, programs)


def encode_examples(x: NDArray[Any], y: NDArray[np.int64]) -> bytes:
    """Encode examples that the worker trains with, or that it draws.

    Args:
        x: (n, *shape), uint8 pixels or float32 coordinates, as a data set has them.
        y: (n,) int64, labels of at most 255.

    Returns:
        A gzip file of a message with the buffers `labels` and `x`; equal examples give equal bytes.
    """
    return gzip.compress(pack({}, {"labels": y.astype(np.uint8), "x": x}), COMPRESSION, mtime=0)


def _check(spec: RunSpec, images: int, rows: int) -> None:
    """Raise UnsupportedError if no program can be compiled for all batches of a run, of `images` examples of `rows`."""
    inputs = datasets.load(spec.dataset).inputs
    if images * inputs > config.MAX_STEP_VALUES:
        most = config.MAX_STEP_VALUES // inputs
        raise UnsupportedError(f"For images of {inputs:,} pixels a step has {most:,} at most. Take a smaller batch.")
    if spec.images_per_class:
        return
    if (last := rows % images) and not spec.drop_last:
        raise UnsupportedError(
            f"In the browser all batches have one size, and the last of {rows:,} images would have {last:,}: "
            "leave out the last, smaller batch."
        )


def _annealing(spec: RunSpec) -> NDArray[np.float64]:
    """Return the loss's `annealing` at each step, up to the step from which on it is constant."""
    schedule = LOSSES[spec.loss].schedules[spec.schedule]
    values = np.array([schedule.at(step + 1) for step in range(config.MAX_STEPS)])
    return values[: 1 + int(np.count_nonzero(values != values[-1]))]
