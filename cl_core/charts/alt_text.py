"""What charts say now to those who do not see them, with the numbers; the specifications stay as they are."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cl_core.analysis.gradients import BatchForces
from cl_core.charts.curves import CURSOR_KIND
from cl_core.charts.planes import PSI
from cl_core.charts.race import LOSS, TRIPLETS
from cl_core.charts.triplet_kinds import KINDS
from cl_core.training.frames import SCORES, Frame, References


def loss_alt(references: References, losses: NDArray[np.float32], at: int) -> str:
    """The chart of the loss, at a step; losses (steps,), of which the first is that of step 1."""
    against = f"Total collapse is {references.collapse:.3g}"
    if references.floor < references.collapse:
        against += f", the floor {references.floor:.3g}"
    if not len(losses):
        return f"No loss yet at step {at}. {against}."
    here = losses[np.clip(at, 1, len(losses)) - 1]
    return (
        f"The loss is {here:.4g} at step {max(at, 1):,}; it began at {losses[0]:.4g}, its least is "
        f"{np.min(losses):.4g} at step {int(np.argmin(losses)) + 1:,}. {against}."
    )


def scores_alt(frame: Frame, raw: float, untrained: float) -> str:
    """The chart of scores, at a frame."""
    m = frame.metrics
    return (
        f"At step {frame.step:,}, kNN accuracy is {m.knn:.1%} in the full space, 1-NN accuracy {m.drawn:.1%} in the "
        f"drawn plane; raw pixels have {raw:.1%}, the untrained net {untrained:.1%}."
    )


def triplets_alt(frame: Frame) -> str:
    """The chart of kinds of triplets, at a frame."""
    each = ", ".join(f"{getattr(frame.metrics, kind):.2%} {words}" for kind, words in KINDS.items())
    return f"Triplets at step {frame.step:,}: {each}."


def race_alt(rows: pd.DataFrame, quantity: str, at: int) -> str:
    """A chart of a race, at a step, from `race_rows`."""
    curves = rows[(rows["kind"] != CURSOR_KIND) & (rows["step"] <= at)]
    each = []
    for name, own in curves.groupby("kind", sort=False):
        last = own.iloc[-1]
        value = 1 - last["value"] if quantity in SCORES else last["value"]
        spread = abs(last["high"] - last["low"]) / 2
        form = ".3f" if quantity == LOSS else ".1%"
        each.append(f"{name} {value:{form}}" + (f" ± {spread:{form}}" if spread > 0 else ""))
    title = {**SCORES, **TRIPLETS, LOSS: "loss, normalised"}[quantity]
    return f"{title} at step {at:,}: {'; '.join(each) or 'none is known'}."


def shares_alt(found: BatchForces) -> str:
    """The chart of pairs and gradient of a batch."""

    def each(shares: Mapping[str, float]) -> str:
        return ", ".join(f"{shares[kind]:.1%} {words}" for kind, words in KINDS.items())

    return f"Pairs: {each(found.pairs)}. Gradient: {each(found.shares)}."


def psi_alt(angles: Mapping[str, NDArray[np.float64]], at: Sequence[int] = (0, 45, 90, 135, 180)) -> str:
    """The chart of what an angle counts, from `plane.multiplied_angles`, at some degrees."""

    def each(values: NDArray[Any]) -> str:
        return ", ".join(f"{float(np.interp(degree, angles['degrees'], values)):.2f}" for degree in at)

    lines = "; ".join(f"{words} {each(angles[name])}" for name, words in PSI.items())
    return f"At {', '.join(map(str, at))} degrees: {lines}."


def density_alt(labels: NDArray[np.integer[Any]], points: NDArray[np.float32], names: Sequence[str]) -> str:
    """Densities of classes: where each has its middle and how wide it is; labels (n,), points (n, 2)."""
    each = []
    for label, name in enumerate(names):
        own = points[labels == label]
        if len(own):
            (x, y), wide = np.median(own, axis=0), np.sqrt(own.var(axis=0).sum())
            each.append(f"{name} about ({x:.2f}, {y:.2f}), {wide:.2f} wide")
    return f"Densities of {len(labels):,} points, by class: {'; '.join(each)}."
