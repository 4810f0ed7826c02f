"""Constants, which are part of the program."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import fx

from cl_core.programs.lowering import Lowering
from cl_core.programs.operators.table import TABLE, lowers, shape_of, type_of
from cl_core.programs.values import Type, View

_aten = torch.ops.aten


@lowers(_aten.arange.default)
def _arange(to: Lowering, node: fx.Node, end: int, **_: Any) -> View:
    return to.constant(np.arange(end), type_of(node))


@lowers(_aten.arange.start)
def _arange_from(to: Lowering, node: fx.Node, start: int, end: int, **_: Any) -> View:
    return to.constant(np.arange(start, end), type_of(node))


@lowers(_aten.linspace.default)
def _linspace(to: Lowering, node: fx.Node, start: float, end: float, count: int, **_: Any) -> View:
    tensor = node.meta["val"]
    return to.constant(torch.linspace(start, end, count, dtype=tensor.dtype).numpy(), type_of(node))


@lowers(_aten.eye.default)
def _eye(to: Lowering, node: fx.Node, size: int, **_: Any) -> View:
    index = to.constant(np.arange(size), Type.I32)  # comparing takes fewer bytes than a matrix of constants
    return to.convert(to.apply("eq", index.unsqueeze(1), index.unsqueeze(0), type_=Type.I32), type_of(node))


@lowers(_aten.scalar_tensor.default)
def _scalar_tensor(to: Lowering, node: fx.Node, number: float, **_: Any) -> View:
    return to.constant(number, type_of(node))


def _fill(to: Lowering, node: fx.Node, number: float) -> View:
    return to.constant(number, type_of(node)).expand(shape_of(node))


def _filled(number: float) -> Callable[..., View]:
    return lambda to, node, *_args, **_kwargs: _fill(to, node, number)


for _number, _targets in {
    0.0: (_aten.new_zeros, _aten.zeros, _aten.zeros_like, _aten.new_empty, _aten.empty, _aten.empty_like),
    1.0: (_aten.ones_like, _aten.ones, _aten.new_ones),
}.items():
    for _target in _targets:
        for _overload in _target.overloads():
            TABLE[getattr(_target, _overload)] = _filled(_number)


@lowers(_aten.full.default, _aten.full_like.default)
def _full(to: Lowering, node: fx.Node, _size_or_x: Sequence[int] | View, number: float, **_: Any) -> View:
    return _fill(to, node, number)


@lowers(_aten.new_full.default)
def _new_full(to: Lowering, node: fx.Node, _x: View, _size: Sequence[int], number: float, **_: Any) -> View:
    return _fill(to, node, number)
