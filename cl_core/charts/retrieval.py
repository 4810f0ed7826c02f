"""Charts of verification: the similarities of same-class and different-class pairs, and the two error rates."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from cl_core.analysis.verification import PairHistogram
from cl_core.charts.curves import CURSOR, DRAWN, SCORE, spec
from cl_core.palette import HARD

SAME, DIFFERENT = "same class", "different classes"
BINS_SHOWN = 100  # of cosines from -1 to 1
FLOOR = 1e-5  # error rate below which the chart of error rates ends
_AXIS: dict[str, Any] = {"labelFontSize": 13, "titleFontSize": 14}


def pairs_chart(description: str, threshold: float, height: int = 240) -> dict[str, Any]:
    """Return the chart of the similarities of same-class and of different-class pairs, with the threshold marked.

    Args:
        description: alternative text.
        threshold: the marked cosine.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `pairs_rows`.
    """
    x = alt.X("cosine:Q", title="cosine similarity", scale=alt.Scale(domain=[-1, 1], nice=False)).axis(
        **_AXIS, grid=False
    )
    areas = (
        alt.Chart()
        .mark_area(opacity=0.55, interpolate="monotone", line=True)
        .encode(
            x=x,
            y=alt.Y("share:Q", title="share of these pairs", stack=None, scale=alt.Scale(type="sqrt")).axis(
                format="%", tickCount=4, **_AXIS
            ),
            color=alt.Color(
                "pairs:N", scale=alt.Scale(domain=[SAME, DIFFERENT], range=[SCORE, HARD]),
                legend=alt.Legend(title=None, orient="top", labelFontSize=14),
            ),
            tooltip=[alt.Tooltip("pairs:N"), alt.Tooltip("cosine:Q", format=".2f"), alt.Tooltip("count:Q", format=",")],
        )
    )  # fmt: skip
    line = (
        alt.Chart(alt.Data(values=[{"cosine": threshold}])).mark_rule(color=CURSOR, strokeWidth=2).encode(x="cosine:Q")
    )
    return spec(alt.layer(areas, line).properties(height=height, description=description))


def pairs_rows(pairs: PairHistogram, label: int | None) -> pd.DataFrame:
    """Return the rows of the chart of pairs.

    Args:
        pairs: histogram whose number of bins is a multiple of `BINS_SHOWN`.
        label: class of which the pairs are; None for all.

    Returns:
        Rows (pairs, cosine, count, share): the middle of each bin, and the share of its pairs among those of its kind.
    """
    middles = np.linspace(-1, 1, 2 * BINS_SHOWN + 1)[1::2]
    parts = []
    for kind, counts in ((SAME, pairs.same(label)), (DIFFERENT, pairs.different(label))):
        count = counts.reshape(BINS_SHOWN, -1).sum(axis=1)
        parts.append(
            pd.DataFrame({"pairs": kind, "cosine": middles, "count": count, "share": count / max(count.sum(), 1)})
        )
    return pd.concat(parts, ignore_index=True)


def error_chart(names: Sequence[str], description: str, height: int = 320) -> dict[str, Any]:
    """Return the chart of the false non-match rate by the false match rate (DET), both logarithmic.

    Args:
        names: of the networks, in order.
        description: alternative text.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `error_rows`.
    """
    scale = alt.Scale(type="log", domain=[FLOOR, 1], clamp=True)
    curves = alt.Chart().encode(
        x=alt.X("match:Q", title="false match rate", scale=scale).axis(format="~%", tickCount=5, **_AXIS),
        y=alt.Y("miss:Q", title="false non-match rate", scale=alt.Scale(type="log", domain=[1e-3, 1], clamp=True)).axis(
            format="~%", tickCount=4, **_AXIS
        ),
        color=alt.Color(
            "network:N", scale=alt.Scale(domain=list(names), range=[SCORE, DRAWN]),
            legend=alt.Legend(title=None, orient="top", labelFontSize=14),
        ),
        tooltip=[
            alt.Tooltip("network:N"),
            alt.Tooltip("threshold:Q", format=".3f"),
            alt.Tooltip("match:Q", title="false matches", format=".3%"),
            alt.Tooltip("miss:Q", title="false non-matches", format=".2%"),
        ],
    )  # fmt: skip
    lines = curves.mark_line(strokeWidth=2).encode(order="threshold:Q")
    chosen = curves.transform_filter("datum.chosen").mark_point(filled=True, size=110)
    return spec(alt.layer(lines, chosen).properties(height=height, description=description))


def error_rows(networks: Mapping[str, PairHistogram], label: int | None, threshold: float) -> pd.DataFrame:
    """Return the rows of the chart of error rates.

    Args:
        networks: histogram of each network, by its name.
        label: class of which the pairs are; None for all.
        threshold: the chosen cosine.

    Returns:
        Rows (network, threshold, match, miss, chosen), without thresholds at which nothing changes.
    """
    parts = []
    for name, pairs in networks.items():
        match, miss = pairs.false_match_rate(label), pairs.false_non_match_rate(label)
        table = pd.DataFrame({"network": name, "threshold": pairs.edges, "match": match, "miss": miss})
        table["chosen"] = np.arange(len(table)) == pairs.nearest_edge(threshold)
        changed = (table[["match", "miss"]].diff().abs().max(axis=1) > 0) | table["chosen"]
        parts.append(table[changed & (table["match"] >= FLOOR / 10)])
    return pd.concat(parts, ignore_index=True)
