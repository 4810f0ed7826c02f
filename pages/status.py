"""The server: how many are here, what there is to do, and what it takes."""

import streamlit as st

from cl_core import ui

st.subheader("This server")
st.markdown("For whoever runs it: numbers of all visitors together, every two seconds. Nothing here says who they are.")
ui.show_status()
