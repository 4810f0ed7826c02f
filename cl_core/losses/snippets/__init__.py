"""Programs that print exactly the number that is on the screen."""

from cl_core.losses.snippets.generate import FLAVOURS, PLAIN, archive, code, code_of_convention, plain, point

__all__ = ["FLAVOURS", "PLAIN", "archive", "code", "code_of_convention", "plain", "point"]
