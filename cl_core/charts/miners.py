"""What each miner makes of one batch: bars for its loss and its gradient, and which kinds of triplets it picks."""

from collections.abc import Mapping
from typing import Any, Literal

import altair as alt
import pandas as pd

from cl_core.charts.curves import GUIDE, SCORE, TEXT, spec
from cl_core.charts.triplet_kinds import NAMED, kind_fill, names_in_bars

ROW, AXIS = 26, 50  # pixels: a miner, and the axis below


def miner_chart(
    title: str, miners: int, words: str, guide: tuple[float, str] | None = None, largest: float = 0
) -> dict[str, Any]:
    """A bar a miner, the chosen one full; rows from `miner_rows`. `guide`: a value to compare with, and its name.

    largest: of the values, which says on which side of the line there is room for its name.
    words: the chart in words, for those who do not see it.
    """
    bars = (
        alt.Chart()
        .mark_bar(color=SCORE)
        .encode(
            x=alt.X("value:Q", title=title, axis=alt.Axis(tickCount=5, titleFontSize=14, labelFontSize=13)),
            y=_miners(),
            opacity=_chosen(),
            tooltip=[alt.Tooltip("miner:N"), alt.Tooltip("value:Q", title=title, format=".4g")],
        )
    )
    layers: list[alt.Chart] = [bars]
    if guide is not None:
        line = alt.Chart(alt.Data(values=[{"value": guide[0], "words": guide[1]}]))
        layers.append(line.mark_rule(strokeDash=[5, 4], color=GUIDE, strokeWidth=1.5).encode(x="value:Q"))
        side: Literal["left", "right"] = "left" if guide[0] < largest / 2 else "right"
        name = line.mark_text(align=side, baseline="bottom", fontSize=13, fontWeight="bold", **TEXT)
        layers.append(name.encode(x="value:Q", y=alt.value(-3), text="words:N"))
    return spec(alt.layer(*layers).properties(height=ROW * miners + AXIS, description=words))


def miner_rows(values: Mapping[str, float], chosen: str) -> pd.DataFrame:
    """Rows (miner, value, chosen) of a chart of miners, from their titles and numbers."""
    return pd.DataFrame([{"miner": name, "value": value, "chosen": name == chosen} for name, value in values.items()])


def pick_chart(miners: int, words: str) -> dict[str, Any]:
    """A bar a miner, divided among the kinds of what it picks; rows from `pick_rows`."""
    legend = alt.Legend(orient="top", labelFontSize=14, padding=0)
    axis = alt.Axis(format="%", tickCount=5, titleFontSize=14, labelFontSize=13)
    share = alt.X("share:Q", title="kinds of the picked triplets", axis=axis).scale(domain=[0, 1])
    bars = (
        alt.Chart()
        .mark_bar()
        .encode(
            x=share.stack("zero"),
            y=_miners(),
            color=kind_fill(legend),
            order=alt.Order("order:Q"),
            opacity=_chosen(),
            tooltip=[
                alt.Tooltip("miner:N"),
                alt.Tooltip("kind:N"),
                alt.Tooltip("count:Q", title="triplets", format=","),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
    )
    marks = names_in_bars(share, _miners())
    return spec(alt.layer(bars, marks).properties(height=ROW * miners + AXIS, description=words))


def pick_rows(picked: Mapping[str, Mapping[str, int]], chosen: str) -> pd.DataFrame:
    """Rows (miner, kind, order, count, share, chosen), from each miner's title and its counts by kind."""
    return pd.DataFrame(
        [
            {
                "miner": name,
                "kind": words,
                "order": order,
                "count": count[kind],
                "share": count[kind] / (sum(count.values()) or 1),
                "chosen": name == chosen,
            }
            for name, count in picked.items()
            for order, (kind, words) in enumerate(NAMED.items())
        ]
    )


def _miners() -> alt.Y:
    return alt.Y(
        "miner:N",
        title=None,
        sort=None,
        axis=alt.Axis(labelFontSize=14, labelLimit=200, labelOverlap=False, labelBound=False, labelFlush=False),
    )


def _chosen() -> alt.Opacity:
    return alt.Opacity("chosen:N", scale=alt.Scale(domain=[True, False], range=[1, 0.5]), legend=None)
