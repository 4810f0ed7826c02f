"""One frozen batch: the same images under two losses, with the forces on each embedding and the weight of each pair."""

from cl_core import ui

ui.show_link_notes(ui.batch_notes())

chosen = ui.batch_controls()

ui.intro(
    "Which images attract or repel",
    "The same real images, held still. Arrows are the forces of the loss on each embedding; the square below shows the "
    "weight of every pair, blue where it is pulled together and orange where it is pushed apart. Hover over an image.",
)
ui.show_batch(chosen)
