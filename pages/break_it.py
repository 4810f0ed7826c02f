"""Break it: nine ways in which training fails, each with its symptom and its cure."""

from cl_core import ui

ui.show_link_notes(ui.failure_notes())

failure, seed = ui.failure_controls()
if failure is None:
    ui.show_gallery()
else:
    ui.show_failure(failure, seed)
