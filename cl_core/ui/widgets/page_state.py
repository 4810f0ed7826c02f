"""Facts about the current state of a page, for steps of lessons that wait for a condition."""

from collections.abc import Mapping, Sequence

import streamlit as st

from cl_core.teaching.lessons import Condition

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


def await_conditions(conditions: Sequence[Condition]) -> None:
    """Note the conditions that the current step of a lesson waits for; none without a lesson."""
    st.session_state.awaited = tuple(conditions)


def awaited(names: Sequence[str]) -> list[tuple[str, str, float | str]]:
    """Return the conditions that a step of a lesson waits for.

    Args:
        names: facts that the caller can report; conditions on others are left out.

    Returns:
        Fact, relation and value of each, as from `Condition`.
    """
    conditions: Sequence[Condition] = st.session_state.get("awaited", ())
    return [(each.fact, each.relation, each.value) for each in conditions if each.fact in names]
