"""Fair race: two to five runs from the same start on the same batches, always at the same step."""

import streamlit as st

from cl_core import ui

ui.show_link_notes(ui.race_notes())

try:
    specs, points, seeds = ui.race_controls()
except ValueError as error:
    st.error(ui.describe_error(error, "Choose other settings."), icon=":material/tune:")
    st.stop()

ui.intro("Race", "Runs with the same initial weights and images, always shown at the same step.")
ui.show_race(specs, points, seeds)
