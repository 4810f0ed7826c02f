"""Charts of what each miner selects from one batch: its loss, its gradient, and the kinds of its triplets."""

from collections.abc import Mapping
from typing import Any, Literal

import altair as alt
import pandas as pd

from cl_core.charts.curves import GUIDE, SCORE, TEXT, spec
from cl_core.charts.triplet_kinds import KIND_LABELS, kind_fill, names_in_bars

ROW_HEIGHT, AXIS_HEIGHT = 26, 50  # pixels: a miner's bar, and the axis below the bars


def miner_chart(
    title: str, miners: int, description: str, guide: tuple[float, str] | None = None, largest: float = 0
) -> dict[str, Any]:
    """Return a chart with a bar for each miner, the chosen one opaque.

    Args:
        title: title of the axis of values.
        miners: number of miners.
        description: alternative text.
        guide: a value to compare with, and its name.
        largest: the largest value; the name of the guide is written on the side of its line that has more room.

    Returns:
        A Vega-Lite specification without data, for the rows of `miner_rows`.
    """
    bars = (
        alt.Chart()
        .mark_bar(color=SCORE)
        .encode(
            x=alt.X("value:Q", title=title, axis=alt.Axis(tickCount=5, titleFontSize=14, labelFontSize=13)),
            y=_miner_axis(),
            opacity=_chosen_opacity(),
            tooltip=[alt.Tooltip("miner:N"), alt.Tooltip("value:Q", title=title, format=",.4~f")],
        )
    )
    layers: list[alt.Chart] = [bars]
    if guide is not None:
        line = alt.Chart(alt.Data(values=[{"value": guide[0], "words": guide[1]}]))
        layers.append(line.mark_rule(strokeDash=[5, 4], color=GUIDE, strokeWidth=1.5).encode(x="value:Q"))
        side: Literal["left", "right"] = "left" if guide[0] < largest / 2 else "right"
        name = line.mark_text(align=side, baseline="bottom", fontSize=13, fontWeight="bold", **TEXT)
        layers.append(name.encode(x="value:Q", y=alt.value(-3), text="words:N"))
    return spec(alt.layer(*layers).properties(height=ROW_HEIGHT * miners + AXIS_HEIGHT, description=description))


def miner_rows(values: Mapping[str, float], chosen: str) -> pd.DataFrame:
    """Return the rows of a chart of miners.

    Args:
        values: the value of each miner, by its title.
        chosen: title of the chosen miner.

    Returns:
        Rows (miner, value, chosen).
    """
    return pd.DataFrame([{"miner": name, "value": value, "chosen": name == chosen} for name, value in values.items()])


def pick_chart(miners: int, description: str) -> dict[str, Any]:
    """Return a chart with a bar for each miner, divided by the kinds of the triplets that it picks.

    Args:
        miners: number of miners.
        description: alternative text.

    Returns:
        A Vega-Lite specification without data, for the rows of `pick_rows`.
    """
    legend = alt.Legend(orient="top", labelFontSize=14, padding=0)
    axis = alt.Axis(format="%", tickCount=5, titleFontSize=14, labelFontSize=13)
    share = alt.X("share:Q", title="kinds of the picked triplets", axis=axis).scale(domain=[0, 1])
    bars = (
        alt.Chart()
        .mark_bar()
        .encode(
            x=share.stack("zero"),
            y=_miner_axis(),
            color=kind_fill(legend),
            order=alt.Order("order:Q"),
            opacity=_chosen_opacity(),
            tooltip=[
                alt.Tooltip("miner:N"),
                alt.Tooltip("kind:N"),
                alt.Tooltip("count:Q", title="triplets", format=","),
                alt.Tooltip("share:Q", format=".1%"),
            ],
        )
    )
    marks = names_in_bars(share, _miner_axis())
    return spec(alt.layer(bars, marks).properties(height=ROW_HEIGHT * miners + AXIS_HEIGHT, description=description))


def pick_rows(picked: Mapping[str, Mapping[str, int]], chosen: str) -> pd.DataFrame:
    """Return the rows of the chart of picked triplets.

    Args:
        picked: number of picked triplets by kind, for each miner by its title.
        chosen: title of the chosen miner.

    Returns:
        Rows (miner, kind, order, count, share, chosen).
    """
    return pd.DataFrame(
        [
            {
                "miner": name,
                "kind": label,
                "order": order,
                "count": count[kind],
                "share": count[kind] / (sum(count.values()) or 1),
                "chosen": name == chosen,
            }
            for name, count in picked.items()
            for order, (kind, label) in enumerate(KIND_LABELS.items())
        ]
    )


def _miner_axis() -> alt.Y:
    return alt.Y(
        "miner:N",
        title=None,
        sort=None,
        axis=alt.Axis(labelFontSize=14, labelLimit=200, labelOverlap=False, labelBound=False, labelFlush=False),
    )


def _chosen_opacity() -> alt.Opacity:
    return alt.Opacity("chosen:N", scale=alt.Scale(domain=[True, False], range=[1, 0.5]), legend=None)
