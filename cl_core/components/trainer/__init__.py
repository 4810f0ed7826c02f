"""The trainer: a worker in the browser that trains a network by the engine. It has no picture of its own."""

from cl_core.components.trainer.message import encode

__all__ = ["encode"]
