"""Messages to the picture of nearest neighbours, the file of a network in Python and JavaScript, and refused input."""

import json
import subprocess
from dataclasses import replace

import numpy as np
import pytest

from cl_core.analysis.retrieval import retrieve
from cl_core.components.envelope import unpack
from cl_core.components.neighbours import WORDS, Network, Search, decode, encode, encode_network
from tests import ROOT
from tests.unit.components.test_javascript import node

SEARCH = Search([Network("A", "/a.bin"), Network("B", "/b.bin")], 7, 10, ("x", "y"), "/sheet.png", 4, (28, 28), "words")


def network():
    """Return 60 points in the order of a permutation of the test set, their neighbours and places."""
    rng = np.random.default_rng(0)
    z, y = rng.normal(size=(60, 5)), rng.integers(0, 3, 60)
    return retrieve(z, y, 4), rng.permutation(60), z[:, :2]


def test_header_holds_the_search():
    header, buffers = unpack(encode(SEARCH, height=400))
    assert buffers == {}
    assert header["networks"] == [{"title": "A", "url": "/a.bin"}, {"title": "B", "url": "/b.bin"}]
    assert (header["image"], header["n"], header["columns"], header["size"]) == (7, 10, 4, [28, 28])
    assert (header["height"], header["alt"], header["words"]) == (400, "words", dict(WORDS))
    assert len(header["palette"]["dark"]) == 12


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"networks": []}, "one network or two"),
        ({"networks": [Network("A", "")] * 3}, "one network or two"),
        ({"image": 10}, "image must be 0 to 9"),
        ({"image": -1}, "image must be 0 to 9"),
        ({"n": 40_000}, "of 32768 at most"),
    ],
)
def test_search_that_cannot_be_shown_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        encode(replace(SEARCH, **change))


@pytest.mark.parametrize(
    ("reported", "image"),
    [(3, 3), (3.0, 3), (0, 0), (3.5, None), (10, None), (-1, None), ("3", None), (None, None), (float("nan"), None)],
)
def test_answer_of_the_browser_is_checked(reported, image):
    assert decode(reported, 10) == image


def test_browser_reads_the_neighbours_that_were_found():
    found, rows, places = network()
    content = encode_network(found, rows, places)
    command = [node(), "tests/javascript/run_neighbours.js"]
    done = subprocess.run(command, cwd=ROOT, input=content, check=True, capture_output=True)
    read = json.loads(done.stdout)
    wrong = sorted(int(row) for row in rows[found.retrieved_wrongly()])
    assert 0 < len(wrong) < 60
    for point, row in enumerate(rows):
        nearest = read["nearest"][row]
        assert [each["row"] for each in nearest] == rows[found.neighbours[point]].tolist()
        assert [each["right"] for each in nearest] == found.correct[point].tolist()
        assert [each["label"] for each in nearest] == found.y[found.neighbours[point]].tolist()
        np.testing.assert_allclose([each["cosine"] for each in nearest], found.similarity[point], rtol=0, atol=2e-5)
        later, earlier = [w for w in wrong if w > row], [w for w in wrong if w < row]
        assert read["next"][row] == (later or wrong)[0]
        assert read["before"][row] == (earlier or wrong)[-1]
    assert read["at"] == list(range(60))
    assert read["far"] is None


def test_file_has_45_bytes_for_each_image_with_ten_neighbours():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(2000, 4))
    content = encode_network(retrieve(z, rng.integers(0, 3, 2000), 10), np.arange(2000), z[:, :2])
    assert 45 * 2000 <= len(content) < 45 * 2000 + 400
