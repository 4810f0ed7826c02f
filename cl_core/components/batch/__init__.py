"""One frozen batch under one loss: who pulls whom, who pushes whom, and how hard."""

from cl_core.components.batch.message import WORDS, Scene, SceneState, decode, encode

__all__ = ["WORDS", "Scene", "SceneState", "decode", "encode"]
