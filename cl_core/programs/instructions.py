"""Instructions of a program: what the engine can do. The engine's C takes all numbers of this module from here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from cl_core.programs.values import Type, View


class Code(IntEnum):
    """Kinds of instructions."""

    END = 0
    ELEMENTWISE = 1
    MATMUL = 2
    REDUCE = 3
    RUNNING_SUM = 4
    ORDER = 5
    GATHER = 6
    SCATTER_ADD = 7
    DISTANCE = 8
    SEARCH = 9
    FIRST = 10


# operations on one type, by name in their order; each type has a range of CODES_PER_TYPE
ARITHMETIC = (
    "add", "sub", "mul", "div", "min", "max", "eq", "ne", "lt", "le", "gt", "ge", "neg", "abs", "relu", "where",
    "mask_positive", "sqrt", "reciprocal", "exp", "log", "expm1", "log1p", "sigmoid", "sin", "cos", "acos", "floor",
)  # fmt: skip
COMPARISONS = ("eq", "ne", "lt", "le", "gt", "ge")
LOGIC = ("and", "or", "xor", "not")  # of bytes; their codes follow those of ARITHMETIC on bytes
CODES_PER_TYPE = 40
CONVERT = 4 * CODES_PER_TYPE  # first code of conversions, by 4 * from + to


class Reduction(IntEnum):
    """What is done along an axis."""

    SUM = 0
    MAX = 1
    MIN = 2
    ARGMAX = 3
    ARGMIN = 4


MAX_AXES = 6  # of an elementwise instruction, after axes that lie behind each other are joined
MAX_REGISTERS = 48  # of an elementwise instruction
TILE = 256  # elements that an elementwise instruction computes at a time
MAX_ROW = 8192  # longest row that can be put in order
MAX_FIRST = 64  # largest number of first ones of an order, which are found without the rest of it


def operation(name: str, type_: Type) -> int:
    """Return the code of an operation on operands of a type."""
    if name in LOGIC:
        return Type.U8 * CODES_PER_TYPE + len(ARITHMETIC) + LOGIC.index(name)
    return type_ * CODES_PER_TYPE + ARITHMETIC.index(name)


def conversion(source: Type, target: Type) -> int:
    """Return the code of the conversion from one type to another."""
    return CONVERT + 4 * source + target


@dataclass(eq=False)
class Instruction:
    """One instruction.

    Attributes:
        code: its kind.
        inputs: what it reads.
        output: what it writes.
        operation: of an elementwise instruction: its code, or None for a copy.
        arguments: further numbers, as `encoding` writes them.
    """

    code: Code
    inputs: tuple[View, ...]
    output: View
    operation: int | None = None
    arguments: tuple[int, ...] = ()


def c_header() -> str:
    """Return the numbers of this module as C."""
    lines = ["// Written by `python -m cl_core.programs engine` from instructions.py and values.py."]

    def enum(entries: Sequence[tuple[str, Any]]) -> None:
        lines.append(f"enum {{ {', '.join(f'{name} = {int(value)}' for name, value in entries)} }};")

    enum([(type_.name, type_) for type_ in Type])
    enum([(f"DO_{code.name}", code) for code in Code])
    enum([(f"REDUCE_{kind.name}", kind) for kind in Reduction])
    enum([(f"OP_{name.upper()}", index) for index, name in enumerate((*ARITHMETIC, *LOGIC))])
    sizes = {
        "CODES_PER_TYPE": CODES_PER_TYPE, "CONVERT": CONVERT, "MAX_AXES": MAX_AXES, "MAX_REGISTERS": MAX_REGISTERS,
        "TILE": TILE, "MAX_ROW": MAX_ROW, "MAX_FIRST": MAX_FIRST,
    }  # fmt: skip
    lines += [f"#define {name} {value}" for name, value in sizes.items()]
    return "\n".join(lines) + "\n"
