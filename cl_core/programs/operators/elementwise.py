"""Operations on each number by itself."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import torch
from torch import fx

from cl_core.programs.graph import UnsupportedError
from cl_core.programs.lowering import Lowering
from cl_core.programs.operators.table import TABLE, Number, lowers, type_of
from cl_core.programs.values import TYPES, Type, View

_aten = torch.ops.aten


@lowers(_aten._to_copy.default)  # noqa: SLF001
def _to_copy(to: Lowering, node: fx.Node, x: View, **_: Any) -> View:
    return to.convert(x, type_of(node))


@lowers(_aten.add.Tensor, _aten.add.Scalar)
def _add(to: Lowering, node: fx.Node, x: Number, y: Number, alpha: float = 1) -> View:
    type_ = type_of(node)
    return to.apply("add", x, y if alpha == 1 else to.apply("mul", y, alpha, type_=type_), type_=type_)


@lowers(_aten.sub.Tensor, _aten.sub.Scalar)
def _sub(to: Lowering, node: fx.Node, x: Number, y: Number, alpha: float = 1) -> View:
    type_ = type_of(node)
    return to.apply("sub", x, y if alpha == 1 else to.apply("mul", y, alpha, type_=type_), type_=type_)


@lowers(_aten.rsub.Scalar, _aten.rsub.Tensor)
def _rsub(to: Lowering, node: fx.Node, x: Number, y: Number, alpha: float = 1) -> View:
    return _sub(to, node, y, x, alpha)


@lowers(_aten.mul.Tensor, _aten.mul.Scalar)
def _mul(to: Lowering, node: fx.Node, x: Number, y: Number) -> View:
    return to.apply("and" if type_of(node) == Type.U8 else "mul", x, y, type_=type_of(node))


@lowers(_aten.floor_divide.default)
def _floor_divide(to: Lowering, node: fx.Node, x: Number, y: Number) -> View:
    quotient = to.apply("div", x, y, type_=type_of(node))
    return quotient if type_of(node) == Type.I32 else to.apply("floor", quotient, type_=type_of(node))


@lowers(_aten.div.Tensor_mode, _aten.div.Scalar_mode)
def _div_mode(to: Lowering, node: fx.Node, x: Number, y: Number, *, rounding_mode: str | None = None) -> View:
    if rounding_mode == "floor":
        return _floor_divide(to, node, x, y)
    raise UnsupportedError(f"a division that rounds by the mode {rounding_mode}")


@lowers(_aten.remainder.Scalar, _aten.remainder.Tensor)
def _remainder(to: Lowering, node: fx.Node, x: Number, y: Number) -> View:
    type_ = type_of(node)
    return to.apply("sub", x, to.apply("mul", _floor_divide(to, node, x, y), y, type_=type_), type_=type_)


@lowers(_aten.pow.Tensor_Scalar)
def _pow(to: Lowering, node: fx.Node, x: View, exponent: float) -> View:
    type_ = type_of(node)
    if exponent == 0.5:
        return to.apply("sqrt", x, type_=type_)
    if exponent != int(exponent) or not 1 <= exponent <= 64:
        raise UnsupportedError(f"the power {exponent}")
    power, result = to.convert(x, type_), None
    for bit in f"{int(exponent):b}"[::-1]:
        if bit == "1":
            result = power if result is None else to.apply("mul", result, power, type_=type_)
        power = to.apply("mul", power, power, type_=type_)
    assert result is not None
    return result


@lowers(_aten.pow.Tensor_Tensor)
def _pow_of_numbers(to: Lowering, node: fx.Node, x: View, exponent: View) -> View:
    """exp(y log x), of numbers of at least 0; NaN below."""
    type_ = type_of(node)
    power = to.apply("exp", to.apply("mul", exponent, to.apply("log", x, type_=type_), type_=type_), type_=type_)
    return to.apply("where", to.apply("eq", exponent, 0.0, type_=type_), 1.0, power, type_=type_)


@lowers(_aten.rsqrt.default)
def _rsqrt(to: Lowering, node: fx.Node, x: View) -> View:
    type_ = type_of(node)
    return to.apply("reciprocal", to.apply("sqrt", x, type_=type_), type_=type_)


def _of_one_type(name: str) -> Callable[..., View]:
    def lower(to: Lowering, node: fx.Node, *operands: Number) -> View:
        return to.apply(name, *operands, type_=type_of(node))

    return lower


for _name, _targets in {
    "div": (_aten.div.Tensor, _aten.div.Scalar),
    "neg": (_aten.neg.default,),
    "abs": (_aten.abs.default,),
    "relu": (_aten.relu.default,),
    "sqrt": (_aten.sqrt.default,),
    "reciprocal": (_aten.reciprocal.default,),
    "exp": (_aten.exp.default,),
    "log": (_aten.log.default,),
    "expm1": (_aten.expm1.default,),
    "log1p": (_aten.log1p.default,),
    "sigmoid": (_aten.sigmoid.default,),
    "sin": (_aten.sin.default,),
    "cos": (_aten.cos.default,),
    "acos": (_aten.acos.default,),
    "floor": (_aten.floor.default,),
    "min": (_aten.minimum.default, _aten.clamp_max.default, _aten.clamp_max.Tensor),
    "max": (_aten.maximum.default, _aten.clamp_min.default, _aten.clamp_min.Tensor),
    "where": (_aten.where.self, _aten.where.ScalarSelf, _aten.where.ScalarOther, _aten.where.Scalar),
    "and": (_aten.bitwise_and.Tensor, _aten.logical_and.default),
    "or": (_aten.bitwise_or.Tensor, _aten.logical_or.default),
    "xor": (_aten.bitwise_xor.Tensor, _aten.logical_xor.default),
    "not": (_aten.bitwise_not.default, _aten.logical_not.default),
}.items():
    TABLE.update(dict.fromkeys(_targets, _of_one_type(_name)))


def _comparison(name: str) -> Callable[..., View]:
    def lower(to: Lowering, node: fx.Node, x: Number, y: Number) -> View:
        operands: list[Any] = [each.meta["val"] if isinstance(each, fx.Node) else each for each in node.args]
        return to.apply(name, x, y, type_=TYPES[torch.result_type(*operands)])

    return lower


for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    _target = getattr(_aten, _name)
    TABLE.update(dict.fromkeys((_target.Tensor, _target.Scalar), _comparison(_name)))


@lowers(_aten.clamp.default, _aten.clamp.Tensor)
def _clamp(to: Lowering, node: fx.Node, x: View, low: Number | None = None, high: Number | None = None) -> View:
    if low is not None:
        x = to.apply("max", x, low, type_=type_of(node))
    return x if high is None else to.apply("min", x, high, type_=type_of(node))


@lowers(_aten.deg2rad.default)
def _deg2rad(to: Lowering, node: fx.Node, x: View) -> View:
    return to.apply("mul", x, pi / 180, type_=type_of(node))


@lowers(_aten.rad2deg.default)
def _rad2deg(to: Lowering, node: fx.Node, x: View) -> View:
    return to.apply("mul", x, 180 / pi, type_=type_of(node))


@lowers(_aten.lerp.Tensor)
def _lerp(to: Lowering, node: fx.Node, start: View, end: View, share: View) -> View:
    """Interpolate from the nearer end, as PyTorch does."""
    type_ = type_of(node)
    way = to.apply("sub", end, start, type_=type_)
    low = to.apply("add", start, to.apply("mul", share, way, type_=type_), type_=type_)
    rest = to.apply("mul", way, to.apply("sub", 1.0, share, type_=type_), type_=type_)
    is_low = to.apply("lt", to.apply("abs", share, type_=type_), 0.5, type_=type_)
    return to.apply("where", is_low, low, to.apply("sub", end, rest, type_=type_), type_=type_)


@lowers(_aten.masked_fill.Scalar, _aten.masked_fill.Tensor)
def _masked_fill(to: Lowering, node: fx.Node, x: View, mask: View, number: Number) -> View:
    return to.apply("where", mask, number, x, type_=type_of(node))


@lowers(_aten.threshold_backward.default)
def _threshold_backward(to: Lowering, node: fx.Node, grad: View, x: View, threshold: float) -> View:
    if threshold != 0:
        raise UnsupportedError(f"the gradient of a threshold at {threshold}")
    return to.apply("mask_positive", grad, x, type_=type_of(node))


@lowers(_aten.leaky_relu.default)
def _leaky_relu(to: Lowering, node: fx.Node, x: View, slope: float = 0.01) -> View:
    type_ = type_of(node)
    return to.apply(
        "where", to.apply("gt", x, 0.0, type_=type_), x, to.apply("mul", x, slope, type_=type_), type_=type_
    )


@lowers(_aten.leaky_relu_backward.default)
def _leaky_relu_backward(to: Lowering, node: fx.Node, grad: View, x: View, slope: float, _of_result: bool) -> View:
    type_ = type_of(node)
    shrunk = to.apply("mul", grad, slope, type_=type_)
    return to.apply("where", to.apply("gt", x, 0.0, type_=type_), grad, shrunk, type_=type_)


@lowers(_aten.log_sigmoid_forward.default)
def _log_sigmoid(to: Lowering, node: fx.Node, x: View) -> list[View]:
    """min(0, x) - log1p(exp(-|x|)), and the exponential as the buffer that the gradient uses."""
    type_ = TYPES[node.meta["val"][0].dtype]
    decay = to.apply("exp", to.apply("neg", to.apply("abs", x, type_=type_), type_=type_), type_=type_)
    return [
        to.apply("sub", to.apply("min", x, 0.0, type_=type_), to.apply("log1p", decay, type_=type_), type_=type_),
        decay,
    ]


@lowers(_aten.log_sigmoid_backward.default)
def _log_sigmoid_backward(to: Lowering, node: fx.Node, grad: View, x: View, _buffer: View) -> View:
    type_ = type_of(node)
    slope = to.apply("sigmoid", to.apply("neg", x, type_=type_), type_=type_)
    return to.apply("mul", grad, slope, type_=type_)
