"""The three kinds of triplets as every chart shows them: a colour, a name, and a mark that needs no colour."""

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cl_core.palette import EASY, HARD, KIND_SYMBOLS, SEMIHARD

KINDS = {"hard": "hard", "semihard": "semi-hard", "easy": "easy"}
KIND_LABELS = {kind: f"{KIND_SYMBOLS[kind]} {label}" for kind, label in KINDS.items()}  # names in the rows of charts
INK = "#10131a"  # legible on all three colours, in light and dark themes
MIN_LABEL_SHARE = 0.14  # share from which on an area is high enough for its name


def kind_colours() -> alt.Scale:
    """Return the colour scale of the three kinds, by `KIND_LABELS`."""
    return alt.Scale(domain=list(KIND_LABELS.values()), range=[HARD, SEMIHARD, EASY])


def kind_fill(legend: alt.Legend | None = None) -> alt.Color:
    """Return the colour encoding of an area or a bar by its kind.

    Args:
        legend: the legend; None for none.

    Returns:
        The encoding, of the field `kind`.
    """
    return alt.Color("kind:N", title=None, scale=kind_colours(), legend=legend)


def stacked_rows(axis: str, x: NDArray[Any], shares: Mapping[str, NDArray[np.floating[Any]]]) -> pd.DataFrame:
    """Return the rows of stacked areas.

    Args:
        axis: name of the field along x.
        x: (F,) positions along x.
        shares: (F,) share of each kind, 0 to 1.

    Returns:
        Rows (kind, order, `axis`, value, name, middle). The `name` of a kind is in one row, where its area is highest
        outside the first and the last fifth, at height `middle`; if the area is too low for it, it is in no row.
    """
    parts, below = [], np.zeros(len(x))
    inner = slice(len(x) // 5, len(x) - len(x) // 5)
    for order, (kind, label) in enumerate(KIND_LABELS.items()):
        value = np.asarray(shares[kind], dtype=float)
        highest = inner.start + int(value[inner].argmax())
        name = np.array([None] * len(x), dtype=object)
        if value[highest] >= MIN_LABEL_SHARE:
            name[highest] = label
        parts.append(
            pd.DataFrame(
                {"kind": label, "order": order, axis: x, "value": value, "name": name, "middle": below + value / 2}
            )
        )
        below = below + value
    return pd.concat(parts, ignore_index=True)


def stacked_areas(x: alt.X, y: alt.Y, tooltip: Sequence[alt.Tooltip]) -> list[alt.Chart]:
    """Return stacked areas of the kinds, with their names inside.

    Args:
        x: encoding of x.
        y: encoding of y.
        tooltip: fields of the tooltip.

    Returns:
        Layers for the rows of `stacked_rows`.
    """
    valid = alt.Chart().transform_filter("isValid(datum.value)")
    areas = valid.mark_area(opacity=0.85, line={"color": "white", "strokeWidth": 1}).encode(
        x=x, y=y, color=kind_fill(), order=alt.Order("order:Q"), tooltip=list(tooltip)
    )
    names = alt.Chart().transform_filter("isValid(datum.name)").mark_text(color=INK, fontSize=14, fontWeight="bold")
    return [areas, names.encode(x=x, y=alt.Y("middle:Q"), text="name:N")]


def names_in_bars(x: alt.X, y: alt.Y) -> alt.Chart:
    """Return the mark of each kind in its part of a bar, where that part is wide enough.

    Args:
        x: encoding of x, of the field `share`.
        y: encoding of y.

    Returns:
        A layer of text.
    """
    marks = alt.Chart().transform_calculate(mark="datum.share > 0.04 ? slice(datum.kind, 0, 1) : ''")
    text: alt.Chart = marks.mark_text(color=INK, fontSize=15, fontWeight="bold").encode(
        x=x.stack("zero").bandPosition(0.5), y=y, text="mark:N", order=alt.Order("order:Q"), detail="kind:N"
    )
    return text
