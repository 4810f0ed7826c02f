"""Matrix products and distances."""

from __future__ import annotations

import torch
from torch import fx

from cl_core.programs.graph import UnsupportedError
from cl_core.programs.instructions import Code
from cl_core.programs.lowering import Lowering
from cl_core.programs.operators.table import lowers, shape_of, type_of
from cl_core.programs.values import View

_aten = torch.ops.aten


@lowers(_aten.mm.default)
def _mm(to: Lowering, _node: fx.Node, a: View, b: View) -> View:
    return to.matmul(a, b)


@lowers(_aten.mv.default)
def _mv(to: Lowering, node: fx.Node, a: View, b: View) -> View:
    return to.reshape(to.matmul(a, b.unsqueeze(1)), shape_of(node))


@lowers(_aten.addmm.default)
def _addmm(to: Lowering, node: fx.Node, bias: View, a: View, b: View) -> View:
    if bias.shape == b.shape[1:]:
        return to.matmul(a, b, bias)
    return to.apply("add", to.matmul(a, b), bias, type_=type_of(node))


@lowers(_aten._cdist_forward.default)  # noqa: SLF001
def _cdist(to: Lowering, node: fx.Node, z: View, w: View, order: float, _mode: int | None) -> View:
    if order != 2:
        raise UnsupportedError(f"the distance of order {order}")
    arguments = (z.type, z.shape[0], w.shape[0], z.shape[1])
    return to.emit(Code.DISTANCE, [to.dense(z), to.dense(w)], to.new(shape_of(node), z.type), arguments=arguments)
