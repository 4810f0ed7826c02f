"""A loss over the square of two numbers, as a picture that one can point at: colour, contours, boundary and forces."""

from cl_core.components.plane.message import CURVES, MARKS, WORDS, Curve, Field, Mark, PlaneState, decode, encode

__all__ = ["CURVES", "MARKS", "WORDS", "Curve", "Field", "Mark", "PlaneState", "decode", "encode"]
