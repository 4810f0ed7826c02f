"""Sums and extremes along axes."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

import torch
from torch import fx

from cl_core.programs.graph import UnsupportedError
from cl_core.programs.instructions import Reduction
from cl_core.programs.lowering import Lowering
from cl_core.programs.operators.table import lowers, type_of
from cl_core.programs.values import Type, View

_aten = torch.ops.aten


@lowers(_aten.sum.default, _aten.sum.dim_IntList)
def _sum(to: Lowering, node: fx.Node, x: View, axes: Sequence[int] | None = None, keep: bool = False, **_: Any) -> View:
    type_ = type_of(node)
    if x.type == Type.U8 and type_ == Type.I32:
        return to.reduce(x, axes, Reduction.SUM, type_, keep=keep)
    if not (x.type == Type.F32 and type_ == Type.F64):  # the engine sums float32 in float64 itself
        x = to.convert(x, type_)
    return to.reduce(x, axes, Reduction.SUM, type_, keep=keep)


@lowers(_aten.mean.default, _aten.mean.dim)
def _mean(
    to: Lowering, node: fx.Node, x: View, axes: Sequence[int] | None = None, keep: bool = False, **_: Any
) -> View:
    total = _sum(to, node, x, axes, keep)
    return to.apply("div", total, x.count / max(total.count, 1), type_=type_of(node))


@lowers(_aten.amax.default, _aten.max.default)
def _amax(to: Lowering, node: fx.Node, x: View, axes: Sequence[int] = (), keep: bool = False) -> View:
    return to.reduce(x, axes, Reduction.MAX, type_of(node), keep=keep)


@lowers(_aten.amin.default, _aten.min.default)
def _amin(to: Lowering, node: fx.Node, x: View, axes: Sequence[int] = (), keep: bool = False) -> View:
    return to.reduce(x, axes, Reduction.MIN, type_of(node), keep=keep)


@lowers(_aten.any.default)
def _any(to: Lowering, _node: fx.Node, x: View) -> View:
    return to.reduce(x, None, Reduction.MAX, Type.U8)


@lowers(_aten.any.dim, _aten.any.dims)
def _any_along(to: Lowering, _node: fx.Node, x: View, axes: int | Sequence[int], keep: bool = False) -> View:
    return to.reduce(x, [axes] if isinstance(axes, int) else axes, Reduction.MAX, Type.U8, keep=keep)


@lowers(_aten.argmax.default)
def _argmax(to: Lowering, _node: fx.Node, x: View, axis: int | None = None, keep: bool = False) -> View:
    return to.reduce(x, None if axis is None else [axis], Reduction.ARGMAX, Type.I32, keep=keep)


@lowers(_aten.argmin.default)
def _argmin(to: Lowering, _node: fx.Node, x: View, axis: int | None = None, keep: bool = False) -> View:
    return to.reduce(x, None if axis is None else [axis], Reduction.ARGMIN, Type.I32, keep=keep)


@lowers(_aten.min.dim)
def _min_along(to: Lowering, _node: fx.Node, x: View, axis: int, keep: bool = False) -> list[View]:
    lowest = to.reduce(x, [axis], Reduction.MIN, x.type, keep=keep)
    return [lowest, to.reduce(x, [axis], Reduction.ARGMIN, Type.I32, keep=keep)]


@lowers(_aten.max.dim)
def _max_along(to: Lowering, _node: fx.Node, x: View, axis: int, keep: bool = False) -> list[View]:
    highest = to.reduce(x, [axis], Reduction.MAX, x.type, keep=keep)
    return [highest, to.reduce(x, [axis], Reduction.ARGMAX, Type.I32, keep=keep)]


@lowers(_aten.linalg_vector_norm.default)
def _vector_norm(
    to: Lowering,
    node: fx.Node,
    x: View,
    order: float = 2,
    axes: Sequence[int] | None = None,
    keep: bool = False,
    **_: Any,
) -> View:
    type_ = type_of(node)
    if order == 2:
        squares = to.reduce(to.apply("mul", x, x, type_=type_), axes, Reduction.SUM, type_, keep=keep)
        return to.apply("sqrt", squares, type_=type_)
    if order == inf:
        return to.reduce(to.apply("abs", x, type_=type_), axes, Reduction.MAX, type_, keep=keep)
    raise UnsupportedError(f"the norm of order {order}")
