"""Break it: nine ways in which training goes wrong, each with the sign by which to tell it and the cure."""

import streamlit as st

from cl_core import ui

for note in ui.failure_notes():
    st.warning(note, icon=":material/link_off:")

failure, seed = ui.failure_controls()
if failure is None:
    ui.show_gallery()
else:
    ui.show_failure(failure, seed)
