"""The start: the question to keep in mind, and runs to begin with."""

import streamlit as st

from cl_core import ui

RUNS = {
    "Ten digits come apart": (
        "Supervised contrastive loss, one frame after another. Which digits part last?",
        {"loss": "supcon"},
    ),
    "The hardest negatives": (
        "A triplet loss that always takes the hardest. Watch the spread, and the loss against its collapse line.",
        {"loss": "triplet", "mining": "batch_hard", "margin": "1.0"},
    ),
    "The semi-hard ones": (
        "Everything as before, but the mining. This is why semi-hard negatives were invented.",
        {"loss": "triplet", "mining": "semihard", "margin": "1.0"},
    ),
    "Two numbers a digit": (
        "Max-margin contrastive loss straight into the plane: what you see is all there is.",
        {"loss": "contrastive", "dim": "2", "unit_norm": "false"},
    ),
    "Without labels": (
        "NT-Xent never sees a label: two noisy views of one image attract, all other images repel.",
        {"loss": "nt_xent", "batch": "256"},
    ),
    "Shoes and shirts": (
        "The same loss on Fashion-MNIST. Which classes stay together however long you wait?",
        {"loss": "supcon", "dataset": "fashion_mnist"},
    ),
}

ui.forget_link()
st.title("Contrastive Loss Lab")
st.markdown(
    "A contrastive loss pulls examples of one class together and pushes the others away. Here you can watch one do so, "
    "on real digits, with the real formulas, and change whatever you like while it learns."
)
st.info(
    "**A question to keep.** A triplet loss has been stuck at exactly its margin for an hour. What has happened?",
    icon=":material/help:",
)
st.subheader("Open a run and press Start")
for row in (list(RUNS.items())[:3], list(RUNS.items())[3:]):
    for column, (title, (words, link)) in zip(st.columns(3), row, strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"**{title}**")
            st.markdown(words)
            st.page_link("pages/training.py", label="Open", icon=":material/play_circle:", query_params=link)
st.caption("Every setting is in the address: copy it, and whoever opens it sees the same run, number for number.")
