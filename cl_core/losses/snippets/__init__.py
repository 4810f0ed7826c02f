"""Example programs that print exactly the number that is on the screen.

`program` generates one for the loss of a batch, `variant_program` for a variant of it, and `point_program` for one
positive and one negative pair. The flavours are this library, plain PyTorch and pytorch-metric-learning.
"""

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
