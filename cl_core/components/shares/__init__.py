"""How easy, semi-hard and hard triplets share a run's triplets, frame by frame, with a cursor that one can drag."""

from cl_core.components.shares.message import WORDS, Shares, encode

__all__ = ["WORDS", "Shares", "encode"]
