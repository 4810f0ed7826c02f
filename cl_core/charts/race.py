"""Charts of a race: one quantity of all runs, each with its colour, dash and mark, and the spread over seeds."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cl_core.charts.curves import CURSOR, CURSOR_KIND, GUIDE, MAX_ROWS, TEXT, spec
from cl_core.training.frames import SCORES, RunProgress, score

TRIPLETS = {"easy": "easy triplets", "semihard": "semi-hard triplets", "hard": "hard triplets"}
LOSS = "loss"
MAX_MARKS = 6  # on a curve
MIN_ERROR = 1e-3  # smallest error on the logarithmic axis


class RunStyle(NamedTuple):
    """How a run is drawn in every chart and picture.

    Attributes:
        letter: its short name.
        colour: colour as #rrggbb.
        dash: lengths of dashes and gaps of its curve, in pixels.
        shape: Vega-Lite shape of its marks.
    """

    letter: str
    colour: str
    dash: Sequence[int]
    shape: str


# Five colours as far apart as those of the classes (see `palette`), each legible on light and on dark paper. Dash and
# mark tell the runs apart without colour.
RUN_STYLES = (
    RunStyle("A", "#209dc5", (1, 0), "circle"),
    RunStyle("B", "#e8702b", (8, 4), "square"),
    RunStyle("C", "#841cfb", (3, 3), "triangle-up"),
    RunStyle("D", "#a04852", (10, 3, 2, 3), "diamond"),
    RunStyle("E", "#2f8f4e", (14, 4), "cross"),
)


def has_floor(progress: RunProgress) -> bool:
    """Return whether a run's loss can be normalised.

    Args:
        progress: the run.

    Returns:
        Whether its floor is known and is below its value at collapse.
    """
    return progress.references is not None and bool(progress.references.floor < progress.references.collapse)


def race_chart(names: Sequence[str], quantity: str, height: int = 270) -> dict[str, Any]:
    """Return the chart of one quantity by step, with a curve for each run.

    Scores are drawn as errors on a logarithmic axis and labelled as accuracies, as in every chart of a run.

    Args:
        names: names of the runs, in the order of `RUN_STYLES`.
        quantity: a key of `SCORES` or `TRIPLETS`, or `LOSS`.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `race_rows`.
    """
    x = alt.X(
        "step:Q", title=None, scale=alt.Scale(type="symlog", constant=10, nice=False),
        axis=alt.Axis(values=[0, 10, 30, 100, 300, 1000, 3000, 10_000], labelOverlap=True, grid=False),
    )  # fmt: skip
    y, percent = _axis(quantity)
    styles = RUN_STYLES[: len(names)]
    legend = alt.Legend(
        orient="top", labelFontSize=14, labelLimit=420, symbolSize=160, symbolOpacity=1, symbolStrokeWidth=0
    )
    colour = alt.Color(
        "kind:N", title=None, scale=alt.Scale(domain=list(names), range=[style.colour for style in styles]),
        legend=None if quantity in TRIPLETS else legend,
    )  # fmt: skip
    dash = alt.StrokeDash(
        "kind:N", title=None, scale=alt.Scale(domain=list(names), range=[list(style.dash) for style in styles])
    )
    shape = alt.Shape(
        "kind:N", title=None, scale=alt.Scale(domain=list(names), range=[style.shape for style in styles])
    )
    if quantity in TRIPLETS:
        dash, shape = dash.legend(None), shape.legend(None)
    value_text = "format(1 - datum.value, '.1%')" if quantity in SCORES else f"format(datum.value, '{percent}')"
    curves = alt.Chart().transform_filter(f"datum.kind != '{CURSOR_KIND}'").transform_calculate(written=value_text)
    tooltip = [alt.Tooltip("kind:N", title="run"), alt.Tooltip("step:Q"), alt.Tooltip("written:N", title="value")]
    band = curves.mark_area(opacity=0.22, clip=True).encode(x=x, y=y.field("low"), y2="high:Q", color=colour)
    line = curves.mark_line(strokeWidth=2.5, clip=True).encode(x=x, y=y, color=colour, strokeDash=dash, tooltip=tooltip)
    marks = (
        curves.transform_filter("datum.mark")
        .mark_point(size=75, filled=True, opacity=1, clip=True)
        .encode(x=x, y=y, color=colour, shape=shape, tooltip=tooltip)
    )
    cursor = (
        alt.Chart()
        .transform_filter(f"datum.kind == '{CURSOR_KIND}'")
        .mark_rule(color=CURSOR, strokeWidth=1.5)
        .encode(x=x, tooltip=alt.Tooltip("step:Q", title="shown step"))
    )
    guides = [_guide(0.0, "lowest possible"), _guide(1.0, "all points coincide")] if quantity == LOSS else []
    title = TRIPLETS.get(quantity)
    description = f"{title or SCORES.get(quantity, 'loss, normalised')} by step, a curve for each of the runs."
    chart = alt.layer(band, *guides, line, marks, cursor).properties(height=height, description=description)
    return spec(chart.properties(title=alt.TitleParams(title, anchor="start", fontSize=15)) if title else chart)


def _axis(quantity: str) -> tuple[alt.Y, str]:
    """Return the axis of a quantity, and the format of its values."""
    if quantity in SCORES:
        axis = alt.Axis(values=[0.8, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01], labelExpr="format(1 - datum.value, '.0%')")
        scale = alt.Scale(type="log", reverse=True, nice=False, domain=[0.01, 0.95])
        return alt.Y(field="value", type="quantitative", title=SCORES[quantity], axis=axis, scale=scale), ".1%"
    if quantity == LOSS:
        axis = alt.Axis(tickCount=5)
        return alt.Y(
            field="value",
            type="quantitative",
            title="loss, normalised",
            axis=axis,
            scale=alt.Scale(zero=False, padding=8),
        ), ".3f"
    axis = alt.Axis(format=".0%", tickCount=4)
    return alt.Y(field="value", type="quantitative", title=None, axis=axis, scale=alt.Scale(domain=[0, 1])), ".1%"


def _guide(value: float, label: str) -> alt.LayerChart | alt.FacetChart:
    """Return a horizontal line with a label at its right end."""
    rows = alt.Data(values=[{"value": value, "words": label}])
    rule = alt.Chart(rows).mark_rule(strokeDash=[5, 4], color=GUIDE, strokeWidth=1.5).encode(y="value:Q")
    text = alt.Chart(rows).mark_text(align="right", dx=-4, dy=-8, fontSize=13, fontWeight="bold", **TEXT)
    return alt.layer(rule, text.encode(y="value:Q", x=alt.value("width"), text="words:N"))


def race_rows(runs: Sequence[Sequence[RunProgress]], names: Sequence[str], quantity: str, step: int) -> pd.DataFrame:
    """Return the rows of the race chart.

    Args:
        runs: the progress of each run, for each of its seeds.
        names: names of the runs.
        quantity: a key of `SCORES` or `TRIPLETS`, or `LOSS`.
        step: step of the cursor.

    Returns:
        Rows (kind, step, value, low, high, mark), one for each frame and run, and one for the cursor. `value` is the
        mean over the seeds that have not failed, `low` and `high` are one sample standard deviation below and above
        it; for scores all three are errors. For `LOSS`, runs whose loss cannot be normalised are left out.
    """
    parts = [
        _curve(name, seeds, quantity)
        for name, seeds in zip(names, runs, strict=True)
        if quantity != LOSS or all(has_floor(progress) for progress in seeds)
    ]
    cursor = pd.DataFrame({"kind": [CURSOR_KIND], "step": [step], "mark": [False]})
    return pd.concat([*parts, cursor], ignore_index=True).astype({"mark": bool})


def _curve(name: str, seeds: Sequence[RunProgress], quantity: str) -> pd.DataFrame:
    """Return the rows of one run, up to the newest frame that all of its seeds have reached."""
    active = [progress for progress in seeds if progress.failure is None] or seeds
    length = min(len(progress.frames) for progress in active)
    indices = _frame_indices(length)
    steps = np.array([frame.step for frame in active[0].frames[:length]], dtype=int)[indices]
    values = np.array([_values(progress, quantity)[:length] for progress in active])[:, indices]  # (seeds, frames)
    mean = values.mean(axis=0)
    spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(len(mean))
    ends = [mean, mean - spread, mean + spread]
    if quantity in SCORES:
        ends = [(1 - end).clip(MIN_ERROR, 1) for end in ends]
    mark = np.zeros(len(steps), dtype=bool)
    mark[np.linspace(0, len(steps) - 1, min(MAX_MARKS, len(steps))).round().astype(int)] = True
    value, low, high = ends
    return pd.DataFrame({"kind": name, "step": steps, "value": value, "low": low, "high": high, "mark": mark})


def _frame_indices(length: int) -> NDArray[np.intp]:
    """Return the indices of the frames of a curve: all, or `MAX_ROWS` evenly spread ones with the newest among them."""
    if length <= MAX_ROWS:
        return np.arange(length)
    return np.unique(np.linspace(0, length - 1, MAX_ROWS).round().astype(np.intp))


def _values(progress: RunProgress, quantity: str) -> NDArray[np.float64]:
    """Return a quantity at each frame of a run, (F,)."""
    if quantity == LOSS:
        return _normalised_loss(progress)
    return np.array([score(frame, quantity) for frame in progress.frames])


def _normalised_loss(progress: RunProgress) -> NDArray[np.float64]:
    """Return the loss at each frame, averaged since the previous frame and scaled: 0 at its floor, 1 at collapse."""
    if progress.references is None or not len(progress.losses):
        return np.full(len(progress.frames), np.nan)
    steps = np.array([frame.step for frame in progress.frames])
    cumulative = np.concatenate([[0.0], progress.losses.cumsum(dtype=float)])
    steps = steps.clip(max=len(progress.losses))
    gaps = np.diff(steps)
    means = np.divide(np.diff(cumulative[steps]), gaps, out=np.full(len(gaps), np.nan), where=gaps > 0)
    floor, collapse = progress.references.floor, progress.references.collapse
    return (np.concatenate([progress.losses[:1], means]) - floor) / (collapse - floor)
