"""Pictures of a loss over a plane, with its boundary, its landmarks and their names."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from cl_core.analysis.similarity_plane import Plane, ellipse_outline, weight_profiles
from cl_core.charts.curves import spec
from cl_core.charts.numbers import short_number
from cl_core.components.plane import Curve, Field, Mark
from cl_core.losses.base import Landmarks, Loss
from cl_core.palette import HUES

Floats = NDArray[np.float64]
PSI = {"psi": "ψ", "multiplied": "cos mθ", "cos": "cos θ"}


def similarity_field(
    loss: Loss,
    theta: Mapping[str, Any],
    plane: Plane,
    points: Floats | None = None,
    violated: NDArray[np.bool_] | None = None,
) -> Field:
    """Return the picture of a loss over the plane of (s_n, s_p).

    Args:
        loss: the loss.
        theta: its parameters.
        plane: the loss over that plane, as from `similarity_plane.similarity_plane`.
        points: (n, 2) pairs (s_n, s_p) of a batch to draw on it, or None.
        violated: (n,) bool, which of these pairs are violated, or None.

    Returns:
        The picture. Its alternative text states the height of the boundary at s_n = -0.5, 0 and 0.5, and the landmarks.

    Raises:
        ValueError: when `theta` is not valid for the loss.
    """
    landmarks = plane.landmarks
    curves = []
    if plane.boundary is None or not np.allclose(*plane.boundary.T):  # else the diagonal is the boundary
        curves.append(Curve(np.array([[-1.0, -1.0], [1.0, 1.0]]), "neutral", "sₚ = sₙ"))
    if landmarks.ellipse is not None:
        outline = ellipse_outline(landmarks.ellipse).numpy()
        curves.append(Curve(outline, "guide", _ellipse_text(landmarks), "ellipse", _ellipse_shape(landmarks)))
    if landmarks.neutral is not None and abs(landmarks.neutral) <= 1:
        line = np.array([[landmarks.neutral, -1.0], [landmarks.neutral, 1.0]])
        label = f"no force left of sₙ = {landmarks.neutral:.3g}"
        curves.append(Curve(line, "guide", label, "neutral", "no force left of this"))
    if plane.weights is not None:
        across, up = weight_profiles(*map(torch.from_numpy, (plane.axis, *plane.weights)))
        curves.append(Curve(across.numpy(), "weight", "weight αₙ", "profile_n"))
        curves.append(Curve(up.numpy(), "weight", "weight αₚ", "profile_p"))
    if plane.boundary is not None:
        curves.append(Curve(plane.boundary, "boundary", "boundary", "boundary"))
    marks = []
    if landmarks.target is not None:
        marks.append(Mark(*landmarks.target, "target", "target", "target"))
    if landmarks.lowest is not None:
        same = landmarks.ellipse is not None and landmarks.ellipse[:2] == landmarks.lowest
        marks.append(Mark(*landmarks.lowest, "centre", "centre, lowest loss" if same else "lowest loss", "lowest"))
    if landmarks.ellipse is not None and landmarks.ellipse[:2] not in (landmarks.lowest, landmarks.target):
        marks.append(Mark(*landmarks.ellipse[:2], "corner", "centre", "centre"))
    return Field(
        title=loss.title,
        axes=("sₙ, similarity of the negative", "sₚ, similarity of the positive"),
        value=plane.value,
        force_x=-plane.d_x,
        force_y=-plane.d_y,
        violated=plane.violated,
        curves=curves,
        marks=marks,
        box=landmarks.box,
        box_label="what the margins ask for" if landmarks.box else "",
        points=points,
        point_violated=violated,
        names=("L", "sₙ", "sₚ"),
        weights=plane.weights,
        alt=f"{loss.title} over the similarity of a negative (across) and of a positive (up). "
        + " ".join([_boundary_text(plane, (-0.5, 0.0, 0.5)), *landmarks_text(loss, theta)]).replace("$", ""),
    )


def hide_answer(field: Field) -> Field:
    """Return a plane with nothing on it but its axes and the diagonal, for a prediction.

    Args:
        field: the plane.

    Returns:
        The covered plane; its alternative text states the axes only.
    """
    blank = np.full(np.shape(field.value), np.nan)
    return replace(
        field,
        value=blank,
        force_x=blank,
        force_y=blank,
        violated=None,
        curves=[curve for curve in field.curves if curve.role == "neutral"],
        marks=(),
        box=None,
        box_label="",
        points=None,
        point_violated=None,
        weights=None,
        live=None,
        alt=f"{field.title}, hidden: the similarity of the negative across, that of the positive up.",
        words={**field.words, "hint": "Click on a place to choose it. Click again to undo."},
    )


def add_answers(field: Field, answers: Floats, own_answer: tuple[float, float] | None) -> Field:
    """Return a plane with the predicted places in place of pairs, and with the visitor's own prediction.

    Args:
        field: the plane.
        answers: (n, 2) places that were predicted.
        own_answer: the visitor's own place, or None.

    Returns:
        The plane. If it has pairs already, or nothing was predicted, only the own place is added; otherwise its
        alternative text states the number of predictions.
    """
    marks = [*field.marks, *([] if own_answer is None else [Mark(*own_answer, "corner", "you")])]
    if field.points is not None or not len(answers):
        return replace(field, marks=marks)
    texts = {**field.words, "pairs": "Answers"}
    return replace(field, marks=marks, points=answers, words=texts, alt=f"{field.alt} With {len(answers)} predictions.")


def angle_field(loss: Loss, plane: Plane) -> Field:
    """Return the picture of a loss over the plane of (theta_2, theta_1), in degrees.

    Args:
        loss: the loss.
        plane: the loss over that plane, as from `similarity_plane.angle_plane`.

    Returns:
        The picture. Its alternative text states the height of the boundary at theta_2 = 45, 90 and 135 degrees.
    """
    diagonal = Curve(np.array([[0.0, 0.0], [180.0, 180.0]]), "neutral", "θ₁ = θ₂")
    boundary = [] if plane.boundary is None else [Curve(plane.boundary, "boundary", "boundary", "boundary")]
    return Field(
        title=loss.title,
        axes=("θ₂, angle to the other class", "θ₁, angle to the correct class"),
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
        + _boundary_text(plane, (45.0, 90.0, 135.0), "°"),
    )


def _boundary_text(plane: Plane, positions: Sequence[float], unit: str = "") -> str:
    """Return a sentence on the height of the boundary at some positions across, or on the values without one."""
    if plane.boundary is None:
        low, high = np.nanmin(plane.value), np.nanmax(plane.value)
        return f"There is no boundary; the value goes from {short_number(low)} to {short_number(high)}."
    known = plane.boundary[np.isfinite(plane.boundary).all(axis=1)]
    heights = []
    for x in positions:
        near = known[np.abs(known[:, 0] - x) <= np.ptp(plane.axis) / 50] if len(known) else known
        if len(near):
            heights.append(f"{near[np.abs(near[:, 0] - x).argmin(), 1]:.2f}{unit} at {x:g}{unit}")
    if not heights:
        return f"There is no boundary from {positions[0]:g}{unit} to {positions[-1]:g}{unit} across."
    return f"The boundary is at {', '.join(heights)} across."


def _ellipse_text(marks: Landmarks) -> str:
    """Return the shape and the radii of an ellipse."""
    assert marks.ellipse is not None
    _, _, radius_n, radius_p = marks.ellipse
    shape = _ellipse_shape(marks)
    return f"{shape}, r = {radius_p:.3f}" if shape == "circle" else f"{shape}, {radius_n:.3f} by {radius_p:.3f}"


def _ellipse_shape(marks: Landmarks) -> str:
    assert marks.ellipse is not None
    return "circle" if math.isclose(*marks.ellipse[2:]) else "ellipse"


def landmarks_text(loss: Loss, theta: Mapping[str, Any]) -> list[str]:
    """Return sentences on the landmarks of a loss in the plane of similarities, with their numbers.

    Args:
        loss: the loss.
        theta: its parameters.

    Returns:
        Sentences with LaTeX, an alternative to the picture.

    Raises:
        ValueError: when `theta` is not valid for the loss.
    """
    marks = loss.landmarks(**loss.check(theta))
    lines: list[str] = []
    if loss.boundary_notes is not None:
        lines += loss.boundary_notes(**loss.check(theta))
    elif marks.ellipse is not None:
        centre_n, centre_p, radius_n, radius_p = marks.ellipse
        size = rf"radius $\sqrt2\,m={radius_p:.4f}$" if math.isclose(radius_n, radius_p) and centre_n == 0 else (
            f"radii {radius_n:.4f} along $s_n$ and {radius_p:.4f} along $s_p$"
        )  # fmt: skip
        shape = "circle" if math.isclose(radius_n, radius_p) else "ellipse"
        lines.append(f"The boundary is an arc of the {shape} about $({centre_n:.3g},\\ {centre_p:.3g})$, {size}.")
        lines.append(f"For $s_n<-m={marks.box[0]:.3g}$ it is a straight line." if marks.box else "")
    if marks.target is not None:
        lines.append(f"The forces lead to the target $s_n={marks.target[0]:.3g}$, $s_p={marks.target[1]:.3g}$.")
    if marks.lowest is not None:
        lines.append(f"The value is lowest at $s_n={marks.lowest[0]:.3g}$, $s_p={marks.lowest[1]:.3g}$.")
    if marks.neutral is not None:
        lines.append(f"Negatives with $s_n<{marks.neutral:.3g}$ have no force. Positives are always attracted.")
    return [line for line in lines if line]


def psi_chart(height: int = 260) -> dict[str, Any]:
    """Return the chart of psi, the function of an angle that L-softmax uses, with cos(m theta) and cos(theta).

    Args:
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `psi_rows`.
    """
    colours = alt.Scale(domain=list(PSI.values()), range=[HUES[name] for name in ("blue", "red", "grey")])
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
    description = "The function ψ of the angle, compared with cos mθ and cos θ."
    return spec(alt.layer(line).properties(height=height, description=description))


def psi_rows(angles: Mapping[str, Floats]) -> pd.DataFrame:
    """Return the rows of the chart of psi.

    Args:
        angles: the functions by name, as from `similarity_plane.angle_functions`.

    Returns:
        Rows (kind, degrees, value).
    """
    parts = [
        pd.DataFrame({"kind": label, "degrees": angles["degrees"], "value": angles[name]})
        for name, label in PSI.items()
    ]
    return pd.concat(parts, ignore_index=True)
