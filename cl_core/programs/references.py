"""Programs of the two values that a run's loss is compared with: at total collapse, and for perfect classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from torch import Tensor

from cl_core.data import datasets
from cl_core.losses import LOSSES, variants
from cl_core.losses.reference_values import pair_masks, terms_at_collapse, terms_at_floor
from cl_core.programs.compiler import compile_function
from cl_core.programs.program import Program
from cl_core.programs.sliders import slider_inputs
from cl_core.training import RunSpec
from cl_core.training.collapse_values import averaged_labels, variant_values

OUTPUTS = ("collapse", "floor")


def reference_program(spec: RunSpec) -> Program:
    """Compile the two values for one batch, as `training.collapse_values` computes them.

    The program's inputs are the `labels` (B,) of a batch and the sliders of the loss. A run has the means of both
    values over several batches (see `collapse_values.averaged_labels`). Batches that may collapse at no loss do not
    count where others may not; the library looks for more of these others, which matters to the smallest batches of
    variants only.

    Args:
        spec: the run. The values of sliders do not matter.

    Returns:
        The program.
    """
    loss = LOSSES[spec.loss]
    inputs = slider_inputs(loss, spec.theta)
    labels = averaged_labels(spec)[0]
    variant = variants.dense_loss(variants.get_variant(spec.loss, spec.convention))
    values_of = _own_values(spec, labels) if variant is None else _variant_values(spec, variant)

    def function(labels: Tensor, *values: Tensor) -> list[Tensor]:
        return list(values_of(labels, {**spec.theta, **dict(zip(inputs, values, strict=True))}))

    return compile_function(function, {"labels": labels} | inputs, OUTPUTS)


Values = Callable[[Tensor, Mapping[str, Any]], tuple[Tensor, Tensor]]  # of labels (B,) and theta


def _own_values(spec: RunSpec, labels: Tensor) -> Values:
    """Return a function that computes the two values of this project's definition."""
    loss, classes = LOSSES[spec.loss], datasets.load(spec.dataset).n_classes
    corners = spec.images_per_step if loss.views else classes  # of the simplex; two views of an image are a class
    # of a batch with valid terms it depends on the loss and its miner only
    ties = terms_at_collapse(loss, spec.theta, *pair_masks(loss, labels, classes)).n_terms > 0

    def values(labels: Tensor, theta: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
        masks = pair_masks(loss, labels, classes)
        collapse = terms_at_collapse(loss, theta, *masks, ties=ties)
        return collapse.mean(), terms_at_floor(loss, theta, *masks, corners).mean()

    return values


def _variant_values(spec: RunSpec, variant: Callable[..., Tensor]) -> Values:
    """Return a function that computes the two values of a variant."""
    classes = datasets.load(spec.dataset).n_classes

    def values(labels: Tensor, theta: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
        return variant_values(spec, partial(variant, **theta), labels, classes)

    return values
