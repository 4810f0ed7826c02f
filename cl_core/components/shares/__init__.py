"""Picture of a run's shares of easy, semi-hard and hard triplets, frame by frame, with a draggable cursor."""

from cl_core.components.shares.message import WORDS, Shares, encode

__all__ = ["WORDS", "Shares", "encode"]
