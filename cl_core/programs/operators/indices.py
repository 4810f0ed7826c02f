"""Operations by index, joining and padding, and the order of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import fx

from cl_core.programs.graph import UnsupportedError
from cl_core.programs.instructions import MAX_FIRST, Code
from cl_core.programs.lowering import Lowering
from cl_core.programs.operators.table import Number, lowers, shape_of, type_of
from cl_core.programs.values import Type, View

_aten = torch.ops.aten


@lowers(_aten.gather.default)
def _gather(to: Lowering, _node: fx.Node, x: View, axis: int, index: View, **_: Any) -> View:
    return to.gather(x, axis, index)


@lowers(_aten.scatter_add.default)
def _scatter_add(to: Lowering, _node: fx.Node, x: View, axis: int, index: View, source: View) -> View:
    return to.scatter_add(x, axis, index, source)


@lowers(_aten.scatter.src, _aten.scatter.value)
def _scatter(to: Lowering, node: fx.Node, x: View, axis: int, index: View, source: Number) -> View:
    """Write one element along the axis: where the axis has its index."""
    axis %= len(x.shape)
    if index.shape != (*x.shape[:axis], 1, *x.shape[axis + 1 :]):
        raise UnsupportedError("a scatter of more than one element along an axis")
    places = to.constant(np.arange(x.shape[axis]).reshape([-1, *[1] * (len(x.shape) - axis - 1)]), Type.I32)
    written = source.slice(axis, 0, 1) if isinstance(source, View) else source
    return to.apply("where", to.apply("eq", index, places, type_=Type.I32), written, x, type_=type_of(node))


@lowers(_aten.cat.default)
def _cat(to: Lowering, node: fx.Node, views: Sequence[View], axis: int = 0) -> View:
    return to.concatenate([to.convert(view, type_of(node)) for view in views], axis)


@lowers(_aten.stack.default)
def _stack(to: Lowering, node: fx.Node, views: Sequence[View], axis: int = 0) -> View:
    axis %= len(shape_of(node))
    return to.concatenate([view.unsqueeze(axis) for view in views], axis)


@lowers(_aten.constant_pad_nd.default)
def _pad(to: Lowering, _node: fx.Node, x: View, sizes: Sequence[int], number: float = 0) -> View:
    for index in range(0, len(sizes), 2):
        axis = len(x.shape) - 1 - index // 2

        def border(size: int, axis: int = axis, x: View = x) -> View:
            return to.constant(number, x.type).expand([size if a == axis else n for a, n in enumerate(x.shape)])

        x = to.concatenate([border(sizes[index]), x, border(sizes[index + 1])], axis)
    return x


@lowers(_aten.flip.default)
def _flip(to: Lowering, _node: fx.Node, x: View, axes: Sequence[int]) -> View:
    for axis in axes:
        backwards = np.arange(x.shape[axis])[::-1].reshape(
            [-1 if a == axis % len(x.shape) else 1 for a in range(len(x.shape))]
        )
        # spread out by an instruction: as a constant, it would be as large as the array
        x = to.gather(x, axis, to.constant(backwards, Type.I32).expand(x.shape))
    return x


@lowers(_aten.cumsum.default)
def _cumsum(to: Lowering, node: fx.Node, x: View, axis: int, **_: Any) -> View:
    if axis % len(x.shape) != len(x.shape) - 1:
        raise UnsupportedError("a running sum along another axis than the last one")
    return to.along_rows(Code.RUNNING_SUM, to.convert(x, type_of(node)), type_of(node))


@lowers(_aten.sort.default, _aten.sort.stable)
def _sort(to: Lowering, _node: fx.Node, x: View, axis: int = -1, descending: bool = False, **_: Any) -> list[View]:
    if axis % len(x.shape) != len(x.shape) - 1:
        raise UnsupportedError("an order along another axis than the last one")
    order = to.along_rows(Code.ORDER, x, Type.I32, int(descending))
    return [to.gather(x, -1, order), order]


@lowers(_aten.topk.default)
def _topk(to: Lowering, _node: fx.Node, x: View, k: int, axis: int = -1, largest: bool = True, *_: Any) -> list[View]:
    last = len(x.shape) - 1
    if axis % len(x.shape) != last:
        raise UnsupportedError("an order along another axis than the last one")
    if k <= MAX_FIRST:
        order = to.first_in_order(x, k, descending=largest)
    else:
        order = to.along_rows(Code.ORDER, x, Type.I32, int(largest)).slice(last, 0, k)
    return [to.gather(x, -1, order), order]


@lowers(_aten.searchsorted.Tensor)
def _searchsorted(
    to: Lowering, _node: fx.Node, ascending: View, bounds: View, *, right: bool = False, **_: Any
) -> View:
    ascending, bounds = to.dense(ascending), to.dense(bounds)
    sizes = ascending.count // ascending.shape[-1], ascending.shape[-1], bounds.shape[-1]
    output = to.new(bounds.shape, Type.I32)
    return to.emit(Code.SEARCH, [ascending, bounds], output, arguments=(ascending.type, *sizes, int(right)))
