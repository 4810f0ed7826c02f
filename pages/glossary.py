"""Glossary: what each loss and each word is, from the same descriptions as the sliders, tests and README's table."""

import streamlit as st

from cl_core import ui
from cl_core.ui.pages import glossary

ui.show_link_notes(glossary.glossary_notes())

st.subheader("Glossary")
loss, query = glossary.choose_loss()
if loss is None:
    st.markdown(
        "All losses have the same goal: examples of one class close together, and examples of different classes far "
        "apart. They differ in **what** they compare, **when** they stop, and **how strongly** they pull and push."
    )
    if query.strip():
        glossary.show_results(query)
    else:
        glossary.show_index()
        st.markdown(
            "#### How the losses are related\n"
            "A solid arrow means that one loss becomes exactly the other, under the condition on the arrow. A dashed "
            "arrow means that only the idea is the same. Blue: pairs. Green: the whole batch. Sand: class weights."
        )
        glossary.show_family_tree()
        glossary.show_sources()
else:
    glossary.show_heading(loss)
    glossary.show_formula(loss)
    glossary.show_parameters(loss)
    left, right = st.columns([0.42, 0.58], gap="large")
    with left:
        glossary.show_boundary(loss)
        glossary.show_relations(loss)
    with right:
        glossary.show_misreadings(loss)
    glossary.show_conventions(loss)
