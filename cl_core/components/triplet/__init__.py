"""Picture of a draggable anchor, its positive and a few negatives, with the kind of triplet that each makes."""

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
