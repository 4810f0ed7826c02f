"""The start: the question to keep in mind, and places to begin with."""

from urllib.parse import parse_qsl

import streamlit as st

from cl_core import ui

ARROW = ":material/arrow_forward:"
LOOKS = {
    "Hard or semi-hard?": (
        "Drag a negative across two rings: what is the margin for, and which negatives still teach?",
        "triplets?scene=all+three",
    ),
    "Ninety thousand million triplets": (
        "Every triplet of MNIST's test images, counted in seconds. Which digits get in each other's way?",
        "triplets?part=every+triplet&counted=10000&embedding=trained",
    ),
    "Semi-hard ones run out": (
        "A whole run, with the shares of easy, semi-hard and hard beside it; below it, how hard mining collapses.",
        "triplets?part=over+a+run&beside=hard",
    ),
    "The circle of circle loss": (
        "Where does a loss stop pushing? A line, a wedge, a circle: move the margin and see, with real pairs in it.",
        "boundaries?loss=circle&pairs=half-trained",
    ),
    "The angle of a margin": (
        "What L-softmax and AM-softmax ask of two classes. Drag a class weight and watch the wedge.",
        "boundaries?two=true&loss=l_softmax&loss_2=am_softmax&plane=angles",
    ),
    "Who pulls whom": (
        "One batch, held still, under two losses. Which digits pull hardest, and does temperature change it?",
        "batch?loss=supcon&loss_2=triplet",
    ),
}
RUNS = {
    "Ten digits come apart": (
        "Supervised contrastive loss, one frame after another. Which digits part last?",
        "training?loss=supcon",
    ),
    "The hardest negatives": (
        "A triplet loss that always takes the hardest. Watch the spread, and the loss against its collapse line.",
        "training?loss=triplet&mining=batch_hard&margin=1.0",
    ),
    "The semi-hard ones": (
        "Everything as before, but the mining. This is why semi-hard negatives were invented.",
        "training?loss=triplet&mining=semihard&margin=1.0",
    ),
    "Two numbers a digit": (
        "Max-margin contrastive loss straight into the plane: what you see is all there is.",
        "training?loss=contrastive&dim=2&unit_norm=false",
    ),
    "Without labels": (
        "NT-Xent never sees a label: two noisy views of one image attract, all other images repel.",
        "training?loss=nt_xent&batch=256",
    ),
    "Shoes and shirts": (
        "The same loss on Fashion-MNIST. Which classes stay together however long you wait?",
        "training?loss=supcon&dataset=fashion_mnist",
    ),
}

ui.forget_link()
st.title("Contrastive Loss Lab")
st.markdown(
    "A contrastive loss pulls examples of one class together and pushes the others away. Watch one do so, on real "
    "digits, with the real formulas, and change whatever you like while it learns."
)
QUESTION = "A triplet loss has been stuck at exactly its margin for an hour. What has happened?"
st.info(f"**A question to keep.** {QUESTION}", icon=":material/help:")
for words, places in (("Look at a loss before you train with it", LOOKS), ("Open a run and press Start", RUNS)):
    st.subheader(words)
    for row in (list(places.items())[i : i + 3] for i in range(0, len(places), 3)):
        for column, (title, (what, link)) in zip(st.columns(3), row, strict=True):
            page, query = link.split("?")
            with column.container(border=True, height="stretch"):
                st.markdown(f"**{title}**\n\n{what}")
                st.page_link(f"pages/{page}.py", label="Open", query_params=parse_qsl(query), icon=ARROW)
st.caption("Every setting is in the address: copy it, and whoever opens it sees the same run, number for number.")
