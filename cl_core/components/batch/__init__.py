"""Picture of one frozen batch under one loss: which images attract or repel each other, and how strongly."""

from cl_core.components.batch.message import WORDS, Scene, SceneState, decode, encode

__all__ = ["WORDS", "Scene", "SceneState", "decode", "encode"]
