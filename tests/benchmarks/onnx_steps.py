"""Training steps as ONNX models: the graph that `cl_core.programs` compiles for its own engine, for onnxruntime-web."""

import logging
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from cl_core.programs.graph import trace
from cl_core.programs.steps import OUTPUTS, step_function
from cl_core.training import RunSpec

_aten = torch.ops.aten
OPSET = 20


def write(spec: RunSpec, path: Path) -> dict[str, Tensor]:
    """Write a training step of a run as an ONNX model; return inputs of the shapes and types that it takes, by name."""
    function, inputs = step_function(spec)
    # a tensor that stands for two inputs would be traced as one
    tensors = tuple(tensor.clone() for tensor in inputs.values())
    graph = make_fx(trace(function, tensors), tracing_mode="fake", decomposition_table=_DECOMPOSITIONS)(*tensors)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the exporter, about itself
        logging.getLogger("torch.onnx").setLevel(logging.ERROR)
        model = torch.onnx.export(
            torch.export.export(graph, tensors),
            tensors,
            dynamo=True,
            optimize=False,  # with it, the new weights are NaN; onnxruntime-web optimises the graph itself
            opset_version=OPSET,
            input_names=list(inputs),
            output_names=[f"new_{name}" for name in OUTPUTS],  # one name stands for one value
            verbose=False,
        )
    assert model is not None
    model.save(str(path))
    return inputs


def distances(x1: Tensor, x2: Tensor, _p: float, _mode: int | None) -> Tensor:
    """Return Euclidean distances (A, N) by a matrix product, the fastest way in onnxruntime-web."""
    squares = (x1**2).sum(1)[:, None] + (x2**2).sum(1)
    return (squares - 2 * x1 @ x2.T).clamp_min(0).sqrt()


def places_in_order(ascending: Tensor, values: Tensor, *, right: bool = False) -> Tensor:
    """Return `torch.searchsorted` by one stable sort of both: ONNX has no binary search.

    Args:
        ascending: (A, M), ascending rows.
        values: (A, N), what is looked up in the row.
        right: whether the place is behind equal numbers.

    Returns:
        How many of `ascending` come before each value, (A, N) int64.
    """
    split = ascending.shape[1] if right else values.shape[1]
    order = torch.sort(torch.cat((ascending, values) if right else (values, ascending), 1), 1).indices
    is_ascending = order < split if right else order >= split
    before = torch.zeros_like(order).scatter(1, order, is_ascending.to(torch.int64).cumsum(1))
    return before[:, split:] if right else before[:, :split]


def _as_type(x: Tensor, dtype: torch.dtype) -> Tensor:
    return x.to(dtype)


_DECOMPOSITIONS: dict[Any, Callable[..., Tensor]] = {  # operations that the exporter does not know
    _aten.view.dtype: _as_type,  # of truth values, whose bytes are 0 and 1
    _aten._cdist_forward.default: distances,
    _aten.searchsorted.Tensor: places_in_order,
}
