"""What follows a run: curves of loss, scores and triplets, and the density of the embedding.

Charts that follow a run are Vega-Lite specifications without data, made once, so that the browser keeps the chart and
takes new rows; the rows are made beside them.
"""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots
from scipy.stats import gaussian_kde

from cl_core.charts.triplet_kinds import KINDS, stacked_areas, stacked_rows
from cl_core.training.frames import Frame, References

SCORE, DRAWN, GUIDE, CURSOR = "#3f7fd9", "#b07cd8", "#8a93a6", "#d9487d"

CURSOR_KIND = "cursor"  # of the row that marks the frame being looked at
TEXT: dict[str, Any] = {"color": "currentColor", "opacity": 0.8}  # no grey is read well on light paper and on dark
MOST_ROWS = 400  # of a curve; no screen shows more
FEWEST = 10  # steps along an axis
LEAST_ERROR, MOST_ERROR = 0.01, 0.9  # on the axis of scores
GRID = 70  # a side, of a density


def spec(chart: alt.LayerChart | alt.FacetChart) -> dict[str, Any]:
    """A chart as a specification that waits for its rows."""
    with alt.data_transformers.enable(consolidate_datasets=False):
        spec = chart.to_dict()
    for layer in spec["layer"]:
        if layer.get("data") == {"values": [{}]}:  # what altair writes for none; without it a layer sees the rows
            del layer["data"]
    return {name: part for name, part in spec.items() if name not in ("config", "$schema")}


def _steps() -> alt.X:
    """Steps as an axis on which early ones matter as much as late ones: linear near 0, logarithmic farther out."""
    axis = alt.Axis(values=[0, 10, 30, 100, 300, 1000, 3000, 10_000], labelOverlap=True, grid=False)
    return alt.X("step:Q", title=None, scale=alt.Scale(type="symlog", constant=10, nice=False), axis=axis)


def _room() -> alt.Chart:
    """Nothing to be seen, on steps enough for an axis: of one frame alone all labels would lie on each other."""
    steps = alt.Data(values=[{"step": 0}, {"step": FEWEST}])
    points: alt.Chart = alt.Chart(steps).mark_point(opacity=0, tooltip=None, aria=False).encode(x=_steps())
    return points


def _cursor() -> alt.Chart:
    rule: alt.Chart = (
        alt.Chart()
        .transform_filter(f"datum.kind == '{CURSOR_KIND}'")
        .mark_rule(color=CURSOR, strokeWidth=1.5)
        .encode(x=_steps(), tooltip=alt.Tooltip("step:Q", title="frame at step"))
    )
    return rule


def _guide(
    value: float, words: str, *, right: bool, above: bool, dash: Sequence[int] = (5, 4)
) -> alt.LayerChart | alt.FacetChart:
    """A horizontal line with its name at one end."""
    rows = alt.Data(values=[{"value": value, "words": words}])
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
    """The loss at every step between its value at total collapse and its floor; rows from `loss_rows`."""
    y = alt.Y("value:Q", title="loss", scale=alt.Scale(zero=False, padding=6), axis=alt.Axis(tickCount=4))
    line = (
        alt.Chart()
        .transform_filter("datum.kind == 'loss'")
        .mark_line(color=SCORE, strokeWidth=2, interpolate="monotone")
        .encode(x=_steps(), y=y, tooltip=[alt.Tooltip("step:Q"), alt.Tooltip("value:Q", title="loss", format=".4f")])
    )
    guides = []
    if references.collapse > 0:  # of a first batch without one valid term nothing can be said
        guides.append(_guide(references.collapse, f"total collapse {references.collapse:.3g}", right=True, above=False))
    if references.floor < references.collapse:
        floor = _guide(references.floor, f"floor {references.floor:.3g}", right=False, above=True, dash=(2, 3))
        guides.append(floor)
    words = "The loss by step, against its value at total collapse" + (" and its floor." if len(guides) > 1 else ".")
    return spec(alt.layer(line, *guides, _room(), _cursor()).properties(height=height, description=words))


def loss_rows(losses: NDArray[np.float32], at: int) -> pd.DataFrame:
    """Rows of the loss chart: the first steps as they are, later ones averaged so that `MOST_ROWS` remain."""
    steps = np.arange(1, len(losses) + 1)
    if len(losses) > MOST_ROWS:
        edges = np.unique(np.geomspace(1, len(losses) + 1, MOST_ROWS).round().astype(int))
        sizes = np.diff(edges)
        losses = (np.add.reduceat(losses, edges[:-1] - 1) / sizes).astype(np.float32)
        steps = (edges[:-1] + edges[1:] - 1) // 2
    return _with_cursor([("loss", steps, losses)], at)


def score_chart(raw: float, untrained: float, height: int = 190) -> dict[str, Any]:
    """KNN accuracy in the full space and in the drawn plane, against raw pixels and the untrained net.

    Drawn as errors on a logarithmic axis, written as accuracies: from 90 to 95 % is as far as from 95 to 97.5 %.
    """
    axis = alt.Axis(values=[0.5, 0.2, 0.1, 0.05, 0.02, 0.01], labelExpr="format(1 - datum.value, '.0%')")
    y = alt.Y(
        "value:Q",
        title="accuracy",
        axis=axis,
        scale=alt.Scale(type="log", reverse=True, nice=False, domain=[LEAST_ERROR, MOST_ERROR]),
    )
    kinds = alt.Scale(domain=["kNN, full space", "1-NN, drawn plane"], range=[SCORE, DRAWN])
    line = (
        alt.Chart()
        .transform_filter(f"datum.kind != '{CURSOR_KIND}'")
        .transform_calculate(accuracy="1 - datum.value")
        .mark_line(strokeWidth=2, interpolate="monotone", clip=True)
        .encode(
            x=_steps(),
            y=y,
            color=alt.Color("kind:N", title=None, scale=kinds, legend=_legend()),
            tooltip=[alt.Tooltip("kind:N"), alt.Tooltip("step:Q"), alt.Tooltip("accuracy:Q", format=".1%")],
        )
    )
    named = ((raw, f"raw pixels {raw:.1%}", (5, 4)), (untrained, f"untrained net {untrained:.1%}", (2, 3)))
    lower, upper = sorted(named, key=lambda each: each[0])
    errors = [min(max(1 - accuracy, LEAST_ERROR), MOST_ERROR) for accuracy, _, _ in (lower, upper)]
    # names of lines close together stand on either side of them, at the upper edge at either end
    close, edge = errors[0] < 1.6 * errors[1], errors[1] < 1.6 * LEAST_ERROR
    guides = [
        _guide(errors[0], lower[1], right=not (close and edge), above=False, dash=lower[2]),
        _guide(errors[1], upper[1], right=True, above=close and not edge, dash=upper[2]),
    ]
    words = "kNN accuracy by step, in the full space and in the drawn plane, against raw pixels and the untrained net."
    return spec(alt.layer(line, *guides, _room(), _cursor()).properties(height=height, description=words))


def _legend() -> alt.Legend:
    return alt.Legend(orient="top", labelFontSize=12, offset=4, labelLimit=220)


def score_rows(frames: Sequence[Frame], at: int) -> pd.DataFrame:
    """Rows of the score chart, one a frame and curve: errors, of at least one in a thousand."""
    steps = np.array([frame.step for frame in frames])
    knn = np.array([1 - frame.metrics.knn for frame in frames])
    drawn = np.array([1 - frame.metrics.drawn for frame in frames])
    curves = [("kNN, full space", steps, knn.clip(1e-3)), ("1-NN, drawn plane", steps, drawn.clip(1e-3))]
    return _with_cursor(curves, at)


def triplet_chart(height: int = 150) -> dict[str, Any]:
    """Shares of easy, semi-hard and hard triplets, stacked; rows from `triplet_rows`."""
    y = alt.Y("value:Q", title="triplets", stack="zero", axis=alt.Axis(format="%", tickCount=3)).scale(domain=[0, 1])
    tooltip = [alt.Tooltip("kind:N"), alt.Tooltip("step:Q"), alt.Tooltip("value:Q", format=".2%")]
    words = "Shares of hard, semi-hard and easy triplets by step."
    areas = stacked_areas(_steps(), y, tooltip)
    return spec(alt.layer(*areas, _room(), _cursor()).properties(height=height, description=words))


def triplet_rows(frames: Sequence[Frame], at: int) -> pd.DataFrame:
    """Rows of the triplet chart, one a frame and kind, and one that marks the frame being looked at."""
    steps = np.array([frame.step for frame in frames])
    shares = {kind: np.array([getattr(frame.metrics, kind) for frame in frames]) for kind in KINDS}
    rows = stacked_rows("step", steps, shares)
    if steps[-1] < FEWEST:  # no area is wide enough for a name yet
        rows["name"] = None
    return pd.concat([rows, pd.DataFrame({"kind": [CURSOR_KIND], "step": [at]})], ignore_index=True)


def _with_cursor(curves: Sequence[tuple[str, NDArray[Any], NDArray[Any]]], at: int) -> pd.DataFrame:
    """Curves as rows (kind, order, step, value), and one row that marks the frame being looked at."""
    parts = [
        pd.DataFrame({"kind": kind, "order": order, "step": steps, "value": values.astype(float)})
        for order, (kind, steps, values) in enumerate(curves)
    ]
    parts.append(pd.DataFrame({"kind": [CURSOR_KIND], "order": [len(curves)], "step": [at], "value": [None]}))
    return pd.concat(parts, ignore_index=True).astype({"value": float})


def density(
    points: NDArray[np.float32],
    labels: NDArray[np.integer[Any]],
    class_names: Sequence[str],
    colours: Sequence[str],
    axes: Sequence[str],
    height: int = 560,
) -> go.Figure:
    """The density of each class over the drawn plane as contours, with its margins along both axes.

    points (n, 2), labels (n,) from 0. Gaussian kernels of Scott's width; a class that is one point or one line has no
    density and is drawn as points.
    """
    low, high = np.quantile(points, [0.002, 0.998], axis=0)
    room = 0.12 * max(float((high - low).max()), 1e-6)
    x, y = (np.linspace(low[i] - room, high[i] + room, GRID) for i in (0, 1))
    figure = make_subplots(
        rows=2, cols=2, column_widths=[0.82, 0.18], row_heights=[0.18, 0.82],
        shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.015, vertical_spacing=0.015,
    )  # fmt: skip
    where = np.stack([axis.ravel() for axis in np.meshgrid(x, y)])
    for label, name in enumerate(class_names):
        own = points[labels == label].T.astype(np.float64)  # (2, n)
        colour = colours[label % len(colours)]
        same = {"name": name, "line": {"color": colour, "width": 2}, "hoverinfo": "name"}
        if own.shape[1] < 3 or np.linalg.matrix_rank(np.cov(own), tol=1e-9) < 2:
            figure.add_trace(
                go.Scatter(x=own[0], y=own[1], mode="markers", marker={"color": colour}, name=name),
                row=2, col=1,
            )  # fmt: skip
            continue
        heights = gaussian_kde(own)(where).reshape(GRID, GRID)
        levels = {"start": heights.max() * 0.15, "end": heights.max() * 0.9, "size": heights.max() * 0.25}
        figure.add_trace(
            go.Contour(
                x=x, y=y, z=heights, showscale=False, contours={**levels, "coloring": "none"}, **same
            ),
            row=2, col=1,
        )  # fmt: skip
        faint = f"rgba({','.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))},0.18)"
        margin = {**same, "mode": "lines", "fill": "tozeroy", "fillcolor": faint}
        figure.add_trace(go.Scatter(x=x, y=gaussian_kde(own[0])(x), **margin), row=1, col=1)
        margin["fill"] = "tozerox"
        figure.add_trace(go.Scatter(x=gaussian_kde(own[1])(y), y=y, **margin), row=2, col=2)
    for label, name in enumerate(class_names):  # named where they are, as in the picture of points
        if (labels == label).any():
            at = np.median(points[labels == label], axis=0)
            words = {"text": f"<b>{name}</b>", "font": {"size": 18, "color": colours[label % len(colours)]}}
            figure.add_annotation(
                x=float(at[0]), y=float(at[1]), showarrow=False, xshift=24, yshift=18, row=2, col=1, **words
            )
    figure.update_layout(height=height, margin={"l": 10, "r": 10, "t": 10, "b": 10}, showlegend=False)
    figure.update_xaxes(title_text=axes[0], row=2, col=1)
    figure.update_yaxes(title_text=axes[1], row=2, col=1)
    for row, col in ((1, 1), (2, 2)):
        figure.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, row=row, col=col)
        figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, row=row, col=col)
    return figure
