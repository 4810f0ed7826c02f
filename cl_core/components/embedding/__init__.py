"""Picture of the embedding of the probe images: a cloud of points that moves during training."""

from cl_core.components.embedding.message import (
    MAX_REPEATED,
    OVERLAP,
    WORDS,
    Cloud,
    EmbeddingState,
    SentFrames,
    decode,
    encode,
    frames_to_send,
)

__all__ = [
    "MAX_REPEATED",
    "OVERLAP",
    "WORDS",
    "Cloud",
    "EmbeddingState",
    "SentFrames",
    "decode",
    "encode",
    "frames_to_send",
]
