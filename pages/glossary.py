"""The glossary: what each loss is, in the words that its sliders, its tests and README's table are made from."""

import streamlit as st

from cl_core.ui.pages import glossary

for note in glossary.notes():
    st.warning(note, icon=":material/link_off:")

loss, words = glossary.choice()
if loss is None:
    st.markdown(
        "Every loss here wants the same: examples of one class near each other, others far. They differ in **what** is "
        "compared, in **when** they stop, and in **how hard** they pull until then."
    )
    glossary.index(words)
    st.markdown(
        "#### How they hang together\n"
        "Follow an arrow under its condition, and the one loss becomes the other, number for number; along the dashed "
        "one only the idea is carried on. Blue ones compare pairs, green ones a batch, sand-coloured class weights."
    )
    glossary.family_tree()
else:
    glossary.head(loss)
    glossary.formula(loss)
    glossary.parameters(loss)
    where, what = st.columns([0.42, 0.58], gap="large")
    with where:
        glossary.boundary(loss)
        glossary.relations(loss)
    with what:
        glossary.misreadings(loss)
    glossary.conventions(loss)
