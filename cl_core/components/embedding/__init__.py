"""Picture of the embedding of the probe images: a cloud of points that moves during training."""

from cl_core.components.embedding.message import (
    MAX_REPEATED,
    OVERLAP,
    WORDS,
    Cloud,
    EmbeddingState,
    SentFrames,
    cloud_of_probes,
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
    "cloud_of_probes",
    "decode",
    "encode",
    "frames_to_send",
]
