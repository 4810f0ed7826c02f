"""Encoding: groups of instructions become the words that the engine reads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from cl_core.programs.fusion import Group, share_memory
from cl_core.programs.instructions import MAX_AXES, Code, Instruction
from cl_core.programs.values import View

SHORT = 8  # elements of an innermost axis; with fewer, a longer axis takes its place


def encode(groups: Sequence[Group]) -> list[int]:
    """Return the words of a program: code, number of words and arguments of each group, and an end."""
    words: list[int] = []
    for group in groups:
        instruction = group.instructions[0]
        arguments = _elementwise(group) if group.is_elementwise else _single(instruction)
        words += [instruction.code, len(arguments) + 2, *map(int, arguments)]
    return [*words, Code.END]


def _single(instruction: Instruction) -> list[int]:
    """Return the arguments of an instruction that is not elementwise; engine.c says what each kind takes."""
    a, output, rest = instruction.inputs, instruction.output.address, instruction.arguments
    match instruction.code:
        case Code.MATMUL:
            type_, m, n, k, *strides = rest
            bias = a[2].address if len(a) == 3 else -1
            return [type_, m, n, k, a[0].address, *strides[:2], a[1].address, *strides[2:], output, n, bias]
        case Code.REDUCE:
            return [*rest[:3], a[0].address, output, *rest[3:]]
        case Code.RUNNING_SUM | Code.ORDER | Code.FIRST:
            return [rest[0], a[0].address, output, *rest[1:]]
        case _:
            return [rest[0], a[0].address, a[1].address, output, *rest[1:]]


def _elementwise(group: Group) -> list[int]:
    loads, stores = group.loads, [each.output for each in group.stored]
    sizes, strides = _axes(loads, stores)
    register = group.registers()
    load_index = {view.key: index for index, view in enumerate(loads)}

    def where(view: View) -> int:
        return register[view.buffer] if view.key not in load_index else load_index[view.key]

    operations = [
        (each.operation, register[each.output.buffer], *[*map(where, each.inputs), 0, 0][:3])  # three operands
        for each in group.instructions
        if each.operation is not None
    ]
    stored = [
        where(each.inputs[0]) if each.operation is None else register[each.output.buffer] for each in group.stored
    ]
    is_direct = (
        len(set(stored)) == len(stored)
        and all(each.operation is not None for each in group.stored)
        and not any(share_memory(load, store) for load in loads for store in stores)
    )
    by_load, by_store = strides[: len(loads)], strides[len(loads) :]
    load_words = [(view.type.size, view.address, *by) for view, by in zip(loads, by_load, strict=True)]
    store_words = [
        (index, view.type.size, view.address, *by) for index, view, by in zip(stored, stores, by_store, strict=True)
    ]
    return [
        int(is_direct), len(sizes), *sizes,
        len(loads), *chain.from_iterable(load_words),
        len(operations), *chain.from_iterable(operations),
        len(stores), *chain.from_iterable(store_words),
    ]  # fmt: skip


def _axes(loads: Sequence[View], stores: Sequence[View]) -> tuple[list[int], list[tuple[int, ...]]]:
    """Return the sizes of the loop, innermost last, and the strides of each view by them.

    The order of the axes is free, so the one along which results lie side by side is innermost, unless it is so short
    that the engine's tiles would hold next to nothing. Axes that lie behind each other in all views are joined.
    """
    views = [*loads, *stores]
    axes = [
        (size, tuple(view.strides[axis] for view in views)) for axis, size in enumerate(stores[0].shape) if size != 1
    ]
    axes.sort(key=lambda each: -each[1][-1])
    joined = axes[:1] or [(1, (1,) * len(views))]
    for size, strides in axes[1:]:
        outer_size, outer = joined[-1]
        if all(a == b * size for a, b in zip(outer, strides, strict=True)):
            joined[-1] = outer_size * size, strides
        else:
            joined.append((size, strides))
    if joined[-1][0] < SHORT:
        joined.sort(key=lambda each: each[0])
    if len(joined) > MAX_AXES:
        raise ValueError(f"an elementwise instruction over {len(joined)} axes; the engine has {MAX_AXES}")
    return [size for size, _ in joined], [tuple(by[index] for _, by in joined) for index in range(len(views))]
