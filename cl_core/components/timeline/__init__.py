"""Time slider for all pictures of a group, through the steps of runs that are shown side by side."""

from cl_core.components.timeline.message import WORDS, encode

__all__ = ["WORDS", "encode"]
