"""The published experiment: its table reproduced and corrected, and compared with what its article claims."""

import streamlit as st

from cl_core import ui
from cl_core.losses.articles import CONTRASTING

ui.show_link_notes(ui.experiment_notes())

st.subheader("Reproducing a published comparison")
part = ui.experiment_part()
INTRODUCTIONS = {
    "table and claims": f"{CONTRASTING.reference} compares ways to train one net, at three batch sizes, on "
    "two data sets. An encoder learns from a contrastive loss, is frozen, and a linear classifier learns on it; the "
    "baseline is the same net trained as a classifier.",
    "one thing at a time": "In the article's table the learning rate grows with the batch, and the number of steps "
    "shrinks. Here they are taken apart: every batch size at the same rates, for equal epochs and for equal steps. The "
    "article's own rate for the largest batches, 0.2, is beyond what these rates cover.",
    "pictures": "What the embeddings look like, as in the article's figures. Tight blobs in two dimensions prove "
    "little: the accuracy above each is measured in the full space.",
    "one cell": "Choose a cell, look at it closely, open the very same run live, or run it again.",
    "cost": "What each method took, on this lab's own implementation.",
}
st.markdown(INTRODUCTIONS[part])
ui.show_experiment(part)
