"""Alternative texts of charts with the current numbers; the specifications themselves do not change during a run."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cl_core.analysis.gradients import BatchForces
from cl_core.charts.curves import CURSOR_KIND
from cl_core.charts.numbers import short_number
from cl_core.charts.planes import PSI
from cl_core.charts.race import LOSS, TRIPLETS
from cl_core.charts.triplet_kinds import KINDS
from cl_core.training.frames import SCORES, Frame, References


def loss_alt(references: References, losses: NDArray[np.float32], step: int) -> str:
    """Describe the loss chart at a step: the loss there, the first and the lowest loss, collapse value and floor.

    Args:
        references: collapse value and floor; the floor is mentioned only if it is below the collapse value.
        losses: (steps,) the loss at every step, the first that of step 1.
        step: step of the cursor.

    Returns:
        The alternative text. Without losses it has the references only.
    """
    reference_text = f"If all points coincide it is {short_number(references.collapse)}"
    if references.floor < references.collapse:
        reference_text += f", the lowest possible loss {short_number(references.floor)}"
    if not len(losses):
        return f"No loss yet at step {step}. {reference_text}."
    loss, first, least = (
        float(value) for value in (losses[np.clip(step, 1, len(losses)) - 1], losses[0], losses.min())
    )
    return (
        f"The loss is {short_number(loss, 4)} at step {max(step, 1):,}; it began at {short_number(first, 4)}, and its "
        f"minimum is {short_number(least, 4)} at step {int(np.argmin(losses)) + 1:,}. {reference_text}."
    )


def scores_alt(frame: Frame, raw: float, untrained: float) -> str:
    """Describe the score chart at a frame: kNN accuracy in the full space, 1-NN accuracy in the plane, references.

    Args:
        frame: the current frame.
        raw: kNN accuracy of raw pixels, 0 to 1.
        untrained: kNN accuracy of the untrained net, 0 to 1.

    Returns:
        The alternative text.
    """
    m = frame.metrics
    return (
        f"At step {frame.step:,}, kNN accuracy is {m.knn:.1%} in the full space, 1-NN accuracy {m.drawn:.1%} in the "
        f"picture; raw pixels have {raw:.1%}, the untrained net {untrained:.1%}."
    )


def triplets_alt(frame: Frame) -> str:
    """Describe the triplet chart at a frame: the share of each kind of triplets."""
    shares = ", ".join(f"{getattr(frame.metrics, kind):.2%} {label}" for kind, label in KINDS.items())
    return f"Triplets at step {frame.step:,}: {shares}."


def race_alt(rows: pd.DataFrame, quantity: str, step: int) -> str:
    """Describe the race chart at a step: each run's value at its newest frame until then, and the spread over seeds.

    Args:
        rows: rows of the chart, as from `race_rows`.
        quantity: a key of `SCORES` or `TRIPLETS`, or `LOSS`.
        step: step of the cursor.

    Returns:
        The alternative text; scores are given as accuracies, and a spread of 0 is left out.
    """
    curves = rows[(rows["kind"] != CURSOR_KIND) & (rows["step"] <= step)]
    parts = []
    for name, curve in curves.groupby("kind", sort=False):
        last = curve.iloc[-1]
        value = 1 - last["value"] if quantity in SCORES else last["value"]
        spread = abs(last["high"] - last["low"]) / 2
        number_format = ".3f" if quantity == LOSS else ".1%"
        parts.append(f"{name} {value:{number_format}}" + (f" ± {spread:{number_format}}" if spread > 0 else ""))
    title = {**SCORES, **TRIPLETS, LOSS: "loss, normalised"}[quantity]
    return f"{title} at step {step:,}: {'; '.join(parts) or 'none is known'}."


def shares_alt(forces: BatchForces) -> str:
    """Describe the chart of a batch: each kind's share of the pairs, and its share of the gradient."""

    def describe(shares: Mapping[str, float]) -> str:
        return ", ".join(f"{shares[kind]:.1%} {label}" for kind, label in KINDS.items())

    return f"Pairs: {describe(forces.pairs)}. Gradient: {describe(forces.shares)}."


def psi_alt(angles: Mapping[str, NDArray[np.float64]], degrees: Sequence[int] = (0, 45, 90, 135, 180)) -> str:
    """Describe the chart of psi: the value of psi, cos(m theta) and cos(theta) at some angles.

    Args:
        angles: the functions by name, as from `similarity_plane.angle_functions`.
        degrees: the angles.

    Returns:
        The alternative text.
    """

    def describe(values: NDArray[Any]) -> str:
        return ", ".join(f"{float(np.interp(degree, angles['degrees'], values)):.2f}" for degree in degrees)

    lines = "; ".join(f"{label} {describe(angles[name])}" for name, label in PSI.items())
    return f"At {', '.join(map(str, degrees))} degrees: {lines}."


def density_alt(labels: NDArray[np.integer[Any]], points: NDArray[np.float32], names: Sequence[str]) -> str:
    """Describe the density figure: for each class the median of its points and how wide they are spread.

    Args:
        labels: (n,) class numbers from 0.
        points: (n, 2) coordinates.
        names: names of the classes; those without points are left out.

    Returns:
        The alternative text; the width of a class is the root-mean-square distance of its points from their mean.
    """
    parts = []
    for label, name in enumerate(names):
        class_points = points[labels == label]
        if len(class_points):
            (x, y), width = np.median(class_points, axis=0), np.sqrt(class_points.var(axis=0).sum())
            parts.append(f"{name} about ({x:.2f}, {y:.2f}), {width:.2f} wide")
    return f"Densities of {len(labels):,} points, by class: {'; '.join(parts)}."
