"""Boundaries: where a loss stops pushing, and how the boundary moves with its margin and its scale."""

from cl_core import ui

ui.show_link_notes(ui.boundary_notes())

chosen = ui.boundary_controls()

ui.intro(
    "Decision boundaries",
    r"Every point is one anchor with one positive at similarity $s_p$ and one negative at $s_n$. Arrows show where the "
    "loss moves such a pair; beyond the thick line the margin is met. Hover for values; click to pin.",
)
ui.show_boundaries(chosen)
