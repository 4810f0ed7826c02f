"""A loss over a plane as a picture: its boundary, its landmarks, and what they are called."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cl_core.analysis.similarity_plane import Plane
from cl_core.charts.curves import spec
from cl_core.components.plane import Curve, Field, Mark
from cl_core.losses.base import Landmarks, Loss
from cl_core.palette import CLASS_COLOURS

Floats = NDArray[np.float64]
CIRCLE = np.linspace(0, 2 * np.pi, 181)
PSI = {"psi": "ψ", "multiplied": "cos mθ", "cos": "cos θ"}


def similarity_field(
    loss: Loss,
    theta: Mapping[str, Any],
    plane: Plane,
    points: Floats | None = None,
    violated: NDArray[np.bool_] | None = None,
) -> Field:
    """The plane of (s_n, s_p), with real pairs (n, 2) laid over it and which of them are violated."""
    marks = plane.landmarks
    curves = []
    if plane.boundary is None or not np.allclose(*plane.boundary.T):  # else it is the boundary itself
        curves.append(Curve(np.array([[-1.0, -1.0], [1.0, 1.0]]), "neutral", "sₚ = sₙ"))
    if marks.ellipse is not None:
        centre_n, centre_p, radius_n, radius_p = marks.ellipse
        round_ = np.stack([centre_n + radius_n * np.cos(CIRCLE), centre_p + radius_p * np.sin(CIRCLE)], 1)
        curves.append(Curve(_inside(round_), "guide", _ellipse_in_words(marks)))
    if marks.neutral is not None and abs(marks.neutral) <= 1:
        line = np.array([[marks.neutral, -1.0], [marks.neutral, 1.0]])
        curves.append(Curve(line, "guide", f"no push left of sₙ = {marks.neutral:.3g}"))
    if plane.boundary is not None:
        curves.append(Curve(plane.boundary, "boundary", "boundary"))
    places = []
    if marks.target is not None:
        places.append(Mark(*marks.target, "target", "target"))
    if marks.lowest is not None:
        same = marks.ellipse is not None and marks.ellipse[:2] == marks.lowest
        places.append(Mark(*marks.lowest, "centre", "centre, lowest loss" if same else "lowest loss"))
    return Field(
        title=loss.title,
        axes=("sₙ, similarity of the negative", "sₚ, similarity of the positive"),
        value=plane.value,
        force_x=-plane.d_x,
        force_y=-plane.d_y,
        violated=plane.violated,
        curves=curves,
        marks=places,
        box=marks.box,
        box_label="what the margins ask for" if marks.box else "",
        points=points,
        point_violated=violated,
        names=("L", "sₙ", "sₚ"),
        alt=f"{loss.title} over the similarity of a negative (across) and of a positive (up). "
        + " ".join([_boundary_in_words(plane, (-0.5, 0.0, 0.5)), *landmarks_text(loss, theta)]).replace("$", ""),
    )


def hide_answer(field: Field) -> Field:
    """The same plane with nothing on it but its axes and the diagonal."""
    nothing = np.full(np.shape(field.value), np.nan)
    return replace(
        field,
        value=nothing,
        force_x=nothing,
        force_y=nothing,
        violated=None,
        curves=[curve for curve in field.curves if curve.role == "neutral"],
        marks=(),
        box=None,
        box_label="",
        points=None,
        point_violated=None,
        alt=f"{field.title}, covered: the similarity of a negative goes across, that of a positive up.",
        words={**field.words, "hint": "Click on a place to choose it. Click again to let it go."},
    )


def add_answers(field: Field, places: Floats, mine: tuple[float, float] | None) -> Field:
    """A plane with places (n, 2) that were predicted, in place of pairs, and one's own."""
    marks = [*field.marks, *([] if mine is None else [Mark(*mine, "corner", "you")])]
    if field.points is not None or not len(places):
        return replace(field, marks=marks)
    words = {**field.words, "pairs": "Answers"}
    return replace(field, marks=marks, points=places, words=words, alt=f"{field.alt} With {len(places)} predictions.")


def angle_field(loss: Loss, plane: Plane) -> Field:
    """The plane of (theta_2, theta_1), in degrees."""
    diagonal = Curve(np.array([[0.0, 0.0], [180.0, 180.0]]), "neutral", "θ₁ = θ₂")
    boundary = [] if plane.boundary is None else [Curve(plane.boundary, "boundary", "boundary")]
    return Field(
        title=loss.title,
        axes=("θ₂, angle to the other class", "θ₁, angle to one's own class"),
        value=plane.value,
        force_x=-plane.d_x,
        force_y=-plane.d_y,
        x_range=(0.0, 180.0),
        y_range=(0.0, 180.0),
        violated=plane.violated,
        curves=[diagonal, *boundary],
        marks=[Mark(180.0, 0.0, "target", "target")],
        unit="°",
        names=("L", "θ₂", "θ₁"),
        alt=f"{loss.title} over the angle to the other class (across) and to one's own (up). "
        + _boundary_in_words(plane, (45.0, 90.0, 135.0), "°"),
    )


def _boundary_in_words(plane: Plane, at: Sequence[float], unit: str = "") -> str:
    """How high the boundary stands at some places across."""
    if plane.boundary is None:
        low, high = np.nanmin(plane.value), np.nanmax(plane.value)
        return f"There is no boundary; the value goes from {low:.3g} to {high:.3g}."
    known = plane.boundary[np.isfinite(plane.boundary).all(axis=1)]
    heights = []
    for x in at:
        near = known[np.abs(known[:, 0] - x) <= np.ptp(plane.axis) / 50] if len(known) else known
        if len(near):
            heights.append(f"{near[np.abs(near[:, 0] - x).argmin(), 1]:.2f}{unit} at {x:g}{unit}")
    if not heights:
        return f"No boundary is met from {at[0]:g}{unit} to {at[-1]:g}{unit} across."
    return f"The boundary is at {', '.join(heights)} across."


def _inside(points: Floats) -> Floats:
    """Points that lie outside the square become gaps."""
    return np.where((np.abs(points) > 1).any(axis=1, keepdims=True), np.nan, points)


def _ellipse_in_words(marks: Landmarks) -> str:
    assert marks.ellipse is not None
    _, _, radius_n, radius_p = marks.ellipse
    if math.isclose(radius_n, radius_p):
        return f"circle, r = {radius_p:.3f}"
    return f"ellipse, {radius_n:.3f} by {radius_p:.3f}"


def landmarks_text(loss: Loss, theta: Mapping[str, Any]) -> list[str]:
    """What the picture's places are, with their numbers, for those who would rather read."""
    marks = loss.landmarks(**loss.check(theta))
    lines = []
    if marks.ellipse is not None:
        centre_n, centre_p, radius_n, radius_p = marks.ellipse
        size = rf"radius $\sqrt2\,m={radius_p:.4f}$" if math.isclose(radius_n, radius_p) and centre_n == 0 else (
            f"radii {radius_n:.4f} along $s_n$ and {radius_p:.4f} along $s_p$"
        )  # fmt: skip
        shape = "circle" if math.isclose(radius_n, radius_p) else "ellipse"
        lines.append(f"The boundary is an arc of the {shape} about $({centre_n:.3g},\\ {centre_p:.3g})$, {size}.")
        lines.append(f"It goes on straight for $s_n<-m={marks.box[0]:.3g}$." if marks.box else "")
    if marks.target is not None:
        lines.append(f"The target, where forces lead, is $s_n={marks.target[0]:.3g}$, $s_p={marks.target[1]:.3g}$.")
    if marks.lowest is not None:
        lines.append(f"The value is lowest at $s_n={marks.lowest[0]:.3g}$, $s_p={marks.lowest[1]:.3g}$.")
    if marks.neutral is not None:
        lines.append(f"Negatives with $s_n<{marks.neutral:.3g}$ are not pushed; positives are always pulled.")
    return [line for line in lines if line]


def psi_chart(height: int = 260) -> dict[str, Any]:
    """What an angle counts under L-softmax, waiting for its rows."""
    colours = alt.Scale(domain=list(PSI.values()), range=[CLASS_COLOURS.light[i] for i in (4, 2, 5)])
    dashes = alt.Scale(domain=list(PSI.values()), range=[[1, 0], [6, 4], [2, 3]])
    legend = alt.Legend(orient="top", labelFontSize=14, symbolStrokeWidth=3, symbolSize=400)
    line = (
        alt.Chart()
        .mark_line(strokeWidth=3)
        .encode(
            x=alt.X("degrees:Q", title="θ in degrees", axis=alt.Axis(values=[0, 45, 90, 135, 180], labelFontSize=13)),
            y=alt.Y("value:Q", title=None, axis=alt.Axis(labelFontSize=13)),
            color=alt.Color("kind:N", title=None, scale=colours, legend=legend),
            strokeDash=alt.StrokeDash("kind:N", title=None, scale=dashes),
        )
    )
    words = "What an angle counts, against the cosine of its multiple and its own cosine."
    return spec(alt.layer(line).properties(height=height, description=words))


def psi_rows(angles: Mapping[str, Floats]) -> pd.DataFrame:
    """Rows (kind, degrees, value) of the chart, from `plane.multiplied_angles`."""
    parts = [
        pd.DataFrame({"kind": words, "degrees": angles["degrees"], "value": angles[name]})
        for name, words in PSI.items()
    ]
    return pd.concat(parts, ignore_index=True)
