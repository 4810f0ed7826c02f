"""Brings a run of the server back to a page that is loaded again; nothing of it can be seen."""
