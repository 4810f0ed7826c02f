"""Bars of the force on each pair of one anchor."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from cl_core.charts.curves import spec
from cl_core.palette import HUES

KINDS = {"positive": "positives, pulled", "negative": "negatives, pushed"}
ROW_HEIGHT, FRAME_HEIGHT = 34, 90  # pixels: a bar, and the axis and the legend


def force_rows(
    positives: Sequence[float], negatives: Sequence[float], pull: Sequence[float], push: Sequence[float]
) -> pd.DataFrame:
    """Return the rows of the chart of forces.

    Args:
        positives: similarities of the positives.
        negatives: similarities of the negatives.
        pull: force on each positive.
        push: force on each negative.

    Returns:
        Rows (pair, force, kind), the force as a size.
    """
    return pd.DataFrame(
        [
            {"pair": f"{symbol} = {s:g}".replace("-", "−"), "force": abs(force), "kind": kind}
            for symbol, kind, pairs, forces in (
                ("sₚ", KINDS["positive"], positives, pull),
                ("sₙ", KINDS["negative"], negatives, push),
            )
            for s, force in zip(pairs, forces, strict=True)
        ]
    )


def force_chart(pairs: int) -> dict[str, Any]:
    """Return a chart with a bar for the force on each pair.

    Args:
        pairs: number of pairs.

    Returns:
        A Vega-Lite specification without data, for the rows of `force_rows`.
    """
    colours = alt.Scale(domain=list(KINDS.values()), range=[HUES["blue"], HUES["orange"]])
    legend = alt.Legend(orient="top", labelFontSize=14, title=None)
    axis = alt.Axis(labelFontSize=14, ticks=False, domain=False)
    bars = (
        alt.Chart()
        .mark_bar()
        .encode(
            x=alt.X("force:Q", title="strength of the force", axis=alt.Axis(labelFontSize=13, titleFontSize=14)),
            y=alt.Y("pair:N", sort=None, title=None, axis=axis),
            color=alt.Color("kind:N", scale=colours, legend=legend),
            tooltip=[alt.Tooltip("pair:N"), alt.Tooltip("force:Q", format=",.4~f")],
        )
    )
    return spec(alt.layer(bars).properties(height=ROW_HEIGHT * pairs + FRAME_HEIGHT))


def force_text(rows: pd.DataFrame) -> str:
    """Return the forces in a sentence: the alternative text of the chart, with the sums of both sides."""
    sums = rows.groupby("kind", sort=False)["force"].sum()
    each = ", ".join(f"{row.force:.3f} at {row.pair}" for row in rows.itertuples())
    return (
        f"The force on each pair: {each}. Together {sums.iloc[0]:.3f} on positives and {sums.iloc[1]:.3f} on negatives."
    )
