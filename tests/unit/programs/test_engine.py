"""The engine: built from its source, small, and strict with programs that are not sound."""

import contextlib
import gzip
import hashlib
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cl_core.programs.compiler import compile_function
from cl_core.programs.engine import build
from cl_core.programs.host import Running
from cl_core.programs.instructions import Code, c_header
from cl_core.programs.program import Program, ProgramError

MAX_BYTES = 40_000  # gzipped


def program() -> Program:
    """Return a program with most kinds of instructions."""

    def function(x, index):
        ascending = x.sort(1).values
        ranks = torch.searchsorted(ascending, x)
        distance = torch.cdist(x, x) @ x
        return [
            (distance.cumsum(1) * ranks).sum(1), x.gather(1, index), torch.zeros(4, 6).scatter_add(1, index, x)
        ]  # fmt: skip

    return compile_function(function, {"x": torch.rand(4, 6), "index": torch.zeros(4, 6, dtype=torch.int64)}, "abc")


def test_engine_is_built_from_its_source():
    assert build.HEADER.read_text(encoding="utf-8") == c_header()
    assert build.compile_engine() == build.WASM.read_bytes(), "python -m cl_core.programs engine builds it again"


def test_engine_is_small():
    assert len(gzip.compress(build.WASM.read_bytes(), 9)) <= MAX_BYTES


def test_program_survives_its_file():
    original = program()
    read = Program.from_bytes(original.to_bytes())
    assert read.to_bytes() == original.to_bytes()
    assert (read.inputs, read.outputs, read.memory) == (original.inputs, original.outputs, original.memory)
    x = np.random.default_rng(0).random((4, 6), np.float32)
    for name, numbers in Running(original)(x=x, index=np.ones((4, 6))).items():
        np.testing.assert_array_equal(Running(read)(x=x, index=np.ones((4, 6)))[name], numbers)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda raw: b"", "not a program"),
        (lambda raw: raw[:11], "not a program"),
        (lambda raw: raw[:20], "damaged or cut short"),
        (lambda raw: b"PK\x03\x04" + raw[4:], "not a program"),
        (lambda raw: raw[:4] + b"\x09" + raw[5:], "version 9"),
        (lambda raw: raw[:-1], "damaged or cut short"),
        (lambda raw: raw[:200] + b"\x77" + raw[201:], "damaged or cut short"),
        (lambda raw: raw + b"\0", "damaged or cut short"),
    ],
)
def test_damaged_file_is_refused(damage, message):
    with pytest.raises(ProgramError, match=message):
        Program.from_bytes(damage(program().to_bytes()))


def test_file_with_places_outside_the_memory_is_refused():
    sound = program()
    far = replace(sound, inputs=(replace(sound.inputs[0], address=sound.memory), sound.inputs[1]))
    with pytest.raises(ProgramError, match="'x' lies outside the memory"):
        Program.from_bytes(far.to_bytes())
    with pytest.raises(ProgramError, match="sizes"):
        Program.from_bytes(replace(sound, memory=2**31).to_bytes())


@given(st.data())
@settings(max_examples=80, deadline=None)
def test_any_words_are_refused_or_run_inside_the_memory(data):
    """A changed program never leaves its memory, and always ends; wasmtime would raise an error of its own."""
    sound = program()
    words = sound.words.copy()
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(words) - 1))
        change = st.one_of(
            st.integers(-3, 70), st.sampled_from([-(2**31), 2**31 - 1, 1 << 28, 65536, sound.memory, sound.memory - 4])
        )
        words[index] = data.draw(change)
    with contextlib.suppress(ProgramError):
        Running(replace(sound, words=words))(x=np.zeros((4, 6), np.float32), index=np.zeros((4, 6)))


@pytest.mark.parametrize(
    "words",
    [
        [], [0, 0], [99, 2, 0], [Code.MATMUL, 3, 0, 0], [Code.ELEMENTWISE, 2, 0], [Code.REDUCE, 0, 0],
        [Code.ELEMENTWISE, -1, 0], [Code.MATMUL, 15, 0, 4, 4, 4, 0, 4, 1, 0, 4, 1, 1 << 30, 4, -1, 0],
        [Code.MATMUL, 15, 0, 1 << 20, 1 << 20, 4, 0, 0, 0, 0, 0, 0, 0, 0, -1, 0],
        [Code.REDUCE, 13, 0, 0, 0, 0, 0, 1, 1 << 30, 1, 0, 0, 0, 0],
        [Code.ORDER, 8, 0, 0, 0, 1, 9000, 0, 0], [Code.FIRST, 9, 0, 0, 0, 1, 4, 0, 5, 0],
        [Code.FIRST, 9, 0, 0, 0, 1, 100, 0, 65, 0], [Code.FIRST, 9, 0, 0, 0, 1, 4, 0, -1, 0],
        [Code.FIRST, 9, 2, 0, 0, 1, 4, 0, 1, 0],
    ],
    ids=str,
)  # fmt: skip
def test_unsound_words_are_refused(words):
    with pytest.raises(ProgramError, match="the program has"):
        Running(replace(program(), words=np.array(words, np.int32)))


def test_wrong_inputs_are_refused():
    running = Running(program())
    with pytest.raises(ValueError, match="no 'z': it has x, index"):
        running(z=1)
    with pytest.raises(ValueError, match=r"x has the shape \(4, 6\), not \(6, 4\)"):
        running(x=np.zeros((6, 4)))


def test_compiling_twice_gives_the_same_bytes():
    checksums = {hashlib.sha256(program().to_bytes()).hexdigest() for _ in range(2)}
    assert len(checksums) == 1
