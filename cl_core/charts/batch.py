"""A frozen batch as charts: which kinds of pairs there are, and which of them carry the gradient."""

from typing import Any

import altair as alt
import pandas as pd

from cl_core.analysis.gradients import BatchForces
from cl_core.charts.curves import spec
from cl_core.charts.triplet_kinds import NAMED, kind_fill, names_in_bars


def share_chart(height: int = 120) -> dict[str, Any]:
    """Two bars, pairs and gradient, each divided among the kinds; waiting for its rows."""
    share = alt.X("share:Q", title=None, axis=alt.Axis(format="%", tickCount=5, labelFontSize=13)).scale(domain=[0, 1])
    bars = (
        alt.Chart()
        .mark_bar()
        .encode(
            x=share.stack("zero"),
            y=alt.Y("of:N", title=None, sort=None, axis=alt.Axis(labelFontSize=14, labelLimit=200)),
            color=kind_fill(alt.Legend(orient="top", labelFontSize=14, padding=0)),
            order=alt.Order("order:Q"),
            tooltip=[alt.Tooltip("of:N"), alt.Tooltip("kind:N"), alt.Tooltip("share:Q", format=".1%")],
        )
    )
    words = "Kinds of pairs, and what share of the gradient each carries."
    layers = alt.layer(bars, names_in_bars(share, bars.encoding.y))
    return spec(layers.properties(height=height, description=words))


def share_rows(found: BatchForces) -> pd.DataFrame:
    """Rows (of, kind, order, share) of the chart."""
    return pd.DataFrame(
        [
            {"of": of, "kind": words, "order": order, "share": shares[kind]}
            for of, shares in (("pairs", found.pairs), ("gradient", found.shares))
            for order, (kind, words) in enumerate(NAMED.items())
        ]
    )
