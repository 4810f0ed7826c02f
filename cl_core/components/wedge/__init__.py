"""Picture of two class weights at a draggable angle, with the wedge around each in which a loss's margin is met."""

from cl_core.components.wedge.message import N_ANGLES, WORDS, Wedge, WedgeState, decode, encode

__all__ = ["N_ANGLES", "WORDS", "Wedge", "WedgeState", "decode", "encode"]
