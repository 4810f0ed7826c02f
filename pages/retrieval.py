"""Retrieval and verification: the nearest images of an image, and a threshold for pairs, under two networks."""

from cl_core import ui

ui.show_link_notes(ui.retrieval_notes())

ui.intro("Retrieval")
part = ui.retrieval_part()
INTRODUCTIONS = {
    "nearest neighbours": "A classifier only has to put an image on the right side of a boundary. A search needs its "
    "nearest images to be of its class. Compare two networks on all 10,000 test images of MNIST.",
    "a threshold": "Are two images of the same class? Face recognition answers with a threshold on their similarity. "
    "Move it, and see how many pairs are mistaken.",
}
ui.intro(text=INTRODUCTIONS[part])
ui.show_retrieval(part)
