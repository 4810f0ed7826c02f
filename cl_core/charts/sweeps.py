"""Charts of sweeps: the score by value of the parameter, as curves or as a map of two parameters."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from cl_core.charts.curves import TEXT, spec
from cl_core.charts.race import RUN_STYLES, RunStyle

PICK = "picked"  # name of the selection of a click
SERIES_STYLES = (*RUN_STYLES, RunStyle("F", "#7d7f2b", (2, 5), "triangle-down"))
_AXIS: dict[str, Any] = {"labelFontSize": 13, "titleFontSize": 14}


def sweep_chart(
    series: Sequence[str], parameter: str, score: str, values: Sequence[float], *, logarithmic: bool, height: int = 380
) -> dict[str, Any]:
    """Return the chart of the score by the value of the parameter: means over seeds, with two standard errors.

    A small mark is one run, a large one a mean; the best value of each curve has a ring.

    Args:
        series: names of the curves, in order, at most as many as `SERIES_STYLES`.
        parameter: title of the horizontal axis.
        score: title of the vertical axis.
        values: values of the parameter.
        logarithmic: whether the horizontal axis is logarithmic.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `sweep_rows`; a click selects the fields "value" and
        "setting" as `PICK`.
    """
    styles = SERIES_STYLES[: len(series)]
    scale = alt.Scale(type="log" if logarithmic else "linear", nice=False, zero=False, padding=18)
    x = alt.X("value:Q", title=parameter, scale=scale).axis(**_AXIS, values=list(values), format="~g", grid=False)
    y = alt.Y("score:Q", title=score, scale=alt.Scale(zero=False, nice=True)).axis(**_AXIS, format="~%", tickCount=6)
    legend = alt.Legend(
        title=None,
        orient="top",
        labelFontSize=14,
        labelLimit=420,
        columns=2,
        symbolSize=140,
        symbolOpacity=1,
        symbolStrokeWidth=0,
    )
    domain = list(series)
    colour = alt.Color(
        "series:N", legend=legend, scale=alt.Scale(domain=domain, range=[style.colour for style in styles])
    )
    dash = alt.StrokeDash(
        "series:N", legend=None, scale=alt.Scale(domain=domain, range=[list(style.dash) for style in styles])
    )
    shape = alt.Shape(
        "series:N", legend=legend, scale=alt.Scale(domain=domain, range=[style.shape for style in styles])
    )
    tooltip = [
        alt.Tooltip("value:Q", title=parameter),
        alt.Tooltip("series:N", title="setting"),
        alt.Tooltip("score:Q", title=score, format=".2%"),
        alt.Tooltip("error:Q", title="standard error", format=".2%"),
        alt.Tooltip("seeds:Q", title="seeds"),
        alt.Tooltip("failed:Q", title="failed runs"),
    ]
    base = alt.Chart().encode(x=x)
    means = base.transform_filter("datum.kind == 'mean'")
    bars = means.mark_rule(strokeWidth=2, opacity=0.6).encode(
        y=alt.Y("low:Q", title=score), y2="high:Q", color=colour, tooltip=tooltip
    )
    lines = means.mark_line(strokeWidth=2).encode(y=y, color=colour, strokeDash=dash)
    runs = base.transform_filter("datum.kind == 'run'").mark_point(opacity=0.45, size=18, filled=True).encode(
        y=y, color=colour, shape=shape
    )  # fmt: skip
    best = means.transform_filter("datum.best").mark_point(size=420, filled=False, strokeWidth=2, **TEXT).encode(y=y)
    pick = alt.selection_point(name=PICK, fields=["value", "setting"], on="click", nearest=True)
    marks = (
        means.mark_point(filled=True, size=110, opacity=1, cursor="pointer")
        .encode(y=y, color=colour, shape=shape, tooltip=tooltip)
        .add_params(pick)
    )
    return spec(alt.layer(bars, lines, runs, best, marks).properties(height=height))


def map_chart(parameter: str, other: str, score: str, height: int = 340) -> dict[str, Any]:
    """Return the map of the mean score by two parameters; the best cell of each row has a frame.

    Args:
        parameter: title of the horizontal axis.
        other: title of the vertical axis.
        score: title of the colours.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `sweep_rows`; a click selects as in `sweep_chart`.
    """
    base = alt.Chart().transform_filter("datum.kind == 'mean'").encode(
        x=alt.X("value:O", title=parameter).axis(**_AXIS, labelAngle=0, format="~g"),
        y=alt.Y("series:N", title=other, sort=None).axis(**_AXIS, labelLimit=200),
    )  # fmt: skip
    pick = alt.selection_point(name=PICK, fields=["value", "setting"], on="click")
    tooltip = [
        alt.Tooltip("value:Q", title=parameter),
        alt.Tooltip("series:N", title=other),
        alt.Tooltip("score:Q", title=score, format=".2%"),
        alt.Tooltip("error:Q", title="standard error", format=".2%"),
    ]
    cells = (
        base.mark_rect(cursor="pointer")
        .encode(
            color=alt.Color(
                "score:Q", title=score, scale=alt.Scale(scheme="viridis"),
                legend=alt.Legend(format="~%", orient="right", gradientLength=height - 80),
            ),
            tooltip=tooltip,
        )
        .add_params(pick)
    )  # fmt: skip
    texts = base.mark_text(fontSize=14, fontWeight="bold").encode(
        text=alt.Text("score:Q", format=".1%"),
        color=alt.condition("datum.bright", alt.value("#10141f"), alt.value("#ffffff")),
    )
    best = base.transform_filter("datum.best").mark_rect(fill=None, strokeWidth=4, stroke="#ffffff").encode()
    return spec(alt.layer(cells, best, texts).properties(height=height))


def sweep_rows(means: pd.DataFrame, runs: pd.DataFrame, best: Mapping[int, float]) -> pd.DataFrame:
    """Return the rows of the charts of a sweep.

    Args:
        means: (setting, series, value, score, error, seeds, failed) for each point of a curve; `setting` numbers the
            curves from 0.
        runs: (setting, series, value, score) for each run.
        best: best value of each setting.

    Returns:
        The rows with a column `kind`, "mean" or "run", the ends `low` and `high` of two standard errors, whether the
        value is the `best` one of its setting, and whether its colour on a map is `bright`.
    """
    means = means.assign(kind="mean")
    error = means["error"].fillna(0)
    means["low"], means["high"] = means["score"] - 2 * error, means["score"] + 2 * error
    means["best"] = [
        best.get(setting) == value for setting, value in zip(means["setting"], means["value"], strict=True)
    ]
    span = means["score"].max() - means["score"].min()
    means["bright"] = means["score"] > means["score"].min() + 0.6 * span
    return pd.concat([means, runs.assign(kind="run")], ignore_index=True)
