"""Picture of a draggable anchor, its positive and a few negatives, with the kind of triplet that each makes."""

from cl_core.analysis.triplet_scene import MAX_NEGATIVES
from cl_core.components.triplet.message import (
    MAX_COORDINATE,
    WORDS,
    Point,
    Triplets,
    TripletState,
    decode,
    encode,
    initial_state,
)

__all__ = [
    "MAX_COORDINATE",
    "MAX_NEGATIVES",
    "WORDS",
    "Point",
    "TripletState",
    "Triplets",
    "decode",
    "encode",
    "initial_state",
]
