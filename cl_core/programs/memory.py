"""The memory of a program: where each buffer lies. Buffers that are never in use at the same time share their place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cl_core.programs.fusion import Group
from cl_core.programs.values import Buffer, View

ALIGNMENT = 64  # bytes


@dataclass(frozen=True)
class Layout:
    """Where things lie, in bytes: inputs, then constants, then the rest.

    Attributes:
        constants: the constants that are used, in the order in which they lie.
        constants_at: address of the first one.
        size: of all memory.
    """

    constants: tuple[Buffer, ...]
    constants_at: int
    size: int


def aligned(size: int) -> int:
    """Return the next multiple of the alignment."""
    return -(-size // ALIGNMENT) * ALIGNMENT


def plan(groups: Sequence[Group], inputs: Sequence[Buffer], outputs: Iterable[View]) -> Layout:
    """Set the address of every buffer.

    Args:
        groups: the program.
        inputs: buffers that the host writes; they are never used for anything else.
        outputs: what the host reads; they are kept to the end.

    Returns:
        The layout.
    """
    first: dict[Buffer, int] = {}
    last: dict[Buffer, int] = {}
    for index, group in enumerate(groups):
        for view in (*group.loads, *(each.output for each in group.stored)):
            root = view.buffer.root()[0]
            first.setdefault(root, index)
            last[root] = index
    for view in outputs:
        last[view.buffer.root()[0]] = len(groups)

    top = 0

    def place_next(buffer: Buffer) -> None:
        nonlocal top
        buffer.address = top
        top = aligned(top + buffer.count * buffer.type.size)

    for buffer in inputs:
        place_next(buffer)
    constants_at = top
    constants = tuple(buffer for buffer in first if buffer.constant is not None)
    for buffer in constants:
        place_next(buffer)
    temporaries = top

    placed: list[tuple[int, int, int, int]] = []  # first and last group, address and end
    for buffer in sorted((each for each in first if each.is_temporary), key=lambda each: -each.count * each.type.size):
        size, address = aligned(buffer.count * buffer.type.size), temporaries
        meanwhile = [each for each in placed if each[0] <= last[buffer] and first[buffer] <= each[1]]
        for _, _, start, end in sorted(meanwhile, key=lambda each: each[2]):
            if address + size <= start:
                break
            address = max(address, end)
        buffer.address = address
        placed.append((first[buffer], last[buffer], address, address + size))
        top = max(top, address + size)
    return Layout(constants, constants_at, top)
