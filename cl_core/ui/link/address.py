"""The address of a page: its menus and pictures are written into it, once for each run of the page."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from cl_core.ui.link.control import set_query_param
from cl_core.ui.link.page_settings import ShownPage, session_link
from cl_core.ui.link.presentation import rendered_controls
from cl_core.ui.server import streamlit_compat


@contextmanager
def address() -> Iterator[None]:
    """Run a page, and send what its menus and pictures have set to the browser's address at once, at the end."""
    with streamlit_compat.one_address_change():
        yield
        shown: ShownPage | None = st.session_state.get("shown")
        if shown is not None:
            _leave_out_menus_not_shown(shown)


def _leave_out_menus_not_shown(shown: ShownPage) -> None:
    """Remove the menus from the address that this run has not shown, as Streamlit does with bound widgets.

    These are menus of the page, and those of the run before, as of the parameters of another loss.
    """
    page, before = st.session_state.get("menus", ("", set()))
    menus = {control.name for control in shown.controls_for_link(session_link()) if control.is_menu}
    for name in (menus | before if page == shown.page else menus) - set(rendered_controls()):
        set_query_param(name, None)
    st.session_state.menus = (shown.page, menus)
