"""Charts that follow a run: curves of the loss, the scores and the triplets.

They are Vega-Lite specifications without data, made once, so that the browser keeps the chart and receives new rows.
The functions beside them return those rows.
"""

from collections.abc import Sequence
from math import isfinite
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cl_core.charts.numbers import short_number
from cl_core.charts.triplet_kinds import KINDS, stacked_areas, stacked_rows
from cl_core.training.frames import Frame, References

SCORE, DRAWN, GUIDE, CURSOR = "#3f7fd9", "#b07cd8", "#8a93a6", "#d9487d"

CURSOR_KIND = "cursor"  # kind of the row that marks the current frame
# no single grey is legible on both light and dark paper
TEXT: dict[str, Any] = {"color": "currentColor", "opacity": 0.8}
MAX_ROWS = 400  # of a curve; a screen cannot show more
MIN_STEPS = 10  # steps that an axis covers at least
SIDE: dict[str, Any] = {"minExtent": 44, "maxExtent": 44}  # pixels for numbers: all charts begin at one left edge
MIN_ERROR, MAX_ERROR = 0.01, 0.9  # on the axis of scores


def spec(chart: alt.LayerChart | alt.FacetChart) -> dict[str, Any]:
    """Return a chart as a specification without data.

    Args:
        chart: a layered chart.

    Returns:
        The Vega-Lite specification; the theme and the schema are left to the page.
    """
    with alt.data_transformers.enable(consolidate_datasets=False):
        specification = chart.to_dict()
    for layer in specification["layer"]:
        if layer.get("data") == {"values": [{}]}:  # altair's placeholder, which hides the rows from a layer
            del layer["data"]
    return {name: part for name, part in specification.items() if name not in ("config", "$schema")}


def _step_axis() -> alt.X:
    """Return the axis of steps: linear near 0, then logarithmic, because early steps matter as much as late ones."""
    axis = alt.Axis(values=[0, 10, 30, 100, 300, 1000, 3000, 10_000], labelOverlap=True, grid=False)
    return alt.X("step:Q", title=None, scale=alt.Scale(type="symlog", constant=10, nice=False), axis=axis)


def _min_extent() -> alt.Chart:
    """Return an invisible layer that widens the axis of steps: for a single frame all its labels would overlap."""
    steps = alt.Data(values=[{"step": 0}, {"step": MIN_STEPS}])
    points: alt.Chart = alt.Chart(steps).mark_point(opacity=0, tooltip=None, aria=False).encode(x=_step_axis())
    return points


def _cursor() -> alt.Chart:
    """Return the vertical line at the current frame."""
    rule: alt.Chart = (
        alt.Chart()
        .transform_filter(f"datum.kind == '{CURSOR_KIND}'")
        .mark_rule(color=CURSOR, strokeWidth=1.5)
        .encode(x=_step_axis(), tooltip=alt.Tooltip("step:Q", title="shown step"))
    )
    return rule


def _guide(
    value: float, label: str, *, right: bool, above: bool, dash: Sequence[int] = (5, 4)
) -> alt.LayerChart | alt.FacetChart:
    """Return a horizontal line with a label at one end."""
    rows = alt.Data(values=[{"value": value, "words": label}])
    y = alt.Y("value:Q")
    rule = alt.Chart(rows).mark_rule(strokeDash=list(dash), color=GUIDE, strokeWidth=1.5).encode(y=y)
    text = alt.Chart(rows).mark_text(
        align="right" if right else "left",
        dx=-4 if right else 4,
        dy=-8 if above else 9,
        fontSize=12,
        fontWeight="bold",
        **TEXT,
    )
    return alt.layer(rule, text.encode(y=y, x=alt.value("width" if right else 0), text="words:N"))


def loss_chart(references: References, height: int = 190) -> dict[str, Any]:
    """Return the chart of the loss at every step, with its value at total collapse and its floor.

    Args:
        references: both values; the floor is drawn only if it is below the value at collapse.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `loss_rows`.
    """
    y = alt.Y("value:Q", title="loss", scale=alt.Scale(zero=False, padding=6), axis=alt.Axis(tickCount=4, **SIDE))
    line = (
        alt.Chart()
        .transform_filter("datum.kind == 'loss'")
        .mark_line(color=SCORE, strokeWidth=2, interpolate="monotone")
        .encode(
            x=_step_axis(), y=y, tooltip=[alt.Tooltip("step:Q"), alt.Tooltip("value:Q", title="loss", format=",.4f")]
        )
    )
    guides = []
    if isfinite(references.collapse):
        label = f"all points coincide {short_number(references.collapse)}"
        guides.append(_guide(references.collapse, label, right=True, above=False))
    if references.floor < references.collapse:
        label = f"lowest possible {short_number(references.floor)}"
        guides.append(_guide(references.floor, label, right=False, above=True, dash=(2, 3)))
    description = "The loss by training step, against its value if all points coincide" + (
        " and the lowest possible loss." if len(guides) > 1 else "."
    )
    return spec(alt.layer(line, *guides, _min_extent(), _cursor()).properties(height=height, description=description))


def loss_rows(losses: NDArray[np.float32], step: int) -> pd.DataFrame:
    """Return the rows of the loss chart.

    Args:
        losses: (steps,) the loss at every step, the first that of step 1.
        step: step of the cursor.

    Returns:
        Rows (kind, order, step, value): at most `MAX_ROWS` of the loss, where later steps are averaged, and the cursor.
    """
    steps = np.arange(1, len(losses) + 1)
    if len(losses) > MAX_ROWS:
        edges = np.unique(np.geomspace(1, len(losses) + 1, MAX_ROWS).round().astype(int))
        sizes = np.diff(edges)
        losses = (np.add.reduceat(losses, edges[:-1] - 1) / sizes).astype(np.float32)
        steps = (edges[:-1] + edges[1:] - 1) // 2
    return _with_cursor([("loss", steps, losses)], step)


def score_chart(raw: float, untrained: float, height: int = 190) -> dict[str, Any]:
    """Return the chart of kNN accuracy in the full space and 1-NN accuracy in the drawn plane.

    Drawn as errors on a logarithmic axis and labelled as accuracies: 90 to 95 % takes as much room as 95 to 97.5 %.

    Args:
        raw: kNN accuracy of raw pixels, 0 to 1, a horizontal line.
        untrained: kNN accuracy of the untrained net, 0 to 1, a horizontal line.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `score_rows`.
    """
    axis = alt.Axis(values=[0.5, 0.2, 0.1, 0.05, 0.02, 0.01], labelExpr="format(1 - datum.value, '.0%')", **SIDE)
    y = alt.Y(
        "value:Q",
        title="accuracy",
        axis=axis,
        scale=alt.Scale(type="log", reverse=True, nice=False, domain=[MIN_ERROR, MAX_ERROR]),
    )
    kinds = alt.Scale(domain=["kNN in the full space", "1-NN in the picture"], range=[SCORE, DRAWN])
    line = (
        alt.Chart()
        .transform_filter(f"datum.kind != '{CURSOR_KIND}'")
        .transform_calculate(accuracy="1 - datum.value")
        .mark_line(strokeWidth=2, interpolate="monotone", clip=True)
        .encode(
            x=_step_axis(),
            y=y,
            color=alt.Color("kind:N", title=None, scale=kinds, legend=_legend()),
            tooltip=[alt.Tooltip("kind:N"), alt.Tooltip("step:Q"), alt.Tooltip("accuracy:Q", format=".1%")],
        )
    )
    references = ((raw, f"raw pixels {raw:.1%}", (5, 4)), (untrained, f"untrained net {untrained:.1%}", (2, 3)))
    lower, upper = sorted(references, key=lambda reference: reference[0])
    errors = [min(max(1 - accuracy, MIN_ERROR), MAX_ERROR) for accuracy, _, _ in (lower, upper)]
    # labels of close lines go below and above them; at the upper edge, to the left and to the right
    close, edge = errors[0] < 1.6 * errors[1], errors[1] < 1.6 * MIN_ERROR
    guides = [
        _guide(errors[0], lower[1], right=not (close and edge), above=False, dash=lower[2]),
        _guide(errors[1], upper[1], right=True, above=close and not edge, dash=upper[2]),
    ]
    description = (
        "kNN accuracy by step, in the full space and in the picture, against raw pixels and the untrained net."
    )
    return spec(alt.layer(line, *guides, _min_extent(), _cursor()).properties(height=height, description=description))


def _legend() -> alt.Legend:
    return alt.Legend(orient="top", labelFontSize=12, offset=4, labelLimit=220)


def score_rows(frames: Sequence[Frame], step: int) -> pd.DataFrame:
    """Return the rows of the score chart.

    Args:
        frames: all frames of the run.
        step: step of the cursor.

    Returns:
        Rows (kind, order, step, value): one for each frame and curve, and the cursor. Values are errors, of at least
        0.001.
    """
    steps = np.array([frame.step for frame in frames])
    knn = np.array([1 - frame.metrics.knn for frame in frames])
    drawn = np.array([1 - frame.metrics.drawn for frame in frames])
    curves = [("kNN in the full space", steps, knn.clip(1e-3)), ("1-NN in the picture", steps, drawn.clip(1e-3))]
    return _with_cursor(curves, step)


def triplet_chart(height: int = 150) -> dict[str, Any]:
    """Return the chart of the shares of easy, semi-hard and hard triplets, stacked.

    Args:
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `triplet_rows`.
    """
    axis = alt.Axis(format="%", tickCount=3, **SIDE)
    y = alt.Y("value:Q", title="triplets", stack="zero", axis=axis).scale(domain=[0, 1])
    tooltip = [alt.Tooltip("kind:N"), alt.Tooltip("step:Q"), alt.Tooltip("value:Q", format=".2%")]
    description = "Shares of hard, semi-hard and easy triplets by step."
    areas = stacked_areas(_step_axis(), y, tooltip)
    return spec(alt.layer(*areas, _min_extent(), _cursor()).properties(height=height, description=description))


def triplet_rows(frames: Sequence[Frame], step: int) -> pd.DataFrame:
    """Return the rows of the triplet chart.

    Args:
        frames: all frames of the run.
        step: step of the cursor.

    Returns:
        Rows as from `stacked_rows`, one for each frame and kind, and the cursor.
    """
    steps = np.array([frame.step for frame in frames])
    shares = {kind: np.array([getattr(frame.metrics, kind) for frame in frames]) for kind in KINDS}
    rows = stacked_rows("step", steps, shares)
    if steps[-1] < MIN_STEPS:  # no area is wide enough for a name yet
        rows["name"] = None
    return pd.concat([rows, pd.DataFrame({"kind": [CURSOR_KIND], "step": [step]})], ignore_index=True)


def _with_cursor(curves: Sequence[tuple[str, NDArray[Any], NDArray[Any]]], cursor_step: int) -> pd.DataFrame:
    """Return curves as rows (kind, order, step, value), and one row for the cursor."""
    parts = [
        pd.DataFrame({"kind": kind, "order": order, "step": steps, "value": values.astype(float)})
        for order, (kind, steps, values) in enumerate(curves)
    ]
    parts.append(pd.DataFrame({"kind": [CURSOR_KIND], "order": [len(curves)], "step": [cursor_step], "value": [None]}))
    return pd.concat(parts, ignore_index=True).astype({"value": float})
