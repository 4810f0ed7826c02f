"""Messages to the picture of triplet shares: round trips and refused pictures."""

import re
from pathlib import Path

import numpy as np
import pytest

from cl_core.components import shares as component
from cl_core.components.envelope import unpack
from cl_core.components.shares import WORDS, Shares, encode
from cl_core.losses.miners import KINDS
from cl_core.palette import EASY, HARD, KIND_SYMBOLS, SEMIHARD

FOLDER = Path(component.__file__).parent


def picture(**changes) -> Shares:
    shares = np.array([[0.0, 0.7, 0.3], [0.5, 0.25, 0.25], [0.9, 0.1, 0.0]])
    defaults = {"stream": "a", "steps": np.array([0, 1, 12]), "shares": shares, "losses": np.array([1.0, 0.5, np.nan])}
    return Shares(**{**defaults, "collapse": 1.0, "floor": 0.0, "title": "<b>m</b>", **changes})


def test_arrays_are_sent_frame_by_frame():
    header, buffers = unpack(encode(picture(), height=300, group="g"))
    assert (header["stream"], header["height"], header["group"], header["title"]) == ("a", 300, "g", "<b>m</b>")
    assert (header["collapse"], header["floor"]) == (1.0, 0.0)
    np.testing.assert_array_equal(buffers["steps"], [0, 1, 12])
    np.testing.assert_allclose(buffers["shares"], [0, 0.7, 0.3, 0.5, 0.25, 0.25, 0.9, 0.1, 0], rtol=1e-6)
    np.testing.assert_array_equal(buffers["losses"], [1, 0.5, np.nan])


def test_kinds_have_the_order_colours_and_marks_of_the_app():
    header, _ = unpack(encode(picture()))
    assert list(header["colours"]) == list(header["marks"]) == list(KINDS)
    assert header["colours"] == {"easy": EASY, "semihard": SEMIHARD, "hard": HARD}
    assert header["marks"] == KIND_SYMBOLS
    columns = re.search(r"KINDS = (\[.*\]);", (FOLDER / "scene.js").read_text())
    assert columns is not None
    assert columns[1] == str(list(KINDS)).replace("'", '"')


def test_missing_lines_and_frames_are_sent_as_null_and_empty():
    header, buffers = unpack(encode(picture(collapse=np.nan, floor=np.inf)))
    assert (header["collapse"], header["floor"]) == (None, None)
    no_frames = picture(steps=np.zeros(0, int), shares=np.zeros((0, 3)), losses=np.zeros(0))
    header, buffers = unpack(encode(no_frames))
    assert [len(buffer) for buffer in buffers.values()] == [0, 0, 0]


def test_equal_pictures_give_equal_messages():
    assert encode(picture()) == encode(picture())
    assert encode(picture()) != encode(picture(floor=0.1))


def test_inconsistent_picture_is_refused():
    changes = {
        r"shares must be \(3, 3\), not \(2, 3\)": {"shares": np.full((2, 3), 1 / 3)},
        r"losses must be \(3,\), not \(2,\)": {"losses": np.zeros(2)},
        "steps must ascend from 0": {"steps": np.array([0, 5, 5])},
        "shares of every frame": {"shares": np.full((3, 3), 0.3)},
        "0 or more": {"shares": np.array([[-0.5, 1, 0.5]] * 3)},
    }
    for message, change in changes.items():
        with pytest.raises(ValueError, match=message):
            encode(picture(**change))
    with pytest.raises(ValueError, match="steps must ascend from 0"):
        encode(picture(steps=np.array([-1, 0, 1])))


def test_frame_without_triplets_is_accepted():
    assert not unpack(encode(picture(shares=np.zeros((3, 3)))))[1]["shares"].any()


def test_words_can_be_replaced_one_by_one():
    words = unpack(encode(picture(words={"loss": "Verlust"})))[0]["words"]
    assert words == {**WORDS, "loss": "Verlust"}


def test_every_word_is_used():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    by_name = {*KINDS, "collapse", "floor", "save"}  # words[kind], words[name], words[button]
    assert set(WORDS) == set(re.findall(r"header\.words\.(\w+)", source)) | by_name


def test_javascript_never_inserts_html():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)
