"""Retrieval and verification: points to drag, the nearest images of an image, and a threshold for pairs."""

from cl_core import ui

ui.show_link_notes(ui.retrieval_notes())

ui.intro("Retrieval")
part = ui.retrieval_part()
INTRODUCTIONS = {
    "three points": "A classifier needs a point on the right side of a boundary; a search needs its nearest neighbour "
    "to be of its class.",
    "nearest neighbours": "The ten most similar images of each of the 10,000 test images of MNIST, under two networks. "
    "How many are classified correctly, and retrieved wrongly?",
    "a threshold": "Are two images of the same class? Face recognition answers with a threshold on their similarity. "
    "Move it, and see how many pairs are mistaken.",
}
ui.intro(text=INTRODUCTIONS[part])
ui.show_retrieval(part)
