"""What the worker reads of a run: its programs, and what Python alone knows."""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from cl_core.analysis.metrics import Metrics
from cl_core.components.envelope import pack
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.programs.frames import AXES, first_axes
from cl_core.programs.initial_weights import initial_weights, normal_program
from cl_core.programs.program import Program
from cl_core.programs.references import reference_program
from cl_core.programs.steps import step_program
from cl_core.training import RunSpec, config
from cl_core.training.collapse_values import averaged_labels
from cl_core.training.frames import next_frame_step


def encode(spec: RunSpec, frame: Program) -> bytes:
    """Encode a run for the worker.

    Args:
        spec: the run, of a loss on labels, with shuffled batches that drop the last, smaller one.
        frame: its program of frames.

    Returns:
        A message whose header is `Settings` of `run.js`, and whose buffers are its `Programs`.
    """
    data = datasets.load(spec.dataset)
    steps = [next_frame_step(spec, 0)]
    while steps[-1] < config.MAX_STEPS:
        steps.append(min(next_frame_step(spec, steps[-1]), config.MAX_STEPS))
    settings = {
        "rows": len(data.x_train),
        "batch": spec.batch,
        "network": next(slot.count for slot in frame.inputs if slot.name == "weights"),
        "metrics": [field.name for field in fields(Metrics)],
        "axes": [] if spec.dim == AXES else first_axes(spec.dim).flatten().tolist(),
        "weights": asdict(initial_weights(spec)),
        "frame_steps": steps,
    }
    programs: dict[str, NDArray[Any] | bytes] = {
        "step": step_program(spec).to_bytes(),
        "frame": frame.to_bytes(),
        "references": reference_program(spec).to_bytes(),
        "labels": torch.cat(averaged_labels(spec)).numpy().astype(np.uint8),
    }
    if LOSSES[spec.loss].classes:
        programs["normals"] = normal_program().to_bytes()
    return pack(settings, programs)
