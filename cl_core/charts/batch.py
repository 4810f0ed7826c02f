"""Chart of a fixed batch: the kinds of its pairs, and the share of the gradient that each kind carries."""

from typing import Any

import altair as alt
import pandas as pd

from cl_core.analysis.gradients import BatchForces
from cl_core.charts.curves import spec
from cl_core.charts.triplet_kinds import KIND_LABELS, kind_fill, names_in_bars


def share_chart(height: int = 120) -> dict[str, Any]:
    """Return the chart of two bars, pairs and gradient, each divided by kind.

    Args:
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `share_rows`.
    """
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
    description = "Kinds of pairs, and the share of the gradient that comes from each."
    layers = alt.layer(bars, names_in_bars(share, bars.encoding.y))
    return spec(layers.properties(height=height, description=description))


def share_rows(forces: BatchForces) -> pd.DataFrame:
    """Return the rows of the chart of shares.

    Args:
        forces: pairs and gradient of the batch.

    Returns:
        Rows (of, kind, order, share); `of` is "pairs" or "gradient".
    """
    return pd.DataFrame(
        [
            {"of": of, "kind": label, "order": order, "share": shares[kind]}
            for of, shares in (("pairs", forces.pairs), ("gradient", forces.shares))
            for order, (kind, label) in enumerate(KIND_LABELS.items())
        ]
    )
