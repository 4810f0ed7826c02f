"""Programs that print exactly the number that is on the screen."""

from cl_core.losses.snippets.generate import (
    FLAVOURS,
    PLAIN,
    batch_file,
    plain_function,
    point_program,
    program,
    variant_program,
)

__all__ = ["FLAVOURS", "PLAIN", "batch_file", "plain_function", "point_program", "program", "variant_program"]
