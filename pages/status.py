"""Status of the server: its visitors, its work, its memory."""

import streamlit as st

from cl_core import ui

ui.forget_link()
st.subheader("This server")
st.markdown(
    "For the operator: numbers of all visitors together, every two seconds, without anything about who they are."
)
ui.show_status()
