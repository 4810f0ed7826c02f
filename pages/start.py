"""Start: a film of what the course is about, two ways into it, and cards that open its pages."""

import streamlit as st

from cl_core import ui

ui.forget_link()
st.title("Contrastive Loss Lab")
ui.show_film_and_paths()
ui.show_cards()
st.caption(
    "The address contains every setting. Copy it, and everyone who opens it sees the same run and the same numbers."
)
