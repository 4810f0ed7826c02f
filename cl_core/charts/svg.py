"""Export of Vega-Lite charts with their rows as one SVG image, one chart below the other."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pandas as pd

WIDTH = 640  # pixels, of each chart


class TitledChart(NamedTuple):
    """A chart for the export.

    Attributes:
        title: text above the chart.
        spec: Vega-Lite specification without data.
        rows: its data.
    """

    title: str
    spec: dict[str, Any]
    rows: pd.DataFrame


def to_svg(charts: Sequence[TitledChart]) -> bytes:
    """Render charts one below the other, dark on light.

    Args:
        charts: the charts, from top to bottom.

    Returns:
        The SVG document in UTF-8.
    """
    import vl_convert  # here, because it loads a browser engine

    specs = [
        {**chart.spec, "width": WIDTH, "title": {"text": chart.title, "anchor": "start"},
         "data": {"values": chart.rows.astype(object).where(chart.rows.notna(), None).to_dict("records")}}
        for chart in charts
    ]  # fmt: skip
    resolve = {"scale": {"x": "independent", "y": "independent", "color": "independent"}}
    # charts never fetch anything from a network
    svg = vl_convert.vegalite_to_svg({"vconcat": specs, "resolve": resolve}, allowed_base_urls=[])
    return str(svg).encode()
