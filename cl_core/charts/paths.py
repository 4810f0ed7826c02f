"""Paths over the plane of similarities, each from the same start."""

from collections.abc import Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cl_core.charts.curves import TEXT, spec
from cl_core.palette import HUES

BOUNDARY_NAME = "boundary"


def path_rows(paths: Mapping[str, NDArray[np.float64]], boundary: NDArray[np.float64]) -> pd.DataFrame:
    """Return the rows of the chart of paths.

    Args:
        paths: (n, 2) places (s_n, s_p) by the name of the path.
        boundary: (k, 2) points of the boundary, NaN in gaps.

    Returns:
        Rows (name, order, s_n, s_p, end), where `end` is the name at the last place of a path, else empty.
    """
    named = {**paths, BOUNDARY_NAME: boundary[np.isfinite(boundary).all(axis=1)]}
    parts = []
    for name, places in named.items():
        part = pd.DataFrame({"name": name, "order": range(len(places)), "s_n": places[:, 0], "s_p": places[:, 1]})
        part["end"] = ["" if i < len(places) - 1 or name == BOUNDARY_NAME else name for i in range(len(places))]
        parts.append(part)
    return pd.concat(parts, ignore_index=True)


def path_chart(names: tuple[str, str], height: int = 300) -> dict[str, Any]:
    """Return a chart of two paths and the boundary.

    Args:
        names: names of the paths.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `path_rows`.
    """
    colours = alt.Scale(domain=[*names, BOUNDARY_NAME], range=[HUES["blue"], HUES["orange"], HUES["grey"]])
    dashes = alt.Scale(domain=[*names, BOUNDARY_NAME], range=[[1, 0], [8, 4], [2, 3]])
    legend = alt.Legend(
        orient="top", title=None, labelFontSize=13, symbolType="stroke", symbolStrokeWidth=3, columnPadding=8
    )
    axis = alt.Axis(labelFontSize=13, titleFontSize=14, tickCount=5)
    x = alt.X("s_n:Q", title="sₙ", axis=axis, scale=alt.Scale(domain=[-1, 1]))
    y = alt.Y("s_p:Q", title="sₚ", axis=axis, scale=alt.Scale(domain=[-0.2, 1.1], nice=False))
    colour = alt.Color("name:N", scale=colours, legend=legend)
    dash = alt.StrokeDash("name:N", scale=dashes, legend=legend)
    lines = (
        alt.Chart().mark_line(strokeWidth=3, clip=True).encode(x=x, y=y, color=colour, strokeDash=dash, order="order:Q")
    )
    ends = alt.Chart().transform_filter("datum.end != ''").mark_point(size=130, filled=True)
    start = alt.Chart().transform_filter(f"datum.order == 0 && datum.name != '{BOUNDARY_NAME}'")
    start_text = start.mark_text(align="left", dx=8, dy=8, fontSize=14, **TEXT).encode(
        x=x, y=y, text=alt.value("start")
    )
    return spec(alt.layer(lines, ends.encode(x=x, y=y, color=colour), start_text).properties(height=height))
