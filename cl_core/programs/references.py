"""Programs of the two values that a run's loss is compared with: at total collapse, and for perfect classes."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.losses.reference_values import pair_masks, terms_at_collapse, terms_at_floor
from cl_core.programs.compiler import compile_function
from cl_core.programs.program import Program
from cl_core.programs.sliders import slider_inputs
from cl_core.training import RunSpec
from cl_core.training.collapse_values import averaged_labels

OUTPUTS = ("collapse", "floor")


def reference_program(spec: RunSpec) -> Program:
    """Compile the two values, as `training.collapse_values` computes them.

    The program's inputs are the `labels` of some batches (see `collapse_values.averaged_labels`) and the sliders of the
    loss.

    Args:
        spec: the run, of a loss on labels as this project defines it. The values of sliders do not matter.

    Returns:
        The program.
    """
    loss = LOSSES[spec.loss]
    inputs = slider_inputs(loss, spec.theta)
    classes = datasets.load(spec.dataset).n_classes
    labels = torch.stack(averaged_labels(spec))
    masks = [pair_masks(loss, each, classes) for each in labels]
    ties = [terms_at_collapse(loss, spec.theta, *each).n_terms > 0 for each in masks]

    def function(labels: Tensor, *values: Tensor) -> list[Tensor]:
        theta: dict[str, Any] = {**spec.theta, **dict(zip(inputs, values, strict=True))}
        masks = [pair_masks(loss, each, classes) for each in labels]
        collapse = [
            terms_at_collapse(loss, theta, *each, ties=tie).mean() for each, tie in zip(masks, ties, strict=True)
        ]
        floor = [terms_at_floor(loss, theta, *each, classes).mean() for each in masks]
        return [torch.stack(each).mean() for each in (collapse, floor)]

    return compile_function(function, {"labels": labels} | inputs, OUTPUTS)
