"""Tracing: a function of tensors becomes a graph of PyTorch's basic operations, without side effects."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, fx
from torch._subclasses.fake_tensor import DataDependentOutputException
from torch.fx.experimental.proxy_tensor import make_fx

from cl_core.data.errors import ExplainedError
from cl_core.programs import convolution, sampling

_aten = torch.ops.aten
OF_PYTORCH = (  # operations of which PyTorch itself knows how to make others
    _aten.logsumexp,
    _aten._softmax,  # noqa: SLF001
    _aten._softmax_backward_data,  # noqa: SLF001
    _aten._log_softmax,  # noqa: SLF001
    _aten._log_softmax_backward_data,  # noqa: SLF001
    _aten.nll_loss_forward,
    _aten.nll_loss_backward,
    _aten.softplus,
    _aten.softplus_backward,
)


class UnsupportedError(ExplainedError):
    """A function does something that the engine does not do; visitors are told what."""


SAME = (_aten.detach.default, _aten.alias.default, _aten.clone.default, _aten.lift_fresh_copy.default)


def trace(function: Callable[..., Sequence[Tensor]], inputs: Sequence[Tensor]) -> fx.GraphModule:
    """Trace a function.

    Branches on Python values are taken once, as they are for these inputs; the numbers in the tensors do not count.

    Args:
        function: takes the inputs in their order, and returns a sequence of tensors.
        inputs: tensors of the shapes and types that the program will have.

    Returns:
        The graph: its placeholders are the inputs, and every node has a fake tensor in `meta["val"]`.

    Raises:
        UnsupportedError: when shapes or branches depend on the numbers in the tensors.
    """
    # imported here: they take 0.3 s and 30 MB, which a server that only sends shipped programs does without
    from torch._decomp import get_decompositions
    from torch.fx.experimental.symbolic_shapes import GuardOnDataDependentSymNode

    table = {**get_decompositions(OF_PYTORCH), **convolution.DECOMPOSITIONS, **sampling.DECOMPOSITIONS}
    try:
        module = make_fx(function, tracing_mode="fake", decomposition_table=table)(*inputs)
    except (GuardOnDataDependentSymNode, DataDependentOutputException) as error:
        raise UnsupportedError("the function reads the numbers of its inputs while it computes") from error
    # what writes into a tensor becomes an operation with a result
    module = make_fx(torch.func.functionalize(module, remove="mutations"), tracing_mode="fake")(*inputs)
    for node in list(module.graph.nodes):
        if node.op == "call_function" and node.target in SAME:
            node.replace_all_uses_with(node.args[0])
            module.graph.erase_node(node)
    module.graph.eliminate_dead_code()
    return module
