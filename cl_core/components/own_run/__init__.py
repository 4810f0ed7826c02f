"""Brings the run of the visitor's browser to a page that does not show it; nothing of it can be seen."""
