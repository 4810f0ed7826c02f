"""A compiled program, and the format of its file."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.programs.values import Type

MAGIC = b"CLLP"
VERSION = 1
MAX_MEMORY = 1 << 30  # bytes
_HEADER = struct.Struct("<4sIIIIIIII")  # magic, version, checksum of all that follows, and the sizes in it
_SLOT = struct.Struct("<BBHI")  # type, axes, length of the name, address


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
        constants: (c,) uint8, numbers that are written into the memory once.
        constants_at: where, in bytes.
        memory: bytes of memory that it needs.
        inputs: what is written before it runs.
        outputs: what is read after it has run.
    """

    words: NDArray[np.int32]
    constants: NDArray[np.uint8]
    constants_at: int
    memory: int
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]

    def to_bytes(self) -> bytes:
        """Return the program's file."""
        slots = b"".join(
            _SLOT.pack(slot.type, len(slot.shape), len(slot.name.encode()), slot.address)
            + struct.pack(f"<{len(slot.shape)}I", *slot.shape)
            + slot.name.encode()
            for slot in (*self.inputs, *self.outputs)
        )
        slots += bytes(-len(slots) % 4)
        body = slots + self.words.astype("<i4").tobytes() + self.constants.tobytes()
        sizes = (
            len(self.inputs), len(self.outputs), len(slots), len(self.words), self.constants_at, self.memory
        )  # fmt: skip
        checksum = zlib.crc32(struct.pack("<6I", *sizes) + body)
        return _HEADER.pack(MAGIC, VERSION, checksum, *sizes) + body

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
        _, version, checksum, *sizes = _HEADER.unpack_from(raw)
        if version != VERSION:
            raise ProgramError(f"the program has version {version}, and the engine reads version {VERSION}")
        if checksum != zlib.crc32(raw[12:]):
            raise ProgramError("the program is damaged or cut short: its checksum differs")
        n_inputs, n_outputs, slot_bytes, n_words, constants_at, memory = sizes
        start = _HEADER.size + slot_bytes
        constants = np.frombuffer(raw[start + 4 * n_words :], np.uint8)
        if start + 4 * n_words > len(raw) or memory > MAX_MEMORY or constants_at + len(constants) > memory:
            raise ProgramError("the sizes in the program do not fit together")
        slots = _read_slots(raw[_HEADER.size : start], n_inputs + n_outputs, memory)
        words = np.frombuffer(raw, "<i4", n_words, start).astype(np.int32)
        return cls(words, constants, constants_at, memory, tuple(slots[:n_inputs]), tuple(slots[n_inputs:]))


def _read_slots(raw: bytes, count: int, memory: int) -> list[Slot]:
    slots: list[Slot] = []
    at = 0
    try:
        for _ in range(count):
            type_, axes, length, address = _SLOT.unpack_from(raw, at)
            at += _SLOT.size
            shape: tuple[Any, ...] = struct.unpack_from(f"<{axes}I", raw, at)
            at += 4 * axes
            slot = Slot(raw[at : at + length].decode(), Type(type_), address, shape)
            at += length
            if at > len(raw) or address % slot.type.size or address + slot.count * slot.type.size > memory:
                raise ProgramError(f"the place of {slot.name!r:.40} lies outside the memory")
            slots.append(slot)
    except (struct.error, UnicodeDecodeError, ValueError) as error:
        if isinstance(error, ProgramError):
            raise
        raise ProgramError("the list of inputs and outputs cannot be read") from error
    return slots
