"""Cards of the start page: each with a picture of what it opens."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import urlencode

from cl_core.data.datasets import ASSETS
from cl_core.ui.pages.race_controls import PLANE_RACE

PICTURE_SIZE = (400, 250)  # pixels
FOLDER = ASSETS / "cards"


@dataclass(frozen=True)
class Card:
    """A card.

    Attributes:
        title: name of the link.
        text: what to look at, as Markdown.
        link: page, and after a "?" its settings.
    """

    title: str
    text: str
    link: str


LOSS_CARDS: Mapping[str, Card] = {
    "triplets": Card(
        "Easy, semi-hard, hard",
        "Drag a negative closer to its anchor. See when a triplet changes the network, and what the margin does.",
        "triplets?scene=all+three",
    ),
    "census": Card(
        "90 billion triplets",
        "Every triplet of MNIST's 10,000 test images, counted in seconds. Which digits are confused most?",
        "triplets?part=every+triplet&counted=10000&embedding=trained",
    ),
    "used-up": Card(
        "Semi-hard triplets get used up",
        "A whole training run, with the shares of easy, semi-hard and hard triplets beside it.",
        "triplets?part=over+a+run&beside=hard",
    ),
    "boundaries": Card(
        "Decision boundaries",
        "Where does the force of a loss end? On a line, a wedge or a circle. Change the margin and see, with real "
        "pairs.",
        "boundaries?loss=circle&pairs=half-trained",
    ),
    "general-circle": Card(
        "From a line to a circle",
        "AM-softmax's boundary is a line, that of circle loss a circle. Fade from one to the other, and set optima and "
        "margins one by one.",
        "boundaries?loss=circle_general&pacing=0.5",
    ),
    "derivation": Card(
        "From softmax to the circle",
        "Six steps from the fraction of AM-softmax to the circle, each with its formula and its picture.",
        "derivations",
    ),
    "angles": Card(
        "A margin as an angle",
        "What L-softmax and AM-softmax demand of two classes. Drag a class weight and compare.",
        "boundaries?two=true&loss=l_softmax&loss_2=am_softmax&plane=angles",
    ),
    "batch": Card(
        "Which images attract or repel",
        "One batch under two losses. Which digits attract most, and does the temperature change it?",
        "batch?loss=supcon&loss_2=triplet",
    ),
    "points": Card(
        "Three points",
        "All three are on the right side of the boundary, but the nearest neighbour of one is of the other class. Drag "
        "them, and see what a margin changes.",
        "retrieval?part=three+points",
    ),
    "fan": Card(
        "Many negatives at once",
        "The N-pair loss pushes an image away from 38 others at once, a triplet loss from one. Which ones?",
        "batch?loss=npair&loss_2=triplet&mining_2=batch_hard&anchor=7",
    ),
    "easy": Card(
        "What easy pairs carry",
        "On one batch, easy pairs carry 71% of the gradient under AM-softmax, and 19% under circle loss.",
        "batch?loss=am_softmax&loss_2=circle",
    ),
    "retrieval": Card(
        "Classified correctly, retrieved wrongly",
        "A classifier knows what an image is. Is the most similar image of the same class? Search 10,000 test images.",
        "retrieval?part=nearest+neighbours&image=247",
    ),
    "threshold": Card(
        "Is this the same class?",
        "Fifty million pairs and one threshold, as in face recognition. Which loss mistakes fewer pairs?",
        "retrieval?part=a+threshold",
    ),
}
RUN_CARDS: Mapping[str, Card] = {
    "supcon": Card(
        "Ten digits separate",
        "Train with the supervised contrastive loss (SupCon). Which digits separate last?",
        "training?loss=supcon",
    ),
    "hardest": Card(
        "Only the hardest negatives",
        "Train with a triplet loss that uses hard negatives only. Watch the spread: do all points become one?",
        "training?loss=triplet&mining=batch_hard&margin=1.0",
    ),
    "semihard": Card(
        "Semi-hard negatives",
        "The same settings, with another choice of negatives. This is why semi-hard mining was invented.",
        "training?loss=triplet&mining=semihard&margin=1.0",
    ),
    "plane": Card(
        "Two numbers for each digit",
        "The contrastive loss with two-dimensional embeddings: you see them directly, without a projection.",
        "training?loss=contrastive&dim=2&unit_norm=false",
    ),
    "unlabelled": Card(
        "Without labels",
        "NT-Xent never sees a label: two noisy copies of an image attract, all other images repel.",
        "training?loss=nt_xent&batch=256",
    ),
    "fashion": Card(
        "Shoes and shirts",
        "The same loss on Fashion-MNIST. Which clothes stay mixed, however long you train?",
        "training?loss=supcon&dataset=fashion_mnist",
    ),
}
COMPARISON_CARDS: Mapping[str, Card] = {
    "race": Card(
        "A fair race",
        "Two losses with the same initial weights and batches, step by step. Vote before you see the scores.",
        "compare",
    ),
    "margins": Card(
        "Margins in the plane",
        "Softmax and four losses with margins in two dimensions: class weights as rays, and where each margin is met.",
        f"compare?{urlencode(PLANE_RACE.link)}",
    ),
    "sweep": Card(
        "Which temperature is best?",
        "Five temperatures, three batch sizes, 1 or 4 epochs, three seeds each. Does the best temperature change?",
        "sweep?sweep=temperature-nt_xent-mnist",
    ),
    "few": Card(
        "Five images of each digit",
        "PCCL has a parameter that is meant for few images. Does it help with 5, 20 or 100 of each class?",
        "sweep?sweep=xi-pccl",
    ),
    "failures": Card(
        "Nine ways training fails",
        "Collapse, a margin that cannot be met, a temperature too low: start each one, with its cure beside it.",
        "break_it",
    ),
    "experiment": Card(
        "Reproducing a published comparison",
        "Do larger batches lower accuracy? A published experiment, repeated as published and corrected.",
        "experiments",
    ),
}
CARDS: Mapping[str, Mapping[str, Card]] = {
    "Explore a loss": LOSS_CARDS,
    "Train a network": RUN_CARDS,
    "Compare and test": COMPARISON_CARDS,
}


def picture_path(key: str, *, dark: bool) -> Path:
    """Return the path of a card's picture, which `python -m tests.docs.screenshots cards` takes."""
    return FOLDER / f"{key}-{'dark' if dark else 'light'}.webp"


@cache
def picture(key: str, *, dark: bool) -> bytes:
    """Return the picture of a card as WebP."""
    return picture_path(key, dark=dark).read_bytes()
