"""A wrong, damaged or hostile .npz is rejected with a readable error before it is unpacked."""

import io
import re
import struct
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cl_core.data import image_files, npz
from cl_core.data.datasets import DataError, load
from tests.archives import ARRAYS, npy_bytes, small_dataset, small_dataset_with, use_own_files, write_npz

IMAGES = np.zeros((40, 8, 8), np.uint8)
WRONG_LAYOUTS = {
    "float images": (small_dataset_with(x_train=IMAGES / 255), "x_train has dtype float64"),
    "colour": (small_dataset_with(x_train=np.zeros((40, 8, 8, 3), np.uint8)), "x_train has shape (40, 8, 8, 3)"),
    "flat": (small_dataset_with(x_train=np.zeros((40, 64), np.uint8)), "x_train has shape (40, 64)"),
    "too wide": (small_dataset_with(x_train=np.zeros((40, 8, 65), np.uint8)), "x_train has shape (40, 8, 65)"),
    "too small": (small_dataset_with(x_test=np.zeros((20, 7, 8), np.uint8)), "x_test has shape (20, 7, 8)"),
    "two sizes": (small_dataset_with(x_test=np.zeros((20, 9, 9), np.uint8)), "two sizes of image"),
    "float labels": (small_dataset_with(y_train=np.arange(40.0) % 2), "y_train has dtype float64"),
    "one-hot labels": (small_dataset_with(y_train=np.eye(40, dtype=np.uint8)), "y_train has shape (40, 40)"),
    "too few labels": (small_dataset_with(y_train=np.arange(39) % 2), "x_train has 40 images, y_train 39 labels"),
    "negative labels": (small_dataset_with(y_train=np.arange(40) % 2 - 1), "y_train has labels from -1 to 0"),
    "large labels": (small_dataset_with(y_test=np.arange(20) + 240), "y_test has labels from 240 to 259"),
    "one class": (small_dataset_with(y_train=np.full(40, 4)), "y_train has the one class 4"),
    "one class in the test": (small_dataset_with(y_test=np.full(20, 4)), "y_test has the one class 4"),
    "four test images": (small_dataset(test=4), "x_test has 4 images; at least 6 are needed"),
    "one training image": (small_dataset(train=1), "x_train has 1 image; at least 6 are needed"),
    "no pairs": (small_dataset_with(y_test=np.arange(20)), "y_test has 0 classes with two images or more; at least 2"),
    "pairs of one class": (
        small_dataset_with(y_train=np.r_[0, np.arange(39)]),
        "y_train has 1 class with two images or more; at least 2",
    ),
    "no test": (
        small_dataset_with(x_test=IMAGES[:0], y_test=np.zeros(0, int)),
        "x_test is empty; at least 6 are needed",
    ),
    "no labels": ({"x_train": IMAGES, "x_test": IMAGES}, "no y_train and no y_test"),
    "text labels": (small_dataset_with(y_train=np.array(["a", "b"] * 20)), "y_train has dtype <U1"),
    "objects": (
        small_dataset_with(y_train=np.array([0, 1] * 20, dtype=object)),
        "y_train holds pickled Python objects",
    ),
}


@pytest.mark.parametrize(("arrays", "finding"), WRONG_LAYOUTS.values(), ids=WRONG_LAYOUTS)
def test_own_file_in_another_layout_is_rejected(tmp_path, monkeypatch, arrays, finding):
    path = write_npz(tmp_path / "a.npz", **arrays)
    use_own_files(monkeypatch, path)
    with pytest.raises(DataError) as error:
        load("own_a")
    assert f"{path.name}: " in str(error.value)
    assert str(path.parent) not in str(error.value)  # visitors must not see paths of the server
    assert finding in str(error.value)
    assert f"Expected: {image_files.LAYOUT}." in str(error.value)


class Trap:
    """Creates the file `mark` when it is unpickled."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return (Path.touch, (self.mark,))


def test_pickled_objects_are_never_loaded(tmp_path, monkeypatch):
    mark = tmp_path / "mark"
    trap = np.array([Trap(mark)] * 40, dtype=object)
    use_own_files(monkeypatch, write_npz(tmp_path / "a.npz", **small_dataset_with(x_train=trap), extra=trap))
    with pytest.raises(DataError, match="pickled Python objects"):
        load("own_a")
    assert not mark.exists()


def npy_header(shape, descr="|u1"):
    stream = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue()


def write_zip(path, **members):
    """Write an .npz whose members are the given bytes, and return its path."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return path


def read_error(path):
    """Return the message of the error that reading `path` raises."""
    with pytest.raises(DataError) as error:
        image_files.read(path)
    return str(error.value)


def test_zip_bomb_is_rejected_before_a_member_is_opened(tmp_path, monkeypatch):
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name in ARRAYS:
            with archive.open(f"{name}.npy", "w") as stream:
                for _ in range(130):
                    stream.write(bytes(2**20))
    assert path.stat().st_size < 4 * 2**20

    def fail(*_):
        raise AssertionError("a member was opened")

    monkeypatch.setattr(zipfile.ZipFile, "open", fail)
    assert "it would unpack to 545,259,520 bytes, too large" in read_error(path)


def test_header_that_disagrees_with_its_member_is_rejected(tmp_path):
    good = {name: npy_bytes(array) for name, array in small_dataset().items()}
    huge = good | {"x_train": npy_header((2**40, 8, 8)) + bytes(100)}
    assert "x_train claims shape (1099511627776, 8, 8)" in read_error(write_zip(tmp_path / "vast.npz", **huge))
    short = good | {"x_train": npy_bytes(IMAGES)[:-1]}
    assert "x_train claims shape (40, 8, 8)" in read_error(write_zip(tmp_path / "short.npz", **short))
    longer = good | {"x_train": npy_bytes(IMAGES) + b"\0"}
    assert "x_train claims shape (40, 8, 8)" in read_error(write_zip(tmp_path / "longer.npz", **longer))
    garbled = good | {"x_train": b"\x93NUMPY\x01\x00\x10\x00{'descr': [[[[[["}
    assert "damaged" in read_error(write_zip(tmp_path / "garbled.npz", **garbled))
    no_npy = good | {"y_test": b"0,1,2,3"}
    assert "damaged" in read_error(write_zip(tmp_path / "no_npy.npz", **no_npy))


def test_member_longer_than_the_zip_says_is_rejected(tmp_path):
    path = write_zip(tmp_path / "a.npz", **{name: npy_bytes(array) for name, array in small_dataset().items()})
    length = len(npy_bytes(IMAGES))
    raw = path.read_bytes().replace(struct.pack("<I", length), struct.pack("<I", length - 64))
    path.write_bytes(raw)
    assert "damaged or cut short" in read_error(path)  # nothing beyond the stated length is unpacked


def test_too_many_images_are_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(image_files, "MAX_IMAGES", 59)
    assert "60 images, too many" in read_error(write_npz(tmp_path / "a.npz", **small_dataset()))


def test_unusual_compression_is_rejected(tmp_path):
    path = tmp_path / "a.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        for name, array in small_dataset().items():
            archive.writestr(f"{name}.npy", npy_bytes(array))
    assert "packed by a method that numpy does not write" in read_error(path)


def test_duplicate_array_is_rejected(tmp_path):
    path = write_zip(tmp_path / "a.npz", **{name: npy_bytes(array) for name, array in small_dataset().items()})
    with warnings.catch_warnings(), zipfile.ZipFile(path, "a") as archive:
        warnings.simplefilter("ignore")  # zipfile warns of duplicate names
        archive.writestr("y_test.npy", npy_bytes(small_dataset(1)["y_test"]))
    assert "it holds y_test twice" in read_error(path)


def test_arrays_of_any_order_dtype_and_shape_are_read_as_numpy_reads_them(tmp_path):
    numbers = np.arange(24.0).reshape(2, 3, 4)
    arrays = {
        "by columns": np.asfortranarray(numbers), "big-endian": numbers.astype(">f4"), "text": np.array("ä b"),
        "empty": numbers[:0], "number": np.array(3), "half": numbers.astype(np.float16), "true": numbers > 3,
    }  # fmt: skip
    path = write_npz(tmp_path / "a.npz", **arrays)
    arrays_read = npz.load_asset(path, dict, "")
    assert list(arrays_read) == list(arrays)
    with np.load(path, allow_pickle=False) as archive:
        for name, array in arrays_read.items():
            assert array.flags.c_contiguous
            assert array.dtype == archive[name].dtype.newbyteorder("=")
            assert np.array_equal(array, archive[name])


def zip_of(*, prefix=b"", comment=b"", suffix=b"", streamed=False, zip64_members=False):
    """Return an .npz of `small_dataset()` in one of the forms that a zip may have."""
    stream = io.BytesIO(prefix)
    stream.seek(len(prefix))
    target = Unseekable(stream) if streamed else stream
    with zipfile.ZipFile(target, "a" if prefix else "w") as archive:
        for name, array in small_dataset().items():
            with archive.open(f"{name}.npy", "w", force_zip64=zip64_members) as member:
                member.write(npy_bytes(array))
        archive.comment = comment
    return stream.getvalue() + suffix


class Unseekable(io.RawIOBase):
    """A stream that cannot be rewound, so a zip has the lengths of its members behind them."""

    def __init__(self, stream):
        self.write = stream.write


SOUND_ZIPS = {
    "plain": {}, "comment": {"comment": b"made on a Monday"}, "longest comment": {"comment": b"x" * 65_535},
    "comment that ends in zeros": {"comment": b"x\0\0"}, "bytes before it": {"prefix": b"#!/bin/sh\nexit\n"},
    "bytes before it and a comment": {"prefix": b"x" * 100_000, "comment": b"y"}, "bytes behind it": {"suffix": b"\0"},
    "streamed": {"streamed": True}, "members of 64 bits": {"zip64_members": True},
}  # fmt: skip


@pytest.mark.parametrize("directory_of_64_bits", [False, True])
@pytest.mark.parametrize("form", SOUND_ZIPS.values(), ids=SOUND_ZIPS)
def test_sound_zip_of_any_form_is_read(tmp_path, monkeypatch, form, directory_of_64_bits):
    if directory_of_64_bits:
        monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    path = tmp_path / "a.npz"
    path.write_bytes(file := zip_of(**form))
    assert (b"PK\6\6" in file) == directory_of_64_bits
    dtypes = {name: array.dtype.str for name, array in small_dataset().items()}
    for arrays in (
        image_files.read(path), npz.unpack(file, dtypes, npz.MAX_BYTES), npz.load_asset(path, dict, "Make it again")
    ):  # fmt: skip
        assert all(np.array_equal(arrays[name], array) for name, array in small_dataset().items())


@settings(max_examples=50, derandomize=True, deadline=None)
@given(
    edits=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=4)), max_size=3),
    cut=st.floats(0.9, 1),
    end=st.binary(max_size=60),
)
def test_any_bytes_are_read_or_refused_in_words(edits, cut, end):
    file = bytearray(ONE_ZIP)
    for place, text in edits:
        at = int(place * len(file))
        file[at : at + len(text)] = text
    file = bytes(file[: int(cut * len(file))] if cut < 0.99 else file) + end
    try:
        npz.unpack(file, dict.fromkeys(ARRAYS, "|u1"), npz.MAX_BYTES)
    except DataError as error:
        assert_plain(str(error))


ONE_ZIP = zip_of(comment=b"a comment")


@pytest.mark.parametrize("seed", range(5))
def test_random_damage_raises_only_data_errors(tmp_path, seed):
    """After random bytes are changed or cut off, reading gives the same arrays or a DataError, never another error."""
    rng = np.random.default_rng(seed)
    np.savez(tmp_path / "intact.npz", **small_dataset())  # not deflated, so that damage reaches the .npy headers too
    intact = (tmp_path / "intact.npz").read_bytes()
    original, path = image_files.read(tmp_path / "intact.npz"), tmp_path / "damaged.npz"
    for _ in range(200):
        raw = bytearray(intact[: rng.integers(1, len(intact) + 1)] if rng.random() < 0.2 else intact)
        for at in rng.integers(0, len(raw), rng.integers(1, 4)):
            raw[at] = rng.integers(256)
        path.write_bytes(raw)
        try:
            arrays = image_files.read(path)
        except DataError:
            continue
        assert all(np.array_equal(arrays[name], original[name]) for name in ARRAYS)


# --- text from a file in messages -------------------------------------------------------------------------------------

MARKUP = "<b>**x**[a](//b)$1$`c`&\x1b[31m"
HOSTILE = MARKUP + "\u202e\r\n" + 2000 * "y"
GOOD_HEADER = {"descr": "|u1", "fortran_order": False, "shape": (40, 8, 8)}


def assert_plain(message):
    """Check that a message is short and has neither control characters nor markup; a dtype may have `<` or `>`."""
    text = message.partition(" Expected: ")[0]
    assert text.isprintable(), text
    assert not re.search(r"""[*\[\]$`&"{}|~#!]|<(?![fiu]\d)|>(?![fiu]\d)""", text), text
    assert len(text) <= 300, len(text)


def npy_with(header, content=b""):
    """Return an .npy whose header is the given text."""
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode("latin-1") + content


HOSTILE_MEMBERS = {
    "no literal": npy_with(MARKUP),
    "unknown key": npy_with(repr(GOOD_HEADER | {MARKUP: 0})),
    "text as shape": npy_with(repr(GOOD_HEADER | {"shape": MARKUP})),
    "text as order": npy_with(repr(GOOD_HEADER | {"fortran_order": MARKUP})),
    "unknown dtype": npy_with(repr(GOOD_HEADER | {"descr": MARKUP})),
    "long text": npy_with(repr(GOOD_HEADER | {"descr": HOSTILE.replace("\u202e", "")})),
    "named field": npy_with(repr(GOOD_HEADER | {"descr": [(MARKUP, "|u1")]}), bytes(2560)),
    "named field and another length": npy_with(repr(GOOD_HEADER | {"descr": [(MARKUP, "|u1")]}), bytes(9)),
    "long shape": npy_with(repr(GOOD_HEADER | {"shape": (0,) * 2000})),
}


def archive_with(x_train):
    """Return the bytes of an .npz with the given member x_train, and otherwise valid."""
    stream = io.BytesIO()
    write_zip(stream, **{name: npy_bytes(array) for name, array in small_dataset().items()} | {"x_train": x_train})
    return stream.getvalue()


@pytest.fixture
def errors_of(tmp_path):
    """Return a function that reads an .npz by every public reader, and returns the messages of the errors."""

    def errors(file, build=dict):
        path = tmp_path / "a.npz"
        path.write_bytes(file)
        messages = []
        for read in (
            lambda: image_files.read(path),
            lambda: npz.unpack(file, dict.fromkeys(ARRAYS, "|u1"), npz.MAX_BYTES),
            lambda: npz.load_asset(path, build, "Make it again"),
        ):
            try:
                read()
            except DataError as error:
                messages.append(str(error))
        return messages

    return errors


@pytest.mark.parametrize("x_train", HOSTILE_MEMBERS.values(), ids=HOSTILE_MEMBERS)
def test_hostile_header_is_escaped_and_cut_in_messages(errors_of, x_train):
    messages = errors_of(archive_with(x_train))
    assert messages
    for message in messages:
        assert_plain(message)


def test_hostile_name_of_member_is_escaped_in_messages(errors_of):
    file = archive_with(npy_bytes(IMAGES)).replace(b"x_train.npy", b"<b>*`[a]$&\x1b", 1)  # not in the zip's directory
    messages = errors_of(file)
    assert len(messages) == 3
    for message in messages:
        assert "damaged" in message
        assert_plain(message)


@pytest.mark.parametrize("kind", [OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error])
@pytest.mark.parametrize(("owner", "name"), [(zipfile, "ZipFile"), (zipfile.ZipFile, "open")])
def test_text_of_a_zip_error_is_escaped_and_cut_in_messages(errors_of, monkeypatch, owner, name, kind):
    def fail(*_, **__):
        raise kind(HOSTILE)

    file = archive_with(npy_bytes(IMAGES))
    monkeypatch.setattr(owner, name, fail)
    messages = errors_of(file)
    assert len(messages) == 3
    for message in messages:
        assert_plain(message)


@pytest.mark.parametrize("kind", [KeyError, TypeError, ValueError, DataError])
def test_text_of_a_build_error_is_escaped_and_cut_in_messages(errors_of, kind):
    def build(_):
        raise kind(HOSTILE)

    (message,) = (text for text in errors_of(archive_with(npy_bytes(IMAGES)), build) if text.endswith("Make it again."))
    assert_plain(message)
