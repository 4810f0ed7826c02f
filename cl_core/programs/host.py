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
from cl_core.programs.program import Program, ProgramError, Slot

PAGE = 1 << 16  # bytes of WebAssembly memory
ALIGNMENT = 64
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
        self._words = _aligned(exports["heap"](self._store))
        self._base = _aligned(self._words + program.words.nbytes)
        missing = self._base + program.memory - self._memory.data_len(self._store)
        if missing > 0:
            self._memory.grow(self._store, -(-missing // PAGE))
        self._array(self._words, len(program.words), np.dtype(np.int32))[:] = program.words
        start = self._base + program.constants_at
        self._array(start, len(program.constants), np.dtype(np.uint8))[:] = program.constants
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

    def compute(self) -> None:
        """Run the program on the inputs that are set, and leave its outputs in the engine's memory."""
        if reason := self._run(self._store, self._words, self._base):
            raise ProgramError(f"the program has stopped at {REASONS[reason]}")

    def write(self, inputs: Mapping[str, ArrayLike]) -> None:
        """Set inputs by name; ValueError if one is unknown, or has another shape."""
        slots = {slot.name: slot for slot in self.program.inputs}
        for name, numbers in inputs.items():
            if name not in slots:
                raise ValueError(f"the program has no input {name!r}: it has {', '.join(slots)}")
            if np.shape(numbers) != slots[name].shape:
                raise ValueError(f"{name} has the shape {slots[name].shape}, not {np.shape(numbers)}")
            self._view(slots[name])[...] = numbers

    def _view(self, slot: Slot) -> NDArray[Any]:
        return self._array(self._base + slot.address, slot.count, slot.type.numpy).reshape(slot.shape)

    def _array(self, address: int, count: int, dtype: np.dtype[Any]) -> NDArray[Any]:
        """Return a part of the memory; the view holds until the memory grows."""
        start = ctypes.addressof(self._memory.data_ptr(self._store).contents) + address
        raw = (ctypes.c_uint8 * (count * dtype.itemsize)).from_address(start)
        return np.frombuffer(memoryview(raw), dtype)


def _aligned(address: int) -> int:
    return -(-address // ALIGNMENT) * ALIGNMENT
