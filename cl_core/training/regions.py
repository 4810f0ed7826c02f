"""Regions of a run's class weights, for a run whose embeddings have the two dimensions that are drawn."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cl_core.analysis.class_regions import COLUMNS, HALF_TURN, class_regions, has_margin
from cl_core.data import datasets
from cl_core.data.errors import ExplainedError
from cl_core.losses import LOSSES, variants
from cl_core.training import loop
from cl_core.training.config import RunSpec
from cl_core.training.loop import State


def has_regions(spec: RunSpec) -> bool:
    """Return whether the frames of a run have regions: its loss has class weights, in the plane that is drawn.

    Args:
        spec: settings of the run.
    """
    return spec.dim == 2 and LOSSES[spec.loss].classes


def has_wedges(spec: RunSpec) -> bool:
    """Return whether the regions of a run have wedges where its margin is met; not for some published definitions.

    Args:
        spec: settings of a run.
    """
    known = variants.get_variant(spec.loss, spec.convention).function is None
    return has_regions(spec) and known and has_margin(LOSSES[spec.loss])


def regions_of(state: State) -> NDArray[np.float32] | None:
    """Return the regions of the class weights of a run, by the parameters of its next step.

    Args:
        state: the run.

    Returns:
        (C, 5), see `class_regions`; None for a run that has none.
    """
    spec = state.spec
    if not has_regions(spec):
        return None
    loss = LOSSES[spec.loss]
    weight, bias = loop.class_weights(state)
    assert weight is not None
    schedule = loss.schedules.get(spec.schedule)
    theta = spec.theta if schedule is None else {**spec.theta, "annealing": schedule.at(state.step + 1)}
    return class_regions(loss, theta, weight, bias, margins=has_wedges(spec))


def checked_regions(
    regions: NDArray[np.float32] | None, spec: RunSpec, count: int
) -> Sequence[NDArray[np.float32] | None]:
    """Return the regions of each frame, from a file that is not trusted.

    Args:
        regions: (frames, C, 5); None in a file that has none.
        spec: settings of their run.
        count: number of frames that there must be.

    Raises:
        ValueError: when they have another shape, or numbers that no frame can have.
    """
    if regions is None:
        return [None] * count
    shape = (count, datasets.load(spec.dataset).n_classes, COLUMNS)
    if not has_regions(spec) or regions.shape != shape:
        raise ExplainedError(f"regions has the shape {regions.shape}")
    if not np.isfinite(regions[..., :3]).all() or (np.abs(regions[..., 3:]) > HALF_TURN).any():
        raise ExplainedError("regions has numbers out of range")
    return list(regions)
