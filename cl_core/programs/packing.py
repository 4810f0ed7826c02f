"""Whole numbers and constants in few bytes, for the files of programs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cl_core.programs.values import Type

_WORD = 1 << 32
_BITS: dict[int, np.dtype[Any]] = {size: np.dtype(f"<i{size}") for size in (1, 4, 8)}
_STRAIGHT = 4  # added to a type: the numbers are a straight line with corrections, else they follow as they are


class PackingError(ValueError):
    """Bytes end too early, or hold a number that is too large."""


def pack_integers(numbers: Iterable[int]) -> bytes:
    """Return whole numbers modulo 2^32, in groups of seven bits; an eighth bit says that a higher group follows."""
    packed = bytearray()
    for number in numbers:
        rest = number % _WORD
        while rest > 127:
            packed.append(rest & 127 | 128)
            rest >>= 7
        packed.append(rest)
    return bytes(packed)


class Reader:
    """Reads packed numbers one after the other.

    Args:
        raw: the bytes.
    """

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    @property
    def at_end(self) -> bool:
        """Whether all bytes have been read."""
        return self._at == len(self._raw)

    def take(self, count: int) -> bytes:
        """Return the next bytes; PackingError if there are fewer."""
        taken = self._raw[self._at : self._at + count]
        if len(taken) < count:
            raise PackingError("the bytes end too early")
        self._at += count
        return taken

    def integer(self) -> int:
        """Return a number of `pack_integers`; PackingError if there is none, or one from 2^32 on."""
        number = 0
        for shift in range(0, 35, 7):
            (byte,) = self.take(1)
            number |= (byte & 127) << shift
            if byte < 128 and number < _WORD:
                return number
        raise PackingError("a number is too large")


def pack_constant(numbers: NDArray[np.generic]) -> bytes:
    """Return the type, the count and the numbers of a constant.

    A range or the nodes of a grid lie on a straight line, but for the rounding of some: their ends and these
    corrections take fewer bytes than the numbers.

    Args:
        numbers: (n,) of a type of the engine.
    """
    type_ = next(each for each in Type if each.numpy == numbers.dtype)
    little = numbers.astype(numbers.dtype.newbyteorder("<"))
    plain = pack_integers([type_, len(numbers)]) + little.tobytes()
    if len(numbers) < 3 or not np.isfinite(numbers).all():
        return plain
    if len(numbers) < 3 or not np.isfinite(numbers).all():
        return plain
    bits = _BITS[type_.size]
    line = _straight(float(little[0]), float(little[-1]), len(little), little.dtype)
    error = little.view(bits).astype(object) - line.view(bits).astype(object)
    wrong = np.flatnonzero(error)
    corrections = [
        pack_integers([gap]) + _pack_correction(int(error[at]), little[at].tobytes())
        for at, gap in zip(wrong, np.diff(wrong, prepend=0).tolist(), strict=True)
    ]
    straight = (
        pack_integers([type_ + _STRAIGHT, len(numbers)])
        + little[[0, -1]].tobytes()
        + pack_integers([len(wrong)])
        + b"".join(corrections)
    )
    return min(plain, straight, key=len)


def read_constant(reader: Reader, most: int) -> NDArray[np.generic]:
    """Return the numbers of `pack_constant`.

    Args:
        reader: where they are next.
        most: bytes that they may take.

    Raises:
        PackingError: when they are not there, of no type, or too many.
    """
    kind, count = reader.integer(), reader.integer()
    if kind >= 2 * _STRAIGHT:
        raise PackingError(f"there is no type {kind}")
    type_ = Type(kind % _STRAIGHT)
    dtype = type_.numpy.newbyteorder("<")
    if count * type_.size > most:
        raise PackingError(f"a constant of {count} numbers")
    if kind < _STRAIGHT:
        return np.frombuffer(reader.take(count * type_.size), dtype).astype(type_.numpy)
    first, last = np.frombuffer(reader.take(2 * type_.size), dtype)
    line = _straight(float(first), float(last), count, dtype)
    bits, half, at = line.view(_BITS[type_.size]), 1 << (8 * type_.size - 1), 0
    for _ in range(reader.integer()):
        at += reader.integer()
        if at >= count:
            raise PackingError("a correction beyond the last number")
        if folded := reader.integer():
            corrected = int(bits[at]) + (-(folded >> 1) - 1 if folded & 1 else folded >> 1)
            bits[at] = (corrected + half) % (2 * half) - half
        else:
            line[at] = np.frombuffer(reader.take(type_.size), dtype)[0]
    return line.astype(type_.numpy)


def _pack_correction(error: int, number: bytes) -> bytes:
    """Return what is to be added to the bits of a number; 0 and the number itself where that is too much.

    Small numbers of both signs become small ones without: 1, 2, 3, 4 stand for -1, 1, -2, 2.
    """
    folded = -2 * error - 1 if error < 0 else 2 * error
    return pack_integers([folded]) if folded < _WORD else pack_integers([0]) + number


def _straight(first: float, last: float, count: int, dtype: np.dtype[np.generic]) -> NDArray[np.generic]:
    """Return numbers at equal distances, from the nearer end as PyTorch does, with the roundings of program_file.js."""
    index = np.arange(count)
    step = (last - first) / max(count - 1, 1)
    line = np.where(index < count // 2, first + index * step, last - (count - 1 - index) * step)
    return (line if dtype.kind == "f" else np.floor(line + 0.5)).astype(dtype)
