"""One frozen batch: the same images under two losses, with the forces on each embedding and the weight of each pair."""

from cl_core import ui

ui.show_link_notes(ui.batch_notes())

chosen = ui.batch_controls()

ui.intro(
    "Which images attract or repel",
    "A fixed batch of real images. Arrows show the force of the loss on each embedding. The square below shows the "
    "weight of every pair: blue pairs are pulled together, orange pairs are pushed apart. Hover over an image.",
)
ui.show_batch(chosen)
