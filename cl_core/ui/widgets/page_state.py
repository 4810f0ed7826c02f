"""Facts: what a page knows of itself at this moment, for the step of a lesson that waits until something is so."""

from collections.abc import Mapping

import streamlit as st

Fact = str | int | float


def set_facts(**now: Fact) -> None:
    """Say what is so now; what was said of it before is forgotten."""
    st.session_state.setdefault("facts", {}).update(now)


def clear_facts() -> None:
    """Begin anew, for another step."""
    st.session_state.facts = {}


def facts() -> Mapping[str, Fact]:
    """Everything that is so: the value of every control by its name, and what the page has told."""
    settings = {
        str(name): value for name, value in st.session_state.items() if isinstance(value, str | int | float)
    }  # fmt: skip
    return {**settings, **st.session_state.get("facts", {})}
