"""The published experiment: its table reproduced and corrected, and compared with what its article claims."""

import streamlit as st

from cl_core import ui
from cl_core.losses.articles import CONTRASTING

ui.show_link_notes(ui.experiment_notes())

st.subheader("Reproducing a published comparison")
part = ui.experiment_part()
INTRODUCTIONS = {
    "table and claims": f"{CONTRASTING.reference} compares losses for training the same network, at three batch sizes, "
    "on two data sets. An encoder is trained with a contrastive loss and then frozen, and a linear classifier is "
    "trained on its output. The baseline is the same network, trained as a classifier.",
    "one thing at a time": "In the article's table the learning rate grows with the batch size, and the number of "
    "steps shrinks. Here they vary one at a time: every batch size has the same rates, for equal epochs and for equal "
    "steps. The article's rate for the largest batches, 0.2, is larger than all of these rates.",
    "pictures": "The embeddings, as in the article's figures. Tight groups in two dimensions prove little: the "
    "accuracy above each picture is measured in the full space.",
    "one cell": "Choose a run to see its details, to watch it live, or to run it again.",
    "cost": "Time and memory of each method, with this project's implementation.",
}
st.markdown(INTRODUCTIONS[part])
ui.show_experiment(part)
