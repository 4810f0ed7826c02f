"""Density of an embedding by class, as a Plotly figure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.subplots import make_subplots
from scipy.stats import gaussian_kde

from cl_core.palette import CLASS_RINGS

GRID_SIDE = 70  # nodes along each side of the grid that the density is computed on


def density(
    points: NDArray[np.float32],
    labels: NDArray[np.integer[Any]],
    class_names: Sequence[str],
    axes: Sequence[str],
    height: int = 560,
    *,
    dark: bool,
) -> go.Figure:
    """Draw the density of each class over the plane as contours, with its marginal densities along both axes.

    The kernels are Gaussian, of the width of Scott's rule. A class with fewer than three points, or whose points
    coincide or lie on one line, has no density and is drawn as points.

    Args:
        points: (n, 2) coordinates.
        labels: (n,) class numbers from 0.
        class_names: names of the classes.
        axes: titles of both axes.
        height: height in pixels.
        dark: whether the background is dark.

    Returns:
        The figure.
    """
    colours = CLASS_RINGS.dark if dark else CLASS_RINGS.light  # they repeat if there are more classes
    low, high = np.quantile(points, [0.002, 0.998], axis=0)
    padding = 0.12 * max(float((high - low).max()), 1e-6)
    x, y = (np.linspace(low[i] - padding, high[i] + padding, GRID_SIDE) for i in (0, 1))
    figure = make_subplots(
        rows=2, cols=2, column_widths=[0.82, 0.18], row_heights=[0.18, 0.82],
        shared_xaxes=True, shared_yaxes=True, horizontal_spacing=0.015, vertical_spacing=0.015,
    )  # fmt: skip
    nodes = np.stack([axis.ravel() for axis in np.meshgrid(x, y)])
    for label, name in enumerate(class_names):
        class_points = points[labels == label].T.astype(np.float64)  # (2, n)
        colour = colours[label % len(colours)]
        style = {"name": name, "line": {"color": colour, "width": 2}, "hoverinfo": "name"}
        if class_points.shape[1] < 3 or np.linalg.matrix_rank(np.cov(class_points), tol=1e-9) < 2:
            figure.add_trace(
                go.Scatter(x=class_points[0], y=class_points[1], mode="markers", marker={"color": colour}, name=name),
                row=2, col=1,
            )  # fmt: skip
            continue
        heights = gaussian_kde(class_points)(nodes).reshape(GRID_SIDE, GRID_SIDE)
        levels = {"start": heights.max() * 0.15, "end": heights.max() * 0.9, "size": heights.max() * 0.25}
        figure.add_trace(
            go.Contour(
                x=x, y=y, z=heights, showscale=False, contours={**levels, "coloring": "none"}, **style
            ),
            row=2, col=1,
        )  # fmt: skip
        fill = f"rgba({','.join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5))},0.18)"
        marginal = {**style, "mode": "lines", "fill": "tozeroy", "fillcolor": fill}
        figure.add_trace(go.Scatter(x=x, y=gaussian_kde(class_points[0])(x), **marginal), row=1, col=1)
        marginal["fill"] = "tozerox"
        figure.add_trace(go.Scatter(x=gaussian_kde(class_points[1])(y), y=y, **marginal), row=2, col=2)
    for label, name in enumerate(class_names):  # names stand at the classes, as in the picture of points
        if (labels == label).any():
            centre = np.median(points[labels == label], axis=0)
            text = {"text": f"<b>{name}</b>", "font": {"size": 18, "color": colours[label % len(colours)]}}
            figure.add_annotation(
                x=float(centre[0]), y=float(centre[1]), showarrow=False, xshift=24, yshift=18, row=2, col=1, **text
            )
    figure.update_layout(height=height, margin={"l": 10, "r": 10, "t": 10, "b": 10}, showlegend=False)
    figure.update_xaxes(title_text=axes[0], row=2, col=1)
    figure.update_yaxes(title_text=axes[1], row=2, col=1)
    for row, col in ((1, 1), (2, 2)):
        figure.update_xaxes(showticklabels=False, showgrid=False, zeroline=False, row=row, col=col)
        figure.update_yaxes(showticklabels=False, showgrid=False, zeroline=False, row=row, col=col)
    return figure
