"""The experiment's table as pictures: tiles of accuracy, small clouds of points, and lines over batch sizes."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cl_core.charts.curves import GUIDE, SCORE, spec
from cl_core.experiments import table
from cl_core.experiments.grid import COUPLED, RATES
from cl_core.experiments.table import BATCHES, DIFFERENCE, MEASURED
from cl_core.palette import NEGATIVE

ROW = 42  # pixels of a method in the table
PALE = 4.0  # times the smallest error, where a tile has lost its colour
LARGE_DIFFERENCE = 0.02  # at which a tile has its full colour
SIDE, GAP = 108, 10  # pixels of one small cloud, and between two
HEAD = 22  # above them
RATE_COLOURS = ("#3f7fd9", "#b07cd8", "#d9487d")
RATE_SHAPES = ("circle", "square", "triangle-up")


def _columns() -> dict[int, str]:
    return {batch: f"{batch:,} · {rate:g}" for batch, rate in COUPLED}


def _rows() -> dict[str, str]:
    return {method: table.row_title(method) for method in table.ROWS}


def heat_chart(words: str) -> dict[str, Any]:
    """Methods against batch sizes, a tile for each with its number and spread; rows from `heat_rows`.

    words: the chart in words, for those who do not see it.
    """
    band = alt.Scale(paddingInner=0.05)

    def axis(**more: Any) -> alt.Axis:
        return alt.Axis(
            labelFontSize=13, titleFontSize=13, labelAngle=0, domain=False, ticks=False, labelLimit=190, **more
        )

    cells = alt.Chart().encode(
        x=alt.X("batch:N", title="batch size · learning rate", sort=list(_columns().values()), scale=band).axis(
            axis(orient="top")
        ),
        y=alt.Y("method:N", title=None, sort=list(_rows().values()), scale=band).axis(axis(labelOverlap=False)),
    )
    tooltip = [alt.Tooltip("method:N"), alt.Tooltip("batch:N", title="batch · rate"), alt.Tooltip("words:N", title="%")]
    there = cells.transform_filter(f"datum.state == '{MEASURED}'")
    tiles = there.mark_rect(cornerRadius=3).encode(
        color=alt.Color("colour:N", scale=None),
        opacity=alt.Opacity("depth:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.6]), legend=None),
        tooltip=tooltip,
    )
    empty = cells.transform_filter(f"datum.state != '{MEASURED}'")
    frames = empty.mark_rect(cornerRadius=3, fillOpacity=0, stroke=GUIDE, strokeDash=[3, 3]).encode(tooltip=tooltip)
    text = there.mark_text(fontSize=15, dy=-5, color="currentColor").encode(text="text:N")
    why = empty.mark_text(fontSize=12, color="currentColor", opacity=0.75).encode(text="text:N")
    below = cells.mark_text(fontSize=11, dy=10, color="currentColor", opacity=0.8).encode(text="below:N")
    height = ROW * len(table.ROWS) + 50
    return spec(alt.layer(tiles, frames, text, why, below).properties(height=height, description=words))


def heat_rows(summary: pd.DataFrame, dataset: str, kind: str) -> pd.DataFrame:
    """Rows (method, batch, state, text, below, words, depth, colour) of one panel, from `table.summary`.

    Depth is 1 at the smallest error and 0 at `PALE` times as much, by their logarithms; of a difference it is its size.
    """
    rows = summary[(summary["dataset"] == dataset) & (summary["kind"] == kind)]
    signed = kind == DIFFERENCE
    mean = rows["mean"].to_numpy(dtype=float)
    if signed:
        depth = np.clip(np.abs(mean) / LARGE_DIFFERENCE, 0, 1)
    else:
        error = np.maximum(1 - mean, 1e-4)
        least = np.nanmin(error) if np.isfinite(error).any() else 1.0
        depth = 1 - np.clip(np.log(error / least) / np.log(PALE), 0, 1)
    colour = np.where(mean < 0, NEGATIVE.light[0], SCORE) if signed else np.full(len(rows), SCORE)
    words = [table.format_score(row, signed=signed) for _, row in rows.iterrows()]
    return pd.DataFrame(
        {
            "method": rows["method"].map(_rows()),
            "batch": rows["batch"].map(_columns()),
            "state": rows["state"],
            "text": [_main(text) for text in words],
            "below": [_below(row) for _, row in rows.iterrows()],
            "words": words,
            "depth": np.nan_to_num(depth),
            "colour": colour,
        }
    ).reset_index(drop=True)


def _main(words: str) -> str:
    return words.split(" ± ")[0].split(" (")[0].split(",")[0]


def _below(row: pd.Series) -> str:
    if row["state"] != MEASURED:
        return ""
    spread = f"± {100 * row['spread']:.2f}" if row["seeds"] > 1 else "1 seed"
    return f"{spread}, {row['failed']} failed" if row["failed"] else spread


def cloud_chart(words: str, names: Sequence[str], colours: Sequence[str]) -> dict[str, Any]:
    """Small clouds side by side, one a batch size, in the classes' colours; rows from `cloud_rows`."""
    width = len(BATCHES) * SIDE + (len(BATCHES) - 1) * GAP
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, width], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, SIDE + HEAD], nice=False))
    squares = [{"x": i * (SIDE + GAP), "x2": i * (SIDE + GAP) + SIDE, "y": 0, "y2": SIDE} for i in range(len(BATCHES))]
    boxes = alt.Chart(alt.Data(values=squares)).mark_rect(
        fillOpacity=0, stroke=GUIDE, strokeOpacity=0.6, cornerRadius=3
    )
    boxes = boxes.encode(x=x, x2="x2:Q", y=y, y2="y2:Q")
    points = (
        alt.Chart()
        .transform_filter("datum.text == ''")
        .mark_circle(size=9, opacity=0.8, clip=True)
        .encode(
            x=x,
            y=y,
            color=alt.Color("label:N", scale=alt.Scale(domain=list(names), range=list(colours)), legend=None),
            tooltip=alt.Tooltip("label:N", title="class"),
        )
    )
    text = alt.Chart().transform_filter("datum.text != ''").mark_text(fontSize=13, color="currentColor")
    layers = alt.layer(boxes, points, text.encode(x=x, y=y, text="text:N"))
    return spec(layers.properties(width=width, height=SIDE + HEAD, autosize="pad", description=words))


def cloud_rows(
    clouds: Mapping[int, NDArray[np.float32] | str], heads: Mapping[int, str], labels: Sequence[str]
) -> pd.DataFrame:
    """Rows (x, y, label, text): each cloud (n, 2) in a square of its own, centred; a text in place of a missing one."""
    parts = []
    for i, batch in enumerate(BATCHES):
        middle = i * (SIDE + GAP) + SIDE / 2
        cloud = clouds[batch]
        parts.append(pd.DataFrame({"x": [middle], "y": [SIDE + HEAD / 2], "label": [None], "text": [heads[batch]]}))
        if isinstance(cloud, str):
            parts.append(pd.DataFrame({"x": [middle], "y": [SIDE / 2], "label": [None], "text": [cloud]}))
            continue
        low, high = cloud.min(0), cloud.max(0)
        scale = 0.92 * SIDE / max(float((high - low).max()), 1e-9)
        x, y = ((cloud - (low + high) / 2) * scale).T
        parts.append(pd.DataFrame({"x": x + middle, "y": y + SIDE / 2, "label": list(labels), "text": ""}))
    return pd.concat(parts, ignore_index=True)


def rate_chart(domain: tuple[float, float], words: str, height: int = 270) -> dict[str, Any]:
    """Accuracy against batch size, a line for each rate; rows from `rate_rows`.

    Drawn as errors within `domain` on a logarithmic axis, written as accuracies.
    """
    names = [f"{rate:g}" for rate in RATES]
    x = alt.X("batch:N", title="batch size", sort=[f"{batch:,}" for batch in BATCHES]).axis(
        labelAngle=0, labelFontSize=13, titleFontSize=13, grid=False
    )
    axis = alt.Axis(values=[0.9, 0.5, 0.2, 0.1, 0.05, 0.03, 0.02], labelExpr="format(1 - datum.value, '.0%')")
    y = alt.Y("error:Q", title="accuracy", scale=alt.Scale(type="log", reverse=True, nice=False, domain=list(domain)))
    legend = alt.Legend(orient="top", labelFontSize=13, titleFontSize=13, titleOrient="left")
    colour = alt.Color("rate:N", title="rate", scale=alt.Scale(domain=names, range=list(RATE_COLOURS)), legend=legend)
    shape = alt.Shape("rate:N", title="rate", scale=alt.Scale(domain=names, range=list(RATE_SHAPES)), legend=legend)
    tooltip = [alt.Tooltip("rate:N"), alt.Tooltip("batch:N"), alt.Tooltip("words:N", title="accuracy, %")]
    there = alt.Chart().transform_filter("isValid(datum.error)")
    lines = there.mark_line(strokeWidth=2).encode(x=x, y=y.axis(axis), color=colour)
    points = there.mark_point(size=70, filled=True, opacity=1).encode(
        x=x, y=y, color=colour, shape=shape, tooltip=tooltip
    )
    return spec(alt.layer(lines, points).properties(height=height, description=words))


def rate_rows(decoupled: pd.DataFrame, method: str, span: str) -> pd.DataFrame:
    """Rows (rate, batch, error, words) of a chart over batch sizes, from `table.decoupled`; no error where none is."""
    rows = decoupled[(decoupled["method"] == method) & (decoupled["span"] == span)]
    return pd.DataFrame(
        {
            "rate": [f"{rate:g}" for rate in rows["rate"]],
            "batch": [f"{batch:,}" for batch in rows["batch"]],
            "error": np.maximum(1 - rows["mean"].to_numpy(dtype=float), 1e-3),
            "words": [table.format_score(row) for _, row in rows.iterrows()],
        }
    )
