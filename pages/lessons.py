"""Lessons: steps that open a picture, say what to try, and detect when it is done; alone or with a class."""

import streamlit as st

from cl_core import ui

ui.forget_link()
st.subheader("Lessons")
st.markdown(
    "A lesson guides you through the app. Each step opens a page, tells you what to try, and detects when it is done. "
    "Some steps ask you to predict something first. In a room, everyone who opens its link sees all answers."
)
ui.show_lessons()
