"""Messages to the embedding view: frames, the window of frames to send, and answers of the browser."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cl_core.components import embedding as component
from cl_core.components.bundle import bundle_html
from cl_core.components.embedding import WORDS, Cloud, SentFrames, encode, frames_to_send
from cl_core.components.envelope import unpack

FOLDER = Path(component.__file__).parent


def cloud(frames: int = 5, n: int = 7, dims: int = 2) -> Cloud:
    rng = np.random.default_rng(0)
    return Cloud(
        stream="run/pca",
        points=[rng.normal(size=(n, dims)).astype(np.float32) for _ in range(frames)],
        steps=[10 * k for k in range(frames)],
        labels=np.arange(n) % 3,
        class_names=["零", "one", "<b>two</b>"],
        title="PCA view",
        axes=[f"PC {d + 1}" for d in range(dims)],
        shares=[[0.5] * dims] * frames,
        sprite=b"\x89PNG and so on",
    )


def test_message_has_the_requested_frames() -> None:
    c = cloud()
    header, buffers = unpack(encode(c, 2, 5))
    assert (header["first"], header["total"], header["steps"]) == (2, 5, [20, 30, 40])
    assert header["class_names"][2] == "<b>two</b>"
    assert set(buffers) == {"frames"}, "labels and sprites are sent with frame 0 only"
    frames = buffers["frames"].reshape(3, 7, 2) * np.array(header["scales"])[:, None, None]
    np.testing.assert_allclose(frames, np.stack(c.points[2:5]), atol=max(header["scales"]))
    header, buffers = unpack(encode(c, 0, 1))
    np.testing.assert_array_equal(buffers["labels"], c.labels)
    assert bytes(buffers["sprite"]) == c.sprite


def test_message_has_the_regions_of_its_frames_and_nan_for_frames_without() -> None:
    c = cloud()
    known = [np.full((3, 5), k, np.float32) for k in range(4)]
    buffers = unpack(encode(replace(c, regions=[None, *known]), 0, 3))[1]
    sent = buffers["regions"].reshape(3, 3, 5)
    assert np.isnan(sent[0]).all()
    np.testing.assert_array_equal(sent[1:], np.stack(known[:2]))
    assert "regions" not in unpack(encode(c, 0, 3))[1]


def test_equal_clouds_give_equal_messages() -> None:
    assert encode(cloud(), 1, 4) == encode(cloud(), 1, 4)


def test_message_without_frames() -> None:
    header, buffers = unpack(encode(cloud(frames=0), 0, 0))
    assert header["steps"] == []
    assert buffers["frames"].size == 0
    assert buffers["labels"].size == 7


def test_message_refuses_frames_of_another_shape() -> None:
    c = cloud()
    with pytest.raises(ValueError, match="as many points as labels"):
        encode(Cloud(**{**vars(c), "labels": np.zeros(6, int)}), 0, 5)
    with pytest.raises(ValueError, match="as many columns as axes"):
        encode(Cloud(**{**vars(c), "axes": ("x", "y", "z")}), 0, 5)


def test_window_sends_new_frames_only() -> None:
    sent = frames_to_send(3, "a", None, None)
    assert sent == SentFrames("a", 0, 3), "everything at first"
    assert frames_to_send(3, "a", sent, None) == sent, "nothing new: the same message"
    sent = frames_to_send(40, "a", sent, None)
    assert sent == SentFrames("a", 1, 40), "new frames and the two before"
    sent = frames_to_send(40, "a", sent, None)
    assert sent == SentFrames("a", 38, 40), "a long message is not repeated"
    assert frames_to_send(40, "a", sent, None) == sent
    assert frames_to_send(41, "a", sent, None) == SentFrames("a", 38, 41)
    assert frames_to_send(41, "a", sent, 12) == SentFrames("a", 12, 41), "from the frame that the browser asks for"
    assert frames_to_send(41, "b", sent, None) == SentFrames("b", 0, 41), "another stream starts at its first frame"


def test_window_never_leaves_a_gap() -> None:
    rng = np.random.default_rng(3)
    sent, total, known = None, 0, 0
    for _ in range(500):
        total += int(rng.integers(0, 12)) * int(rng.integers(0, 2))
        sent = frames_to_send(total, "a", sent, None)
        assert sent.first <= known
        known = sent.end
        assert known == total


def test_answer_with_another_stream_or_frame_is_ignored() -> None:
    c = cloud()
    assert component.decode({"stream": "run/pca", "frame": 3}, c) == 3
    for answer in (None, {"stream": "old", "frame": 3}, {"stream": "run/pca", "frame": 5}, 3, {"frame": 3}):
        assert component.decode(answer, c) is None


def test_every_control_has_a_label() -> None:
    html = bundle_html(FOLDER / "embedding.html")
    assert set(re.findall(r'data-do="(\w+)"', html)) <= set(WORDS)
