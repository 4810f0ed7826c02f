"""Packed numbers: read as they were written, in few bytes where they are regular, refused where they are unsound."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from cl_core.programs.packing import PackingError, Reader, pack_constant, pack_integers, read_constant
from cl_core.programs.values import Type

constants = st.sampled_from(Type).flatmap(lambda type_: arrays.arrays(type_.numpy, st.integers(1, 40)))


def read(packed: bytes) -> np.ndarray:
    reader = Reader(packed)
    numbers = read_constant(reader, 1 << 20)
    assert reader.at_end
    return numbers


@given(st.lists(st.integers(-(2**31), 2**32 - 1)))
def test_integers_are_read_modulo_2_to_32(numbers):
    reader = Reader(pack_integers(numbers))
    assert [reader.integer() for _ in numbers] == [number % 2**32 for number in numbers]
    assert reader.at_end


@given(constants)
def test_constants_keep_their_bits(numbers):
    found = read(pack_constant(numbers))
    assert (found.dtype, found.tobytes()) == (numbers.dtype, numbers.tobytes())


@given(constants, st.integers(3, 300), st.floats(-1e6, 1e6, width=32), st.floats(-1e6, 1e6, width=32), st.data())
def test_lines_with_any_corrections_keep_their_bits(wrong, count, first, last, data):
    numbers = np.linspace(first, last, count).clip(0 if wrong.dtype == np.uint8 else None).astype(wrong.dtype)
    for number in wrong[:3]:
        numbers[data.draw(st.integers(0, count - 1))] = number
    assert read(pack_constant(numbers)).tobytes() == numbers.tobytes()


@pytest.mark.parametrize(
    ("numbers", "most"),
    [
        (np.arange(5000, dtype=np.int32), 13),
        (np.zeros(300, np.uint8), 6),
        (np.arange(50, dtype=np.float32)[::-1], 11),
        (torch.linspace(-1, 1, 101, dtype=torch.float64).numpy(), 200),
        (torch.linspace(0, 2 * math.pi, 181, dtype=torch.float64).numpy(), 60),
    ],
    ids=["range", "zeros", "backwards", "plane", "circle"],
)
def test_regular_constants_take_few_bytes(numbers, most):
    packed = pack_constant(np.ascontiguousarray(numbers))
    assert len(packed) <= most
    assert read(packed).tobytes() == numbers.tobytes()


@pytest.mark.parametrize(
    ("packed", "message"),
    [
        (b"", "too early"),
        (b"\x80", "too early"),
        (b"\xff\xff\xff\xff\x7f", "too large"),
        (b"\x80\x80\x80\x80\x80\x01", "too large"),
        (pack_integers([8, 1]), "no type 8"),
        (pack_integers([1, 1]) + b"1234567", "too early"),
        (pack_integers([2, 1 << 30]), "a constant of"),
        (pack_integers([7, 1 << 30]), "a constant of"),
        (pack_integers([7, 3]) + b"\x00\x02" + pack_integers([1, 3, 2]), "beyond the last"),
    ],
)
def test_unsound_bytes_are_refused(packed, message):
    with pytest.raises(PackingError, match=message):
        read_constant(Reader(packed), 1 << 20)
