"""Values of a program: typed buffers of memory, and strided views of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from math import prod
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray


class Type(IntEnum):
    """Types of numbers in the engine's memory; booleans are bytes, and all integers of PyTorch have 32 bits."""

    F32 = 0
    F64 = 1
    I32 = 2
    U8 = 3

    @property
    def numpy(self) -> np.dtype[Any]:
        """The same type in NumPy."""
        return np.dtype((np.float32, np.float64, np.int32, np.uint8)[self])

    @property
    def size(self) -> int:
        """Bytes of a number."""
        return self.numpy.itemsize


TYPES = {
    torch.float32: Type.F32,
    torch.float64: Type.F64,
    torch.int64: Type.I32,
    torch.int32: Type.I32,
    torch.bool: Type.U8,
    torch.uint8: Type.U8,
}


@dataclass(eq=False)
class Buffer:
    """A piece of memory.

    Attributes:
        count: how many numbers it has.
        type: type of the numbers.
        constant: its numbers, if it is a constant.
        is_input: whether the host writes it before the program runs.
        whole: buffer that it is a part of, so that it has no memory of its own; None for most.
        start: index of its first number in `whole`.
        address: bytes from the start of the memory; set when memory is planned.
    """

    count: int
    type: Type
    constant: NDArray[Any] | None = None
    is_input: bool = False
    whole: Buffer | None = None
    start: int = 0
    address: int = -1

    @property
    def is_temporary(self) -> bool:
        """Whether an instruction writes it."""
        return self.constant is None and not self.is_input

    def root(self) -> tuple[Buffer, int]:
        """Return the buffer that has the memory, and the index of this one's first number in it."""
        buffer, start = self, 0
        while buffer.whole is not None:
            start += buffer.start
            buffer = buffer.whole
        return buffer, start


def contiguous_strides(shape: Sequence[int]) -> tuple[int, ...]:
    """Return the strides of a row-major array, in numbers."""
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


@dataclass(frozen=True, eq=False)
class View:
    """A strided view of a buffer; views of PyTorch become views, without an instruction.

    Attributes:
        buffer: where the numbers lie.
        start: index of the first one.
        shape: sizes.
        strides: steps along each axis, in numbers; 0 where one number stands for all.
    """

    buffer: Buffer
    start: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    @classmethod
    def of(cls, buffer: Buffer, shape: Sequence[int]) -> View:
        """Return the row-major view of a whole buffer."""
        return cls(buffer, 0, tuple(shape), contiguous_strides(shape))

    @property
    def type(self) -> Type:
        """Type of the numbers."""
        return self.buffer.type

    @property
    def count(self) -> int:
        """How many elements it has."""
        return prod(self.shape)

    @property
    def key(self) -> tuple[Any, ...]:
        """Equal for equal views."""
        return id(self.buffer), self.start, self.shape, self.strides

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements follow each other in row-major order."""
        expected = contiguous_strides(self.shape)
        return all(size == 1 or a == b for size, a, b in zip(self.shape, self.strides, expected, strict=True))

    @property
    def address(self) -> int:
        """Bytes from the start of the memory to the first element."""
        root, start = self.buffer.root()
        return root.address + (start + self.start) * self.type.size

    @property
    def extent(self) -> tuple[int, int]:
        """First and last index in the root buffer, the last one excluded."""
        start = self.buffer.root()[1] + self.start
        return start, start + 1 + sum(
            (size - 1) * stride for size, stride in zip(self.shape, self.strides, strict=True)
        )

    def expand(self, shape: Sequence[int]) -> View:
        """Broadcast to a shape."""
        missing = len(shape) - len(self.shape)
        old, strides = (1,) * missing + self.shape, (0,) * missing + self.strides
        expanded = (0 if a == 1 and b != 1 else stride for a, b, stride in zip(old, shape, strides, strict=True))
        return View(self.buffer, self.start, tuple(shape), tuple(expanded))

    def permute(self, axes: Sequence[int]) -> View:
        """Return the axes in another order."""
        shape, strides = ([values[axis] for axis in axes] for values in (self.shape, self.strides))
        return View(self.buffer, self.start, tuple(shape), tuple(strides))

    def slice(self, axis: int, start: int, stop: int, step: int = 1) -> View:
        """Return a range of an axis; `start` and `stop` as in Python."""
        axis %= len(self.shape)
        low, high, step = slice(start, stop, step).indices(self.shape[axis])
        shape, strides = list(self.shape), list(self.strides)
        shape[axis] = len(range(low, high, step))
        strides[axis] *= step
        return View(self.buffer, self.start + low * self.strides[axis], tuple(shape), tuple(strides))

    def select(self, axis: int, index: int) -> View:
        """Return one index of an axis, without the axis."""
        axis %= len(self.shape)
        start = self.start + index % self.shape[axis] * self.strides[axis]
        rest = [values[:axis] + values[axis + 1 :] for values in (self.shape, self.strides)]
        return View(self.buffer, start, *rest)

    def unsqueeze(self, axis: int) -> View:
        """Add an axis of size 1."""
        axis %= len(self.shape) + 1
        grown = [(*values[:axis], one, *values[axis:]) for values, one in ((self.shape, 1), (self.strides, 0))]
        return View(self.buffer, self.start, *grown)

    def reshape(self, shape: Sequence[int]) -> View | None:
        """Return the same elements in another shape; None if that needs a copy."""
        if self.is_contiguous:
            return View(self.buffer, self.start, tuple(shape), contiguous_strides(shape))
        try:  # PyTorch's rule, on a tensor without numbers
            strides = torch.empty_strided(self.shape, self.strides, device="meta").view(list(shape)).stride()
        except RuntimeError:
            return None
        return View(self.buffer, self.start, tuple(shape), tuple(strides))
