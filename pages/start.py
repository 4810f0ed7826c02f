"""Start: a question to think about, and cards that lead into the course."""

import streamlit as st

from cl_core import ui

ui.forget_link()
st.title("Contrastive Loss Lab")
st.markdown(
    "A contrastive loss pulls examples of one class together and pushes the others away. Watch one do so, on real "
    "digits, with the real formulas, and change whatever you like while it learns."
)
QUESTION = "A triplet loss has been stuck at exactly its margin for an hour. What has happened?"
st.info(f"**Think about this.** {QUESTION}", icon=":material/help:")
ui.show_cards()
st.caption("Every setting is in the address: copy it, and everyone who opens it sees the same run, number for number.")
