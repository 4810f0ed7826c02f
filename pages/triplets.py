"""Easy, semi-hard, hard: one triplet to drag, a real batch, all triplets of the test images, and a whole run."""

from cl_core import ui

ui.show_link_notes(ui.triplet_notes())

ui.intro("Easy, semi-hard, hard: which triplets teach?")
part = ui.triplet_part()
INTRODUCTIONS = {
    "one triplet": "An anchor, a positive of its class and negatives of others. The loss compares two distances, and "
    "the margin decides what is far enough.",
    "a real batch": "The digits of one batch as an embedding sees them from one anchor. Choose another positive, or "
    "make any digit the anchor; a miner decides which of all these triplets a step learns from.",
    "every triplet": "A batch is a sample. Here every triplet of the test images is counted: which "
    "classes are confused most, and how few images cause most violations.",
    "over a run": "How the three kinds change while a network learns. Move the step in either picture.",
}
ui.intro(text=INTRODUCTIONS[part])
ui.show_triplets(part)
