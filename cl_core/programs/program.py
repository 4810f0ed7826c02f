"""A compiled program, and the format of its file."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.programs.memory import aligned
from cl_core.programs.packing import PackingError, Reader, pack_constant, pack_integers, read_constant
from cl_core.programs.values import Type

MAGIC = b"CLLP"
VERSION = 2
MAX_MEMORY = 1 << 30  # bytes
_HEADER = struct.Struct("<4sII")  # magic, version, checksum of all that follows


class ProgramError(ValueError):
    """A file is not a program that this engine can run."""


@dataclass(frozen=True)
class Slot:
    """An input or an output.

    Attributes:
        name: its name.
        type: type of its numbers.
        address: bytes from the start of the memory.
        shape: sizes; the numbers lie row by row.
    """

    name: str
    type: Type
    address: int
    shape: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


@dataclass(frozen=True, eq=False)
class Program:
    """A program for the engine.

    Attributes:
        words: (n,) int32, the instructions.
        constants: (n,) arrays of numbers that are written into the memory once.
        constants_at: address of the first one; each of the others follows at the next multiple of the alignment.
        memory: bytes of memory that it needs.
        inputs: what is written before it runs.
        outputs: what is read after it has run.
    """

    words: NDArray[np.int32]
    constants: tuple[NDArray[Any], ...]
    constants_at: int
    memory: int
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]

    def placed_constants(self) -> Iterator[tuple[int, NDArray[Any]]]:
        """Yield the address of each constant, and its numbers."""
        address = self.constants_at
        for numbers in self.constants:
            yield address, numbers
            address = aligned(address + numbers.nbytes)

    def to_bytes(self) -> bytes:
        """Return the program's file."""
        counts = len(self.inputs), len(self.outputs), len(self.words), len(self.constants)
        body = b"".join([
            pack_integers([*counts, self.constants_at, self.memory]),
            *map(_pack_slot, (*self.inputs, *self.outputs)),
            pack_integers(map(int, self.words)),
            *map(pack_constant, self.constants),
        ])  # fmt: skip
        return _HEADER.pack(MAGIC, VERSION, zlib.crc32(body)) + body

    @classmethod
    def from_bytes(cls, raw: bytes) -> Program:
        """Read a program's file.

        What its instructions do is checked by the engine, before it runs them.

        Args:
            raw: the file.

        Returns:
            The program.

        Raises:
            ProgramError: when it is not a program, of another version, damaged, or too large.
        """
        if len(raw) < _HEADER.size or raw[:4] != MAGIC:
            raise ProgramError("this is not a program of the engine")
        _, version, checksum = _HEADER.unpack_from(raw)
        if version != VERSION:
            raise ProgramError(f"the program has version {version}, and the engine reads version {VERSION}")
        body = raw[_HEADER.size :]
        if checksum != zlib.crc32(body):
            raise ProgramError("the program is damaged or cut short: its checksum differs")
        try:
            return _read(Reader(body))
        except (PackingError, UnicodeDecodeError) as error:
            raise ProgramError("the program cannot be read") from error


def _pack_slot(slot: Slot) -> bytes:
    name = slot.name.encode()
    return pack_integers([slot.type, len(name)]) + name + pack_integers([slot.address, len(slot.shape), *slot.shape])


def _read(reader: Reader) -> Program:
    n_inputs, n_outputs, n_words, n_constants, constants_at, memory = (reader.integer() for _ in range(6))
    if memory > MAX_MEMORY:
        raise ProgramError("the sizes in the program do not fit together")
    slots = [_read_slot(reader, memory) for _ in range(n_inputs + n_outputs)]
    words = np.array([reader.integer() for _ in range(n_words)], np.uint32).view(np.int32)
    constants = tuple(read_constant(reader, memory) for _ in range(n_constants))
    program = Program(words, constants, constants_at, memory, tuple(slots[:n_inputs]), tuple(slots[n_inputs:]))
    end = max((address + numbers.nbytes for address, numbers in program.placed_constants()), default=0)
    if end > memory or not reader.at_end:
        raise ProgramError("the sizes in the program do not fit together")
    return program


def _read_slot(reader: Reader, memory: int) -> Slot:
    type_, length = reader.integer(), reader.integer()
    name = reader.take(length).decode()
    address, axes = reader.integer(), reader.integer()
    shape = tuple(reader.integer() for _ in range(axes))
    if type_ not in set(Type):
        raise ProgramError(f"{name!r:.40} has an unknown type")
    slot = Slot(name, Type(type_), address, shape)
    if address % slot.type.size or address + slot.count * slot.type.size > memory:
        raise ProgramError(f"the place of {name!r:.40} lies outside the memory")
    return slot
