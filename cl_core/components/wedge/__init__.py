"""Two class weights at an angle that one can drag, and how far around each a loss is content: the angle picture."""

from cl_core.components.wedge.message import CLASSES, DEGREES, WORDS, Wedge, WedgeState, decode, encode

__all__ = ["CLASSES", "DEGREES", "WORDS", "Wedge", "WedgeState", "decode", "encode"]
