"""The engine in Python, by wasmtime: the same module and the same programs as in a browser, so the same bits."""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
import wasmtime
from numpy.typing import ArrayLike, NDArray

from cl_core.programs.engine.build import WASM
from cl_core.programs.memory import aligned
from cl_core.programs.program import Program, ProgramError, Slot

PAGE = 1 << 16  # bytes of WebAssembly memory
REASONS = (
    "", "an unknown instruction", "an instruction that is cut short", "an address outside the memory",
    "a wrong register", "a wrong operation or type", "an array that is too large", "an index outside its array",
)  # fmt: skip


@cache
def _module() -> tuple[wasmtime.Engine, wasmtime.Module]:
    engine = wasmtime.Engine(wasmtime.Config())
    return engine, wasmtime.Module.from_file(engine, str(WASM))


class Running:
    """A program in an engine of its own.

    Args:
        program: what to run.

    Raises:
        ProgramError: when the engine refuses the program.
    """

    def __init__(self, program: Program) -> None:
        engine, module = _module()
        self.program = program
        self._store = wasmtime.Store(engine)
        exports: Any = wasmtime.Instance(self._store, module, []).exports(self._store)
        self._memory, self._run = exports["memory"], exports["run"]
        self._words = aligned(exports["heap"](self._store))
        self._base = aligned(self._words + program.words.nbytes)
        missing = self._base + program.memory - self._memory.data_len(self._store)
        if missing > 0:
            self._memory.grow(self._store, -(-missing // PAGE))
        self._array(self._words, len(program.words), np.dtype(np.int32))[:] = program.words
        for address, numbers in program.placed_constants():
            self._array(self._base + address, len(numbers), numbers.dtype)[:] = numbers
        reason = exports["check"](self._store, self._words, len(program.words), program.memory)
        if reason:
            raise ProgramError(f"the program has {REASONS[reason]}")

    def __call__(self, **inputs: ArrayLike) -> dict[str, NDArray[Any]]:
        """Run the program.

        Args:
            **inputs: name -> numbers of the input's shape; an input that is missing keeps its numbers.

        Returns:
            Name -> numbers of each output.

        Raises:
            ProgramError: when the program stops at an index outside its array.
            ValueError: when an input is unknown, or has another shape.
        """
        self.write(inputs)
        self.compute()
        return {slot.name: self._view(slot).copy() for slot in self.program.outputs}

    def input(self, name: str) -> NDArray[Any]:
        """Return an input in the engine's memory: what is written there counts for the next run and all later ones."""
        return self._view(_slot_of(self.program.inputs, name))

    def output(self, name: str) -> NDArray[Any]:
        """Return an output in the engine's memory, which the next run changes."""
        return self._view(_slot_of(self.program.outputs, name))

    def compute(self) -> None:
        """Run the program on the inputs that are set, and leave its outputs in the engine's memory."""
        if reason := self._run(self._store, self._words, self._base):
            raise ProgramError(f"the program has stopped at {REASONS[reason]}")

    def write(self, inputs: Mapping[str, ArrayLike]) -> None:
        """Set inputs by name; ValueError if one is unknown, or has another shape."""
        for name, numbers in inputs.items():
            slot = _slot_of(self.program.inputs, name)
            if np.shape(numbers) != slot.shape:
                raise ValueError(f"{name} has the shape {slot.shape}, not {np.shape(numbers)}")
            self._view(slot)[...] = numbers

    def _view(self, slot: Slot) -> NDArray[Any]:
        return self._array(self._base + slot.address, slot.count, slot.type.numpy).reshape(slot.shape)

    def _array(self, address: int, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return a part of the memory; the view holds until the memory grows."""
        start = ctypes.addressof(self._memory.data_ptr(self._store).contents) + address
        raw = (ctypes.c_uint8 * (count * dtype.itemsize)).from_address(start)
        return np.frombuffer(memoryview(raw), dtype)


def _slot_of(slots: tuple[Slot, ...], name: str) -> Slot:
    for slot in slots:
        if slot.name == name:
            return slot
    raise ValueError(f"the program has no {name!r}: it has {', '.join(slot.name for slot in slots)}")
