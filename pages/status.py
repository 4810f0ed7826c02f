"""Status of the server: its visitors, its work, its memory."""

import streamlit as st

from cl_core import ui

ui.forget_link()
st.subheader("This server")
st.markdown("For the operator: totals over all visitors, updated every two seconds. Nothing identifies a visitor.")
ui.show_status()
