"""Break it: nine ways in which training fails, each with its symptom and its cure."""

import streamlit as st

from cl_core import ui

for note in ui.failure_notes():
    st.warning(note, icon=":material/link_off:")

failure, seed = ui.failure_controls()
if failure is None:
    ui.show_gallery()
else:
    ui.show_failure(failure, seed)
