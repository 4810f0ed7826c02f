"""Lowering: a traced graph becomes instructions; views become strides, and equal instructions are emitted once."""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx

from cl_core.programs.graph import UnsupportedError
from cl_core.programs.instructions import (
    COMPARISONS,
    LOGIC,
    Code,
    Instruction,
    Reduction,
    conversion,
    operation,
)
from cl_core.programs.values import TYPES, Buffer, Type, View

NARROW = 32  # numbers in a row; with fewer, the first axis lies innermost, so that the engine's tiles are full


class Lowering:
    """Instructions for a graph.

    Attributes:
        inputs: buffers of the inputs, in order.
        outputs: views of the results, in order.
        instructions: in an order in which they can run.
    """

    def __init__(self) -> None:
        self.inputs: list[Buffer] = []
        self.outputs: list[View] = []
        self.instructions: list[Instruction] = []
        self._emitted: dict[Any, View] = {}
        self._constants: dict[Any, Buffer] = {}

    # ---- values

    def constant(self, numbers: NDArray[Any] | float, type_: Type) -> View:
        """Return a constant; equal ones share their memory."""
        array = np.ascontiguousarray(numbers, type_.numpy)
        key = type_, array.shape, array.tobytes()
        if key not in self._constants:
            self._constants[key] = Buffer(max(array.size, 1), type_, constant=array.reshape(-1))
        return View.of(self._constants[key], np.shape(numbers))

    def new(self, shape: Sequence[int], type_: Type) -> View:
        """Return an array that is still to be written."""
        return View.of(Buffer(max(prod(shape), 1), type_), shape)

    def emit(
        self, code: Code, inputs: Sequence[View], output: View, *, arguments: Sequence[int] = (), op: int | None = None
    ) -> View:
        """Emit an instruction, unless an equal one has been emitted; return its output."""
        key = code, op, tuple(view.key for view in inputs), tuple(arguments), output.shape, output.type
        if key not in self._emitted:
            self.instructions.append(Instruction(code, tuple(inputs), output, op, tuple(arguments)))
            self._emitted[key] = output
        return self._emitted[key]

    def write(self, source: View, target: View) -> None:
        """Copy a view into a part of another one."""
        self.instructions.append(Instruction(Code.ELEMENTWISE, (source,), target))

    def copy(self, view: View) -> View:
        """Return the same elements, side by side."""
        return self.emit(Code.ELEMENTWISE, [view], self.new(view.shape, view.type))

    def dense(self, view: View) -> View:
        """Return the same elements side by side; a copy only if they do not lie so."""
        return view if view.is_contiguous else self.copy(view)

    def reshape(self, view: View, shape: Sequence[int]) -> View:
        """Return the same elements in another shape; one size may be -1."""
        known = prod(size for size in shape if size != -1)
        sizes = [view.count // max(known, 1) if size == -1 else size for size in shape]
        reshaped = view.reshape(sizes)
        if reshaped is None:
            reshaped = self.copy(view).reshape(sizes)
        assert reshaped is not None
        return reshaped

    def convert(self, view: View, type_: Type) -> View:
        """Return the elements in another type."""
        if view.type == type_:
            return view
        if view.buffer.constant is not None and view.buffer.count == 1:
            return self.constant(view.buffer.constant.reshape(()), type_).expand(view.shape)
        if any(size > 1 and stride == 0 for size, stride in zip(view.shape, view.strides, strict=True)):
            sizes = tuple(1 if stride == 0 else size for size, stride in zip(view.shape, view.strides, strict=True))
            return self.convert(View(view.buffer, view.start, sizes, view.strides), type_).expand(view.shape)
        return self._elementwise(conversion(view.type, type_), [view], view.shape, type_)

    # ---- computations

    def apply(self, name: str, *operands: View | float, type_: Type) -> View:
        """Apply an elementwise operation to operands of one type, broadcast; comparisons and logic give bytes."""
        first = Type.U8 if name == "where" else type_
        views = [
            self.convert(operand, first if index == 0 else type_)
            if isinstance(operand, View)
            else self.constant(operand, type_)
            for index, operand in enumerate(operands)
        ]
        shape = tuple(torch.broadcast_shapes(*(view.shape for view in views)))
        result = Type.U8 if name in COMPARISONS or name in LOGIC else type_
        return self._elementwise(operation(name, type_), [view.expand(shape) for view in views], shape, result)

    def _elementwise(self, op: int, inputs: Sequence[View], shape: Sequence[int], type_: Type) -> View:
        output = self.new(shape, type_)
        if shape and 1 < (row := prod(shape[1:])) < NARROW and shape[0] >= 2 * row:
            output = View(output.buffer, 0, tuple(shape), (1, *(shape[0] * by for by in output.strides[1:])))
        return self.emit(Code.ELEMENTWISE, inputs, output, op=op)

    def reduce(
        self, view: View, axes: Sequence[int] | None, kind: Reduction, type_: Type, *, keep: bool = False
    ) -> View:
        """Reduce axes that lie behind each other, or all if there are none given."""
        rank = len(view.shape)
        chosen = sorted({axis % rank for axis in axes}) if axes and rank else list(range(rank))
        kept = [1 if axis in chosen else size for axis, size in enumerate(view.shape)]
        shape = kept if keep else [size for axis, size in enumerate(view.shape) if axis not in chosen]
        if not chosen:
            return self.convert(view, type_)
        if chosen != list(range(chosen[0], chosen[-1] + 1)):
            raise UnsupportedError(f"a reduction over the axes {chosen} of {rank}, which do not lie behind each other")
        first, last = chosen[0], chosen[-1] + 1
        sizes = prod(view.shape[:first]), prod(view.shape[first:last]), prod(view.shape[last:])
        grouped = view.reshape(sizes)
        if grouped is None:
            grouped = self.copy(view).reshape(sizes)
        assert grouped is not None
        output = self.new((sizes[0], sizes[2]), type_)
        arguments = (kind, view.type, type_, *sizes, *grouped.strides)
        return self.reshape(self.emit(Code.REDUCE, [grouped], output, arguments=arguments), shape)

    def matmul(self, a: View, b: View, bias: View | None = None) -> View:
        """Multiply matrices (M, K) and (K, N), and add a bias (N,) to each row."""
        output = self.new((a.shape[0], b.shape[1]), a.type)
        arguments = (a.type, a.shape[0], b.shape[1], a.shape[1], *a.strides, *b.strides)
        inputs = [a, b] if bias is None else [a, b, self.dense(bias)]
        return self.emit(Code.MATMUL, inputs, output, arguments=arguments)

    def along_rows(self, code: Code, view: View, type_: Type, *arguments: int) -> View:
        """Emit RUNNING_SUM or ORDER along the last axis."""
        rows = self.dense(view)
        sizes = prod(rows.shape[:-1]), rows.shape[-1]
        return self.emit(code, [rows], self.new(rows.shape, type_), arguments=(rows.type, *sizes, *arguments))

    def first_in_order(self, view: View, k: int, *, descending: bool) -> View:
        """Return the indices of the first k of each row's order along the last axis."""
        rows = self.dense(view)
        arguments = (rows.type, prod(rows.shape[:-1]), rows.shape[-1], int(descending), k)
        return self.emit(Code.FIRST, [rows], self.new((*rows.shape[:-1], k), Type.I32), arguments=arguments)

    def gather(self, view: View, axis: int, index: View) -> View:
        """Take elements by an index of the same sizes but for one axis, as `torch.gather` does."""
        axis %= len(view.shape)
        for other, size in enumerate(index.shape):
            if other != axis and size != view.shape[other]:
                view = view.slice(other, 0, size)
        view, index = self.dense(view), self.dense(index)
        sizes = prod(index.shape[:axis]), index.shape[axis], prod(index.shape[axis + 1 :]), view.shape[axis]
        output = self.new(index.shape, view.type)
        return self.emit(Code.GATHER, [view, index], output, arguments=(view.type.size, *sizes))

    def scatter_add(self, view: View, axis: int, index: View, source: View) -> View:
        """Add elements of `source` to those of `view` that an index names, as `torch.scatter_add` does."""
        axis %= len(view.shape)
        for other, size in enumerate(index.shape):
            source = source.slice(other, 0, size)
        source, index = self.dense(source), self.dense(index)
        if any(a != b for other, (a, b) in enumerate(zip(view.shape, index.shape, strict=True)) if other != axis):
            raise UnsupportedError("scatter_add with an index that is smaller than what it adds to")
        output = self.new(view.shape, view.type)
        self.write(view, output)
        sizes = prod(index.shape[:axis]), index.shape[axis], prod(index.shape[axis + 1 :]), view.shape[axis]
        self.instructions.append(
            Instruction(Code.SCATTER_ADD, (source, index, output), output, arguments=(view.type, *sizes))
        )
        return output

    def concatenate(self, views: Sequence[View], axis: int) -> View:
        """Join views along an axis; results that are whole buffers are written in place."""
        axis %= len(views[0].shape)
        shape = list(views[0].shape)
        shape[axis] = sum(view.shape[axis] for view in views)
        output = self.new(shape, views[0].type)
        start = 0
        for view in views:
            part = output.slice(axis, start, start + view.shape[axis])
            start += view.shape[axis]
            if _can_be_part(view, part, self.instructions):
                view.buffer.whole, view.buffer.start = output.buffer, part.start
            else:
                self.write(view, part)
        return output

    # ---- the graph

    def lower(self, module: fx.GraphModule, table: dict[Any, Callable[..., Any]]) -> Lowering:
        """Lower a graph.

        Args:
            module: from `graph.trace`.
            table: operation -> function of this object, the node, and the node's arguments.

        Returns:
            This object.

        Raises:
            UnsupportedError: when an operation is not in the table, or has arguments that the engine does not know.
        """
        values: dict[fx.Node, Any] = {}

        def value(argument: Any) -> Any:
            if isinstance(argument, fx.Node):
                return values[argument]
            return [value(each) for each in argument] if isinstance(argument, list | tuple) else argument

        for node in module.graph.nodes:
            if node.op == "placeholder":
                tensor = node.meta["val"]
                self.inputs.append(Buffer(max(tensor.numel(), 1), TYPES[tensor.dtype], is_input=True))
                values[node] = View.of(self.inputs[-1], tensor.shape)
            elif node.op == "get_attr":
                tensor = getattr(module, node.target)
                values[node] = self.constant(tensor.numpy(), TYPES[tensor.dtype])
            elif node.op == "output":
                self.outputs = [values[each] for each in node.args[0]]
            elif node.target is operator.getitem:
                values[node] = values[node.args[0]][node.args[1]]
            elif node.target in table:
                values[node] = table[node.target](
                    self, node, *map(value, node.args), **{name: value(each) for name, each in node.kwargs.items()}
                )
            else:
                raise UnsupportedError(f"the engine does not do {node.target}")
        return self


def _can_be_part(view: View, part: View, instructions: Sequence[Instruction]) -> bool:
    """Return whether a buffer can lie inside a larger one: it is whole, and nothing else has claimed it."""
    buffer = view.buffer
    return (
        buffer.is_temporary
        and buffer.whole is None
        and view.start == 0
        and view.count == buffer.count
        and view.is_contiguous
        and part.is_contiguous
        and not any(each.output.buffer.whole is buffer for each in instructions)
        and sum(each.output.buffer is buffer for each in instructions) == 1
    )
