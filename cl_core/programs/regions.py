"""Programs of the regions that the class weights of a run decide for."""

from __future__ import annotations

import torch
from torch import Tensor

from cl_core.analysis.class_regions import tensor_of_regions
from cl_core.data import datasets
from cl_core.losses import LOSSES
from cl_core.programs.compiler import compile_function
from cl_core.programs.program import Program
from cl_core.programs.sliders import slider_inputs
from cl_core.training import RunSpec
from cl_core.training.regions import has_wedges


def regions_program(spec: RunSpec) -> Program:
    """Compile the regions of a run whose frames have them (see `training.regions`).

    Its inputs are `weight` (C, 2), `bias` (C,) if the loss has one, and the loss's sliders. Its output `regions` (C, 5)
    is that of `class_regions`.

    Args:
        spec: the run. The values of sliders do not matter.

    Returns:
        The program.
    """
    loss = LOSSES[spec.loss]
    classes = datasets.load(spec.dataset).n_classes
    inputs = {"weight": torch.zeros(classes, 2)} | ({"bias": torch.zeros(classes)} if loss.bias else {})
    given, margins = slider_inputs(loss, spec.theta), has_wedges(spec)

    def regions(weight: Tensor, *values: Tensor) -> list[Tensor]:
        bias, *numbers = values if loss.bias else (None, *values)
        theta = {**spec.theta, **dict(zip(given, numbers, strict=True))}
        return [tensor_of_regions(loss, theta, weight, bias, margins=margins)]

    return compile_function(regions, inputs | given, ("regions",))
