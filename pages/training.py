"""Live training: the embeddings of ten classes of digits separate while the visitor watches."""

import streamlit as st

from cl_core import ui

ui.show_link_notes(ui.run_notes())

try:
    spec, points = ui.run_controls()
except ValueError as error:
    st.error(ui.describe_error(error, "Choose other settings."), icon=":material/tune:")
    st.stop()

ui.intro("Live training", "Watch a network learn: each point is a test image, coloured by its class.")
ui.show_training(spec, points)
