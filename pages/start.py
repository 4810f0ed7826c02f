"""The start: the question to keep in mind, and places to begin with."""

import streamlit as st

from cl_core import ui

LOOKS = {
    "The circle of circle loss": (
        "Where does a loss stop pushing? A line, a wedge, a circle: move the margin and see, with real pairs in it.",
        "boundaries",
        {"loss": "circle", "pairs": "half-trained"},
    ),
    "The angle of a margin": (
        "What L-softmax and AM-softmax ask of two classes. Drag a class weight and watch the wedge.",
        "boundaries",
        {"two": "true", "loss": "l_softmax", "loss_2": "am_softmax", "plane": "angles"},
    ),
    "Who pulls whom": (
        "One batch, held still, under two losses. Which digits pull hardest, and does temperature change it?",
        "batch",
        {"loss": "supcon", "loss_2": "triplet"},
    ),
}
RUNS = {
    "Ten digits come apart": (
        "Supervised contrastive loss, one frame after another. Which digits part last?",
        "training",
        {"loss": "supcon"},
    ),
    "The hardest negatives": (
        "A triplet loss that always takes the hardest. Watch the spread, and the loss against its collapse line.",
        "training",
        {"loss": "triplet", "mining": "batch_hard", "margin": "1.0"},
    ),
    "The semi-hard ones": (
        "Everything as before, but the mining. This is why semi-hard negatives were invented.",
        "training",
        {"loss": "triplet", "mining": "semihard", "margin": "1.0"},
    ),
    "Two numbers a digit": (
        "Max-margin contrastive loss straight into the plane: what you see is all there is.",
        "training",
        {"loss": "contrastive", "dim": "2", "unit_norm": "false"},
    ),
    "Without labels": (
        "NT-Xent never sees a label: two noisy views of one image attract, all other images repel.",
        "training",
        {"loss": "nt_xent", "batch": "256"},
    ),
    "Shoes and shirts": (
        "The same loss on Fashion-MNIST. Which classes stay together however long you wait?",
        "training",
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
for words, places in (("Look at a loss before you train with it", LOOKS), ("Open a run and press Start", RUNS)):
    st.subheader(words)
    for row in (list(places.items())[i : i + 3] for i in range(0, len(places), 3)):
        for column, (title, (what, page, link)) in zip(st.columns(3), row, strict=True):
            with column.container(border=True, height="stretch"):
                st.markdown(f"**{title}**")
                st.markdown(what)
                st.page_link(f"pages/{page}.py", label="Open", icon=":material/arrow_forward:", query_params=link)
st.caption("Every setting is in the address: copy it, and whoever opens it sees the same run, number for number.")
