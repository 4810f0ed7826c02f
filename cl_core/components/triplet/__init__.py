"""One anchor, its positive and a few negatives that one drags, and what kind of triplet each of them makes."""

from cl_core.components.triplet.message import (
    NEGATIVES,
    SPAN,
    WORDS,
    Point,
    Triplets,
    TripletState,
    decode,
    encode,
    initial_state,
)

__all__ = ["NEGATIVES", "SPAN", "WORDS", "Point", "TripletState", "Triplets", "decode", "encode", "initial_state"]
