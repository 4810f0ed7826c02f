"""Charts with a text alternative, and with larger type if the link asks for it."""

from collections.abc import Mapping
from html import escape
from typing import Any, Literal

import pandas as pd
import streamlit as st

from cl_core import charts
from cl_core.ui.link import presentation

LABEL_COLOURS = {"labelColor": "currentColor", "titleColor": "currentColor"}  # Streamlit's grey has too low a contrast
SCREEN_READER_ONLY = "clip-path:inset(50%);height:1px;margin:0;overflow:hidden;position:absolute;width:1px"


def chart(
    rows: pd.DataFrame,
    spec: Mapping[str, Any],
    description: str | None = None,
    *,
    key: str | None = None,
    width: int | Literal["stretch", "content"] = "stretch",
) -> None:
    """Draw a Vega-Lite chart with a text alternative.

    Args:
        rows: data of the chart.
        spec: Vega-Lite specification. Its `description` is the text alternative of a chart whose data do not change.
        description: text alternative of a chart whose data change, set after it for screen readers only. It is not in
            the specification, because the browser draws a chart anew when that changes.
        key: Streamlit key of the chart.
        width: width of the chart.
    """
    styled = _styled(spec)
    if description is None:
        st.vega_lite_chart(rows, styled, width=width, key=key)
        return
    with st.container(gap=None):
        st.vega_lite_chart(rows, styled, width=width, key=key)
        st.html(f'<p style="{SCREEN_READER_ONLY}">{escape(description)}</p>')


def picking_chart(
    rows: pd.DataFrame, spec: Mapping[str, Any], description: str, *, key: str, selection: str
) -> list[Any]:
    """Draw a Vega-Lite chart in which a mark can be clicked.

    Args:
        rows: data of the chart.
        spec: Vega-Lite specification with a selection.
        description: text alternative.
        key: Streamlit key of the chart.
        selection: name of the selection.

    Returns:
        The selected fields of each clicked mark; none before a click.
    """
    with st.container(gap=None):
        event = st.vega_lite_chart(
            rows, _styled(spec), width="stretch", key=key, on_select="rerun", selection_mode=selection
        )
        st.html(f'<p style="{SCREEN_READER_ONLY}">{escape(description)}</p>')
    return list(event.get("selection", {}).get(selection, []))


def _styled(spec: Mapping[str, Any]) -> dict[str, Any]:
    """Return a specification in the colours of the page, with larger type if the link asks for it."""
    styled = charts.enlarge(dict(spec)) if presentation.presentation().big else dict(spec)
    config = styled.get("config", {})
    styled["config"] = {
        "mark": {"aria": False},  # screen readers read the text alternative, not hundreds of marks
        **{part: {**config.get(part, {}), **LABEL_COLOURS} for part in ("axis", "legend")},
    }
    return styled
