"""Picture of a loss as a function of two numbers: colour, contours, decision boundary and forces."""

from cl_core.components.plane.message import (
    CURVE_ROLES,
    MARK_ROLES,
    WORDS,
    Curve,
    Field,
    Mark,
    PlaneState,
    decode,
    encode,
)

__all__ = ["CURVE_ROLES", "MARK_ROLES", "WORDS", "Curve", "Field", "Mark", "PlaneState", "decode", "encode"]
