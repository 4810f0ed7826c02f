"""Charts of the experiment's cells: squares side by side, one for each batch size, with points or a density."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from cl_core.charts.curves import GUIDE, SCORE, spec
from cl_core.experiments.table import BATCHES
from cl_core.palette import CLASS_COLOURS, CLASS_RINGS

SIDE, GAP = 200, 10  # pixels: side of a square, and gap between two
HEAD = 30  # pixels above them, for their headings
BINS = 40  # bins of a density along each side of its square
SMOOTHING = 1.3  # standard deviation, in bins, of the kernel of a density
FAINTEST = 0.03  # share of a square's highest density below which a bin is empty


def cloud_chart(description: str, names: Sequence[str], *, dark: bool) -> dict[str, Any]:
    """Return the chart of small scatter plots side by side, one for each batch size.

    Args:
        description: alternative text.
        names: names of the classes.
        dark: whether the background is dark.

    Returns:
        A Vega-Lite specification without data, for the rows of `cloud_rows`.
    """
    x, y = _panel_axes()
    fills, rings = (colours.dark if dark else colours.light for colours in (CLASS_COLOURS, CLASS_RINGS))
    points = (
        alt.Chart()
        .transform_filter("datum.text == ''")
        .mark_circle(size=28, opacity=0.9, strokeWidth=0.5, clip=True)
        .encode(
            x=x,
            y=y,
            fill=alt.Fill("label:N", scale=alt.Scale(domain=list(names), range=list(fills)), legend=None),
            stroke=alt.Stroke("label:N", scale=alt.Scale(domain=list(names), range=list(rings)), legend=None),
            tooltip=alt.Tooltip("label:N", title="class"),
        )
    )
    return _panels(points, description)


def density_chart(description: str) -> dict[str, Any]:
    """Return the chart of small densities side by side, one for each batch size: darker bins have more points.

    Args:
        description: alternative text.

    Returns:
        A Vega-Lite specification without data, for the rows of `density_rows`.
    """
    x, y = _panel_axes()
    bins = (
        alt.Chart()
        .transform_filter("datum.text == ''")
        .mark_rect(color=SCORE)
        .encode(
            x=x,
            x2="x2:Q",
            y=y,
            y2="y2:Q",
            opacity=alt.Opacity("depth:Q", scale=alt.Scale(domain=[0, 1], range=[0.1, 1]), legend=None),
        )
    )
    return _panels(bins, description)


def _panel_axes() -> tuple[alt.X, alt.Y]:
    """Return the axes, in pixels, of a row of squares with headings."""
    width = len(BATCHES) * SIDE + (len(BATCHES) - 1) * GAP
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, width], nice=False))
    return x, alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, SIDE + HEAD], nice=False))


def _panels(marks: alt.Chart, description: str) -> dict[str, Any]:
    """Return marks in a row of squares, one for each batch size, with its headings."""
    x, y = _panel_axes()
    squares = [{"x": i * (SIDE + GAP), "x2": i * (SIDE + GAP) + SIDE, "y": 0, "y2": SIDE} for i in range(len(BATCHES))]
    boxes = alt.Chart(alt.Data(values=squares)).mark_rect(
        fillOpacity=0, stroke=GUIDE, strokeOpacity=0.6, cornerRadius=3
    )
    boxes = boxes.encode(x=x, x2="x2:Q", y=y, y2="y2:Q")
    text = alt.Chart().transform_filter("datum.text != ''").mark_text(fontSize=18, color="currentColor")
    layers = alt.layer(boxes, marks, text.encode(x=x, y=y, text="text:N"))
    width = len(BATCHES) * SIDE + (len(BATCHES) - 1) * GAP
    return spec(layers.properties(width=width, height=SIDE + HEAD, autosize="pad", description=description))


def cloud_rows(
    clouds: Mapping[int, NDArray[np.float32] | str], heads: Mapping[int, str], labels: Sequence[str]
) -> pd.DataFrame:
    """Return the rows of the scatter plots.

    Args:
        clouds: (n, 2) points for each batch size, or a text in their place.
        heads: heading of each batch size.
        labels: (n,) class name of each point.

    Returns:
        Rows (x, y, label, text), in pixels: each cloud is centred in a square of its own; rows of text have no label.
    """
    parts = [_text_rows(clouds, heads).assign(label=None)]
    for i, batch in enumerate(BATCHES):
        if not isinstance(cloud := clouds[batch], str):
            x, y = _fit_to_square(cloud).T
            parts.append(pd.DataFrame({"x": x + i * (SIDE + GAP), "y": y, "label": list(labels), "text": ""}))
    return pd.concat(parts, ignore_index=True)


def density_rows(clouds: Mapping[int, NDArray[np.float32] | str], heads: Mapping[int, str]) -> pd.DataFrame:
    """Return the rows of the small densities.

    Args:
        clouds: (n, 2) points for each batch size, or a text in their place.
        heads: heading of each batch size.

    Returns:
        Rows (x, x2, y, y2, depth, text), in pixels: a row for each bin of a square that is not empty. `depth` is the
        square root of the bin's density over the square's highest one; rows of text have none.
    """
    parts = [_text_rows(clouds, heads)]
    side = SIDE / BINS
    for i, batch in enumerate(BATCHES):
        if not isinstance(cloud := clouds[batch], str):
            x, y = _fit_to_square(cloud).T
            counts, _, _ = np.histogram2d(x, y, bins=BINS, range=[[0, SIDE], [0, SIDE]])
            density = gaussian_filter(counts, SMOOTHING, mode="constant")
            density /= density.max()
            column, row = np.nonzero(density > FAINTEST)
            bins = pd.DataFrame({"x": column * side + i * (SIDE + GAP), "y": row * side})
            depth = np.sqrt(density[column, row])
            parts.append(bins.assign(x2=bins["x"] + side, y2=bins["y"] + side, depth=depth, text=""))
    return pd.concat(parts, ignore_index=True)


def _text_rows(clouds: Mapping[int, NDArray[np.float32] | str], heads: Mapping[int, str]) -> pd.DataFrame:
    """Return the headings of the squares, and the texts in the place of points."""
    rows = []
    for i, batch in enumerate(BATCHES):
        middle = i * (SIDE + GAP) + SIDE / 2
        rows.append({"x": middle, "y": SIDE + HEAD / 2, "text": heads[batch]})
        if isinstance(cloud := clouds[batch], str):
            rows.append({"x": middle, "y": SIDE / 2, "text": cloud})
    return pd.DataFrame(rows)


def _fit_to_square(cloud: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return points scaled to the middle of a square of `SIDE` pixels, with their aspect ratio."""
    low, high = cloud.min(0), cloud.max(0)
    scale = 0.92 * SIDE / max(float((high - low).max()), 1e-9)
    fitted: NDArray[np.float64] = (cloud - (low + high) / 2).astype(np.float64) * scale + SIDE / 2
    return fitted
