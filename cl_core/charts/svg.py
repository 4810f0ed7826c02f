"""Curves as one picture for a paper: Vega-Lite charts with their rows, one below the other, as SVG."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

WIDTH = 640  # pixels, of each chart


class TitledChart(NamedTuple):
    """A specification that waits for its rows, the rows, and what is written above it."""

    title: str
    spec: dict[str, Any]
    rows: pd.DataFrame


def to_svg(charts: Sequence[TitledChart]) -> bytes:
    """All charts one below the other, dark on light."""
    import vl_convert  # here, because it brings a browser's engine along

    drawn = [
        {**each.spec, "width": WIDTH, "title": {"text": each.title, "anchor": "start"},
         "data": {"values": each.rows.astype(object).where(each.rows.notna(), None).to_dict("records")}}
        for each in charts
    ]  # fmt: skip
    apart = {"scale": {"x": "independent", "y": "independent", "color": "independent"}}
    # nothing of a chart is ever fetched from elsewhere
    text = vl_convert.vegalite_to_svg({"vconcat": drawn, "resolve": apart}, allowed_base_urls=[])
    return str(text).encode()
