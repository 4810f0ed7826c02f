"""The compiler: a function of tensors becomes a program for the engine."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from torch import Tensor

from cl_core.programs import encoding, fusion, memory
from cl_core.programs.graph import trace
from cl_core.programs.lowering import Lowering
from cl_core.programs.operators import TABLE
from cl_core.programs.program import Program, Slot
from cl_core.programs.values import View


def compile_function(
    function: Callable[..., Sequence[Tensor]], inputs: Mapping[str, Tensor], outputs: Sequence[str]
) -> Program:
    """Compile a function.

    Args:
        function: takes the inputs in their order, and returns a sequence of tensors. Branches on Python values are
            taken once; the numbers in the tensors are inputs of the program.
        inputs: name -> tensor of the shape and type that the program will have.
        outputs: names of the results, in order.

    Returns:
        The program.

    Raises:
        graph.UnsupportedError: when the function does something that the engine does not do.
    """
    # a tensor that stands for two inputs would be traced as one
    lowered = Lowering().lower(trace(function, [tensor.clone() for tensor in inputs.values()]), TABLE)
    results: list[View] = []
    for view in lowered.outputs:
        taken = [each.buffer for each in results]
        is_own = view.buffer.is_temporary and view.is_contiguous and view.buffer not in taken
        results.append(view if is_own else _copied(lowered, view))
    groups = fusion.fuse(lowered.instructions, results)
    layout = memory.plan(groups, lowered.inputs, results)
    return Program(
        words=np.array(encoding.encode(groups), np.int32),
        constants=tuple(buffer.constant for buffer in layout.constants if buffer.constant is not None),
        constants_at=layout.constants_at,
        memory=layout.size,
        inputs=tuple(
            Slot(name, buffer.type, buffer.address, tuple(tensor.shape))
            for (name, tensor), buffer in zip(inputs.items(), lowered.inputs, strict=True)
        ),
        outputs=tuple(
            Slot(name, view.type, view.address, view.shape) for name, view in zip(outputs, results, strict=True)
        ),
    )


def _copied(lowered: Lowering, view: View) -> View:
    output = lowered.new(view.shape, view.type)
    lowered.write(view, output)
    return output
