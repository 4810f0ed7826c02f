"""Charts as every page draws them: said in words too, and with larger type where a link asks for it."""

from collections.abc import Mapping
from html import escape
from typing import Any, Literal

import pandas as pd
import streamlit as st

from cl_core import charts
from cl_core.ui.link import presentation

INK = {"labelColor": "currentColor", "titleColor": "currentColor"}  # Streamlit's grey is too pale on light paper
UNSEEN = "clip-path:inset(50%);height:1px;margin:0;overflow:hidden;position:absolute;width:1px"


def chart(
    rows: pd.DataFrame,
    spec: Mapping[str, Any],
    words: str | None = None,
    *,
    key: str | None = None,
    width: int | Literal["stretch", "content"] = "stretch",
) -> None:
    """Draw a Vega-Lite chart with a text alternative.

    words: what the rows say now, for charts that stay as they are while their rows change, since the browser draws a
    chart afresh whose specification changes; they are read right after it. All others say it in their `description`.
    """
    shown = charts.enlarge(dict(spec)) if presentation.presentation().big else dict(spec)
    given = shown.get("config", {})
    shown["config"] = {
        "mark": {"aria": False},  # its words say it, not hundreds of marks
        **{part: {**given.get(part, {}), **INK} for part in ("axis", "legend")},
    }
    if words is None:
        st.vega_lite_chart(rows, shown, width=width, key=key)
        return
    with st.container(gap=None):
        st.vega_lite_chart(rows, shown, width=width, key=key)
        st.html(f'<p style="{UNSEEN}">{escape(words)}</p>')
