"""Lessons: steps that open a picture, say what to try, and detect when it is done; alone or with a class."""

import streamlit as st

from cl_core import ui

ui.forget_link()
st.subheader("Lessons")
st.markdown(
    "A lesson leads through the course: each step opens a picture, says what to try, and notices when it is "
    "done. Some ask you to predict first. In a room, everyone who opens its link sees all answers."
)
ui.show_lessons()
