"""What each of PyTorch's basic operations is in instructions."""

from cl_core.programs.operators import constants, elementwise, indices, matrices, reductions, views
from cl_core.programs.operators.table import TABLE

__all__ = ["TABLE", "constants", "elementwise", "indices", "matrices", "reductions", "views"]
