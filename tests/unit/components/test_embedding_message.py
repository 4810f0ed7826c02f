"""Messages to the browser: what is packed comes back, and no more is sent than is new."""

import re
from pathlib import Path

import numpy as np
import pytest

from cl_core.components import embedding as face
from cl_core.components.bundle import bundle_html, bundle_javascript
from cl_core.components.embedding import WORDS, Cloud, SentFrames, encode, frames_to_send
from cl_core.components.envelope import NOT_FINITE, pack, quantise, unpack
from cl_core.palette import CLASS_COLOURS
from tests.colours import contrast

FOLDER = Path(face.__file__).parent


def cloud(frames: int = 5, n: int = 7, dims: int = 2) -> Cloud:
    dice = np.random.default_rng(0)
    return Cloud(
        stream="run/pca",
        points=[dice.normal(size=(n, dims)).astype(np.float32) for _ in range(frames)],
        steps=[10 * k for k in range(frames)],
        labels=np.arange(n) % 3,
        class_names=["零", "one", "<b>two</b>"],
        title="PCA view",
        axes=[f"PC {d + 1}" for d in range(dims)],
        shares=[[0.5] * dims] * frames,
        sprite=b"\x89PNG and so on",
    )


@pytest.mark.parametrize("text", ["", "a", "ab", "abc", "öβ中"])  # each length of padding, and letters of many bytes
@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5])
def test_envelope_round_trip(text: str, size: int) -> None:
    dice = np.random.default_rng(size)
    sent: dict[str, np.ndarray] = {
        "a": dice.integers(0, 255, size).astype(np.uint8),
        "b": dice.integers(-32768, 32767, size).astype(np.int16),
        "c": dice.normal(size=size).astype(np.float32),
        "d": dice.integers(0, 2**32, size).astype(np.uint32),
    }
    message = pack({"text": text}, {**sent, "e": b"bytes"})
    header, got = unpack(message)
    assert header["text"] == text
    assert bytes(got["e"]) == b"bytes"
    for name, array in sent.items():
        np.testing.assert_array_equal(got[name], array)
        assert got[name].dtype == array.dtype
    length = int.from_bytes(message[:4], "little")
    assert length % 4 == 0, "the buffers must be aligned"


def test_envelope_refuses_what_the_browser_does_not_know() -> None:
    with pytest.raises(ValueError, match="float64"):
        pack({}, {"a": np.zeros(3)})
    with pytest.raises(ValueError, match="JSON"):
        pack({"a": float("nan")}, {})


@pytest.mark.parametrize("size", [1e-30, 1e-3, 1.0, 7.3, 1e6])
def test_quantisation_error_is_half_a_scale(size: float) -> None:
    points = size * np.random.default_rng(1).normal(size=(500, 3))
    whole, scale = quantise(points)
    assert whole.dtype == np.int16
    assert scale == pytest.approx(np.abs(points).max() / 32767)
    assert np.abs(whole * scale - points).max() <= 0.5 * scale * (1 + 1e-9)


def test_quantisation_of_corners() -> None:
    whole, scale = quantise(np.zeros((4, 2), np.float32))
    assert scale > 0
    assert not whole.any()
    whole, scale = quantise(np.array([[np.nan, 1.0], [np.inf, -2.0], [-np.inf, 0.5]], np.float32))
    assert (whole[:, 0] == NOT_FINITE).all()
    np.testing.assert_allclose(whole[:, 1] * scale, [1.0, -2.0, 0.5], atol=scale)
    assert quantise(np.zeros((0, 2)))[0].shape == (0, 2)
    assert (quantise(np.full((2, 2), np.nan))[0] == NOT_FINITE).all()


def test_message_holds_the_frames_asked_for() -> None:
    c = cloud()
    header, buffers = unpack(encode(c, 2, 5))
    assert (header["first"], header["total"], header["steps"]) == (2, 5, [20, 30, 40])
    assert header["class_names"][2] == "<b>two</b>"
    assert set(buffers) == {"frames"}, "labels and pictures go only with frame 0"
    frames = buffers["frames"].reshape(3, 7, 2) * np.array(header["scales"])[:, None, None]
    np.testing.assert_allclose(frames, np.stack(c.points[2:5]), atol=max(header["scales"]))
    header, buffers = unpack(encode(c, 0, 1))
    np.testing.assert_array_equal(buffers["labels"], c.labels)
    assert bytes(buffers["sprite"]) == c.sprite


def test_message_is_the_same_for_the_same() -> None:
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


def test_window_sends_what_is_new() -> None:
    sent = frames_to_send(3, "a", None, None)
    assert sent == SentFrames("a", 0, 3), "at first everything"
    assert frames_to_send(3, "a", sent, None) == sent, "nothing new: the same message"
    sent = frames_to_send(40, "a", sent, None)
    assert sent == SentFrames("a", 1, 40), "what is new, and two frames before it"
    sent = frames_to_send(40, "a", sent, None)
    assert sent == SentFrames("a", 38, 40), "a long message is not repeated"
    assert frames_to_send(40, "a", sent, None) == sent
    assert frames_to_send(41, "a", sent, None) == SentFrames("a", 38, 41)
    assert frames_to_send(41, "a", sent, 12) == SentFrames("a", 12, 41), "what the browser needs"
    assert frames_to_send(41, "b", sent, None) == SentFrames("b", 0, 41), "another stream begins at its beginning"


def test_window_never_leaves_a_gap() -> None:
    dice = np.random.default_rng(3)
    sent, total, known = None, 0, 0
    for _ in range(500):
        total += int(dice.integers(0, 12)) * int(dice.integers(0, 2))
        sent = frames_to_send(total, "a", sent, None)
        assert sent.first <= known
        known = sent.end
        assert known == total


def test_frame_of_another_stream_is_not_believed() -> None:
    c = cloud()
    assert face.decode({"stream": "run/pca", "frame": 3}, c) == 3
    for told in (None, {"stream": "old", "frame": 3}, {"stream": "run/pca", "frame": 5}, 3, {"frame": 3}):
        assert face.decode(told, c) is None


@pytest.mark.parametrize("name", ["embedding", "plane", "batch", "wedge", "triplet", "ranking", "shares", "timeline"])
def test_modules_are_joined_once_and_in_order(name: str) -> None:
    entry = FOLDER.parent / name / f"{name}.js"
    source = bundle_javascript(entry)
    assert not re.search(r"^\s*import ", source, re.MULTILINE)
    assert source.count("export default") == len(re.findall(r"^export ", source, re.MULTILINE)) == 1
    files, declared = [entry], []
    for file in files:  # grows while it is gone through
        text = file.read_text()
        found = [(file.parent / near).resolve() for near in re.findall(r'^import .* from "(.*)";$', text, re.MULTILINE)]
        files += [each for each in dict.fromkeys(found) if each not in files]
        declared += re.findall(r"^(?:export )?(?:default )?(?:class|function|const|let) (\w+)", text, re.MULTILINE)
    assert set(entry.parent.glob("*.js")) <= set(files), "a file that nothing needs"
    twice = {one for one in declared if declared.count(one) > 1}
    assert not twice, "the files share one scope"
    assert all(
        re.search(rf"^(?:export default )?(?:class|function|const|let) {one}\b", source, re.MULTILINE)
        for one in declared
    )


def test_controls_have_their_words() -> None:
    html = bundle_html(FOLDER / "embedding.html")
    assert set(re.findall(r'data-do="(\w+)"', html)) <= set(WORDS)


def test_colours_stand_out_from_either_paper() -> None:
    for colours, paper in zip(CLASS_COLOURS, ("#ffffff", "#11141b"), strict=True):
        assert len(set(colours)) == 10
        assert all(contrast(colour, paper) >= 3 for colour in colours)
        assert all(re.fullmatch("#[0-9a-f]{6}", colour) for colour in colours)
