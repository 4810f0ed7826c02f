"""Easy, semi-hard, hard: one triplet to drag, a real batch, all triplets of the test images, and a whole run."""

from cl_core import ui

ui.show_link_notes(ui.triplet_notes())

ui.intro("Easy, semi-hard and hard triplets")
part = ui.triplet_part()
INTRODUCTIONS = {
    "one triplet": "An anchor, a positive of its class and negatives of other classes. The loss compares the distances "
    "from the anchor to the positive and to a negative. The margin decides which negatives are far enough.",
    "a real batch": "The images of one batch, ordered by their distance from one anchor. Choose another positive, or "
    "another anchor. A miner decides which of these triplets a training step uses.",
    "every triplet": "A batch is only a sample. Here every triplet of the test images is counted: which classes are "
    "confused most, and how few images cause most of the violations.",
    "over a run": "How the three kinds change while a network learns. Move the step in either picture.",
}
ui.intro(text=INTRODUCTIONS[part])
ui.show_triplets(part)
