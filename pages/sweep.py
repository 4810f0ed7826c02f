"""Tune a parameter: a loss's parameter on a grid of values, by runs with several seeds."""

from cl_core import ui

ui.show_link_notes(ui.sweep_notes())

ui.intro("Tune a parameter")
part = ui.sweep_part()
INTRODUCTIONS = {
    "prepared": "Which temperature, margin or scale is best, and how sure is that? Every value was trained with "
    "several seeds. Click a mark to choose its run.",
    "own": "Choose a loss and a parameter in the sidebar. Each value is trained with several seeds, so that you see "
    "which differences are larger than chance.",
}
ui.intro(text=INTRODUCTIONS[part])
ui.show_sweep(part)
