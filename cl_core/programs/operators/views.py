"""Views: other shapes and orders of the same numbers, mostly without an instruction."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise

import torch
from torch import fx

from cl_core.programs.graph import UnsupportedError
from cl_core.programs.lowering import Lowering
from cl_core.programs.operators.table import lowers, shape_of, type_of
from cl_core.programs.values import View

_aten = torch.ops.aten


@lowers(_aten.view.default, _aten._unsafe_view.default, _aten.reshape.default)  # noqa: SLF001
def _view(to: Lowering, node: fx.Node, x: View, _shape_given: Sequence[int]) -> View:
    return to.reshape(x, shape_of(node))


@lowers(_aten.view.dtype)
def _view_as_type(_to: Lowering, node: fx.Node, x: View, _dtype: torch.dtype) -> View:
    if type_of(node) != x.type:
        raise UnsupportedError(f"bytes of {x.type.name} read as {type_of(node).name}")
    return x  # a boolean is a byte


@lowers(_aten.permute.default)
def _permute(_to: Lowering, _node: fx.Node, x: View, axes: Sequence[int]) -> View:
    return x.permute([axis % len(x.shape) for axis in axes])


@lowers(_aten.t.default)
def _transpose_matrix(_to: Lowering, _node: fx.Node, x: View) -> View:
    return x.permute(range(len(x.shape))[::-1])


@lowers(_aten.transpose.int)
def _transpose(_to: Lowering, _node: fx.Node, x: View, first: int, second: int) -> View:
    axes = list(range(len(x.shape)))
    axes[first], axes[second] = axes[second], axes[first]
    return x.permute(axes)


@lowers(_aten.unsqueeze.default)
def _unsqueeze(_to: Lowering, _node: fx.Node, x: View, axis: int) -> View:
    return x.unsqueeze(axis)


@lowers(_aten.squeeze.dim)
def _squeeze(_to: Lowering, _node: fx.Node, x: View, axis: int) -> View:
    return x.select(axis, 0) if x.shape and x.shape[axis] == 1 else x


@lowers(_aten.squeeze.dims)
def _squeeze_axes(to: Lowering, node: fx.Node, x: View, _axes: Sequence[int]) -> View:
    return to.reshape(x, shape_of(node))


@lowers(_aten.expand.default)
def _expand(_to: Lowering, node: fx.Node, x: View, _shape_given: Sequence[int]) -> View:
    return x.expand(shape_of(node))


@lowers(_aten.slice.Tensor)
def _slice(
    _to: Lowering, _node: fx.Node, x: View, axis: int = 0, start: int = 0, stop: int = 2**31, step: int = 1
) -> View:
    return x.slice(axis, start, stop, step)


@lowers(_aten.select.int)
def _select(_to: Lowering, _node: fx.Node, x: View, axis: int, index: int) -> View:
    return x.select(axis, index)


@lowers(_aten.split.Tensor)
def _split(_to: Lowering, _node: fx.Node, x: View, size: int, axis: int = 0) -> list[View]:
    return [x.slice(axis, start, start + size) for start in range(0, x.shape[axis], size)]


@lowers(_aten.split_with_sizes.default)
def _split_with_sizes(_to: Lowering, _node: fx.Node, x: View, sizes: Sequence[int], axis: int = 0) -> list[View]:
    return [x.slice(axis, start, stop) for start, stop in pairwise(accumulate(sizes, initial=0))]


@lowers(_aten.unbind.int)
def _unbind(_to: Lowering, _node: fx.Node, x: View, axis: int = 0) -> list[View]:
    return [x.select(axis, index) for index in range(x.shape[axis])]


@lowers(_aten.diagonal.default)
def _diagonal(_to: Lowering, node: fx.Node, x: View) -> View:
    return View(x.buffer, x.start, shape_of(node), (sum(x.strides),))


@lowers(_aten.unfold.default)
def _unfold(_to: Lowering, _node: fx.Node, x: View, axis: int, size: int, step: int) -> View:
    axis %= len(x.shape)
    stride = x.strides[axis]
    windows = x.slice(axis, 0, x.shape[axis] - size + 1, step)
    return View(x.buffer, windows.start, (*windows.shape, size), (*windows.strides, stride))
