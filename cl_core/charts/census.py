"""Charts of a census: confused classes, the distribution of triplets over anchors, and the effect of the margin."""

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from cl_core.analysis import census
from cl_core.analysis.census import Census
from cl_core.charts.curves import CURSOR, SCORE, spec
from cl_core.charts.triplet_kinds import KINDS, stacked_areas, stacked_rows
from cl_core.palette import EASY, HARD, SEMIHARD

PARTS = {"not easy": (1, 2), "semi-hard": (1,), "hard": (2,)}  # columns of a census that each part adds up
BINS = 40  # bins of the histogram of anchors
_FILL = {"not easy": HARD, "semi-hard": SEMIHARD, "hard": HARD, "easy": EASY}


def pair_chart(part: str, names: Sequence[str], description: str, height: int = 440) -> dict[str, Any]:
    """Return the chart of the share of triplets in `part`, by class of the anchor and class of the negative.

    Args:
        part: a key of `PARTS`.
        names: names of the classes, in order.
        description: alternative text.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `pair_rows`.
    """
    band = alt.Scale(paddingInner=0.06)
    axis = alt.Axis(labelFontSize=14, titleFontSize=14, labelAngle=0, domain=False, ticks=False)
    cells = alt.Chart().encode(
        x=alt.X("negative:N", title="class of the negative", axis=axis, sort=list(names), scale=band),
        y=alt.Y("anchor:N", title="class of anchor and positive", axis=axis, sort=list(names), scale=band),
    )
    tiles = cells.mark_rect(color=_FILL[part], cornerRadius=3).encode(
        opacity=alt.Opacity("depth:Q", scale=alt.Scale(domain=[0, 1], range=[0.04, 0.9]), legend=None),
        tooltip=[
            alt.Tooltip("anchor:N", title="anchor and positive"),
            alt.Tooltip("negative:N"),
            alt.Tooltip("share:Q", title=part, format=".3%"),
            alt.Tooltip("count:Q", title="triplets", format=","),
        ],
    )
    text = cells.mark_text(fontSize=13).encode(text="text:N", color=alt.value("currentColor"))
    return spec(alt.layer(tiles, text).properties(height=height, description=description))


def pair_rows(result: Census, names: Sequence[str], part: str) -> pd.DataFrame:
    """Return the rows of the chart of class pairs.

    Args:
        result: the census.
        names: names of the classes by label.
        part: a key of `PARTS`.

    Returns:
        Rows (anchor, negative, share, depth, count, text), one for each pair of classes that has triplets. `depth` is
        the share over the largest share, `text` the share in per cent.
    """
    rows = []
    totals = result.per_class_pair.sum(2)
    count = result.per_class_pair[..., PARTS[part]].sum(2)
    share = count / np.maximum(totals, 1)
    for i, a in enumerate(result.classes):
        for j, n in enumerate(result.classes):
            if totals[i, j]:
                rows.append((names[a], names[n], share[i, j], share[i, j] / (share.max() or 1), count[i, j]))
    table = pd.DataFrame(rows, columns=["anchor", "negative", "share", "depth", "count"])
    digits = 0 if share.max() >= 0.2 else 1
    table["text"] = [f"{100 * value:.{digits}f}" for value in table["share"]]
    return table


def anchor_chart(description: str, height: int = 210) -> dict[str, Any]:
    """Return the histogram of anchors by the share of their triplets that are not easy.

    Args:
        description: alternative text.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `anchor_rows`.
    """
    bars = (
        alt.Chart()
        .mark_bar(color=SCORE, binSpacing=1)
        .encode(
            x=alt.X("low:Q", bin="binned", title="triplets of an anchor that are not easy")
            .axis(format="%", labelFontSize=13, titleFontSize=14, grid=False)
            .scale(nice=False),
            x2="high:Q",
            y=alt.Y("count:Q", title="anchors", scale=alt.Scale(type="symlog")).axis(
                values=[0, 1, 10, 100, 1000, 10_000], labelFontSize=13, titleFontSize=14
            ),
            tooltip=[
                alt.Tooltip("low:Q", title="from", format=".1%"),
                alt.Tooltip("high:Q", title="to", format=".1%"),
                alt.Tooltip("count:Q", title="anchors", format=","),
            ],
        )
    )
    return spec(alt.layer(bars).properties(height=height, description=description))


def anchor_rows(result: Census) -> pd.DataFrame:
    """Return the rows of the histogram of anchors.

    Args:
        result: the census.

    Returns:
        Rows (low, high, count), one for each bin; anchors without triplets are left out.
    """
    totals = result.per_anchor.sum(1)
    share = result.per_anchor[totals > 0, 1:].sum(1) / totals[totals > 0]
    count, edges = np.histogram(share, BINS, (0.0, max(float(share.max(initial=0)), 1e-6)))
    return pd.DataFrame({"low": edges[:-1], "high": edges[1:], "count": count})


def margin_chart(margin: float, description: str, height: int = 230) -> dict[str, Any]:
    """Return the chart of the shares of the kinds by margin, stacked, with the chosen margin marked.

    Args:
        margin: the chosen margin.
        description: alternative text.
        height: height in pixels.

    Returns:
        A Vega-Lite specification without data, for the rows of `margin_rows`.
    """
    x = alt.X("margin:Q", title="margin m", axis=alt.Axis(labelFontSize=13, titleFontSize=14, grid=False)).scale(
        nice=False
    )
    y = alt.Y("value:Q", title="share of triplets", stack="zero").axis(
        format="%", tickCount=3, labelFontSize=13, titleFontSize=14
    )
    tooltip = [alt.Tooltip("margin:Q"), alt.Tooltip("kind:N"), alt.Tooltip("value:Q", title="share", format=".2%")]
    chosen = alt.Chart(alt.Data(values=[{"margin": margin, "words": f"m = {margin:g}"}]))
    rule = chosen.mark_rule(color=CURSOR, strokeWidth=2).encode(x="margin:Q")
    name = chosen.mark_text(color="currentColor", fontSize=14, fontWeight="bold", baseline="bottom")
    return spec(
        alt.layer(
            *stacked_areas(x, y, tooltip), rule, name.encode(x="margin:Q", y=alt.value(-4), text="words:N")
        ).properties(height=height, description=description)
    )


def margin_rows(result: Census) -> pd.DataFrame:
    """Return the rows of the chart by margin.

    Args:
        result: the census.

    Returns:
        Rows as from `stacked_rows`, for the margins of the census and its own margin.
    """
    counts = dict(zip(result.margins.tolist(), result.per_margin, strict=True))
    counts[result.margin] = result.per_anchor.sum(0)
    margins = sorted(counts)
    shares = np.array([counts[margin] for margin in margins]) / max(result.total, 1)
    columns = dict(zip(census.KINDS, shares.T, strict=True))
    return stacked_rows("margin", np.array(margins), {kind: columns[kind] for kind in KINDS})
