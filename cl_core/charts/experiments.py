"""Charts of the experiment: tiles of accuracy, and accuracy by batch size."""

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from cl_core.charts.curves import GUIDE, SCORE, spec
from cl_core.experiments import table
from cl_core.experiments.grid import COUPLED, RATES
from cl_core.experiments.table import BATCHES, DIFFERENCE, MEASURED
from cl_core.palette import NEGATIVE

ROW_HEIGHT = 42  # pixels
FADE_RATIO = 4.0  # ratio to the smallest error at which a tile has no colour left
LARGE_DIFFERENCE = 0.02  # difference from which on a tile has its full colour
RATE_COLOURS = ("#3f7fd9", "#b07cd8", "#d9487d")
RATE_SHAPES = ("circle", "square", "triangle-up")


def _column_labels() -> dict[int, str]:
    return {batch: f"{batch:,} · {rate:g}" for batch, rate in COUPLED}


def _row_labels() -> dict[str, str]:
    return {method: table.row_title(method) for method in table.ROWS}


def heat_chart(description: str, n_methods: int) -> dict[str, Any]:
    """Return the chart of methods by batch size, a tile for each with its number and spread.

    Args:
        description: alternative text.
        n_methods: number of methods.

    Returns:
        A Vega-Lite specification without data, for the rows of `heat_rows`.
    """
    band = alt.Scale(paddingInner=0.05)

    def axis(**options: Any) -> alt.Axis:
        return alt.Axis(
            labelFontSize=13, titleFontSize=13, labelAngle=0, domain=False, ticks=False, labelLimit=190, **options
        )

    cells = alt.Chart().encode(
        x=alt.X("batch:N", title="batch size · learning rate", sort=list(_column_labels().values()), scale=band).axis(
            axis(orient="top")
        ),
        y=alt.Y("method:N", title=None, sort=list(_row_labels().values()), scale=band).axis(axis(labelOverlap=False)),
    )
    tooltip = [alt.Tooltip("method:N"), alt.Tooltip("batch:N", title="batch · rate"), alt.Tooltip("words:N", title="%")]
    measured = cells.transform_filter(f"datum.state == '{MEASURED}'")
    tiles = measured.mark_rect(cornerRadius=3).encode(
        color=alt.Color("colour:N", scale=None),
        opacity=alt.Opacity("depth:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.6]), legend=None),
        tooltip=tooltip,
    )
    missing = cells.transform_filter(f"datum.state != '{MEASURED}'")
    frames = missing.mark_rect(cornerRadius=3, fillOpacity=0, stroke=GUIDE, strokeDash=[3, 3]).encode(tooltip=tooltip)
    text = measured.mark_text(fontSize=15, dy=-5, color="currentColor").encode(text="text:N")
    reason = missing.mark_text(fontSize=12, color="currentColor", opacity=0.75).encode(text="text:N")
    below = cells.mark_text(fontSize=11, dy=10, color="currentColor", opacity=0.8).encode(text="below:N")
    height = ROW_HEIGHT * n_methods + 50
    return spec(alt.layer(tiles, frames, text, reason, below).properties(height=height, description=description))


def heat_rows(summary: pd.DataFrame, dataset: str, kind: str) -> pd.DataFrame:
    """Return the rows of one panel of tiles.

    Args:
        summary: the table, as from `table.summary`.
        dataset: key of the data set.
        kind: one of `table.KINDS`.

    Returns:
        Rows (method, batch, state, text, below, words, depth, colour). `depth` is 1 at the smallest error and 0 at
        `FADE_RATIO` times as much, linear in their logarithms; for a difference it is proportional to its size.
    """
    rows = summary[(summary["dataset"] == dataset) & (summary["kind"] == kind)]
    signed = kind == DIFFERENCE
    mean = rows["mean"].to_numpy(dtype=float)
    if signed:
        depth = np.clip(np.abs(mean) / LARGE_DIFFERENCE, 0, 1)
    else:
        error = np.maximum(1 - mean, 1e-4)
        smallest = np.nanmin(error) if np.isfinite(error).any() else 1.0
        depth = 1 - np.clip(np.log(error / smallest) / np.log(FADE_RATIO), 0, 1)
    colour = np.where(mean < 0, NEGATIVE.light[0], SCORE) if signed else np.full(len(rows), SCORE)
    scores = [table.format_score(row, signed=signed) for _, row in rows.iterrows()]
    return pd.DataFrame(
        {
            "method": rows["method"].map(_row_labels()),
            "batch": rows["batch"].map(_column_labels()),
            "state": rows["state"],
            "text": [_mean_text(text) for text in scores],
            "below": [_spread_text(row) for _, row in rows.iterrows()],
            "words": scores,
            "depth": np.nan_to_num(depth),
            "colour": colour,
        }
    ).reset_index(drop=True)


def _mean_text(score: str) -> str:
    """Return the number of a formatted score without its spread."""
    return score.split(" ± ")[0].split(" (")[0].split(",")[0]


def _spread_text(row: pd.Series) -> str:
    """Return the second line of a tile: spread and number of failed runs."""
    if row["state"] != MEASURED:
        return ""
    spread = f"± {100 * row['spread']:.2f}" if row["seeds"] > 1 else "1 seed"
    return f"{spread}, {row['failed']} failed" if row["failed"] else spread


def rate_chart(domain: tuple[float, float], description: str, height: int = 270) -> dict[str, Any]:
    """Return the chart of accuracy by batch size, a line for each learning rate.

    Drawn as errors on a logarithmic axis and labelled as accuracies.

    Args:
        domain: smallest and largest error of the axis.
        description: alternative text.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `rate_rows`.
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
    measured = alt.Chart().transform_filter("isValid(datum.error)")
    lines = measured.mark_line(strokeWidth=2).encode(x=x, y=y.axis(axis), color=colour)
    points = measured.mark_point(size=70, filled=True, opacity=1).encode(
        x=x, y=y, color=colour, shape=shape, tooltip=tooltip
    )
    return spec(alt.layer(lines, points).properties(height=height, description=description))


def rate_rows(decoupled: pd.DataFrame, method: str, span: str) -> pd.DataFrame:
    """Return the rows of the chart of accuracy by batch size.

    Args:
        decoupled: the decoupled grid, as from `table.decoupled`.
        method: key of the method.
        span: one of `table.SPANS`.

    Returns:
        Rows (rate, batch, error, words); the error is NaN where there is no accuracy.
    """
    rows = decoupled[(decoupled["method"] == method) & (decoupled["span"] == span)]
    return pd.DataFrame(
        {
            "rate": [f"{rate:g}" for rate in rows["rate"]],
            "batch": [f"{batch:,}" for batch in rows["batch"]],
            "error": np.maximum(1 - rows["mean"].to_numpy(dtype=float), 1e-3),
            "words": [table.format_score(row) for _, row in rows.iterrows()],
        }
    )
