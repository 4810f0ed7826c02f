"""The curves of a race: one score of all contenders, each with its colour, dash and mark, and the spread over seeds."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cl_core.charts.curves import CURSOR, CURSOR_KIND, GUIDE, MOST_ROWS, TEXT, spec
from cl_core.training.frames import SCORES, RunProgress, score

TRIPLETS = {"easy": "easy triplets", "semihard": "semi-hard triplets", "hard": "hard triplets"}
LOSS = "loss"
MARKS = 6  # of a curve
LEAST = 1e-3  # error that a logarithmic axis can show


class RunStyle(NamedTuple):
    """How a contender is drawn wherever it is drawn."""

    letter: str
    colour: str
    dash: Sequence[int]
    shape: str


# Four colours as far apart as those of the classes are (see `colours`), each legible on light paper and on dark;
# whoever sees none of them goes by dash and mark.
RUN_STYLES = (
    RunStyle("A", "#209dc5", (1, 0), "circle"),
    RunStyle("B", "#e8702b", (8, 4), "square"),
    RunStyle("C", "#841cfb", (3, 3), "triangle-up"),
    RunStyle("D", "#a04852", (10, 3, 2, 3), "diamond"),
)


def has_floor(look: RunProgress) -> bool:
    """Whether a run's loss can be normalised: whether its floor is known, and below its value at collapse."""
    return look.references is not None and bool(look.references.floor < look.references.collapse)


def race_chart(names: Sequence[str], quantity: str, height: int = 270) -> dict[str, Any]:
    """One quantity of contenders called `names`: one of `SCORES`, of `TRIPLETS`, or `LOSS`; rows from `race_rows`.

    Scores are drawn as errors on a logarithmic axis and written as shares, as in every chart of a run.
    """
    x = alt.X(
        "step:Q", title=None, scale=alt.Scale(type="symlog", constant=10, nice=False),
        axis=alt.Axis(values=[0, 10, 30, 100, 300, 1000, 3000, 10_000], labelOverlap=True, grid=False),
    )  # fmt: skip
    y, percent = _axis(quantity)
    runners = RUN_STYLES[: len(names)]
    legend = alt.Legend(
        orient="top", labelFontSize=14, labelLimit=420, symbolSize=160, symbolOpacity=1, symbolStrokeWidth=0
    )
    colour = alt.Color(
        "kind:N", title=None, scale=alt.Scale(domain=list(names), range=[each.colour for each in runners]),
        legend=None if quantity in TRIPLETS else legend,
    )  # fmt: skip
    dash = alt.StrokeDash(
        "kind:N", title=None, scale=alt.Scale(domain=list(names), range=[list(each.dash) for each in runners])
    )
    shape = alt.Shape("kind:N", title=None, scale=alt.Scale(domain=list(names), range=[each.shape for each in runners]))
    if quantity in TRIPLETS:
        dash, shape = dash.legend(None), shape.legend(None)
    written = "format(1 - datum.value, '.1%')" if quantity in SCORES else f"format(datum.value, '{percent}')"
    curves = alt.Chart().transform_filter(f"datum.kind != '{CURSOR_KIND}'").transform_calculate(written=written)
    tips = [alt.Tooltip("kind:N", title="run"), alt.Tooltip("step:Q"), alt.Tooltip("written:N", title="value")]
    band = curves.mark_area(opacity=0.22, clip=True).encode(x=x, y=y.field("low"), y2="high:Q", color=colour)
    line = curves.mark_line(strokeWidth=2.5, clip=True).encode(x=x, y=y, color=colour, strokeDash=dash, tooltip=tips)
    marks = (
        curves.transform_filter("datum.mark")
        .mark_point(size=75, filled=True, opacity=1, clip=True)
        .encode(x=x, y=y, color=colour, shape=shape, tooltip=tips)
    )
    cursor = (
        alt.Chart()
        .transform_filter(f"datum.kind == '{CURSOR_KIND}'")
        .mark_rule(color=CURSOR, strokeWidth=1.5)
        .encode(x=x, tooltip=alt.Tooltip("step:Q", title="frame at step"))
    )
    guides = [_guide(0.0, "floor: classes perfect"), _guide(1.0, "total collapse")] if quantity == LOSS else []
    title = TRIPLETS.get(quantity)
    words = f"{title or SCORES.get(quantity, 'loss, normalised')} by step, a curve for each of the runs."
    chart = alt.layer(band, *guides, line, marks, cursor).properties(height=height, description=words)
    return spec(chart.properties(title=alt.TitleParams(title, anchor="start", fontSize=15)) if title else chart)


def _axis(quantity: str) -> tuple[alt.Y, str]:
    """The axis of a quantity, and how its values are written."""
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


def _guide(value: float, words: str) -> alt.LayerChart | alt.FacetChart:
    rows = alt.Data(values=[{"value": value, "words": words}])
    rule = alt.Chart(rows).mark_rule(strokeDash=[5, 4], color=GUIDE, strokeWidth=1.5).encode(y="value:Q")
    text = alt.Chart(rows).mark_text(align="right", dx=-4, dy=-8, fontSize=13, fontWeight="bold", **TEXT)
    return alt.layer(rule, text.encode(y="value:Q", x=alt.value("width"), text="words:N"))


def race_rows(looks: Sequence[Sequence[RunProgress]], names: Sequence[str], quantity: str, at: int) -> pd.DataFrame:
    """Rows (kind, step, value, low, high, mark) of the race chart, one a frame and contender, and one for the cursor.

    looks: of each contender, of each seed. `value` is the mean over the seeds that have not failed, `low` and `high`
    are a sample standard deviation away from it; of scores all three are errors.
    """
    parts = [
        _curve(name, own, quantity)
        for name, own in zip(names, looks, strict=True)
        if quantity != LOSS or all(has_floor(look) for look in own)
    ]
    cursor = pd.DataFrame({"kind": [CURSOR_KIND], "step": [at], "mark": [False]})
    return pd.concat([*parts, cursor], ignore_index=True).astype({"mark": bool})


def _curve(name: str, looks: Sequence[RunProgress], quantity: str) -> pd.DataFrame:
    """The rows of one contender."""
    racing = [look for look in looks if look.failure is None] or looks
    length = min(len(look.frames) for look in racing)
    kept = _thinned(length)
    steps = np.array([look.step for look in racing[0].frames[:length]], dtype=int)[kept]
    values = np.array([_values(look, quantity)[:length] for look in racing])[:, kept]  # (seeds, frames)
    mean = values.mean(axis=0)
    spread = values.std(axis=0, ddof=1) if len(values) > 1 else np.zeros(len(mean))
    ends = [mean, mean - spread, mean + spread]
    if quantity in SCORES:
        ends = [(1 - end).clip(LEAST, 1) for end in ends]
    mark = np.zeros(len(steps), dtype=bool)
    mark[np.linspace(0, len(steps) - 1, min(MARKS, len(steps))).round().astype(int)] = True
    value, low, high = ends
    return pd.DataFrame({"kind": name, "step": steps, "value": value, "low": low, "high": high, "mark": mark})


def _thinned(length: int) -> NDArray[np.intp]:
    """The numbers of the frames that a curve shows: all, or as many as a screen can, the newest among them."""
    if length <= MOST_ROWS:
        return np.arange(length)
    return np.unique(np.linspace(0, length - 1, MOST_ROWS).round().astype(np.intp))


def _values(look: RunProgress, quantity: str) -> NDArray[np.float64]:
    """A quantity at each frame of a run, (F,)."""
    if quantity == LOSS:
        return _normalised(look)
    return np.array([score(frame, quantity) for frame in look.frames])


def _normalised(look: RunProgress) -> NDArray[np.float64]:
    """The loss at each frame, averaged over the steps since the one before, 0 at its floor and 1 at collapse."""
    if look.references is None or not len(look.losses):
        return np.full(len(look.frames), np.nan)
    steps = np.array([frame.step for frame in look.frames])
    total = np.concatenate([[0.0], look.losses.cumsum(dtype=float)])
    steps = steps.clip(max=len(look.losses))
    gaps = np.diff(steps)
    means = np.divide(np.diff(total[steps]), gaps, out=np.full(len(gaps), np.nan), where=gaps > 0)
    low, high = look.references.floor, look.references.collapse
    return (np.concatenate([look.losses[:1], means]) - low) / (high - low)
