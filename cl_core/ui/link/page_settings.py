"""The settings of each page in a session: pages have settings of the same names, and must not share their values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from cl_core.ui.link.control import Control, Link, to_text
from cl_core.ui.server import streamlit_compat


@dataclass(frozen=True)
class ShownPage:
    """The page that is shown.

    Attributes:
        page: name of the page.
        controls_for_link: function from a link to the controls that the page has under it.
        plays: whether the page has something to play.
    """

    page: str
    controls_for_link: Callable[[Link], Sequence[Control]]
    plays: bool


def session_link() -> dict[str, str]:
    """Return every text and number of the session state as the text of a query parameter, by key."""
    return {
        str(name): to_text(value) for name, value in st.session_state.items() if isinstance(value, str | int | float)
    }


def current_link(shown: ShownPage) -> Link:
    """Return the settings of a page that differ from their defaults.

    Args:
        shown: the page.

    Returns:
        The link to these settings.
    """
    settings = session_link()
    without_widget = {control.name: control for control in shown.controls_for_link(settings) if control.default is None}
    for name in without_widget:  # their values are in the query string only
        settings.pop(name, None)
        if name in st.query_params:
            settings[name] = st.query_params[name]
    link = {}
    for control in shown.controls_for_link(settings):
        text = settings.get(control.name)
        if text is not None and control.error_in(text) is None and control.parse(text) != control.default:
            link[control.name] = text
    return link


def enter_page(shown: ShownPage) -> None:
    """Store the settings of the page that was left, and clear them; call it before any control is rendered.

    Args:
        shown: the page that is entered.
    """
    leave_page()
    st.session_state.entered_page = shown


def leave_page() -> None:
    """Store the settings of the page that was entered last, and clear them from the session state."""
    left: ShownPage | None = st.session_state.pop("entered_page", None)
    if left is not None:
        save_settings(left)
        for key in _saved()[left.page]:
            del st.session_state[key]


def save_settings(shown: ShownPage) -> None:
    """Store the settings of a page as they are now.

    Args:
        shown: the page, which was entered last.
    """
    _saved()[shown.page] = {
        key: st.session_state[key]
        for control in shown.controls_for_link(session_link())
        for key in control.session_keys
        if key in st.session_state
    }


def saved_settings(page: str) -> Mapping[str, Any] | None:
    """Return the settings of a page that were stored last, by key of the session state; None before that."""
    return _saved().get(page)


def restore_settings(page: str) -> None:
    """Set the controls of a page to the settings that were stored last; nothing where it is new to the session."""
    for key, value in (saved_settings(page) or {}).items():
        st.session_state[key] = value


def link_parameters() -> dict[str, list[str]]:
    """Return the query parameters, each with all of its values.

    On the way back to another page, the browser takes the parameters of the page that is left along, unless a widget is
    bound to them; these are left out.
    """
    left = st.session_state.get("address", {}) if streamlit_compat.is_history_navigation() else {}
    values = {name: st.query_params.get_all(name) for name in st.query_params}
    return {name: texts for name, texts in values.items() if left.get(name) != texts}


def note_address() -> None:
    """Store the address, for `link_parameters`."""
    st.session_state.address = {name: st.query_params.get_all(name) for name in st.query_params}


def _saved() -> dict[str, dict[str, Any]]:
    saved: dict[str, dict[str, Any]] = st.session_state.setdefault("saved_settings", {})
    return saved
