"""What the picture of one anchor is sent, and what it refuses."""

import re
from pathlib import Path

import numpy as np
import pytest

from cl_core.components import ranking as face
from cl_core.components.bundle import bundle_html
from cl_core.components.envelope import unpack
from cl_core.components.ranking import KINDS, WORDS, Ranking, RankingState, encode
from cl_core.data import datasets
from cl_core.losses.miners import GRID

FOLDER = Path(face.__file__).parent
LABELS = np.array([0, 1, 0, 2, 1, 0, 1, 2, 1])
N = len(LABELS)


def scene(**changes) -> Ranking:
    dice = np.random.default_rng(0)
    distances = dice.uniform(0, 4, (N, N))
    same = LABELS[:, None] == LABELS
    triplets = (same & ~np.eye(N, dtype=bool))[:, :, None] & ~same[:, None, :]
    given = {
        "stream": "a",
        "distances": distances,
        "labels": LABELS,
        "class_names": ["<b>nought</b>", "one", "二"],
        "rows": np.arange(N) + 500,
        "picked": triplets & (dice.uniform(size=triplets.shape) < 0.3),
        "margin": 0.3,
        "anchor": 4,
    }
    return Ranking(**{**given, **changes})


def test_distances_arrive_on_the_grid():
    sent = scene()
    header, buffers = unpack(encode(sent))
    steps = buffers["high"].astype(np.float64) * 2**32 + buffers["low"]  # as the browser reads them
    np.testing.assert_array_equal(steps.reshape(N, N), np.rint(sent.distances * GRID))
    assert header["margin"] == round(0.3 * GRID)
    assert header["grid"] == GRID == 2**40
    largest = unpack(encode(scene(distances=np.full((N, N), 4095.999))))[1]
    assert largest["high"][0] * 2.0**32 + largest["low"][0] == round(4095.999 * GRID)


def test_picks_arrive_bit_by_bit():
    sent = scene()
    bits = np.unpackbits(unpack(encode(sent))[1]["picked"]).reshape(-1, 16)  # two bytes for nine images
    row = 0
    for a in range(N):
        for p in range(N):
            if a != p and LABELS[a] == LABELS[p]:
                np.testing.assert_array_equal(bits[row, :N], sent.picked[a, p])
                row += 1
    assert row == len(bits)
    assert sent.picked.any()


def test_the_rest_arrives_as_it_is():
    header, buffers = unpack(encode(scene(sprite=b"png", sprite_columns=3, symbol="d²")))
    assert (header["stream"], header["n"], header["anchor"], header["positive"]) == ("a", N, 4, None)
    assert (header["symbol"], header["columns"]) == ("d²", 3)
    assert header["class_names"] == ["<b>nought</b>", "one", "二"]
    assert set(header["colours"]) == set(KINDS)
    assert bytes(buffers["sprite"]) == b"png"
    np.testing.assert_array_equal(buffers["labels"], LABELS)
    np.testing.assert_array_equal(buffers["rows"], np.arange(N) + 500)


def test_equal_batches_give_equal_bytes():
    assert encode(scene()) == encode(scene())
    assert encode(scene(), state=RankingState(0, 2)) != encode(scene())


def test_the_viewers_choice_outlives_the_start():
    header, _ = unpack(encode(scene(), state=RankingState(0, 5)))
    assert (header["anchor"], header["positive"]) == (0, 5)


def test_only_what_is_of_this_batch_is_believed():
    sent = scene()
    good = {"stream": "a", "anchor": 0, "positive": 5}
    assert face.decode(good, sent) == RankingState(0, 5)
    assert face.decode({**good, "positive": None}, sent) == RankingState(0, None)
    for positive in (0, 1, -1, N, "5", float("nan"), {}):  # itself, a negative, nobody
        assert face.decode({**good, "positive": positive}, sent) == RankingState(0, None)
    others = ({"stream": "b"}, {"anchor": N}, {"anchor": -1}, {"anchor": "0"}, {"anchor": None}, {"anchor": 0.5})
    for other in others:
        assert face.decode({**good, **other}, sent) is None
    for told in (None, 3, [], {"stream": "a", "anchor": 0}):
        assert face.decode(told, sent) is None


def test_what_does_not_fit_is_refused_in_words():
    for changes, words in (
        ({"distances": np.zeros((N, 3))}, r"distances has shape \(9, 3\) and should have \(9, 9\)"),
        ({"rows": np.arange(3)}, "rows has shape"),
        ({"picked": np.zeros((N, N), bool)}, "picked has shape"),
        ({"picked": np.ones((N, N, N), bool)}, "no triplet"),
        ({"anchor": N}, "anchor must be one of 0 to 8, not 9"),
        ({"labels": LABELS + 1}, "every class needs its name"),
        ({"rows": np.arange(N) - 1}, "rows must not be negative"),
        ({"distances": np.full((N, N), np.nan)}, "distances must be 0 or more"),
        ({"distances": np.full((N, N), -1.0)}, "distances must be 0 or more"),
        ({"distances": np.full((N, N), 5000.0)}, "below 4096"),
        ({"margin": -0.1}, "margin must be 0 or more"),
        ({"margin": float("nan")}, "margin must be 0 or more"),
    ):
        with pytest.raises(ValueError, match=words):
            encode(scene(**changes))


@pytest.mark.parametrize("n", [32, 48, 64])
def test_a_message_is_small(n):
    y = np.arange(n) % 10
    picked = np.zeros((n, n, n), bool)
    data = datasets.load("mnist")
    sprite = datasets.sprite_sheet(data, np.arange(n))
    sent = scene(
        distances=np.ones((n, n)),
        labels=y,
        rows=np.arange(n),
        picked=picked,
        class_names=data.class_names,
        sprite=sprite,
    )
    assert len(encode(sent)) - len(sprite) < 9 * n * n + 6000, "distances, picks, words"


def test_words_can_be_replaced_one_by_one():
    words = unpack(encode(scene(words={"hard": "schwer"})))[0]["words"]
    assert words == {**WORDS, "hard": "schwer"}


def test_every_word_is_used():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    used = set(re.findall(r"\bwords\.(?!js\b)(\w+)\b(?!\()", source)) | set(KINDS)
    used |= {f"{kind}{end}" for kind in KINDS for end in ("Rule", "Empty")}  # of a kind
    used |= set(re.findall(r'data-do="(\w+)"', bundle_html(FOLDER / "ranking.html")))
    assert set(WORDS) == used


def test_nothing_that_arrives_becomes_html():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)
