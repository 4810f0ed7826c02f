"""Setup that every page shares."""

import streamlit as st

from cl_core.data.datasets import ASSETS
from cl_core.ui.link import controls, presentation


def begin_page() -> None:
    """Set the page's title and layout, unfold its link and apply its styles."""
    st.set_page_config("Contrastive Loss Lab", str(ASSETS / "icon.png"), layout="wide", initial_sidebar_state=310)
    controls.unfold_link()
    presentation.apply_styles()
