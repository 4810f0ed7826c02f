"""Messages to the ranking of one anchor: round trips, answers of the browser, and refused scenes."""

import re
from pathlib import Path

import numpy as np
import pytest

from cl_core.components import ranking as component
from cl_core.components.bundle import bundle_html
from cl_core.components.envelope import unpack
from cl_core.components.live import Live
from cl_core.components.ranking import KINDS, WORDS, Ranking, RankingState, encode
from cl_core.data import datasets
from cl_core.losses.miners import GRID

FOLDER = Path(component.__file__).parent
LABELS = np.array([0, 1, 0, 2, 1, 0, 1, 2, 1])
N = len(LABELS)


def scene(**changes) -> Ranking:
    rng = np.random.default_rng(0)
    distances = rng.uniform(0, 4, (N, N))
    same = LABELS[:, None] == LABELS
    triplets = (same & ~np.eye(N, dtype=bool))[:, :, None] & ~same[:, None, :]
    defaults = {
        "stream": "a",
        "distances": distances,
        "labels": LABELS,
        "class_names": ["<b>nought</b>", "one", "二"],
        "rows": np.arange(N) + 500,
        "picked": triplets & (rng.uniform(size=triplets.shape) < 0.3),
        "margin": 0.3,
        "anchor": 4,
    }
    return Ranking(**{**defaults, **changes})


def test_distances_are_sent_on_the_grid():
    sent = scene()
    header, buffers = unpack(encode(sent))
    steps = buffers["high"].astype(np.float64) * 2**32 + buffers["low"]  # as the browser does
    np.testing.assert_array_equal(steps.reshape(N, N), np.rint(sent.distances * GRID))
    assert header["grid"] == GRID == 2**40
    largest = unpack(encode(scene(distances=np.full((N, N), 4095.999))))[1]
    assert largest["high"][0] * 2.0**32 + largest["low"][0] == round(4095.999 * GRID)


def test_picks_are_sent_as_bits():
    sent = scene()
    bits = np.unpackbits(unpack(encode(sent))[1]["picked"]).reshape(-1, 16)  # two bytes per row of nine images
    row = 0
    for a in range(N):
        for p in range(N):
            if a != p and LABELS[a] == LABELS[p]:
                np.testing.assert_array_equal(bits[row, :N], sent.picked[a, p])
                row += 1
    assert row == len(bits)
    assert sent.picked.any()


@pytest.mark.parametrize("margin", [0.0, 0.25, 0.3])
def test_kinds_and_edges_are_those_of_the_rules(margin):
    sent = scene(distances=np.round(np.random.default_rng(1).uniform(0, 2, (N, N)) * 4) / 4, margin=margin)  # with ties
    buffers = unpack(encode(sent))[1]
    edges = buffers["edge_high"].astype(np.float64) * 2**32 + buffers["edge_low"]
    bits = {kind: np.unpackbits(buffers[kind]).reshape(-1, 16)[:, :N].astype(bool) for kind in ("hard", "easy")}
    row = 0
    for a in range(N):
        for p in range(N):
            if a != p and LABELS[a] == LABELS[p]:
                d_ap, d_an = sent.distances[a, p], sent.distances[a]
                assert edges[row] == round(d_ap * GRID) + round(margin * GRID)
                np.testing.assert_array_equal(bits["hard"][row], d_an <= d_ap)
                np.testing.assert_array_equal(bits["easy"][row], (d_an > d_ap) & (d_an >= d_ap + margin))
                row += 1
    assert row == len(edges) == len(bits["hard"])


def test_program_of_the_loss_is_sent_along():
    live = Live("/engine.wasm", b"program", {}, {"margin": 0.3})
    header, buffers = unpack(encode(scene(live=live)))
    assert header["live"] == {"engine": "/engine.wasm", "sliders": {}, "values": {"margin": 0.3}}
    assert buffers["program"].tobytes() == b"program"
    assert unpack(encode(scene()))[0]["live"] is None


def test_javascript_has_no_formula_of_the_loss():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    assert not re.search(r"[-+] \w+\.margin|Math\.max\(0|near \+", source)


def test_other_fields_are_sent_unchanged():
    header, buffers = unpack(encode(scene(sprite=b"png", sprite_columns=3, symbol="d²")))
    assert (header["stream"], header["n"], header["anchor"], header["positive"]) == ("a", N, 4, None)
    assert (header["symbol"], header["columns"]) == ("d²", 3)
    assert header["class_names"] == ["<b>nought</b>", "one", "二"]
    assert set(header["colours"]) == set(KINDS)
    assert bytes(buffers["sprite"]) == b"png"
    np.testing.assert_array_equal(buffers["labels"], LABELS)
    np.testing.assert_array_equal(buffers["rows"], np.arange(N) + 500)


def test_equal_scenes_give_equal_messages():
    assert encode(scene()) == encode(scene())
    assert encode(scene(), state=RankingState(0, 2)) != encode(scene())


def test_state_of_the_viewer_overrides_the_scene():
    header, _ = unpack(encode(scene(), state=RankingState(0, 5)))
    assert (header["anchor"], header["positive"]) == (0, 5)


def test_answers_beyond_this_batch_are_ignored():
    sent = scene()
    valid = {"stream": "a", "anchor": 0, "positive": 5}
    assert component.decode(valid, sent) == RankingState(0, 5)
    assert component.decode({**valid, "positive": None}, sent) == RankingState(0, None)
    for positive in (0, 1, -1, N, "5", float("nan"), {}):  # the anchor, a negative, no image
        assert component.decode({**valid, "positive": positive}, sent) == RankingState(0, None)
    invalid = ({"stream": "b"}, {"anchor": N}, {"anchor": -1}, {"anchor": "0"}, {"anchor": None}, {"anchor": 0.5})
    for change in invalid:
        assert component.decode({**valid, **change}, sent) is None
    for answer in (None, 3, [], {"stream": "a", "anchor": 0}):
        assert component.decode(answer, sent) is None


def test_inconsistent_scene_is_refused():
    for changes, message in (
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
        with pytest.raises(ValueError, match=message):
            encode(scene(**changes))


@pytest.mark.parametrize("n", [32, 48, 64])
def test_message_is_small(n):
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
    assert len(encode(sent)) - len(sprite) < 11 * n * n + 6000, "distances, picks, kinds, words"


def test_words_can_be_replaced_one_by_one():
    words = unpack(encode(scene(words={"hard": "schwer"})))[0]["words"]
    assert words == {**WORDS, "hard": "schwer"}


def test_every_word_is_used():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    used = set(re.findall(r"\bwords\.(?!js\b)(\w+)\b(?!\()", source)) | set(KINDS)
    used |= {f"{kind}{end}" for kind in KINDS for end in ("Rule", "Empty")}  # of a kind
    used |= set(re.findall(r'data-do="(\w+)"', bundle_html(FOLDER / "ranking.html")))
    assert set(WORDS) == used


def test_javascript_never_inserts_html():
    source = "".join(file.read_text() for file in FOLDER.glob("*.js"))
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source)
