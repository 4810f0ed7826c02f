"""The embedding of the probe images as a cloud of points that moves while a network learns."""

from cl_core.components.embedding.message import (
    OVERLAP,
    REPEATED,
    WORDS,
    Cloud,
    EmbeddingState,
    SentFrames,
    decode,
    encode,
    frames_to_send,
)

__all__ = [
    "OVERLAP",
    "REPEATED",
    "WORDS",
    "Cloud",
    "EmbeddingState",
    "SentFrames",
    "decode",
    "encode",
    "frames_to_send",
]
