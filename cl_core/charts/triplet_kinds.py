"""The three kinds of triplets as every chart shows them: a colour, a name, and a mark for who sees no colours."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cl_core.palette import EASY, HARD, MARKS, SEMIHARD

KINDS = {"hard": "hard", "semihard": "semi-hard", "easy": "easy"}
NAMED = {kind: f"{MARKS[kind]} {words}" for kind, words in KINDS.items()}  # rows of charts call them so
INK = "#10131a"  # to be read on all three, in light and dark
ROOM = 0.14  # share that an area must have for its name


def kind_colours() -> alt.Scale:
    """The three kinds, by what charts call them, in their colours."""
    return alt.Scale(domain=list(NAMED.values()), range=[HARD, SEMIHARD, EASY])


def kind_fill(legend: alt.Legend | None = None) -> alt.Color:
    """The colour of an area or a bar by its kind."""
    return alt.Color("kind:N", title=None, scale=kind_colours(), legend=legend)


def stacked_rows(axis: str, x: NDArray[Any], shares: Mapping[str, NDArray[np.floating[Any]]]) -> pd.DataFrame:
    """Rows (kind, order, `axis`, value, name, middle) of stacked areas along x (F,), from shares (F,) of each kind.

    A kind's `name` stands in one of its rows, where there is room for it, at the height `middle`.
    """
    parts, below = [], np.zeros(len(x))
    inner = slice(len(x) // 5, len(x) - len(x) // 5)
    for order, (kind, words) in enumerate(NAMED.items()):
        value = np.asarray(shares[kind], dtype=float)
        widest = inner.start + int(value[inner].argmax())
        name = np.array([None] * len(x), dtype=object)
        if value[widest] >= ROOM:
            name[widest] = words
        parts.append(
            pd.DataFrame(
                {"kind": words, "order": order, axis: x, "value": value, "name": name, "middle": below + value / 2}
            )
        )
        below = below + value
    return pd.concat(parts, ignore_index=True)


def stacked_areas(x: alt.X, y: alt.Y, tooltip: Sequence[alt.Tooltip]) -> list[alt.Chart]:
    """Areas of the kinds, one on the other, and their names in them; rows from `stacked_rows`."""
    there = alt.Chart().transform_filter("isValid(datum.value)")
    areas = there.mark_area(opacity=0.85, line={"color": "white", "strokeWidth": 1}).encode(
        x=x, y=y, color=kind_fill(), order=alt.Order("order:Q"), tooltip=list(tooltip)
    )
    names = alt.Chart().transform_filter("isValid(datum.name)").mark_text(color=INK, fontSize=14, fontWeight="bold")
    return [areas, names.encode(x=x, y=alt.Y("middle:Q"), text="name:N")]


def names_in_bars(x: alt.X, y: alt.Y) -> alt.Chart:
    """The mark of each kind in its part of a bar, where the `share` that x shows leaves room for it."""
    marks = alt.Chart().transform_calculate(mark="datum.share > 0.04 ? slice(datum.kind, 0, 1) : ''")
    text: alt.Chart = marks.mark_text(color=INK, fontSize=15, fontWeight="bold").encode(
        x=x.stack("zero").bandPosition(0.5), y=y, text="mark:N", order=alt.Order("order:Q"), detail="kind:N"
    )
    return text
