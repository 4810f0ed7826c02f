"""Setup that every page shares."""

import streamlit as st

from cl_core.components.phone_sidebar.mount import phone_sidebar
from cl_core.components.visit.mount import visit
from cl_core.data.datasets import ASSETS
from cl_core.ui.link import controls, presentation


def begin_page() -> None:
    """Set the page's title and layout, unfold its link and apply its styles."""
    st.set_page_config("Contrastive Loss Lab", str(ASSETS / "icon.png"), layout="wide", initial_sidebar_state=310)
    controls.unfold_link()
    presentation.apply_styles()
    visit()


def close_phone_sidebar(page: str) -> None:
    """Close the sidebar of a phone after a change of the page; call it at the end of every page.

    Args:
        page: name of the page that is shown.
    """
    if not presentation.is_embedded():
        phone_sidebar(page, key="phone_sidebar")
