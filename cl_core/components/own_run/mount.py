"""Mount the component that brings the run of the visitor's browser to a page."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from cl_core.components.mounting import register
from cl_core.components.own_run.message import encode

_component = register(Path(__file__).parent)


def own_run(name: str, known: tuple[str, int] | None, *, key: str, on_handover: Callable[[Any], None]) -> None:
    """Ask the browser for its run.

    Args:
        name: of the run in the browser.
        known: name of the run and step that the server has; None for none.
        key: Streamlit key of the component.
        on_handover: called with what the browser hands over, as that of `trainer`; untrusted.
    """
    _component(
        key=key,
        data=encode(name, known),
        on_handover_change=lambda: on_handover((st.session_state.get(key) or {}).get("handover")),
    )
