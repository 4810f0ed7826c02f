"""Facts about the current state of a page, for steps of lessons that wait for a condition."""

from collections.abc import Mapping

import streamlit as st

Fact = str | int | float


def set_facts(**values: Fact) -> None:
    """Update page facts; existing keys are overwritten."""
    st.session_state.setdefault("facts", {}).update(values)


def clear_facts() -> None:
    """Remove all page facts, for another step of a lesson."""
    st.session_state.facts = {}


def facts() -> Mapping[str, Fact]:
    """Return the values of all controls by name, and the facts that the page has set, which take precedence."""
    settings = {
        str(name): value for name, value in st.session_state.items() if isinstance(value, str | int | float)
    }  # fmt: skip
    return {**settings, **st.session_state.get("facts", {})}
