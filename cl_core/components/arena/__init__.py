"""The arena: several runs in the browser, in lockstep, with a moving cloud of each and one time slider."""

from cl_core.components.arena.message import encode

__all__ = ["encode"]
