"""Mount the component that brings a run of the server back to a page that is loaded again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import streamlit as st

from cl_core.components.mounting import register
from cl_core.components.reload.message import encode

_component = register(Path(__file__).parent)


def remember_in_tab(slot: str, name: str, *, on_reload: Callable[[Any], None]) -> None:
    """Let the browser tab remember a run, and ask it for the one that it had before it was loaded again.

    Args:
        slot: what kind of a run it is: a tab has one of each.
        name: of the run or the race on the server.
        on_reload: called once with the name that the tab had; untrusted.
    """
    key = f"{slot}_reload"
    answered = f"{slot}_reloaded"

    def take() -> None:
        st.session_state[answered] = True
        on_reload((st.session_state.get(key) or {}).get("had"))

    _component(key=key, data=encode(slot, name, answered=answered in st.session_state), on_had_change=take)
