"""Start page: cards, each with what to look at and the link that opens it."""

from collections.abc import Mapping
from urllib.parse import parse_qsl

import streamlit as st

from cl_core.losses.articles import CONTRASTING

Cards = Mapping[str, tuple[str, str]]  # title -> (what to look at, link)

CARDS_PER_ROW = 3
LOSS_CARDS: Cards = {
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
RUN_CARDS: Cards = {
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
COMPARISON_CARDS: Cards = {
    "A fair race": (
        "Two losses from the same weights on the same images, never one ahead of the other. Vote before you look.",
        "compare",
    ),
    "Nine ways to fail": (
        "Collapse, a margin that can't be met, a temperature too low: start each with a click, and its cure beside it.",
        "break_it",
    ),
    "A published table, put right": (
        f"Do larger batches hurt? The experiment of {CONTRASTING.markdown} made again, with its oddities and without "
        "them.",
        "experiments",
    ),
}
CARDS: Mapping[str, Cards] = {
    "Look at a loss before you train with it": LOSS_CARDS,
    "Open a run and press Start": RUN_CARDS,
    "Compare, break, and prove": COMPARISON_CARDS,
}


def show_cards() -> None:
    """Show all cards, under a heading for each group."""
    for heading, cards in CARDS.items():
        st.subheader(heading)
        for row in (list(cards.items())[i : i + CARDS_PER_ROW] for i in range(0, len(cards), CARDS_PER_ROW)):
            for column, (title, (text, link)) in zip(st.columns(CARDS_PER_ROW), row, strict=True):
                page, _, query = link.partition("?")
                with column.container(border=True, height="stretch"):
                    st.markdown(f"**{title}**\n\n{text}")
                    icon = ":material/arrow_forward:"
                    st.page_link(f"pages/{page}.py", label="Open", query_params=parse_qsl(query), icon=icon)
