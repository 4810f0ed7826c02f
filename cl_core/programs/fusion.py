"""Fusion: elementwise instructions on one shape become a group, which the engine computes tile by tile."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from cl_core.programs.instructions import MAX_REGISTERS, Code, Instruction
from cl_core.programs.values import Buffer, View

MAX_GROUP = 64  # instructions


@dataclass(eq=False)
class Group:
    """Instructions that the engine runs as one: several elementwise ones, or a single other one.

    Attributes:
        instructions: in order.
        stored: those whose results go to memory, since others read them; all others are elementwise.
    """

    instructions: list[Instruction]
    stored: list[Instruction]

    @property
    def is_elementwise(self) -> bool:
        """Whether it consists of elementwise instructions."""
        return self.instructions[0].code == Code.ELEMENTWISE

    @property
    def loads(self) -> list[View]:
        """Views that it reads from memory, each once."""
        written: set[Buffer] = set()
        loads: dict[Any, View] = {}
        for each in self.instructions:
            for view in each.inputs:
                if view.buffer not in written:
                    loads.setdefault(view.key, view)
            written.add(each.output.buffer)
        return list(loads.values())

    def registers(self) -> dict[Buffer, int]:
        """Return the register of each result; the loads have the first ones. A result of a copy has its source's."""
        loads = {view.key: index for index, view in enumerate(self.loads)}
        last_use: dict[Buffer, int] = {}
        for index, each in enumerate(self.instructions):
            for view in each.inputs:
                last_use[view.buffer] = index
        kept = {each.output.buffer for each in self.stored}
        for each in self.instructions:  # what a copy reads is stored too, in effect
            if each.operation is None:
                kept.update(view.buffer for view in each.inputs)
        register: dict[Buffer, int] = {}
        free: list[int] = []
        top = len(loads)
        for index, each in enumerate(self.instructions):
            buffer = each.output.buffer
            if each.operation is None:
                source = each.inputs[0]
                register.setdefault(buffer, register[source.buffer] if source.buffer in register else loads[source.key])
                continue
            if free and buffer not in kept:
                register[buffer] = free.pop()
            else:
                register[buffer] = top
                top += 1
            for used in dict.fromkeys(view.buffer for view in each.inputs):  # in order: programs must not vary
                if used in register and used not in kept and last_use[used] == index and register[used] not in free:
                    free.append(register[used])
        return register

    def fits(self) -> bool:
        """Return whether the engine has enough registers."""
        return max([len(self.loads), *(register + 1 for register in self.registers().values())]) <= MAX_REGISTERS


def fuse(instructions: Sequence[Instruction], outputs: Iterable[View]) -> list[Group]:
    """Group instructions in an order in which they can run; those that no output needs are left out.

    Args:
        instructions: in an order in which they can run.
        outputs: what the program is for.

    Returns:
        The groups, in order.
    """
    needed = {view.buffer.root()[0] for view in outputs}
    live = []
    for each in reversed(instructions):
        if each.output.buffer.root()[0] in needed:
            live.append(each)
            needed.update(view.buffer.root()[0] for view in each.inputs)
    live.reverse()
    groups = _group(live, _dependencies(live))
    readers: dict[Buffer, set[int]] = defaultdict(set)  # numbers of the groups that read a buffer
    for number, group in enumerate(groups):
        for each in group:
            for view in each.inputs:
                readers[view.buffer].add(number)
    for view in outputs:
        readers[view.buffer].add(len(groups))  # the host
    parts: list[Group] = []
    for number, group in enumerate(groups):
        read = {each.output.buffer for each in group if not readers[each.output.buffer] <= {number}}
        parts += _split(group, read)
    return parts


def _dependencies(instructions: Sequence[Instruction]) -> dict[Instruction, set[Instruction]]:
    """Return for each instruction those that must run before it: they write what it reads, or adds to."""
    writers: dict[Buffer, list[Instruction]] = defaultdict(list)
    before: dict[Instruction, set[Instruction]] = {}
    for each in instructions:
        before[each] = {
            writer
            for view in each.inputs
            for writer in writers[view.buffer.root()[0]]
            if share_memory(writer.output, view)
        }
        writers[each.output.buffer.root()[0]].append(each)
    return before


def share_memory(one: View, other: View) -> bool:
    """Return whether two views may have numbers in common."""
    (a, b), (c, d) = one.extent, other.extent
    return one.buffer.root()[0] is other.buffer.root()[0] and a < d and c < b


def _group(instructions: Sequence[Instruction], before: dict[Instruction, set[Instruction]]) -> list[list[Instruction]]:
    """Return instructions that the engine can run as one, in an order in which they can run."""
    done: set[Instruction] = set()
    groups = []
    todo = list(instructions)
    while todo:
        first = next(each for each in todo if before[each] <= done)
        members, rest = [first], []
        inside = {first.output.buffer: first.output}
        done.add(first)
        for each in todo:
            if each is first:
                continue
            is_ready = len(members) < MAX_GROUP and before[each] <= done
            if is_ready and _joins(each, first, inside):
                members.append(each)
                done.add(each)
                inside.setdefault(each.output.buffer, each.output)
            else:
                rest.append(each)
        groups.append(members)
        todo = rest
    return groups


def _joins(each: Instruction, first: Instruction, inside: dict[Buffer, View]) -> bool:
    """Return whether an instruction can be computed on the tiles of a group."""
    if each.code != Code.ELEMENTWISE or first.code != Code.ELEMENTWISE or each.output.shape != first.output.shape:
        return False
    if each.output.buffer in inside and each.operation is not None:
        return False
    for view in each.inputs:
        if view.buffer in inside:
            if inside[view.buffer].key != view.key:
                return False
        elif any(share_memory(view, other) for other in inside.values()):
            return False
    return True


def _split(members: list[Instruction], read: set[Buffer]) -> list[Group]:
    """Return a group that stores what others read, in several parts if the engine has too few registers for it.

    Args:
        members: the instructions.
        read: which of their results are read by others, or by the host.
    """
    stored = [
        each
        for each in members
        if each.operation is None or each.output.buffer.whole is not None or each.output.buffer in read
    ]
    group = Group(members, stored)
    if len(members) == 1 or group.fits():
        return [group]
    middle = len(members) // 2
    first, second = members[:middle], members[middle:]
    return [*_split(first, read | {view.buffer for each in second for view in each.inputs}), *_split(second, read)]
